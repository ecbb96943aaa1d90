"""What takes a place: hold and book, and giving a hold back. Each is one transaction with constraints behind it."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.central import intents, places, wire
from kiosk.central import tables as db
from kiosk.central.applicants import (
    PERSON_CLASH,
    Applicant,
    Applicants,
    Wanted,
    check_cancels,
    claim,
    claim_corrected,
    make_bookings,
    remember_numbers,
    speaks_for,
)
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Chance, Clock
from kiosk.central.events import Act, Caller, record
from kiosk.central.identity import edits, identity_of
from kiosk.central.intents import Intent, Outcome, decided, in_turn
from kiosk.central.issuer import Issuer
from kiosk.central.refusal import Refused
from kiosk.central.storage import Storage

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
_STANDING = sa.select(db.holds).where(
    db.holds.c.id == sa.bindparam("which"), db.holds.c.expires_at > sa.bindparam("now")
)
_INSERT_HOLD = sa.insert(db.holds)


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
    applicants: Applicants
    clock: Clock
    chance: Chance

    def hold(self, caller: Caller, request: contract.HoldRequest, key: str | None = None) -> Held:
        """Keep a slot for the persons; the same request again gives the same hold, another one replaces it.

        Raise Refused: not-found, invalid (party too large), source-unavailable, identity-rejected,
        register-unavailable, person-has-booking, person-has-hold, cooling-off, *-limit, slot-taken; under a key that
        was used before, hold-expired and idempotency-mismatch.
        """
        now = self.clock()
        intent = Intent(caller, key or "", "hold", "", request)
        with self.storage.looking() as connection:
            if key and (done := intents.settled(connection, self.storage.person_key, intent)):
                return self._again(connection, done, now)
            slot = places.look(connection, caller, request.slot, now)
            applicants = self.applicants.known(connection, slot["service"], request.persons)
        if slot["due"]:
            places.let_time_pass(self.storage, self.chance, now)
        self._check_slot(slot, len(applicants), now)
        self.applicants.check(caller, slot["service"], places.limits_of(slot), applicants)
        try:
            return in_turn(self.storage, caller, lambda tx: self._hold_once(tx, intent, slot, applicants))
        except IntegrityError as error:
            if intents.is_about(error, PERSON_CLASH):
                raise self.applicants.clash(slot["service"], applicants, caller.kiosk) from None
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

        def attempt() -> Outcome[contract.Bookings]:
            try:
                return in_turn(self.storage, caller, lambda tx: self._book_once(tx, intent, request))
            except IntegrityError as error:
                if intents.is_about(error, PERSON_CLASH):
                    raise Refused(ProblemName.PERSON_HAS_BOOKING) from None
                raise

        return decided(self.storage, intent, attempt)

    def _check_slot(self, slot: sa.RowMapping, seats: int, now: dt.datetime) -> None:
        if seats > self.catalogue.service(slot["service"]).max_persons:
            raise Refused(ProblemName.INVALID, "more persons than the service allows")
        if slot["source"] != "ok":
            raise Refused(ProblemName.SOURCE_UNAVAILABLE)
        if not places.is_bookable(slot, self.catalogue.zone(slot["site"]), now):
            raise Refused(ProblemName.SLOT_TAKEN)

    def _hold_once(
        self, transaction: Connection, intent: Intent, slot: sa.RowMapping, applicants: tuple[Applicant, ...]
    ) -> Held:
        now, caller = self.clock(), intent.caller
        limits = places.limits_of(slot)
        zone = self.catalogue.zone(slot["site"])
        windows = [*places.windows(caller, limits, now), places.site_window(slot["site"], zone, limits, now)]
        mine = transaction.execute(_MY_HOLD, {"of": caller.kiosk}).mappings().one_or_none()
        hold_id, expires_at = self.chance.new_id(), now + dt.timedelta(seconds=limits.hold_seconds)
        repeated = mine is not None and _is_same(transaction, mine, slot, applicants, now)
        if intent.key:
            subject = mine["id"] if mine is not None and repeated else hold_id
            done = intents.begin(transaction, self.storage.person_key, intent, subject)
            if done is not None:
                return self._again(transaction, done, now)
        if mine is not None and repeated:
            return self._again(transaction, mine["id"], now)
        if mine is not None:
            self._end(transaction, caller, mine, now)
        claim(transaction, slot["service"], hold_id, applicants, expires_at)
        # After the claim, which waits for whoever is cancelling at this moment: that one counts too.
        for applicant in applicants:
            check_cancels(transaction, self.storage.person_key, applicant.wire, slot, now)
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
                "identities": _identities(applicants),
                "expires_at": expires_at,
            },
        )
        remember_numbers(transaction, applicants)
        self._record(transaction, caller, now, Act("hold", hold_id, {"slot": slot["id"], "places": len(applicants)}))
        return self._held(hold_id, expires_at, slot, free, tuple(left))

    def _again(self, transaction: Connection, hold_id: str, now: dt.datetime) -> Held:
        hold = transaction.execute(_STANDING, {"which": hold_id, "now": now}).mappings().one_or_none()
        if hold is None:
            raise Refused(ProblemName.HOLD_EXPIRED)
        slot = places.offered(transaction, hold["slot"])
        return self._held(hold["id"], hold["expires_at"], slot, slot["capacity"] - slot["taken"], ())

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
        wanted = Wanted(request.hold, request.persons, held, request.consent)
        rows = make_bookings(transaction, self.storage.person_key, self.chance, intent.caller, wanted, slot, now)
        if [identity_of(person) for person in request.persons] != held:
            places.sweep(transaction, self.chance, now)  # or a claim that is over stands in the way of the new name
            for row, person in zip(rows, request.persons, strict=True):
                claim_corrected(transaction, self.storage.person_key, row, person, slot, now)
        act = Act("book", request.hold, {"slot": slot["id"], "bookings": [row["id"] for row in rows]})
        self._record(transaction, intent.caller, now, act)
        return Outcome(wire.bookings_of_hold(transaction, request.hold, self.catalogue, self.issuer), replayed=False)

    def _record(self, transaction: Connection, caller: Caller, now: dt.datetime, act: Act) -> None:
        record(transaction, self.storage.person_key, caller, now, act)


def _identities(applicants: tuple[Applicant, ...]) -> str:
    return "\n".join(applicant.identity for applicant in applicants)


def _is_same(
    transaction: Connection,
    mine: sa.RowMapping,
    slot: sa.RowMapping,
    applicants: tuple[Applicant, ...],
    now: dt.datetime,
) -> bool:
    same = (mine["slot"], mine["identities"]) == (slot["id"], _identities(applicants)) and mine["expires_at"] > now
    return same and speaks_for(transaction, mine, applicants)


def _check_persons(request: contract.BookingRequest, held: list[str], typo_edits: int) -> None:
    if len(request.persons) != len(held):
        raise Refused(ProblemName.INVALID, "as many persons as the hold is for are needed")
    for person, identity in zip(request.persons, held, strict=True):
        if edits(identity, identity_of(person)) > typo_edits:
            raise Refused(ProblemName.NOT_A_TYPO, "another person than the one the slot is held for")
