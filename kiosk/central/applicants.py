"""Who asks for a place: known by every name and number, accepted by the registers, spoken for once per service."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.api.problems import ProblemName, Rejection
from kiosk.booking.catalogue import IdentifierKind
from kiosk.booking.person import mrz
from kiosk.central import places
from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Chance, Clock
from kiosk.central.events import Act, Caller, record
from kiosk.central.identity import applicant_refs, identity_of, person_of, person_ref
from kiosk.central.intents import in_turn
from kiosk.central.limits import Limits
from kiosk.central.refusal import Refused
from kiosk.central.registers import Registers, RegisterSilent, Verdict
from kiosk.central.storage import Storage

# PostgreSQL names the constraint in its error, SQLite the columns.
PERSON_CLASH = ("one_claim_per_person", "claims.service, claims.ref")

_CLAIMED = sa.select(db.claims.c.ref).where(db.claims.c.hold == sa.bindparam("which"))
_KEEP_CLAIMS = (
    sa.update(db.claims).where(db.claims.c.hold == sa.bindparam("which")).values(expires_at=sa.bindparam("until"))
)
_INSERT_CLAIM = sa.insert(db.claims)
_INSERT_BOOKING = sa.insert(db.bookings)
_CANCELS = sa.select(db.bookings.c.cancelled_at, db.bookings.c.person_ref, db.bookings.c.given_names).where(
    (db.bookings.c.person_ref == sa.bindparam("who"))
    | ((db.bookings.c.birth_date == sa.bindparam("born")) & (db.bookings.c.mrz_surname == sa.bindparam("named"))),
    db.bookings.c.service == sa.bindparam("what"),
    db.bookings.c.cancel_reason == "person",
    db.bookings.c.cancelled_at > sa.bindparam("since"),
)
_KNOWN = sa.select(db.known_identifiers).where(
    db.known_identifiers.c.person_ref.in_(sa.bindparam("persons", expanding=True))
)
_FORGET = sa.delete(db.known_identifiers).where(
    db.known_identifiers.c.person_ref == sa.bindparam("who"), db.known_identifiers.c.kind == sa.bindparam("which")
)
_INSERT_KNOWN = sa.insert(db.known_identifiers)
_RIVAL = (
    sa.select(db.claims.c.expires_at)
    .join(db.holds, db.holds.c.id == db.claims.c.hold)
    .where(
        db.claims.c.service == sa.bindparam("what"),
        db.claims.c.ref.in_(sa.bindparam("refs", expanding=True)),
        db.holds.c.kiosk != sa.bindparam("of"),
    )
)

Numbers = dict[IdentifierKind, str]


@dataclass(frozen=True, slots=True)
class Applicant:
    """A person who asks, as the rules compare persons: `numbers` are those given now or known from before."""

    wire: contract.Applicant
    identity: str
    ref: str
    refs: tuple[str, ...]
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Applicants:
    """What is known of persons, and what the registers say."""

    storage: Storage
    catalogue: Catalogue
    registers: Registers
    clock: Clock

    def known(
        self, transaction: Connection, service: str, persons: Sequence[contract.Applicant]
    ) -> tuple[Applicant, ...]:
        """Return the persons with what is known of them from before."""
        key = self.storage.person_key
        identities = [identity_of(person) for person in persons]
        refs = [person_ref(key, identity) for identity in identities]
        known: dict[str, Numbers] = {ref: {} for ref in refs}
        required = self.catalogue.service(service).identifiers
        if required:
            for row in transaction.execute(_KNOWN, {"persons": refs}):
                known[row.person_ref][row.kind] = row.value
        applicants = []
        for person, identity, ref in zip(persons, identities, refs, strict=True):
            # Only what is asked about: else anybody could speak for, or overwrite, a number that nobody checks.
            every = known[ref] | _numbers(person)
            numbers = {kind: every[kind] for kind in required if kind in every}
            applicants.append(Applicant(person, identity, ref, tuple(applicant_refs(key, person, numbers)), numbers))
        return tuple(applicants)

    def check(self, caller: Caller, service: str, limits: Limits, applicants: tuple[Applicant, ...]) -> None:
        """Ask the registers about every number that the service wants; raise Refused.

        Before any transaction: a register may take seconds, and nobody else should wait for it.
        """
        required = self.catalogue.service(service).identifiers
        if not required:
            return
        rejections = places.rejections_window(caller, limits, self.clock())
        with self.storage.reading() as transaction:
            places.check_left(transaction, rejections, self.clock())
        for applicant in applicants:
            for kind in required:
                if kind not in applicant.numbers:
                    raise Refused(ProblemName.IDENTITY_REJECTED, reason=Rejection(f"{kind}-missing"))
            asked: Mapping[IdentifierKind, str] = {kind: applicant.numbers[kind] for kind in required}
            try:
                verdict = self.registers.check(person_of(applicant.wire), asked)
            except RegisterSilent:
                raise Refused(ProblemName.REGISTER_UNAVAILABLE) from None
            if verdict is not Verdict.ACCEPTED:
                self._note_rejection(caller, rejections, service, verdict)
                raise Refused(ProblemName.IDENTITY_REJECTED, reason=Rejection(verdict.value))

    def _note_rejection(self, caller: Caller, window: places.Window, service: str, verdict: Verdict) -> None:
        def once(transaction: Connection) -> None:
            places.count(transaction, [window], 1, self.clock())
            act = Act("reject", service, {"reason": verdict.value})
            record(transaction, self.storage.person_key, caller, self.clock(), act)

        in_turn(self.storage, caller, once)

    def clash(self, service: str, applicants: tuple[Applicant, ...], gives_way: str | None = None) -> Refused:
        """Return why a claim was not granted: a hold, which ends soon, or an appointment.

        `gives_way`: the kiosk whose own hold is never the reason.
        """
        refs = [ref for applicant in applicants for ref in applicant.refs]
        with self.storage.reading() as transaction:
            until = transaction.scalar(_RIVAL, {"what": service, "refs": refs, "of": gives_way or ""})
        if until is None:
            return Refused(ProblemName.PERSON_HAS_BOOKING)
        wait = max(1, int((until - self.clock()).total_seconds()) + 1)
        return Refused(ProblemName.PERSON_HAS_HOLD, retry_after_seconds=wait)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Bookings to be made: of which hold, for whom, under which identity each place was taken, by whose consent."""

    hold: str
    persons: Sequence[contract.Person]
    identities: Sequence[str]
    consent: contract.Consent
    asked_at: dt.datetime | None = None  # of an application


