"""What changes the data: hold, release, book; each in one transaction, with the database's constraints behind it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.booking.person import mrz
from kiosk.central import tables as db
from kiosk.central import wire
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Chance, Clock
from kiosk.central.identity import payload_hmac, person_of, person_ref
from kiosk.central.refusal import Refused
from kiosk.central.storage import Storage

BOOKING_ATTEMPTS = 5

# PostgreSQL names the constraint in its error, SQLite the columns.
_PERSON_CLASH = ("one_active_booking", "bookings.person_ref")
_WORTH_RETRYING = (
    "one_booking_per_reference",
    "bookings.reference",
    "one_intent_per_key",
    "intents.kiosk, intents.key",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, from which terminal."""

    mediator: str
    kiosk: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an intent came to; `replayed` when an earlier call had done it already."""

    bookings: contract.Bookings
    replayed: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """The writes of the API."""

    storage: Storage
    catalogue: Catalogue
    clock: Clock
    chance: Chance

    def hold(self, caller: Caller, request: contract.HoldRequest) -> contract.Hold:
        """Keep a slot for HOLD_SECONDS.

        Raise Refused: not-found, invalid (party too large), source-unavailable, slot-taken.
        """
        with self.storage.writing() as transaction:
            now = self.clock()
            sweep(transaction, now)
            row = _slot(transaction, request.slot)
            self._check_hold(row, request, now)
            left = _take(transaction, request.slot, request.party)
            hold_id, expires_at = self.chance.new_id(), now + dt.timedelta(seconds=contract.HOLD_SECONDS)
            transaction.execute(
                sa.insert(db.holds).values(
                    id=hold_id, slot=request.slot, kiosk=caller.kiosk, seats=request.party, expires_at=expires_at
                )
            )
        zone = self.catalogue.zone(row["site"])
        return contract.Hold(
            id=hold_id, slot=wire.slot(row, left, self.catalogue), expires_at=expires_at.astimezone(zone)
        )

    def release(self, caller: Caller, hold_id: str) -> None:
        """Give a hold's seats back. Unknown, expired, booked or another kiosk's: nothing happens, nothing is told."""
        with self.storage.writing() as transaction:
            sweep(transaction, self.clock())
            _end_holds(transaction, (db.holds.c.id == hold_id) & (db.holds.c.kiosk == caller.kiosk), give_back=True)

    def book(self, caller: Caller, key: str, request: contract.BookingRequest) -> Outcome:
        """Turn a hold into one booking per person, all or none; the same key and request again changes nothing.

        Raise Refused: hold-expired, invalid (party), person-has-booking, idempotency-mismatch.
        """
        attempts_left = BOOKING_ATTEMPTS
        while True:
            attempts_left -= 1
            try:
                with self.storage.writing() as transaction:
                    return self._book_once(transaction, caller, key, request)
            except IntegrityError as error:
                if _is_about(error, _PERSON_CLASH):
                    raise Refused(ProblemName.PERSON_HAS_BOOKING) from None
                if not attempts_left or not _is_about(error, _WORTH_RETRYING):
                    raise

    def _check_hold(self, row: sa.RowMapping, request: contract.HoldRequest, now: dt.datetime) -> None:
        if request.party > self.catalogue.service(row["service"]).max_persons:
            raise Refused(ProblemName.INVALID, "party is larger than the service allows")
        if row["source"] != "ok":
            raise Refused(ProblemName.SOURCE_UNAVAILABLE)
        if row["start_at"] <= now:
            raise Refused(ProblemName.SLOT_TAKEN)

    def _book_once(
        self, transaction: Connection, caller: Caller, key: str, request: contract.BookingRequest
    ) -> Outcome:
        now = self.clock()
        fingerprint = payload_hmac(self.storage.person_key, request)
        replay = self._replay(transaction, caller, key, fingerprint)
        if replay:
            return replay
        sweep(transaction, now)
        held = _end_holds(
            transaction, (db.holds.c.id == request.hold) & (db.holds.c.kiosk == caller.kiosk), give_back=False
        )
        if not held:
            # In PostgreSQL, the same intent may have succeeded while this one waited for the hold.
            replay = self._replay(transaction, caller, key, fingerprint)
            if replay:
                return replay
            raise Refused(ProblemName.HOLD_EXPIRED)
        [(slot_id, seats)] = held
        if seats != len(request.persons):
            raise Refused(ProblemName.INVALID, "as many persons as places held are needed")
        transaction.execute(
            sa.insert(db.intents).values(kiosk=caller.kiosk, key=key, hold=request.hold, payload_hmac=fingerprint)
        )
        self._insert_bookings(transaction, caller, request, _slot(transaction, slot_id), now)
        return Outcome(bookings_of(transaction, request.hold, self.catalogue), replayed=False)

    def _replay(self, transaction: Connection, caller: Caller, key: str, fingerprint: str) -> Outcome | None:
        earlier = find_intent(transaction, caller.kiosk, key)
        if earlier is None:
            return None
        if earlier["payload_hmac"] != fingerprint:
            raise Refused(ProblemName.IDEMPOTENCY_MISMATCH)
        return Outcome(bookings_of(transaction, earlier["hold"], self.catalogue), replayed=True)

    def _insert_bookings(
        self,
        transaction: Connection,
        caller: Caller,
        request: contract.BookingRequest,
        slot: sa.RowMapping,
        now: dt.datetime,
    ) -> None:
        shared = {
            "status": "booked",
            "active": True,
            "hold": request.hold,
            "slot": slot["id"],
            "service": slot["service"],
            "ends_at": slot["start_at"] + dt.timedelta(minutes=slot["minutes"]),
            "consent_mode": request.consent.mode,
            "consent_reference": request.consent.reference,
            "mediator": caller.mediator,
            "kiosk": caller.kiosk,
            "demonstration": is_demonstration(transaction),
            "created_at": now,
        }
        rows = [
            shared | self._person_columns(person) | {"position": position}
            for position, person in enumerate(request.persons)
        ]
        transaction.execute(sa.insert(db.bookings), rows)

    def _person_columns(self, wire_person: contract.Person) -> dict[str, Any]:
        person = person_of(wire_person)
        return {
            "id": self.chance.new_id(),
            "reference": self.chance.new_reference(),
            "person_ref": person_ref(self.storage.person_key, person),
            "surname": person.surname,
            "given_names": person.given_names,
            "birth_date": person.birth_date.iso(),
            "phone": person.phone,
            "mrz_surname": mrz(person.surname),
        }


def sweep(transaction: Connection, now: dt.datetime) -> None:
    """Let time have its effect: expired holds give their seats back, appointments that are over block nobody."""
    _end_holds(transaction, db.holds.c.expires_at <= now, give_back=True)
    transaction.execute(
        sa.update(db.bookings).where(db.bookings.c.active, db.bookings.c.ends_at <= now).values(active=False)
    )


def find_intent(transaction: Connection, kiosk: str, key: str) -> sa.RowMapping | None:
    """Return what succeeded under this kiosk's key."""
    query = sa.select(db.intents).where(db.intents.c.kiosk == kiosk, db.intents.c.key == key)
    return transaction.execute(query).mappings().one_or_none()


