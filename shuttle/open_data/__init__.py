"""What others may use: the service as a feed for journey planners, and a check of such feeds."""
