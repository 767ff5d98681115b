"""From a ride request to a booking, and to its end: offers, refusals, changes, the way back."""
