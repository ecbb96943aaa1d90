"""A fact may have a value: the fingerprint that ties the person key to this database."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("facts", sa.Column("value", sa.String(length=64), nullable=True))
