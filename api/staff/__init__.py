"""For those who work here: signing in, driving, trouble."""
