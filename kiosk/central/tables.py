"""What the central keeps: tables, with the rules that must hold whoever is faster as constraints."""

import datetime as dt

import sqlalchemy as sa

from kiosk.central.limits import BOUNDS

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
    "services",  # what a service is stands in the catalogue; here is what it allows
    metadata,
    sa.Column("id", sa.String(100), primary_key=True),
    *(sa.Column(name, sa.Integer, nullable=False, server_default=str(bound.default)) for name, bound in BOUNDS.items()),
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
    # Seats held, booked, or released and still hidden: what is hidden cannot be oversold either.
    sa.Column("taken", sa.Integer, nullable=False, server_default="0"),
    sa.CheckConstraint("taken >= 0 AND taken <= capacity", name="never_oversold"),
    sa.UniqueConstraint("service", "site", "start_at", name="one_slot_per_start"),
    sa.Index(
        "slots_with_a_place",  # all that is read of slots to count places, so that their rows are not read
        "service",
        "site",
        "date",
        "start_at",
        "capacity",
        "taken",
        "id",
        sqlite_where=sa.text("taken < capacity"),
        postgresql_where=sa.text("taken < capacity"),
    ),
)

seeded_days = sa.Table(
    "seeded_days",
    metadata,
    sa.Column("date", sa.Date, primary_key=True),
)

holds = sa.Table(
    "holds",  # a slot kept for minutes, for persons who are known from then on
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("slot", sa.ForeignKey("slots.id"), nullable=False),
    sa.Column("kiosk", sa.ForeignKey("kiosks.id"), nullable=False),
    sa.Column("mediator", sa.ForeignKey("mediators.id"), nullable=False),
    sa.Column("seats", sa.Integer, nullable=False),
    sa.Column("identities", sa.Text, nullable=False),  # MRZ form, one line per person, in the order of the request
    sa.Column("expires_at", Instant, nullable=False),
    sa.CheckConstraint("seats > 0", name="a_hold_holds_something"),
    sa.UniqueConstraint("kiosk", name="one_hold_per_kiosk"),
    sa.Index("holds_by_end", "expires_at"),
)

claims = sa.Table(
    "claims",  # who is spoken for: a hold or an appointment to come, by keyed hash of a name or of a number
    metadata,
    sa.Column("service", sa.ForeignKey("services.id"), nullable=False),
    sa.Column("ref", sa.String(64), nullable=False),
    sa.Column("hold", sa.String(36), nullable=False),  # also once it has become bookings
    sa.Column("position", sa.Integer, nullable=False),  # the person's place in the request
    sa.Column("expires_at", Instant, nullable=False),  # the end of the hold, then of the appointment
    sa.PrimaryKeyConstraint("service", "ref", name="one_claim_per_person"),
    sa.Index("claims_by_hold", "hold"),
    sa.Index("claims_by_end", "expires_at"),
)

