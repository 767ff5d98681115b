"""Measurements: each module prints a table, the machine and ratios against a baseline."""
