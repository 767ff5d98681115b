"""The live loop: plans are made better in a process of their own, and adopted where they fit."""
