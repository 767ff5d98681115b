"""Whom a booking belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of contacts."""
    op.create_table(
        "contact",
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("code", sa.String(16), primary_key=True),
        sa.Column("phone_pseudonym", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
    )
    op.create_index("contact_of_phone", "contact", ["region", "phone_pseudonym"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("contact")
