"""What is stored, for how long, and how it comes out again: tables, retention, privacy, backups."""
