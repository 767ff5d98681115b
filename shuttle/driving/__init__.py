"""What really happens: reports of drivers, positions, and what becomes of tours and promises."""
