"""Rides on the wire: offers, bookings, repeats, the waiting list, and why."""
