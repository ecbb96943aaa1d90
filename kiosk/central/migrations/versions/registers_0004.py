"""The registers that are asked before a slot is taken: foreigners' numbers, pre-applications."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "foreigners",
        sa.Column("number", sa.String(length=10), nullable=False),
        sa.Column("mrz_surname", sa.String(length=200), nullable=False),
        sa.Column("birth_date", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "pre_applications",
        sa.Column("number", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "status IN ('validated', 'consumed', 'declared', 'unknown', 'expired')",
            name="pre_application_status_is_known",
        ),
        sa.PrimaryKeyConstraint("number"),
    )
