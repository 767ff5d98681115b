"""Trains and buses of others, read from their GTFS timetables."""
