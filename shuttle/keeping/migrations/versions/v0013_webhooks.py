"""Where partner systems are told of bookings."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nobody is told until a URL is set."""
    column = sa.Column("webhook", sa.String(500), nullable=False, server_default="")
    op.add_column("api_key", column)


def downgrade() -> None:
    """Drop it."""
    op.drop_column("api_key", "webhook")
