"""What a vehicle's odometer and battery showed when a shift began and ended."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("report", sa.Column("odometer", sa.Integer, nullable=True))
    op.add_column("report", sa.Column("charge", sa.Integer, nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("report", "charge")
    op.drop_column("report", "odometer")