def make_bookings(
    transaction: Connection,
    key: bytes,
    chance: Chance,
    caller: Caller,
    wanted: Wanted,
    slot: sa.RowMapping,
    now: dt.datetime,
) -> list[dict[str, Any]]:
    """Write one booking per person, whose claims last as long as the appointment; return the rows.

    Raise Refused(hold-expired) when a server whose clock is ahead ended the claims at this moment.
    """
    shared = {
        "status": "booked",
        "hold": wanted.hold,
        "slot": slot["id"],
        "service": slot["service"],
        "ends_at": slot["start_at"] + dt.timedelta(minutes=slot["minutes"]),
        "moves_allowed": slot["moves"],
        "consent_mode": wanted.consent.mode,
        "consent_reference": wanted.consent.reference,
        "mediator": caller.mediator,
        "kiosk": caller.kiosk,
        "demonstration": bool(slot["demonstration"]),
        "created_at": now,
        "changed_at": now,
        "asked_at": wanted.asked_at,
    }
    rows = [
        shared | _person_columns(key, chance, person, identity) | {"position": position}
        for position, (person, identity) in enumerate(zip(wanted.persons, wanted.identities, strict=True))
    ]
    transaction.execute(_INSERT_BOOKING, rows)
    kept = transaction.execute(_KEEP_CLAIMS, {"which": wanted.hold, "until": shared["ends_at"]})
    if kept.rowcount < len(rows):
        raise Refused(ProblemName.HOLD_EXPIRED)  # nobody may be booked unclaimed
    return rows


def _person_columns(key: bytes, chance: Chance, person: contract.Person, identity: str) -> dict[str, Any]:
    return {
        "id": chance.new_id(),
        "reference": chance.new_reference(),
        "person_ref": person_ref(key, identity),
        "first_identity": identity,
        "mrz_surname": mrz(person.surname),
        **person.model_dump(include=set(contract.Person.model_fields)),
    }


