"""Open data over HTTP: the feeds of shuttle/open_data, live answers, figures, and their page."""
