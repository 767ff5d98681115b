"""The dispatcher's board: one screen for the working day, live, and what can be done on it."""
