"""Pages for residents: stops, sheets for the notice board, and what an Amt has to say in texts."""
