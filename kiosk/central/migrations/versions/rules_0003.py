"""Rules that nobody can farm: limits per service, persons claimed, places in hiding, caps, one chain of events.

Holds last minutes and are not carried over: their places are free again.
"""

import sqlalchemy as sa
from alembic import op

from kiosk.booking.person import mrz

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LIMITS = {
    "hold_seconds": 300,
    "horizon_days": 84,
    "hidden_minutes_least": 120,
    "hidden_minutes_most": 1440,
    "mediator_hour": 12,
    "mediator_day": 60,
    "kiosk_hour": 15,
    "rejections_hour": 30,
    "site_day": 120,
    "moves": 2,
    "typo_edits": 2,
    "cancels": 2,
    "cancel_days": 90,
}


def upgrade() -> None:
    """Add what is new, carry over what is kept."""
    for name, default in _LIMITS.items():
        op.add_column("services", sa.Column(name, sa.Integer(), server_default=str(default), nullable=False))
    _slots_and_holds()
    _bookings_and_intents()
    _persons()
    _caps_and_releases()
    _records()


def _slots_and_holds() -> None:
    op.drop_index("slots_by_day", "slots")
    op.create_index(
        "slots_with_a_place",
        "slots",
        ["service", "site", "date", "start_at", "capacity", "taken", "id"],
        sqlite_where=sa.text("taken < capacity"),
        postgresql_where=sa.text("taken < capacity"),
    )
    op.execute(
        "UPDATE slots SET taken = taken - (SELECT sum(seats) FROM holds WHERE holds.slot = slots.id)"
        " WHERE id IN (SELECT slot FROM holds)"
    )
    op.drop_table("holds")
    op.create_table(
        "holds",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("slot", sa.String(length=100), nullable=False),
        sa.Column("kiosk", sa.String(length=100), nullable=False),
        sa.Column("mediator", sa.String(length=100), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("identities", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("seats > 0", name="a_hold_holds_something"),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"]),
        sa.ForeignKeyConstraint(["mediator"], ["mediators.id"]),
        sa.ForeignKeyConstraint(["slot"], ["slots.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kiosk", name="one_hold_per_kiosk"),
    )
    op.create_index("holds_by_end", "holds", ["expires_at"])


def _bookings_and_intents() -> None:
    _copy_aside()
    op.drop_table("bookings")
    op.drop_table("intents")
    op.create_table(
        "intents",
        sa.Column("kiosk", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("payload_hmac", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"]),
        sa.PrimaryKeyConstraint("kiosk", "key", name="one_intent_per_key"),
    )
    op.create_table(
        "bookings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("hold", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=100), nullable=False),
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("moves", sa.Integer(), server_default="0", nullable=False),
        sa.Column("moves_allowed", sa.Integer(), server_default="2", nullable=False),
        sa.Column("person_ref", sa.String(length=64), nullable=False),
        sa.Column("first_identity", sa.String(length=500), nullable=False),
        sa.Column("surname", sa.String(length=100), nullable=False),
        sa.Column("given_names", sa.String(length=100), nullable=False),
        sa.Column("birth_date", sa.String(length=10), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("language", sa.String(length=40), nullable=True),
        sa.Column("representative", sa.String(length=200), nullable=True),
        sa.Column("mrz_surname", sa.String(length=200), nullable=False),
        sa.Column("consent_mode", sa.String(length=30), nullable=False),
        sa.Column("consent_reference", sa.String(length=200), nullable=True),
        sa.Column("mediator", sa.String(length=100), nullable=False),
        sa.Column("kiosk", sa.String(length=100), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("cancel_reason", sa.String(length=20), nullable=True),
        sa.CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="a_cancelled_one_says_when"),
        sa.CheckConstraint("moves <= moves_allowed", name="never_moved_too_often"),
        sa.CheckConstraint("status IN ('booked', 'cancelled', 'fulfilled', 'noshow')", name="status_is_known"),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"]),
        sa.ForeignKeyConstraint(["mediator"], ["mediators.id"]),
        sa.ForeignKeyConstraint(["service"], ["services.id"]),
        sa.ForeignKeyConstraint(["slot"], ["slots.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hold", "position", name="one_booking_per_person_of_a_hold"),
        sa.UniqueConstraint("reference", name="one_booking_per_reference"),
    )
    op.create_index("bookings_by_person", "bookings", ["birth_date", "mrz_surname"])
    op.create_index("bookings_by_ref", "bookings", ["person_ref", "service"])
    op.create_index("bookings_by_slot", "bookings", ["slot"])
    _copy_back()


_KEPT = (
    "id, reference, status, hold, position, slot, service, ends_at, person_ref, surname, given_names, birth_date,"
    " phone, mrz_surname, consent_mode, consent_reference, mediator, kiosk, demonstration, created_at"
)


def _copy_aside() -> None:
    op.execute(f"CREATE TABLE bookings_before AS SELECT {_KEPT}, active FROM bookings")  # noqa: S608 (our own names)
    op.execute("CREATE TABLE intents_before AS SELECT kiosk, key, hold, payload_hmac FROM intents")


def _copy_back() -> None:
    # The fingerprints of old requests were made of another shape: none of them can be asked for again word for word.
    op.execute(
        "INSERT INTO intents (kiosk, key, action, subject, payload_hmac)"
        " SELECT kiosk, key, 'book', hold, payload_hmac FROM intents_before"
    )
    op.execute(
        f"INSERT INTO bookings ({_KEPT}, first_identity, cancelled_at)"  # noqa: S608 (our own names)
        f" SELECT {_KEPT}, '', CASE WHEN status = 'cancelled' THEN created_at END FROM bookings_before"
    )
    columns = [sa.column(name, sa.String) for name in ("id", "surname", "given_names", "birth_date", "first_identity")]
    bookings = sa.table("bookings", *columns)
    for row in op.get_bind().execute(sa.select(bookings)).all():
        name = f"{mrz(row.surname)}<<{mrz(row.given_names)}".rstrip("<")
        op.execute(bookings.update().where(bookings.c.id == row.id).values(first_identity=f"{name}/{row.birth_date}"))


def _persons() -> None:
    op.create_table(
        "claims",
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("hold", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["service"], ["services.id"]),
        sa.PrimaryKeyConstraint("service", "ref", name="one_claim_per_person"),
    )
    op.create_index("claims_by_end", "claims", ["expires_at"])
    op.create_index("claims_by_hold", "claims", ["hold"])
    op.execute(
        "INSERT INTO claims (service, ref, hold, position, expires_at)"
        " SELECT service, person_ref, hold, position, ends_at FROM bookings_before WHERE active"
    )
    op.drop_table("bookings_before")
    op.drop_table("intents_before")
    op.create_table(
        "known_identifiers",
        sa.Column("person_ref", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("person_ref", "kind", name="one_known_identifier_per_kind"),
    )


def _caps_and_releases() -> None:
    op.create_table(
        "releases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("slot", sa.String(length=100), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("kiosk", sa.String(length=100), nullable=False),
        sa.Column("mediator", sa.String(length=100), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=False),
        sa.Column("returns_at", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint("seats > 0", name="a_release_releases_something"),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"]),
        sa.ForeignKeyConstraint(["mediator"], ["mediators.id"]),
        sa.ForeignKeyConstraint(["slot"], ["slots.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("slot", "kiosk", "mediator"):
        op.create_index(f"releases_by_{column}", "releases", [column])
    op.create_index(
        "releases_by_return",
        "releases",
        ["returns_at"],
        sqlite_where=sa.text("NOT returned"),
        postgresql_where=sa.text("NOT returned"),
    )
    op.create_table(
        "caps",
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.CheckConstraint("used <= cap", name="never_over_cap"),
        sa.PrimaryKeyConstraint("scope", "subject", "starts_at", name="one_cap_per_window"),
    )
    op.create_index("caps_by_end", "caps", ["ends_at"])


def _records() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.String(length=100), nullable=False),
        sa.Column("person_ref", sa.String(length=64), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["service"], ["services.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("reference", name="one_attempt_per_reference"),
    )
    op.create_index("attempts_by_person", "attempts", ["person_ref", "service", "at"])
    op.create_table(
        "reports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("price_euros", sa.Integer(), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("booking_reference", sa.String(length=100), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("reference", name="one_report_per_reference"),
    )
    op.create_table(
        "events",
        sa.Column("chain", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("mediator", sa.String(length=100), nullable=True),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", "number", name="one_event_per_number"),
    )
    op.create_index("events_by_action", "events", ["action", "at"])
