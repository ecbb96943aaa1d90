"""What the central keeps: tables, with the rules that must hold whoever is faster as constraints."""

import datetime as dt

import sqlalchemy as sa

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """An aware instant, stored as whole microseconds since 1970 in UTC: the same number in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> int | None:
        """Return the stored number; a naive time is a bug and raises TypeError."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Return the instant in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


metadata = sa.MetaData()

facts = sa.Table(
    "facts",  # what is true of this whole database: `demonstration`, `person-key`
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.String(64)),
)

mediators = sa.Table(
    "mediators",
    metadata,
    sa.Column("id", sa.String(100), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("code_salt", sa.LargeBinary, nullable=False),
    sa.Column("code_hash", sa.LargeBinary, nullable=False),
)

kiosks = sa.Table(
    "kiosks",
    metadata,
    sa.Column("id", sa.String(100), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("department", sa.String(3), nullable=False),
    sa.Column("region", sa.String(100), nullable=False),
)

code_trials = sa.Table(
    "code_trials",  # written before the code is compared, so that trials in parallel count too
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("mediator", sa.String(100), nullable=False),  # as claimed: it may not exist
    sa.Column("at", Instant, nullable=False),
    sa.Index("code_trials_by_mediator", "mediator", "at"),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("token_sha256", sa.LargeBinary, primary_key=True),
    sa.Column("mediator", sa.ForeignKey("mediators.id"), nullable=False),
    sa.Column("kiosk", sa.ForeignKey("kiosks.id"), nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)

services = sa.Table(
    "services",
    metadata,
    sa.Column("id", sa.String(100), primary_key=True),
)

sites = sa.Table(
    "sites",
    metadata,
    sa.Column("id", sa.String(100), primary_key=True),
    sa.Column("source", sa.String(20), nullable=False, server_default="ok"),
    sa.CheckConstraint("source IN ('ok', 'unavailable')", name="source_is_known"),
)

slots = sa.Table(
    "slots",
    metadata,
    sa.Column("id", sa.String(100), primary_key=True),
    sa.Column("service", sa.ForeignKey("services.id"), nullable=False),
    sa.Column("site", sa.ForeignKey("sites.id"), nullable=False),
    sa.Column("date", sa.Date, nullable=False),  # on the site's own calendar
    sa.Column("start_at", Instant, nullable=False),
    sa.Column("minutes", sa.Integer, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("taken", sa.Integer, nullable=False, server_default="0"),  # seats held or booked
    sa.CheckConstraint("taken >= 0 AND taken <= capacity", name="never_oversold"),
    sa.UniqueConstraint("service", "site", "start_at", name="one_slot_per_start"),
    sa.Index("slots_by_day", "service", "date", "site"),
)

seeded_days = sa.Table(
    "seeded_days",
    metadata,
    sa.Column("date", sa.Date, primary_key=True),
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("slot", sa.ForeignKey("slots.id"), nullable=False),
    sa.Column("kiosk", sa.ForeignKey("kiosks.id"), nullable=False),
    sa.Column("seats", sa.Integer, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.CheckConstraint("seats > 0", name="a_hold_holds_something"),
    sa.Index("holds_by_end", "expires_at"),
)

intents = sa.Table(
    "intents",  # one row per Idempotency-Key that succeeded; its hold can never succeed under another key
    metadata,
    sa.Column("kiosk", sa.ForeignKey("kiosks.id"), nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("hold", sa.String(36), nullable=False),
    sa.Column("payload_hmac", sa.String(64), nullable=False),
    sa.PrimaryKeyConstraint("kiosk", "key", name="one_intent_per_key"),
    sa.UniqueConstraint("hold", name="one_intent_per_hold"),
)

bookings = sa.Table(
    "bookings",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("reference", sa.String(12), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),  # booked, and not over yet: what blocks a second booking
    sa.Column("hold", sa.ForeignKey("intents.hold"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # the person's place in the request
    sa.Column("slot", sa.ForeignKey("slots.id"), nullable=False),
    sa.Column("service", sa.ForeignKey("services.id"), nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("person_ref", sa.String(64), nullable=False),
    sa.Column("surname", sa.String(100), nullable=False),
    sa.Column("given_names", sa.String(100), nullable=False),
    sa.Column("birth_date", sa.String(10), nullable=False),  # as far as known: 1987
    sa.Column("phone", sa.String(16)),
    sa.Column("mrz_surname", sa.String(200), nullable=False),
    sa.Column("consent_mode", sa.String(30), nullable=False),
    sa.Column("consent_reference", sa.String(200)),
    sa.Column("mediator", sa.ForeignKey("mediators.id"), nullable=False),
    sa.Column("kiosk", sa.ForeignKey("kiosks.id"), nullable=False),
    sa.Column("demonstration", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.CheckConstraint("status IN ('booked', 'cancelled', 'fulfilled', 'noshow')", name="status_is_known"),
    sa.CheckConstraint("status = 'booked' OR NOT active", name="only_booked_is_active"),
    sa.UniqueConstraint("reference", name="one_booking_per_reference"),
    sa.UniqueConstraint("hold", "position", name="one_booking_per_person_of_a_hold"),
    sa.Index(
        "one_active_booking",
        "person_ref",
        "service",
        unique=True,
        sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    ),
    sa.Index("active_bookings_by_end", "ends_at", sqlite_where=sa.text("active"), postgresql_where=sa.text("active")),
    sa.Index("bookings_by_person", "birth_date", "mrz_surname"),
)
