"""What disturbs a day, and what it makes of bookings."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of conditions, and a column for amended bookings."""
    op.create_table(
        "condition",
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("entered_at", sa.BigInteger, nullable=False),
        sa.Column("lifted_at", sa.BigInteger, nullable=True),
    )
    op.create_index("condition_of_day", "condition", ["region", "day"])
    op.add_column("booking", sa.Column("amendment", sa.JSON, nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("booking", "amendment")
    op.drop_table("condition")