releases = sa.Table(
    "releases",  # places given up: hidden from all until `returns_at`, and from who gave them up for good
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("slot", sa.ForeignKey("slots.id"), nullable=False),
    sa.Column("seats", sa.Integer, nullable=False),
    sa.Column("kiosk", sa.ForeignKey("kiosks.id"), nullable=False),
    sa.Column("mediator", sa.ForeignKey("mediators.id"), nullable=False),
    sa.Column("released_at", Instant, nullable=False),
    sa.Column("returns_at", Instant, nullable=False),
    sa.Column("returned", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("seats > 0", name="a_release_releases_something"),
    sa.Index("releases_by_slot", "slot"),
    sa.Index("releases_by_kiosk", "kiosk"),
    sa.Index("releases_by_mediator", "mediator"),
    sa.Index(
        "releases_by_return",
        "returns_at",
        sqlite_where=sa.text("NOT returned"),
        postgresql_where=sa.text("NOT returned"),
    ),
)

caps = sa.Table(
    "caps",  # places taken in one window of time by one mediator, one kiosk, or at one site
    metadata,
    sa.Column("scope", sa.String(20), nullable=False),
    sa.Column("subject", sa.String(100), nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Column("cap", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("scope", "subject", "starts_at", name="one_cap_per_window"),
    sa.CheckConstraint("used <= cap", name="never_over_cap"),
    sa.Index("caps_by_end", "ends_at"),
)

intents = sa.Table(
    "intents",  # what was decided under an Idempotency-Key; kept, so that a retry years later still finds it
    metadata,
    sa.Column("kiosk", sa.ForeignKey("kiosks.id"), nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("subject", sa.String(36), nullable=False),  # the hold, booking, attempt or report; empty if refused
    sa.Column("payload_hmac", sa.String(64), nullable=False),
    sa.Column("problem", sa.String(40)),  # why it was refused, for good; none if it was done
    sa.Column("reason", sa.String(40)),
    sa.Column("detail", sa.String(200)),
    sa.PrimaryKeyConstraint("kiosk", "key", name="one_intent_per_key"),
)

bookings = sa.Table(
    "bookings",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("reference", sa.String(12), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("hold", sa.String(36), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # the person's place in the request
    sa.Column("slot", sa.ForeignKey("slots.id"), nullable=False),
    sa.Column("service", sa.ForeignKey("services.id"), nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("moves", sa.Integer, nullable=False, server_default="0"),
    sa.Column("moves_allowed", sa.Integer, nullable=False, server_default=str(BOUNDS["moves"].default)),
    sa.Column("person_ref", sa.String(64), nullable=False),  # of the identity as first given
    sa.Column("first_identity", sa.String(500), nullable=False),  # MRZ form; what corrections are measured against
    sa.Column("surname", sa.String(100), nullable=False),
    sa.Column("given_names", sa.String(100), nullable=False),
    sa.Column("birth_date", sa.String(10), nullable=False),  # as far as known: 1987
    sa.Column("phone", sa.String(16)),
    sa.Column("email", sa.String(254)),
    sa.Column("language", sa.String(40)),
    sa.Column("representative", sa.String(200)),
    sa.Column("mrz_surname", sa.String(200), nullable=False),
    sa.Column("consent_mode", sa.String(30), nullable=False),
    sa.Column("consent_reference", sa.String(200)),
    sa.Column("mediator", sa.ForeignKey("mediators.id"), nullable=False),
    sa.Column("kiosk", sa.ForeignKey("kiosks.id"), nullable=False),
    sa.Column("demonstration", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("asked_at", Instant),  # of an application: when the person stood at the kiosk, as the kiosk has it
    sa.Column("cancelled_at", Instant),
    sa.Column("cancel_reason", sa.String(20)),
    sa.Column("changed_at", Instant, nullable=False),  # when it became this revision; its ticket is of that moment
    sa.CheckConstraint("status IN ('booked', 'cancelled', 'fulfilled', 'noshow')", name="status_is_known"),
    sa.CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="a_cancelled_one_says_when"),
    sa.CheckConstraint("moves <= moves_allowed", name="never_moved_too_often"),
    sa.UniqueConstraint("reference", name="one_booking_per_reference"),
    sa.UniqueConstraint("hold", "position", name="one_booking_per_person_of_a_hold"),
    sa.Index("bookings_by_person", "birth_date", "mrz_surname"),
    sa.Index("bookings_by_ref", "person_ref", "service"),
    sa.Index("bookings_by_slot", "slot"),
)

former_slots = sa.Table(
    "former_slots",  # where an appointment was before it was moved: a paper of then is still shown there
    metadata,
    sa.Column("booking", sa.ForeignKey("bookings.id"), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),  # the last one that had the slot
    sa.Column("slot", sa.ForeignKey("slots.id"), nullable=False),
    sa.Column("left_at", Instant, nullable=False),
    sa.PrimaryKeyConstraint("booking", "revision", name="one_former_slot_per_revision"),
    sa.Index("former_slots_by_slot", "slot"),
)

ticket_keys = sa.Table(
    "ticket_keys",  # the private halves; what is known of them besides stands in the list that is published
    metadata,
    sa.Column("id", sa.String(8), primary_key=True),  # the key's name in tokens, in hex
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # only person.key opens it
)

key_sets = sa.Table(
    "key_sets",  # the lists of keys as they were published, signed by the root; the last one is in force
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

sealing_keys = sa.Table(
    "sealing_keys",  # private halves of the keys to which kiosks seal what they ask
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),  # as in kiosk.api.sealing, in hex
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # only person.key opens it
    sa.Column("created_at", Instant, nullable=False),
)

counters = sa.Table(
    "counters",  # devices at which tickets are shown; one that was lost is revoked, and stays for what it noted
    metadata,
    sa.Column("id", sa.String(80)),
    sa.Column("site", sa.ForeignKey("sites.id"), nullable=False),
    sa.Column("token_sha256", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
    sa.PrimaryKeyConstraint("id", name="one_counter_per_name"),
    sa.UniqueConstraint("token_sha256", name="one_counter_per_token"),
    sa.Index("counters_by_site", "site"),
)

admissions = sa.Table(
    "admissions",  # what counters noted of each ticket that was shown: let in, or why not
    metadata,
    sa.Column("counter", sa.ForeignKey("counters.id"), nullable=False),
    sa.Column("nonce", sa.String(64), nullable=False),
    sa.Column("at", Instant, nullable=False),  # as the counter has it
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("reference", sa.String(100)),  # as the counter has it: the booking may not exist
    sa.Column("revision", sa.Integer),
    sa.Column("undoes", sa.String(64)),  # of `withdrawn`: a nonce of the same counter, which may come later
    sa.Column("received_at", Instant, nullable=False),
    sa.PrimaryKeyConstraint("counter", "nonce", name="one_note_per_nonce"),
    sa.Index("admissions_by_time", "counter", "at"),
    sa.Index("admissions_by_reference", "reference"),
    sa.Index("admissions_undone", "counter", "undoes"),
)

known_identifiers = sa.Table(
    "known_identifiers",  # numbers accepted before, so that nobody types them twice; asked again at each hold
    metadata,
    sa.Column("person_ref", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("value", sa.String(20), nullable=False),
    sa.PrimaryKeyConstraint("person_ref", "kind", name="one_known_identifier_per_kind"),
)

attempts = sa.Table(
    "attempts",  # searches of which somebody wanted a proof
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("reference", sa.String(12), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("service", sa.ForeignKey("services.id"), nullable=False),
    sa.Column("person_ref", sa.String(64)),
    sa.Column("answer", sa.Text, nullable=False),  # as it was sealed
    sa.UniqueConstraint("reference", name="one_attempt_per_reference"),
    sa.Index("attempts_by_person", "person_ref", "service", "at"),
)

reports = sa.Table(
    "reports",  # resales that somebody told us of
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("reference", sa.String(12), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("price_euros", sa.Integer),
    sa.Column("place", sa.String(200)),
    sa.Column("booking_reference", sa.String(100)),
    sa.Column("note", sa.String(1000)),
    sa.UniqueConstraint("reference", name="one_report_per_reference"),
)

events = sa.Table(
    "events",  # who wrote what, from where; each kiosk's events form one chain
    metadata,
    sa.Column("chain", sa.String(100), nullable=False),  # the kiosk, or the command line of the central
    sa.Column("number", sa.Integer, nullable=False),  # 1, 2, 3, ... in its chain
    sa.Column("at", Instant, nullable=False),
    sa.Column("mediator", sa.String(100)),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("subject", sa.String(100), nullable=False),
    sa.Column("details", sa.Text, nullable=False),  # JSON; never a name, a date of birth or a number of a document
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.PrimaryKeyConstraint("chain", "number", name="one_event_per_number"),
    sa.Index("events_by_action", "action", "at"),
)

foreigners = sa.Table(
    "foreigners",  # stands for AGDREF, the register of foreigners
    metadata,
    sa.Column("number", sa.String(10), primary_key=True),
    sa.Column("mrz_surname", sa.String(200), nullable=False),
    sa.Column("birth_date", sa.String(10), nullable=False),  # as far as known: 1987
)

pre_applications = sa.Table(
    "pre_applications",  # stands for the coordination API of passports and identity cards
    metadata,
    sa.Column("number", sa.String(10), primary_key=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.CheckConstraint(
        "status IN ('validated', 'consumed', 'declared', 'unknown', 'expired')", name="pre_application_status_is_known"
    ),
)
