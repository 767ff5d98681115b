"""Unmet demand has a table of its own; refusals move there from the events."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table and fill it with the refusals that were events until now."""
    unmet = op.create_table(
        "unmet_demand",
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("wanted", sa.BigInteger, nullable=False),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("destination", sa.String(64), nullable=False),
        sa.Column("passengers", sa.Integer, nullable=False),
        sa.Column("wheelchairs", sa.Integer, nullable=False),
        sa.Column("child_seats", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("taken", sa.String(16), nullable=True),
    )
    op.create_index("unmet_demand_of_day", "unmet_demand", ["region", "day"])
    events = sa.table(
        "event",
        sa.column("region", sa.String),
        sa.column("day", sa.String),
        sa.column("time", sa.BigInteger),
        sa.column("kind", sa.String),
        sa.column("facts", sa.JSON),
    )
    refused = events.c.kind == "refused"
    connection = op.get_bind()
    rows = [_unmet(event) for event in connection.execute(sa.select(events).where(refused))]
    if rows:
        op.bulk_insert(unmet, rows)
        connection.execute(sa.delete(events).where(refused))


def _unmet(event: sa.Row[tuple[str, str, int, str, dict[str, int | str]]]) -> dict[str, object]:
    facts = dict(event.facts)
    return {
        "region": event.region,
        "id": uuid4().hex[:16],
        "day": event.day,
        "asked": event.time // 900 * 900,
        "origin": facts.pop("origin_stop"),
        "destination": facts.pop("destination_stop"),
        **facts,
    }


def downgrade() -> None:
    """Drop the table and what is in it."""
    op.drop_table("unmet_demand")
