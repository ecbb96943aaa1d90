"""Search, hold and book through the central, in the words of the domain; wire errors become desk answers here."""

import asyncio
import contextlib
import datetime as dt
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from kiosk.api import contract, convert
from kiosk.api.client import CentralClient, OutcomeUnknownError, RefusedError, UnreachableError
from kiosk.booking.booking import Booking, BookingStatus, Hold
from kiosk.booking.catalogue import Availability, IdentifierKind, Service, Site, Slot, nearest_first
from kiosk.booking.journey import Journey, Known
from kiosk.booking.person import BirthDate
from kiosk.desk import answers
from kiosk.desk.answers import (
    Central,
    CentralRefusedError,
    CentralSilentError,
    JournalError,
    Refusal,
    Settled,
    Shift,
)
from kiosk.desk.checks import Directory, directory_of
from kiosk.journal.intents import Intent, Intents

# Refusals that may come before the central looked at the key: an earlier attempt may still have been booked.
_SAYS_NOTHING_OF_BEFORE = frozenset(
    {Refusal.NOT_SIGNED_IN, Refusal.TOO_MANY, Refusal.STORAGE_UNAVAILABLE, Refusal.OTHER}
)
SETTLING_MARGIN = dt.timedelta(seconds=30)  # for a request on its way when the hold ended


class Bookings:
    """The central as the counter uses it. Every method raises CentralSilentError or CentralRefusedError."""

    def __init__(self, client: CentralClient, intents: Intents, now: Callable[[], dt.datetime]) -> None:
        self._client = client
        self._intents = intents
        self._now = now
        self._services: dict[str, Service] = {}
        self._sites: dict[str, Site] = {}
        self._shift: Shift | None = None
        self._in_hand: str | None = None
        self.central = Central.STARTING
        self.demonstration = False

    async def close(self) -> None:
        """Close the connection and the journal."""
        await self._client.close()
        self._intents.close()

    async def check(self) -> None:
        """Ask whether the central is there and note the answer; raise nothing."""
        try:
            with self.contact():
                self.demonstration = (await self._client.health()).demonstration
        except (CentralSilentError, CentralRefusedError):
            if self.central is not Central.STARTING:
                self.central = Central.SILENT

    async def open_shift(self, mediator: str, code: str, kiosk: str) -> Shift:
        """Sign the mediator in and read the catalogue."""
        with self.contact():
            me = await self._client.sign_in(mediator, code, kiosk)
            self._services = {s.id: convert.service(s) for s in (await self._client.services()).services}
            self._sites = {s.id: convert.site(s) for s in (await self._client.sites()).sites}
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
        with self.contact():
            return convert.hold(await self._client.hold(request), journey.person)

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
        first = await self._write_down(Intent(journey.intent_key, self._now(), journey.hold.expires_at))
        try:
            with self.contact():
                booked = await self._client.book(request, journey.intent_key)
        except CentralRefusedError as refused:
            if not first and refused.refusal in _SAYS_NOTHING_OF_BEFORE:
                raise answers.OutcomeUnknownError from None
            await self._answered(journey.intent_key)
            raise
        except CentralSilentError:
            if not first:  # an earlier attempt left this kiosk, and may have arrived
                raise answers.OutcomeUnknownError from None
            await self._answered(journey.intent_key)
            raise
        try:
            booking = convert.booking(booked.bookings[0], self._services, self._sites)
        except (convert.UnknownThingError, IndexError):
            # A yes that cannot be read is not a no.
            raise answers.OutcomeUnknownError from None
        await self._answered(journey.intent_key)
        return booking

    async def _write_down(self, intent: Intent) -> bool:
        try:
            return await asyncio.to_thread(self._intents.sending, intent)
        except sqlite3.Error:
            raise JournalError from None

    async def _answered(self, key: str) -> None:
        # A row that cannot be erased is asked about again later: news twice, but nothing lost.
        with contextlib.suppress(sqlite3.Error):
            await asyncio.to_thread(self._intents.answered, key)

    def leave(self) -> None:
        """Let go of the journey: an intent left open is settled in the background from now on."""
        self._in_hand = None

    async def settle(self) -> tuple[Settled, ...]:
        """Learn what became of intents that an earlier visit, or an earlier life of this kiosk, left open."""
        settled = []
        for intent in await self._unanswered():
            if intent.key == self._in_hand:
                continue  # somebody stands before it and asks
            with self.contact():
                # The hold ends by the central's clock, read before asking: a wrong clock here must not make a lie.
                central_time = (await self._client.health()).time
                booked = await self._client.booked_under(intent.key)
            if booked and booked.bookings:
                settled.append(Settled(intent.sent_at, booked.bookings[0].reference))
            elif central_time > intent.hold_expires_at + SETTLING_MARGIN:
                settled.append(Settled(intent.sent_at, None))
            else:
                continue
            await self._answered(intent.key)
        return tuple(settled)

    async def _unanswered(self) -> tuple[Intent, ...]:
        try:
            return await asyncio.to_thread(self._intents.unanswered)
        except sqlite3.Error:
            raise JournalError from None

    @contextmanager
    def contact(self) -> Iterator[None]:
        """Turn what goes wrong with the central into answers of the desk, and note whether it is there."""
        try:
            yield
        except (UnreachableError, convert.UnknownThingError):
            self.central = Central.SILENT
            raise CentralSilentError from None
        except OutcomeUnknownError:
            self.central = Central.SILENT
            raise answers.OutcomeUnknownError from None
        except RefusedError as refused:
            self.central = Central.HERE
            raise CentralRefusedError(refusal_of(refused), refused.retry_after_seconds) from None
        self.central = Central.HERE


def refusal_of(refused: RefusedError) -> Refusal:
    """Return the reason if it is one that has a sentence, else the problem."""
    names = [name.value for name in (refused.reason, refused.name) if name]
    return next((Refusal(name) for name in names if name in Refusal._value2member_map_), Refusal.OTHER)


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
