"""The service: promises, the dispatcher, storage, and the front door."""
