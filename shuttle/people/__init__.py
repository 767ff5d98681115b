"""Who works here: accounts, sessions, keys; and how often anybody may ask."""
