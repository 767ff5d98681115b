"""Roads, travel times and tours. Pure: no clock, no web, no database."""
