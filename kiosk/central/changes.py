"""What changes an appointment that stands: another slot, cancelled, a typing error put right. Never another person."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.booking.person import mrz
from kiosk.central import intents, places, wire
from kiosk.central import tables as db
from kiosk.central.applicants import PERSON_CLASH, claim_corrected
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Chance, Clock
from kiosk.central.events import Act, Caller, record
from kiosk.central.identity import edits, identity_of
from kiosk.central.intents import Intent, Outcome, decided, in_turn
from kiosk.central.issuer import Issuer
from kiosk.central.refusal import Refused
from kiosk.central.storage import Storage

_LOCKED = sa.select(db.bookings).where(db.bookings.c.id == sa.bindparam("which")).with_for_update()
_CHANGED = sa.update(db.bookings).where(db.bookings.c.id == sa.bindparam("which"))
_LEAVE_SLOT = sa.insert(db.former_slots)
_ITS_CLAIMS = (db.claims.c.hold == sa.bindparam("held")) & (db.claims.c.position == sa.bindparam("place"))
_KEEP_CLAIMS = sa.update(db.claims).where(_ITS_CLAIMS).values(expires_at=sa.bindparam("until"))
_END_CLAIMS = sa.delete(db.claims).where(_ITS_CLAIMS)

Answer = Outcome[contract.Booking]


@dataclass(frozen=True, slots=True)
class Change:
    """Which booking a kiosk wants to change, as it last saw it."""

    booking: str
    revision: int
    key: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The writes about one booking. Each may raise Refused: not-found, stale, not-active, idempotency-mismatch."""

    storage: Storage
    catalogue: Catalogue
    issuer: Issuer
    clock: Clock
    chance: Chance

    def reschedule(self, caller: Caller, change: Change, request: contract.RescheduleRequest) -> Answer:
        """Take the new slot and give the old one up, or neither.

        Raise Refused: invalid (another service, the same slot), moves-used-up, source-unavailable, *-limit,
        slot-taken.
        """

        def once(transaction: Connection, booking: sa.RowMapping, now: dt.datetime) -> Act:
            slot = places.look(transaction, caller, request.slot, now)
            self._check_move(booking, slot, now)
            limits = places.limits_of(slot)
            zone = self.catalogue.zone(slot["site"])
            windows = [*places.windows(caller, limits, now), places.site_window(slot["site"], zone, limits, now)]
            places.count(transaction, windows, 1, now)
            places.take(transaction, caller, slot, 1)
            places.give_up(transaction, self.chance, caller, places.offered(transaction, booking["slot"]), 1, now)
            ends_at = slot["start_at"] + dt.timedelta(minutes=slot["minutes"])
            moved = {"slot": slot["id"], "ends_at": ends_at, "moves": booking["moves"] + 1}
            _write(transaction, booking, now, moved)
            left = {"booking": booking["id"], "revision": booking["revision"], "slot": booking["slot"]}
            transaction.execute(_LEAVE_SLOT, left | {"left_at": now})
            transaction.execute(_KEEP_CLAIMS, _claims_of(booking) | {"until": ends_at})
            return Act("move", booking["id"], {"from": booking["slot"], "to": slot["id"]})

        return self._change(Intent(caller, change.key, "move", change.booking, request), change, once)

    def cancel(self, caller: Caller, change: Change, request: contract.CancelRequest) -> Answer:
        """Give the appointment up; its place goes into hiding, and the person may book again."""

        def once(transaction: Connection, booking: sa.RowMapping, now: dt.datetime) -> Act:
            places.give_up(transaction, self.chance, caller, places.offered(transaction, booking["slot"]), 1, now)
            cancelled = {"status": "cancelled", "cancelled_at": now, "cancel_reason": request.reason}
            _write(transaction, booking, now, cancelled)
            transaction.execute(_END_CLAIMS, _claims_of(booking))
            return Act("cancel", booking["id"], {"slot": booking["slot"], "reason": request.reason})

        return self._change(Intent(caller, change.key, "cancel", change.booking, request), change, once)

    def correct(self, caller: Caller, change: Change, request: contract.CorrectionRequest) -> Answer:
        """Put a typing error right: at most `typo_edits` letters and digits away from the identity first given.

        Raise Refused: not-a-typo, person-has-booking, cooling-off.
        """

        def once(transaction: Connection, booking: sa.RowMapping, now: dt.datetime) -> Act:
            identity = identity_of(request)
            changed = edits(booking["first_identity"], identity)
            slot = places.offered(transaction, booking["slot"])
            # From the first identity, not the last: small steps never lead to another person.
            if changed > slot["typo_edits"]:
                raise Refused(ProblemName.NOT_A_TYPO)
            written = contract.Identity.model_validate(request.model_dump(exclude={"reason"})).model_dump()
            _write(transaction, booking, now, written | {"mrz_surname": mrz(request.surname)})
            claim_corrected(transaction, self.storage.person_key, booking, request, slot, now)
            return Act("correct", booking["id"], {"edits": changed, "reason": request.reason})

        return self._change(Intent(caller, change.key, "correct", change.booking, request), change, once)

    def _check_move(self, booking: sa.RowMapping, slot: sa.RowMapping, now: dt.datetime) -> None:
        if booking["slot"] == slot["id"] or booking["service"] != slot["service"]:
            raise Refused(ProblemName.INVALID, "another slot of the same service is needed")
        if booking["moves"] >= booking["moves_allowed"]:
            raise Refused(ProblemName.MOVES_USED_UP)
        if slot["source"] != "ok":
            raise Refused(ProblemName.SOURCE_UNAVAILABLE)
        if not places.is_bookable(slot, self.catalogue.zone(slot["site"]), now):
            raise Refused(ProblemName.SLOT_TAKEN)

    def _change(
        self, intent: Intent, change: Change, once: Callable[[Connection, sa.RowMapping, dt.datetime], Act]
    ) -> Answer:
        places.let_time_pass(self.storage, self.chance, self.clock())

        def work(transaction: Connection) -> Answer:
            now = self.clock()
            done = intents.begin(transaction, self.storage.person_key, intent, change.booking)
            if done is None:
                booking = _locked(transaction, change)
                _check_standing(booking, change, now)
                act = once(transaction, booking, now)
                record(transaction, self.storage.person_key, intent.caller, now, act)
            answer = wire.one_booking(transaction, change.booking, self.catalogue, self.issuer)
            return Outcome(answer, replayed=done is not None)

        def attempt() -> Answer:
            try:
                return in_turn(self.storage, intent.caller, work)
            except IntegrityError as error:
                if intents.is_about(error, PERSON_CLASH):
                    raise Refused(ProblemName.PERSON_HAS_BOOKING) from None
                raise

        return decided(self.storage, intent, attempt)


def _locked(transaction: Connection, change: Change) -> sa.RowMapping:
    booking = transaction.execute(_LOCKED, {"which": change.booking}).mappings().one_or_none()
    if booking is None:
        raise Refused(ProblemName.NOT_FOUND, "no such booking")
    return booking


def _check_standing(booking: sa.RowMapping, change: Change, now: dt.datetime) -> None:
    if booking["revision"] != change.revision:
        raise Refused(ProblemName.STALE)
    if booking["status"] != "booked" or booking["ends_at"] <= now:
        raise Refused(ProblemName.NOT_ACTIVE)


def _write(transaction: Connection, booking: sa.RowMapping, now: dt.datetime, values: Mapping[str, object]) -> None:
    new = {**values, "revision": booking["revision"] + 1, "changed_at": now}
    transaction.execute(_CHANGED.values(new), {"which": booking["id"]})


def _claims_of(booking: sa.RowMapping) -> dict[str, object]:
    return {"held": booking["hold"], "place": booking["position"]}
