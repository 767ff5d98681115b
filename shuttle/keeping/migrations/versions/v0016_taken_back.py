"""Which report of a driver another one takes back."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "report", sa.Column("takes_back", sa.String(64), nullable=False, server_default="")
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("report", "takes_back")
