"""What is asked for once and answered later: weekly repeats and the waiting list."""
