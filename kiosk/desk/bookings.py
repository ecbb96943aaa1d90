"""Search, hold and book through the central, in the words of the domain; wire errors become desk answers here."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from kiosk.api import contract, convert
from kiosk.api.client import CentralClient, RefusedError, UnreachableError
from kiosk.booking.booking import Booking, BookingStatus, Hold
from kiosk.booking.catalogue import Availability, IdentifierKind, Service, Site, Slot, nearest_first
from kiosk.booking.journey import Journey, Known
from kiosk.booking.person import BirthDate
from kiosk.desk.answers import (
    Central,
    CentralRefusedError,
    CentralSilentError,
    OutcomeUnknownError,
    Refusal,
    Request,
    Settled,
    Shift,
)
from kiosk.desk.checks import Directory, directory_of
from kiosk.desk.outgoing import Outgoing, Wish, refusal_of
from kiosk.journal.outbox import Action, Intent


class Bookings:
    """The central as the counter uses it. Every method raises CentralSilentError or CentralRefusedError."""

    def __init__(
        self,
        client: CentralClient,
        outgoing: Outgoing,
        root: str | None,
        now: Callable[[], dt.datetime],
        new_key: Callable[[], str],
    ) -> None:
        self._client = client
        self._outgoing = outgoing
        self._root = root
        self._now = now
        self._new_key = new_key
        self._services: dict[str, Service] = {}
        self._sites: dict[str, Site] = {}
        self._shift: Shift | None = None
        self._in_hand: str | None = None
        self._holding: set[str] = set()  # the intents of holds that somebody waits for
        self.central = Central.STARTING
        self.demonstration = False

    async def close(self) -> None:
        """Close the connection and the journal."""
        await self._client.close()
        self._outgoing.close()

    async def check(self) -> None:
        """Ask whether the central is there and note the answer; raise nothing."""
        try:
            with self.contact():
                self.demonstration = (await self._client.health()).demonstration
        except (CentralSilentError, CentralRefusedError):
            if self.central is not Central.STARTING:
                self.central = Central.SILENT

    async def open_shift(self, mediator: str, code: str, kiosk: str) -> Shift:
        """Sign the mediator in, read the catalogue, and learn to which key to seal; raise NotGenuineError as well."""
        with self.contact():
            me = await self._client.sign_in(mediator, code, kiosk)
            self._services = {s.id: convert.service(s) for s in (await self._client.services()).services}
            self._sites = {s.id: convert.site(s) for s in (await self._client.sites()).sites}
            await self._outgoing.learn_key(self._root)
        self._shift = Shift(me.mediator.name, me.kiosk.name, me.kiosk.department, me.kiosk.region)
        return self._shift

    def close_shift(self) -> None:
        """Sign out."""
        self._client.sign_out()
        self._shift = None

    def services(self) -> tuple[Service, ...]:
        """Return all that can be booked, in the order in which it is shown."""
        return tuple(self._services.values())

    def service(self, identifier: str | None) -> Service | None:
        """Return a service of the catalogue."""
        return self._services.get(identifier or "")

    def site(self, identifier: str | None) -> Site | None:
        """Return a site of the catalogue."""
        return self._sites.get(identifier or "")

    def directory(self) -> Directory:
        """Return the catalogue by the codes that tickets use."""
        return directory_of(self._sites.values(), self._services.values())

    async def offers(self, service: Service) -> tuple[Availability, ...]:
        """Return what every site offers, nearest to this kiosk first."""
        with self.contact():
            wire = await self._client.availability(service.id)
        shift = self._shift or Shift("", "", "", "")
        return tuple(nearest_first(convert.availability(wire, self._sites), shift.department, shift.region))

    async def offer(self, service: Service, site: Site) -> Availability:
        """Return what one site offers now."""
        with self.contact():
            wire = await self._client.availability(service.id, site.id)
            found = convert.availability(wire, self._sites)
        if not found:
            raise CentralRefusedError(Refusal.OTHER)
        return found[0]

    async def slots(self, service: Service, site: Site, date: dt.date) -> tuple[Slot, ...]:
        """Return the free slots of a day, in time order."""
        with self.contact():
            return tuple(convert.slot(slot) for slot in await self._client.slots(service.id, site.id, date.isoformat()))

    async def find(self, surname: str, birth_date: BirthDate) -> tuple[Known, ...]:
        """Return the persons known by that surname (or its first letters) and birth date."""
        with self.contact():
            wire = await self._client.search(contract.ByName(surname=surname, birth_date=birth_date.iso()))
            found = [convert.booking(b, self._services, self._sites) for b in wire.bookings]
        return _persons(found, self._now())

    async def hold(self, journey: Journey, slot: Slot) -> Hold:
        """Keep a slot for minutes, for the journey's person; what this kiosk kept before is given up.

        Refused, nothing changes: what was kept before still is.
        """
        if journey.person is None:
            raise ValueError("a slot is kept for somebody")
        request = convert.hold_request(slot, journey.person, journey.numbers_to_give)
        wish = Wish(self._new_key(), Action.HOLD, "/v1/holds", request)
        self._holding.add(wish.key)
        try:
            with self.contact():
                outcome = await self._carry(wish)
                if outcome.hold is None:
                    raise CentralRefusedError(Refusal.HOLD_EXPIRED)
                return convert.hold(outcome.hold, journey.person)
        finally:  # one that nobody heard of runs out by itself
            await self._outgoing.forget(wish.key)
            self._holding.discard(wish.key)

    async def release(self, hold: Hold) -> None:
        """Give a held slot back; unheard, it runs out by itself."""
        with self.contact():
            await self._client.release(hold.id)

    async def book(self, journey: Journey) -> Booking:
        """Make the booking of a journey, or learn what became of it when asked again with the same key.

        Raise OutcomeUnknownError when nobody knows; call again with the same journey until somebody does.
        """
        if journey.person is None or journey.hold is None:
            raise ValueError("a journey is booked once it has a person and a hold")
        request = convert.booking_request(journey.person, journey.hold, journey.consent)
        self._in_hand = journey.intent_key
        try:
            with self.contact():
                outcome = await self._carry(Wish(journey.intent_key, Action.BOOK, "/v1/bookings", request))
        except CentralRefusedError:
            await self._outgoing.forget(journey.intent_key)
            raise
        try:
            return convert.booking(outcome.bookings[0], self._services, self._sites)
        except (convert.UnknownThingError, IndexError):
            raise OutcomeUnknownError from None  # a yes that cannot be read is not a no

    async def _carry(self, wish: Wish) -> contract.Outcome:
        await self._outgoing.write_down(wish)
        return await self._outgoing.step(wish.key)

    async def in_hand(self) -> Request | None:
        """Return the booking that this visit asked for, as far as the journal knows it; raise JournalError."""
        asked = await self._outgoing.open_intents()
        return next((_request(intent) for intent in asked if intent.key == self._in_hand), None)

    async def withdraw(self) -> bool:
        """Give up the booking in hand; return False when something of it left meanwhile. Raise JournalError."""
        return self._in_hand is None or await self._outgoing.withdraw(self._in_hand)

    async def heard(self) -> None:
        """The mediator sees that the booking in hand is made, and its paper is in the spool: nobody needs telling."""
        if self._in_hand is not None:
            await self._outgoing.forget(self._in_hand)

    def leave(self) -> None:
        """Let go of the journey: an intent left open is settled in the background from now on."""
        self._in_hand = None

    async def unresolved(self) -> tuple[Request, ...]:
        """Return the requests, not of this visit, that may be done without anybody knowing; raise JournalError."""
        return tuple(_request(intent) for intent in await self._left_behind() if intent.may_be_done)

    async def settle(self) -> None:
        """Bring every intent one step on that an earlier visit, or an earlier life of this kiosk, left open."""
        for intent in await self._left_behind():
            if intent.action is Action.HOLD:
                await self._outgoing.forget(intent.key)
                continue
            try:
                with self.contact():
                    await self._outgoing.step(intent.key)
            except (CentralRefusedError, OutcomeUnknownError):
                continue  # told by `settled`, or asked again at the next turn

    async def settled(self) -> tuple[Settled, ...]:
        """Return what became of them, until somebody has heard it; raise JournalError."""
        told = [intent for intent in await self._outgoing.answered_intents() if intent.key != self._in_hand]
        return tuple(Settled(intent.key, intent.code, intent.asked_at, intent.reference) for intent in told)

    async def take_note(self, settled: Settled) -> None:
        """A mediator has heard it."""
        await self._outgoing.forget(settled.key)

    async def _left_behind(self) -> list[Intent]:
        found = await self._outgoing.open_intents()
        return [intent for intent in found if intent.key != self._in_hand and intent.key not in self._holding]

    @contextmanager
    def contact(self) -> Iterator[None]:
        """Turn what goes wrong with the central into answers of the desk, and note whether it is there."""
        try:
            yield
        except (UnreachableError, convert.UnknownThingError):
            self.central = Central.SILENT
            raise CentralSilentError from None
        except (CentralSilentError, OutcomeUnknownError):
            self.central = Central.SILENT
            raise
        except CentralRefusedError:
            self.central = Central.HERE
            raise
        except RefusedError as refused:
            self.central = Central.HERE
            raise CentralRefusedError(refusal_of(refused), refused.retry_after_seconds) from None
        self.central = Central.HERE


def _request(intent: Intent) -> Request:
    return Request(intent.code, intent.asked_at, intent.tries, intent.may_be_done)


def _persons(bookings: Iterable[Booking], now: dt.datetime) -> tuple[Known, ...]:
    by_person: dict[tuple[str, BirthDate], list[Booking]] = {}
    for booking in bookings:
        by_person.setdefault((booking.person.mrz_name(), booking.person.birth_date), []).append(booking)
    return tuple(
        Known(
            theirs[0].person,
            tuple(sorted((b for b in theirs if _is_to_come(b, now)), key=lambda b: b.start)),
            frozenset[IdentifierKind]().union(*(b.numbers_known for b in theirs)),
        )
        for theirs in by_person.values()
    )


def _is_to_come(booking: Booking, now: dt.datetime) -> bool:
    return booking.status is BookingStatus.BOOKED and booking.start > now