def bookings_of(transaction: Connection, hold_id: str, catalogue: Catalogue) -> contract.Bookings:
    """Return the bookings that a hold became, in the order of the request's persons."""
    query = wire.BOOKING.where(db.bookings.c.hold == hold_id).order_by(db.bookings.c.position)
    rows = transaction.execute(query).mappings()
    return contract.Bookings(bookings=[wire.booking(row, catalogue) for row in rows])


def is_demonstration(transaction: Connection) -> bool:
    """Return whether this database holds invented data."""
    found = transaction.scalar(sa.select(db.facts.c.name).where(db.facts.c.name == "demonstration"))
    return found is not None


def _slot(transaction: Connection, slot_id: str) -> sa.RowMapping:
    query = sa.select(db.slots, db.sites.c.source).join(db.sites, db.sites.c.id == db.slots.c.site)
    row = transaction.execute(query.where(db.slots.c.id == slot_id)).mappings().one_or_none()
    if row is None:
        raise Refused(ProblemName.NOT_FOUND, "no such slot")
    return row


def _take(transaction: Connection, slot_id: str, seats: int) -> int:
    enough = db.slots.c.taken + seats <= db.slots.c.capacity
    # Only the update knows what is left: in PostgreSQL others come and go between a look and an update.
    left: int | None = transaction.scalar(
        sa.update(db.slots)
        .where(db.slots.c.id == slot_id, enough)
        .values(taken=db.slots.c.taken + seats)
        .returning(db.slots.c.capacity - db.slots.c.taken)
    )
    if left is None:
        raise Refused(ProblemName.SLOT_TAKEN)
    return left


def _end_holds(transaction: Connection, which: sa.ColumnElement[bool], *, give_back: bool) -> list[tuple[str, int]]:
    # The rows deleted say what to give back, so that of two writers at once only one does.
    ended = transaction.execute(sa.delete(db.holds).where(which).returning(db.holds.c.slot, db.holds.c.seats)).all()
    for slot_id, seats in ended if give_back else []:
        transaction.execute(sa.update(db.slots).where(db.slots.c.id == slot_id).values(taken=db.slots.c.taken - seats))
    return [(slot_id, seats) for slot_id, seats in ended]


def _is_about(error: IntegrityError, names: tuple[str, ...]) -> bool:
    return any(name in str(error.orig) for name in names)
