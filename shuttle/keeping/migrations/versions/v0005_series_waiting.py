"""Weekly repeats, the waiting list, and bookings that belong together."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of standing requests; existing bookings stand alone."""
    op.create_table(
        "series",
        *_code(),
        *_ends(),
        *_owned(),
        sa.Column("time_kind", sa.String(16), nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("weekdays", sa.String(7), nullable=False),
        sa.Column("first_day", sa.String(10), nullable=False),
        sa.Column("last_day", sa.String(10), nullable=False),
        sa.Column("skip_school_holidays", sa.Boolean, nullable=False),
        sa.Column("skip_public_holidays", sa.Boolean, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.UniqueConstraint("region", "idempotency_key", name="series_of_key"),
    )
    op.create_table(
        "series_day",
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("series", sa.String(16), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("booking", sa.String(16), nullable=False),
        sa.Column("missed", sa.String(32), nullable=False),
    )
    op.create_table(
        "waiting",
        *_code(),
        *_ends(),
        *_owned(),
        sa.Column("time_kind", sa.String(16), nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("lapses_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("held_until", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("region", "idempotency_key", name="waiting_of_key"),
    )
    op.create_index("waiting_in_state", "waiting", ["region", "state"])
    op.add_column("booking", sa.Column("journey", sa.String(16), nullable=False, server_default=""))
    op.create_index("booking_of_journey", "booking", ["region", "journey"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("booking_of_journey", "booking")
    op.drop_column("booking", "journey")
    op.drop_table("waiting")
    op.drop_table("series_day")
    op.drop_table("series")


def _code() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("code", sa.String(16), primary_key=True),
    )


def _ends() -> tuple[sa.Column[Any], ...]:
    ends = (
        column
        for end in ("from", "to")
        for column in (
            sa.Column(f"{end}_lat", sa.Float, nullable=False),
            sa.Column(f"{end}_lon", sa.Float, nullable=False),
            sa.Column(f"{end}_label", sa.String(200), nullable=False),
            sa.Column(f"{end}_stop", sa.String(64), nullable=True),
        )
    )
    party = (
        sa.Column(name, sa.Integer, nullable=False)
        for name in ("passengers", "wheelchairs", "child_seats")
    )
    return (*ends, *party)


def _owned() -> tuple[sa.Column[str], ...]:
    lengths = {
        "idempotency_key": 128,
        "phone_pseudonym": 32,
        "name": 200,
        "phone": 16,
        "email": 254,
        "channel": 8,
        "language": 2,
    }
    return tuple(
        sa.Column(name, sa.String(length), nullable=False) for name, length in lengths.items()
    )
