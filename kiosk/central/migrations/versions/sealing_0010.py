"""Sealing keys are numbered as they are made: a clock that was put back does not make a new one look old."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Number the keys; those that are there by their times, which is all that is known of them."""
    op.execute("CREATE TABLE sealing_keys_before AS SELECT id, sealed, created_at FROM sealing_keys")
    op.drop_table("sealing_keys")
    op.create_table(
        "sealing_keys",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id", name="one_sealing_key_per_id"),
    )
    op.execute(
        "INSERT INTO sealing_keys (id, sealed, created_at)"
        " SELECT id, sealed, created_at FROM sealing_keys_before ORDER BY created_at, id DESC"
    )
    op.drop_table("sealing_keys_before")
