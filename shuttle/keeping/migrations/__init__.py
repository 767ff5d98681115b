"""Alembic migrations of the database; applied on start by :mod:`shuttle.keeping.sql_store`."""
