"""The web face of the service: API and pages."""
