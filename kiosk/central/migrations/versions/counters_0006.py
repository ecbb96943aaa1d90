"""Counters that let people in, and what they noted."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "counters",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["site"], ["sites.id"]),
        sa.PrimaryKeyConstraint("id", name="one_counter_per_name"),
        sa.UniqueConstraint("token_sha256", name="one_counter_per_token"),
    )
    op.create_index("counters_by_site", "counters", ["site"])
    op.create_table(
        "admissions",
        sa.Column("counter", sa.String(length=80), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("undoes", sa.String(length=64), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["counter"], ["counters.id"]),
        sa.PrimaryKeyConstraint("counter", "nonce", name="one_note_per_nonce"),
    )
    op.create_index("admissions_by_time", "admissions", ["counter", "at"])
    op.create_index("admissions_by_reference", "admissions", ["reference"])
    op.create_index("admissions_undone", "admissions", ["counter", "undoes"])
