"""Signed tickets: their keys, when a booking last changed, and where it was before it was moved."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new; a booking that is there changed last when it was cancelled or made."""
    _bookings()
    op.create_table(
        "former_slots",
        sa.Column("booking", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=100), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["booking"], ["bookings.id"]),
        sa.ForeignKeyConstraint(["slot"], ["slots.id"]),
        sa.PrimaryKeyConstraint("booking", "revision", name="one_former_slot_per_revision"),
    )
    op.create_index("former_slots_by_slot", "former_slots", ["slot"])
    op.create_table(
        "ticket_keys",
        sa.Column("id", sa.String(length=8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "key_sets",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _bookings() -> None:
    op.add_column("bookings", sa.Column("changed_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE bookings SET changed_at = coalesce(cancelled_at, created_at)")
    with op.batch_alter_table("bookings") as bookings:  # SQLite makes the table anew, its conditions included
        bookings.alter_column("changed_at", nullable=False)
