"""Refusals that are final for their key."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; whatever was kept under a key so far had been done."""
    op.add_column("intents", sa.Column("problem", sa.String(length=40), nullable=True))
    op.add_column("intents", sa.Column("reason", sa.String(length=40), nullable=True))
    op.add_column("intents", sa.Column("detail", sa.String(length=200), nullable=True))