def claim_corrected(
    transaction: Connection,
    key: bytes,
    booking: Mapping[str, Any] | sa.RowMapping,
    person: contract.Identity,
    slot: sa.RowMapping,
    now: dt.datetime,
) -> None:
    """Let a booking speak for its person under a corrected identity too; the first one stays claimed.

    Raise Refused(cooling-off): else whoever cancelled too often would begin anew under a typing error.
    """
    identity = identity_of(person)
    if identity == booking["first_identity"]:
        return
    ref = person_ref(key, identity)
    spoken_for = sa.select(db.claims.c.ref).where(
        db.claims.c.service == booking["service"],
        db.claims.c.ref == ref,
        db.claims.c.hold == booking["hold"],
        db.claims.c.position == booking["position"],
    )
    if transaction.scalar(spoken_for) is None:
        claim = {name: booking[name] for name in ("service", "hold", "position")}
        transaction.execute(_INSERT_CLAIM, claim | {"ref": ref, "expires_at": booking["ends_at"]})
    check_cancels(transaction, key, person, slot, now)
    _know_as_well(transaction, booking["person_ref"], ref)


def _know_as_well(transaction: Connection, before: str, after: str) -> None:
    # Numbers accepted under the mistyped name are those of the same person; those known under the right one stay.
    has = {row.kind for row in transaction.execute(_KNOWN, {"persons": [after]})}
    for row in transaction.execute(_KNOWN, {"persons": [before]}).all():
        if row.kind not in has:
            transaction.execute(_INSERT_KNOWN, {"person_ref": after, "kind": row.kind, "value": row.value})


def speaks_for(transaction: Connection, hold: sa.RowMapping, applicants: tuple[Applicant, ...]) -> bool:
    """Return whether the hold is for just these; the same persons with another number are another request."""
    claimed = set(transaction.scalars(_CLAIMED, {"which": hold["id"]}))
    return claimed == {ref for applicant in applicants for ref in applicant.refs}


def claim(
    transaction: Connection, service: str, hold_id: str, applicants: tuple[Applicant, ...], until: dt.datetime
) -> None:
    """Speak for the persons until then; the constraint stops whoever comes second."""
    # Sorted: two families that share two persons wait for each other, never in a ring.
    claims = sorted((ref, position) for position, applicant in enumerate(applicants) for ref in applicant.refs)
    transaction.execute(
        _INSERT_CLAIM,
        [
            {"service": service, "ref": ref, "hold": hold_id, "position": position, "expires_at": until}
            for ref, position in claims
        ],
    )


def _numbers(wire: contract.Applicant) -> Numbers:
    return cast(Numbers, wire.identifiers.model_dump(exclude_none=True))


def remember_numbers(transaction: Connection, applicants: tuple[Applicant, ...]) -> None:
    """Keep the numbers that were accepted, so that nobody types them twice."""
    for applicant in applicants:
        for kind, value in _numbers(applicant.wire).items() & applicant.numbers.items():
            transaction.execute(_FORGET, {"who": applicant.ref, "which": kind})
            transaction.execute(_INSERT_KNOWN, {"person_ref": applicant.ref, "kind": kind, "value": value})


def check_cancels(
    transaction: Connection, key: bytes, person: contract.Identity, slot: sa.RowMapping, now: dt.datetime
) -> None:
    """Raise Refused(cooling-off) when the person cancelled too often lately."""
    limits = places.limits_of(slot)
    counted = dt.timedelta(days=limits.cancel_days)
    who, given_names = person_ref(key, identity_of(person)), mrz(person.given_names)
    asked = {
        "who": who,
        "born": person.birth_date,
        "named": mrz(person.surname),
        "what": slot["service"],
        "since": now - counted,
    }
    # Under the name first given, or under the one that it was corrected into.
    cancelled = sorted(
        row.cancelled_at
        for row in transaction.execute(_CANCELS, asked)
        if row.person_ref == who or mrz(row.given_names) == given_names
    )
    if len(cancelled) >= limits.cancels:
        wait = cancelled[-limits.cancels] + counted - now
        raise Refused(ProblemName.COOLING_OFF, retry_after_seconds=int(wait.total_seconds()) + 1)
