"""What goes wrong in a day, imposed on its plan, and what the plan makes of it."""
