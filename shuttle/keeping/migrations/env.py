"""Run by Alembic: migrate over the connection that the store hands in."""

from alembic import context
from sqlmodel import SQLModel

import shuttle.keeping.tables  # noqa: F401 -- registers the tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
