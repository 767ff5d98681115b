"""The driver's page: one shift on a phone, with or without a network."""
