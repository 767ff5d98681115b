"""Which train a ride was booked for."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("booking", sa.Column("train", sa.JSON, nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("booking", "train")
