"""What takes a place: hold and book, and giving a hold back. Each is one transaction with constraints behind it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from kiosk.api import contract
from kiosk.api.problems import ProblemName, Rejection
from kiosk.booking.catalogue import IdentifierKind
from kiosk.booking.person import mrz
from kiosk.central import intents, places, wire
from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Chance, Clock
from kiosk.central.events import Act, Caller, record
from kiosk.central.identity import applicant_refs, edits, identity_of, person_of, person_ref
from kiosk.central.intents import Intent, Outcome, in_turn
from kiosk.central.issuer import Issuer
from kiosk.central.refusal import Refused
from kiosk.central.registers import Registers, RegisterSilent, Verdict
from kiosk.central.storage import Storage

# PostgreSQL names the constraint in its error, SQLite the columns.
PERSON_CLASH = ("one_claim_per_person", "claims.service, claims.ref")

_MY_HOLD = sa.select(db.holds).where(db.holds.c.kiosk == sa.bindparam("of")).with_for_update()
_END_HOLD = sa.delete(db.holds).where(db.holds.c.id == sa.bindparam("which"))
_END_CLAIMS = sa.delete(db.claims).where(db.claims.c.hold == sa.bindparam("which"))
_USE_HOLD = (
    sa.delete(db.holds)
    .where(
        db.holds.c.id == sa.bindparam("which"),
        db.holds.c.kiosk == sa.bindparam("of"),
        db.holds.c.expires_at > sa.bindparam("now"),
    )
    .returning(db.holds)
)
_CLAIMED = sa.select(db.claims.c.ref).where(db.claims.c.hold == sa.bindparam("which"))
_KEEP_CLAIMS = (
    sa.update(db.claims).where(db.claims.c.hold == sa.bindparam("which")).values(expires_at=sa.bindparam("until"))
)
_INSERT_HOLD = sa.insert(db.holds)
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
        db.holds.c.kiosk != sa.bindparam("of"),  # its own hold gives way, and is never the reason
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
class Held:
    """A hold, and how much the windows of who took it still allow."""

    hold: contract.Hold
    left: tuple[places.Left, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """The writes that take places."""

    storage: Storage
    catalogue: Catalogue
    issuer: Issuer
    registers: Registers
    clock: Clock
    chance: Chance

    def hold(self, caller: Caller, request: contract.HoldRequest, key: str | None = None) -> Held:
        """Keep a slot for the persons; the same request again gives the same hold, another one replaces it.

        Raise Refused: not-found, invalid (party too large), source-unavailable, identity-rejected,
        register-unavailable, person-has-booking, person-has-hold, cooling-off, *-limit, slot-taken; under a key that
        was used before, hold-expired and idempotency-mismatch.
        """
        now = self.clock()
        with self.storage.looking() as connection:
            slot = places.look(connection, caller, request.slot, now)
            applicants = self._applicants(connection, slot["service"], request)
        if slot["due"]:
            places.let_time_pass(self.storage, self.chance, now)
        self._check_slot(slot, len(applicants), now)
        self._check_identities(caller, slot, applicants)
        intent = Intent(caller, key or "", "hold", "", request)
        try:
            return in_turn(self.storage, caller, lambda tx: self._hold_once(tx, intent, slot, applicants))
        except IntegrityError as error:
            if intents.is_about(error, PERSON_CLASH):
                raise self._clash(caller, slot["service"], applicants) from None
            raise

    def release(self, caller: Caller, hold_id: str) -> None:
        """Give a hold's places up. Unknown, expired, booked or another kiosk's: nothing happens, nothing is told."""

        places.let_time_pass(self.storage, self.chance, self.clock())

        def once(transaction: Connection) -> None:
            now = self.clock()
            mine = transaction.execute(_MY_HOLD, {"of": caller.kiosk}).mappings().one_or_none()
            if mine is not None and mine["id"] == hold_id:
                self._end(transaction, caller, mine, now)

        in_turn(self.storage, caller, once)

    def book(self, caller: Caller, key: str, request: contract.BookingRequest) -> Outcome[contract.Bookings]:
        """Turn a hold into one booking per person, all or none; the same key and request again changes nothing.

        Raise Refused: hold-expired, invalid (other persons than held), not-a-typo, person-has-booking, cooling-off,
        idempotency-mismatch.
        """
        intent = Intent(caller, key, "book", request.hold, request)
        try:
            return in_turn(self.storage, caller, lambda tx: self._book_once(tx, intent, request))
        except IntegrityError as error:
            if intents.is_about(error, PERSON_CLASH):
                raise Refused(ProblemName.PERSON_HAS_BOOKING) from None
            raise

    def _applicants(
        self, transaction: Connection, service: str, request: contract.HoldRequest
    ) -> tuple[Applicant, ...]:
        key = self.storage.person_key
        identities = [identity_of(person) for person in request.persons]
        refs = [person_ref(key, identity) for identity in identities]
        known: dict[str, Numbers] = {ref: {} for ref in refs}
        required = self.catalogue.service(service).identifiers
        if required:
            for row in transaction.execute(_KNOWN, {"persons": refs}):
                known[row.person_ref][row.kind] = row.value
        applicants = []
        for person, identity, ref in zip(request.persons, identities, refs, strict=True):
            # Only what is asked about: else anybody could speak for, or overwrite, a number that nobody checks.
            every = known[ref] | _numbers(person)
            numbers = {kind: every[kind] for kind in required if kind in every}
            applicants.append(Applicant(person, identity, ref, tuple(applicant_refs(key, person, numbers)), numbers))
        return tuple(applicants)

    def _check_slot(self, slot: sa.RowMapping, seats: int, now: dt.datetime) -> None:
        if seats > self.catalogue.service(slot["service"]).max_persons:
            raise Refused(ProblemName.INVALID, "more persons than the service allows")
        if slot["source"] != "ok":
            raise Refused(ProblemName.SOURCE_UNAVAILABLE)
        if not places.is_bookable(slot, self.catalogue.zone(slot["site"]), now):
            raise Refused(ProblemName.SLOT_TAKEN)

    def _check_identities(self, caller: Caller, slot: sa.RowMapping, applicants: tuple[Applicant, ...]) -> None:
        # Before the transaction: a register may take seconds, and nobody else should wait for it.
        required = self.catalogue.service(slot["service"]).identifiers
        if not required:
            return
        rejections = places.rejections_window(caller, places.limits_of(slot), self.clock())
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
                self._note_rejection(caller, rejections, slot["service"], verdict)
                raise Refused(ProblemName.IDENTITY_REJECTED, reason=Rejection(verdict.value))

    def _note_rejection(self, caller: Caller, window: places.Window, service: str, verdict: Verdict) -> None:
        def once(transaction: Connection) -> None:
            places.count(transaction, [window], 1, self.clock())
            act = Act("reject", service, {"reason": verdict.value})
            self._record(transaction, caller, self.clock(), act)

        in_turn(self.storage, caller, once)

    def _hold_once(
        self, transaction: Connection, intent: Intent, slot: sa.RowMapping, applicants: tuple[Applicant, ...]
    ) -> Held:
        now, caller = self.clock(), intent.caller
        limits = places.limits_of(slot)
        zone = self.catalogue.zone(slot["site"])
        windows = [*places.windows(caller, limits, now), places.site_window(slot["site"], zone, limits, now)]
        identities = "\n".join(applicant.identity for applicant in applicants)
        mine = transaction.execute(_MY_HOLD, {"of": caller.kiosk}).mappings().one_or_none()
        hold_id, expires_at = self.chance.new_id(), now + dt.timedelta(seconds=limits.hold_seconds)
        same = (
            mine is not None
            and (mine["slot"], mine["identities"]) == (slot["id"], identities)
            and mine["expires_at"] > now
            and _speaks_for(transaction, mine, applicants)
        )
        if intent.key:
            subject = mine["id"] if mine is not None and same else hold_id
            done = intents.begin(transaction, self.storage.person_key, intent, subject)
            if done is not None and not (mine is not None and same and mine["id"] == done):
                raise Refused(ProblemName.HOLD_EXPIRED)
        if mine is not None:
            if same:
                row = places.offered(transaction, slot["id"])
                return self._held(mine["id"], mine["expires_at"], slot, row["capacity"] - row["taken"], ())
            self._end(transaction, caller, mine, now)
        _claim(transaction, slot["service"], hold_id, applicants, expires_at)
        # After the claim, which waits for whoever is cancelling at this moment: that one counts too.
        for applicant in applicants:
            _check_cancels(transaction, self.storage.person_key, applicant.wire, slot, now)
        left = places.count(transaction, windows, len(applicants), now)
        free = places.take(transaction, caller, slot, len(applicants))
        transaction.execute(
            _INSERT_HOLD,
            {
                "id": hold_id,
                "slot": slot["id"],
                "kiosk": caller.kiosk,
                "mediator": caller.mediator,
                "seats": len(applicants),
                "identities": identities,
                "expires_at": expires_at,
            },
        )
        _remember_numbers(transaction, applicants)
        self._record(transaction, caller, now, Act("hold", hold_id, {"slot": slot["id"], "places": len(applicants)}))
        return self._held(hold_id, expires_at, slot, free, tuple(left))

    def _held(
        self, hold_id: str, expires_at: dt.datetime, slot: sa.RowMapping, free: int, left: tuple[places.Left, ...]
    ) -> Held:
        zone = self.catalogue.zone(slot["site"])
        kept = wire.slot(slot, free, self.catalogue)
        return Held(contract.Hold(id=hold_id, slot=kept, expires_at=expires_at.astimezone(zone)), left)

    def _end(self, transaction: Connection, caller: Caller, hold: sa.RowMapping, now: dt.datetime) -> None:
        transaction.execute(_END_HOLD, {"which": hold["id"]})
        transaction.execute(_END_CLAIMS, {"which": hold["id"]})
        slot = places.offered(transaction, hold["slot"])
        places.give_up(transaction, self.chance, caller, slot, hold["seats"], now)
        self._record(transaction, caller, now, Act("release", hold["id"], {"slot": hold["slot"]}))

    def _clash(self, caller: Caller, service: str, applicants: tuple[Applicant, ...]) -> Refused:
        refs = [ref for applicant in applicants for ref in applicant.refs]
        with self.storage.reading() as transaction:
            until = transaction.scalar(_RIVAL, {"what": service, "refs": refs, "of": caller.kiosk})
        if until is None:
            return Refused(ProblemName.PERSON_HAS_BOOKING)
        wait = max(1, int((until - self.clock()).total_seconds()) + 1)
        return Refused(ProblemName.PERSON_HAS_HOLD, retry_after_seconds=wait)

    def _book_once(
        self, transaction: Connection, intent: Intent, request: contract.BookingRequest
    ) -> Outcome[contract.Bookings]:
        now = self.clock()
        done = intents.begin(transaction, self.storage.person_key, intent, request.hold)
        if done is not None:
            return Outcome(wire.bookings_of_hold(transaction, done, self.catalogue, self.issuer), replayed=True)
        using = {"which": request.hold, "of": intent.caller.kiosk, "now": now}
        hold = transaction.execute(_USE_HOLD, using).mappings().one_or_none()
        if hold is None:
            raise Refused(ProblemName.HOLD_EXPIRED)
        slot = places.offered(transaction, hold["slot"])
        held = hold["identities"].split("\n")
        _check_persons(request, held, slot["typo_edits"])
        rows = self._booking_rows(intent.caller, request, held, slot, now)
        transaction.execute(_INSERT_BOOKING, rows)
        kept = transaction.execute(_KEEP_CLAIMS, {"which": request.hold, "until": rows[0]["ends_at"]})
        if kept.rowcount < len(rows):
            # A server whose clock is ahead ended the claims at this moment: nobody may be booked unclaimed.
            raise Refused(ProblemName.HOLD_EXPIRED)
        if [identity_of(person) for person in request.persons] != held:
            places.sweep(transaction, self.chance, now)  # or a claim that is over stands in the way of the new name
            for row, person in zip(rows, request.persons, strict=True):
                claim_corrected(transaction, self.storage.person_key, row, person, slot, now)
        act = Act("book", request.hold, {"slot": slot["id"], "bookings": [row["id"] for row in rows]})
        self._record(transaction, intent.caller, now, act)
        return Outcome(wire.bookings_of_hold(transaction, request.hold, self.catalogue, self.issuer), replayed=False)

    def _booking_rows(
        self,
        caller: Caller,
        request: contract.BookingRequest,
        held: list[str],
        slot: sa.RowMapping,
        now: dt.datetime,
    ) -> list[dict[str, Any]]:
        shared = {
            "status": "booked",
            "hold": request.hold,
            "slot": slot["id"],
            "service": slot["service"],
            "ends_at": slot["start_at"] + dt.timedelta(minutes=slot["minutes"]),
            "moves_allowed": slot["moves"],
            "consent_mode": request.consent.mode,
            "consent_reference": request.consent.reference,
            "mediator": caller.mediator,
            "kiosk": caller.kiosk,
            "demonstration": bool(slot["demonstration"]),
            "created_at": now,
            "changed_at": now,
        }
        return [
            shared | self._person_columns(person, identity) | {"position": position}
            for position, (person, identity) in enumerate(zip(request.persons, held, strict=True))
        ]

    def _person_columns(self, person: contract.Person, held: str) -> dict[str, Any]:
        return {
            "id": self.chance.new_id(),
            "reference": self.chance.new_reference(),
            "person_ref": person_ref(self.storage.person_key, held),
            "first_identity": held,
            "mrz_surname": mrz(person.surname),
            **person.model_dump(include=set(contract.Person.model_fields)),
        }

    def _record(self, transaction: Connection, caller: Caller, now: dt.datetime, act: Act) -> None:
        record(transaction, self.storage.person_key, caller, now, act)


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
    _check_cancels(transaction, key, person, slot, now)
    _know_as_well(transaction, booking["person_ref"], ref)


def _know_as_well(transaction: Connection, before: str, after: str) -> None:
    # Numbers accepted under the mistyped name are those of the same person; those known under the right one stay.
    has = {row.kind for row in transaction.execute(_KNOWN, {"persons": [after]})}
    for row in transaction.execute(_KNOWN, {"persons": [before]}).all():
        if row.kind not in has:
            transaction.execute(_INSERT_KNOWN, {"person_ref": after, "kind": row.kind, "value": row.value})


def _speaks_for(transaction: Connection, hold: sa.RowMapping, applicants: tuple[Applicant, ...]) -> bool:
    # The same persons with another number are another request.
    claimed = set(transaction.scalars(_CLAIMED, {"which": hold["id"]}))
    return claimed == {ref for applicant in applicants for ref in applicant.refs}


def _claim(
    transaction: Connection, service: str, hold_id: str, applicants: tuple[Applicant, ...], until: dt.datetime
) -> None:
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


def _remember_numbers(transaction: Connection, applicants: tuple[Applicant, ...]) -> None:
    for applicant in applicants:
        for kind, value in _numbers(applicant.wire).items() & applicant.numbers.items():
            transaction.execute(_FORGET, {"who": applicant.ref, "which": kind})
            transaction.execute(_INSERT_KNOWN, {"person_ref": applicant.ref, "kind": kind, "value": value})


def _check_cancels(
    transaction: Connection, key: bytes, person: contract.Identity, slot: sa.RowMapping, now: dt.datetime
) -> None:
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


def _check_persons(request: contract.BookingRequest, held: list[str], typo_edits: int) -> None:
    if len(request.persons) != len(held):
        raise Refused(ProblemName.INVALID, "as many persons as the hold is for are needed")
    for person, identity in zip(request.persons, held, strict=True):
        if edits(identity, identity_of(person)) > typo_edits:
            raise Refused(ProblemName.NOT_A_TYPO, "another person than the one the slot is held for")
