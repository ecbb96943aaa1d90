"""Applications: when somebody asked, which may be long before the request arrived."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no booking that is there was asked for in this way."""
    op.add_column("bookings", sa.Column("asked_at", sa.BigInteger(), nullable=True))
