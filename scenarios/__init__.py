"""Made-up days that drive the real service."""
