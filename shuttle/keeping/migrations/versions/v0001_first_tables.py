"""Service days, bookings, tours, events and receipts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first tables."""
    _create_days_and_bookings()
    op.create_table(
        "tour",
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("shift", sa.String(64), primary_key=True),
        sa.Column("fixed", sa.Integer, nullable=False),
        sa.Column("served", sa.Integer, nullable=False),
        sa.Column("ready", sa.BigInteger, nullable=False),
        sa.Column("halts", sa.JSON, nullable=False),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
    )
    op.create_index("event_of_day", "event", ["region", "day"])
    op.create_table(
        "receipt",
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("offer", sa.String(16), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.UniqueConstraint("region", "offer", name="receipt_of_offer"),
    )


def _create_days_and_bookings() -> None:
    op.create_table(
        "service_day",
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_table(
        "booking",
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("booked_at", sa.BigInteger, nullable=False),
        sa.Column("origin", sa.String(200), nullable=False),
        sa.Column("destination", sa.String(200), nullable=False),
        sa.Column("pickup_stop", sa.String(64), nullable=False),
        sa.Column("dropoff_stop", sa.String(64), nullable=False),
        sa.Column("walk_to_pickup", sa.Integer, nullable=False),
        sa.Column("walk_from_dropoff", sa.Integer, nullable=False),
        sa.Column("passengers", sa.Integer, nullable=False),
        sa.Column("wheelchairs", sa.Integer, nullable=False),
        sa.Column("child_seats", sa.Integer, nullable=False),
        sa.Column("pickup_earliest", sa.BigInteger, nullable=False),
        sa.Column("pickup_latest", sa.BigInteger, nullable=False),
        sa.Column("dropoff_latest", sa.BigInteger, nullable=False),
        sa.Column("max_ride", sa.Integer, nullable=False),
        sa.Column("direct_seconds", sa.Integer, nullable=False),
        sa.Column("direct_metres", sa.Integer, nullable=False),
        sa.Column("fare_cents", sa.Integer, nullable=False),
    )
    op.create_index("booking_of_day", "booking", ["region", "day"])


def downgrade() -> None:
    """Drop everything."""
    for table in ("receipt", "event", "tour", "booking", "service_day"):
        op.drop_table(table)
