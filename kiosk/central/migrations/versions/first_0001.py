"""The first shape: catalogue, slots, holds, intents, bookings, sign-in. Frozen: later shapes are later versions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "code_trials",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("mediator", sa.String(length=100), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("code_trials_by_mediator", "code_trials", ["mediator", "at"])
    op.create_table("facts", sa.Column("name", sa.String(length=40), nullable=False), sa.PrimaryKeyConstraint("name"))
    op.create_table(
        "kiosks",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("department", sa.String(length=3), nullable=False),
        sa.Column("region", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "mediators",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("code_salt", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table("seeded_days", sa.Column("date", sa.Date(), nullable=False), sa.PrimaryKeyConstraint("date"))
    op.create_table("services", sa.Column("id", sa.String(length=100), nullable=False), sa.PrimaryKeyConstraint("id"))
    op.create_table(
        "sites",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=20), server_default="ok", nullable=False),
        sa.CheckConstraint("source IN ('ok', 'unavailable')", name="source_is_known"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "intents",
        sa.Column("kiosk", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("hold", sa.String(length=36), nullable=False),
        sa.Column("payload_hmac", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"]),
        sa.PrimaryKeyConstraint("kiosk", "key", name="one_intent_per_key"),
        sa.UniqueConstraint("hold", name="one_intent_per_hold"),
    )
    op.create_table(
        "slots",
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("taken >= 0 AND taken <= capacity", name="never_oversold"),
        sa.ForeignKeyConstraint(["service"], ["services.id"]),
        sa.ForeignKeyConstraint(["site"], ["sites.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("service", "site", "start_at", name="one_slot_per_start"),
    )
    op.create_index("slots_by_day", "slots", ["service", "date", "site"])
    op.create_table(
        "tokens",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("mediator", sa.String(length=100), nullable=False),
        sa.Column("kiosk", sa.String(length=100), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"]),
        sa.ForeignKeyConstraint(["mediator"], ["mediators.id"]),
        sa.PrimaryKeyConstraint("token_sha256"),
    )
    op.create_table(
        "bookings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("hold", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=100), nullable=False),
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("person_ref", sa.String(length=64), nullable=False),
        sa.Column("surname", sa.String(length=100), nullable=False),
        sa.Column("given_names", sa.String(length=100), nullable=False),
        sa.Column("birth_date", sa.String(length=10), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("mrz_surname", sa.String(length=200), nullable=False),
        sa.Column("consent_mode", sa.String(length=30), nullable=False),
        sa.Column("consent_reference", sa.String(length=200), nullable=True),
        sa.Column("mediator", sa.String(length=100), nullable=False),
        sa.Column("kiosk", sa.String(length=100), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("status = 'booked' OR NOT active", name="only_booked_is_active"),
        sa.CheckConstraint("status IN ('booked', 'cancelled', 'fulfilled', 'noshow')", name="status_is_known"),
        sa.ForeignKeyConstraint(["hold"], ["intents.hold"]),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"]),
        sa.ForeignKeyConstraint(["mediator"], ["mediators.id"]),
        sa.ForeignKeyConstraint(["service"], ["services.id"]),
        sa.ForeignKeyConstraint(["slot"], ["slots.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hold", "position", name="one_booking_per_person_of_a_hold"),
        sa.UniqueConstraint("reference", name="one_booking_per_reference"),
    )
    op.create_index(
        "active_bookings_by_end",
        "bookings",
        ["ends_at"],
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.create_index("bookings_by_person", "bookings", ["birth_date", "mrz_surname"])
    op.create_index(
        "one_active_booking",
        "bookings",
        ["person_ref", "service"],
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("slot", sa.String(length=100), nullable=False),
        sa.Column("kiosk", sa.String(length=100), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("seats > 0", name="a_hold_holds_something"),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"]),
        sa.ForeignKeyConstraint(["slot"], ["slots.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("holds_by_end", "holds", ["expires_at"])
