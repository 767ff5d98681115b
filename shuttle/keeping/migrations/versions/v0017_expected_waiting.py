"""How long people may expect to wait, beside how long rides take."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was calibrated before says nothing of waiting."""
    waiting = sa.Column("waiting", sa.Text, nullable=False, server_default="{}")
    op.add_column("calibration", waiting)


def downgrade() -> None:
    """Drop it."""
    op.drop_column("calibration", "waiting")
