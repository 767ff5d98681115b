"""Alembic migrations of the database; applied on start by :mod:`shuttle.sql_store`."""
