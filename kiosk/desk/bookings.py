"""Search, hold and book through the central, in the words of the domain; wire errors become desk answers here."""

import asyncio
import base64
import datetime as dt
import hashlib
import random
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from kiosk import log
from kiosk.api import contract, convert
from kiosk.api.client import CentralClient, RefusedError, UnreachableError
from kiosk.booking.booking import Booking, BookingStatus, Hold
from kiosk.booking.catalogue import Availability, IdentifierKind, Service, Site, Slot, nearest_first
from kiosk.booking.journey import Journey, Known
from kiosk.booking.person import BirthDate, Person
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
from kiosk.desk.central_clock import CentralClock
from kiosk.desk.checks import Directory, directory_of
from kiosk.desk.outgoing import Outgoing, Wish, mind, refusal_of
from kiosk.desk.pace import Turns
from kiosk.desk.shelf import Published, Shelf
from kiosk.journal.outbox import Action, Intent, request_code, veiled
from kiosk.log import Event


class Bookings:
    """The central as the counter uses it. Every method raises CentralSilentError or CentralRefusedError."""

    def __init__(
        self,
        client: CentralClient,
        outgoing: Outgoing,
        shelf: Shelf,
        root: str | None,
        clock: CentralClock,
        new_key: Callable[[], str],
    ) -> None:
        self._client = client
        self._outgoing = outgoing
        self._shelf = shelf
        self._root = root
        self._now = clock
        self._new_key = new_key
        self._services: dict[str, Service] = {}
        self._sites: dict[str, Site] = {}
        self._shift: Shift | None = None
        self._mediator = ""
        self._seen: dict[str, contract.Availability] = {}  # by service, the last look of this life
        self._noted: set[str] = set()  # intents of this shift that wait for the mediator to be checked
        self._disowned: set[str] = set()  # what somebody noted who was not that mediator
        self._asked_for: dict[str, bytes] = {}  # by request code: for whom, under a secret of this life
        self._veil = secrets.token_bytes(32)
        self._turns = Turns(clock.stopwatch, random.random)
        self._in_hand: str | None = None
        self._writing: asyncio.Future[Intent] | None = None  # of what is in hand: until it is over nobody knows of it
        self._holding: set[str] = set()  # the intents of holds that somebody waits for
        self._central = Central.STARTING
        self.demonstration = False

    @property
    def central(self) -> Central:
        """What is known of the central."""
        return self._central

    @central.setter
    def central(self, known: Central) -> None:
        if known is not self._central:
            log.event(Event.CENTRAL_HERE if known is Central.HERE else Event.CENTRAL_SILENT)
        self._central = known

    async def close(self) -> None:
        """Close the connection and the journal."""
        await self._client.close()
        self._outgoing.close()

    async def check(self) -> None:
        """Ask whether the central is there and note the answer; raise nothing."""
        try:
            with self.contact():
                health = await self._client.health()
                self.demonstration = health.demonstration
                self._now.learn(health.time)
        except (CentralSilentError, CentralRefusedError):
            self.central = Central.SILENT

    async def open_shift(self, mediator: str, code: str, kiosk: str) -> Shift:
        """Sign the mediator in, read the catalogue, and learn to which key to seal; raise NotGenuineError as well."""
        with self.contact():
            me = await self._client.sign_in(mediator, code, kiosk)
            health = await self._client.health()
            self._now.learn(health.time)
            published = Published(
                kiosk=me.kiosk,
                demonstration=health.demonstration,
                services=await self._client.services(),
                sites=await self._client.sites(),
                keys=base64.b64encode(await self._client.keys()),
                sealing_key=base64.b64encode(await self._client.sealing_key()),
            )
            self._work_on(published)
        await self._shelf.keep(published)
        place = published.kiosk
        return self._begin(mediator, Shift(me.mediator.name, place.name, place.department, place.region))

    async def open_shift_alone(self, mediator: str) -> Shift:
        """Begin to work on what the central last published, for a mediator whom nobody can check yet.

        Raise CentralSilentError where nothing was kept, NotGenuineError.
        """
        published = await self._shelf.published()
        if published is None:
            raise CentralSilentError
        try:
            self._work_on(published)
        except convert.UnknownThingError:
            raise CentralSilentError from None
        place = published.kiosk
        return self._begin(mediator, Shift(mediator, place.name, place.department, place.region, verified=False))

    def close_shift(self) -> None:
        """Sign out."""
        self._client.sign_out()
        self._shift = None

    def disown(self) -> None:
        """End a shift of somebody who is not that mediator: what they noted never leaves."""
        self._disowned |= self._noted
        self._noted.clear()
        self.close_shift()

    async def refuse_disowned(self) -> None:
        """Record that it never leaves; raise JournalError, after which it can be tried again."""
        for key in list(self._disowned):
            await self._outgoing.refuse(key, Refusal.WRONG_CODE)
            self._disowned.discard(key)

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
            wire = self._seen[service.id] = await self._client.availability(service.id)
        return self._by_nearness(convert.availability(wire, self._sites))

    async def offers_last_seen(self, service: Service) -> tuple[Availability, ...]:
        """Return every site with its first free day as it was last seen here; what was never seen is not known."""
        wire = self._seen.get(service.id) or await self._shelf.offers(service.id)
        seen = {offer.site.id: offer for offer in convert.availability(wire, self._sites)} if wire else {}
        unseen = (Availability(site, known=False, checked_at=self._now(), days=()) for site in self._sites.values())
        return self._by_nearness(seen.get(offer.site.id, offer) for offer in unseen)

    async def look_ahead(self) -> None:
        """See of every service what is free, and keep it for when the central is silent."""
        for service in self.services():
            await self.offers(service)
            await self._shelf.keep_offers(self._seen[service.id])

    def _by_nearness(self, offers: Iterable[Availability]) -> tuple[Availability, ...]:
        shift = self._shift or Shift("", "", "", "")
        return tuple(nearest_first(offers, shift.department, shift.region))

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
        wish = Wish(journey.intent_key, Action.BOOK, "/v1/bookings", request)
        self._in_hand, self._writing = wish.key, asyncio.ensure_future(self._outgoing.write_down(wish))
        self._writing.add_done_callback(mind)
        self._remember(wish.key, journey.person)
        with self.contact():
            await asyncio.shield(self._writing)
            outcome = await self._outgoing.step(wish.key)
        try:
            return convert.booking(outcome.bookings[0], self._services, self._sites)
        except (convert.UnknownThingError, IndexError):
            raise OutcomeUnknownError from None  # a yes that cannot be read is not a no

    async def apply(self, journey: Journey) -> Request:
        """Write down that a place is asked for. It leaves as soon as the central is there and knows the mediator.

        Raise JournalError: then nothing is asked; CentralRefusedError when nobody is signed in any more.
        """
        person, service, site, not_before = journey.person, journey.service, journey.site, journey.not_before
        if person is None or service is None or site is None or not_before is None:
            raise ValueError("a place is asked for somebody, for something, somewhere, from a day on")
        if self._shift is None:
            raise CentralRefusedError(Refusal.NOT_SIGNED_IN)
        key, asker = journey.intent_key, None if self._shift.verified else self._mediator
        request = convert.application_request(person, (service, site), not_before, journey.consent, self._now())
        if asker is not None:
            self._noted.add(key)
        self._remember(key, person)
        return _request(
            await self._outgoing.write_down(Wish(key, Action.APPLICATION, "/v1/applications", request, asker=asker))
        )

    def is_for(self, request: Request, person: Person) -> bool:
        """Return whether that person asked for it, as far as this life of the kiosk knows."""
        return self._asked_for.get(request.code) == self._veiled(person)

    def is_known_for_whom(self, request: Request) -> bool:
        """Return whether `is_for` can tell at all."""
        return request.code in self._asked_for

    def _remember(self, key: str, person: Person) -> None:
        self._asked_for[request_code(key)] = self._veiled(person)

    def _veiled(self, person: Person) -> bytes:
        return hashlib.blake2b(person.identity().encode(), key=self._veil).digest()

    async def _carry(self, wish: Wish) -> contract.Outcome:
        await self._outgoing.write_down(wish)
        return await self._outgoing.step(wish.key)

    async def in_hand(self) -> Request | None:
        """Return the booking that this visit asked for, as far as the journal knows it; raise JournalError.

        What is being written down is waited for: whoever leaves in that moment leaves a request behind.
        """
        if self._writing:
            await asyncio.wait({self._writing})
        asked = await self._outgoing.open_intents()
        return next((_request(intent) for intent in asked if intent.key == self._in_hand), None)

    async def withdraw(self) -> bool:
        """Give up the booking in hand; return False when something of it left meanwhile. Raise JournalError."""
        if self._writing:
            await asyncio.wait({self._writing})
        return self._in_hand is None or await self._outgoing.withdraw(self._in_hand)

    async def heard(self) -> None:
        """The mediator sees what became of the booking in hand, and its paper is in the spool: nobody needs telling."""
        if self._in_hand is not None:
            await self._outgoing.forget(self._in_hand)

    def leave(self) -> None:
        """Let go of the journey: an intent left open is settled in the background from now on."""
        self._in_hand = self._writing = None

    async def unresolved(self) -> tuple[Request, ...]:
        """Return the requests, not of this visit, that may be done without anybody knowing; raise JournalError."""
        return tuple(_request(intent) for intent in await self._left_behind() if intent.may_be_done)

    async def open_codes(self) -> frozenset[str]:
        """Return the codes of all requests without an answer, that of this visit too; raise JournalError."""
        return frozenset(intent.code for intent in await self._outgoing.open_intents())

    async def noted(self) -> tuple[Request, ...]:
        """Return the applications of which nothing left yet; raise JournalError."""
        open_intents = await self._left_behind()
        noted = (one for one in open_intents if one.action is Action.APPLICATION and not one.may_be_done)
        return tuple(replace(_request(one), waits_for_mediator=not self._may_leave(one)) for one in noted)

    async def settle(self) -> None:
        """Bring every intent one step on that an earlier visit, or an earlier life of this kiosk, left open."""
        for intent in await self._left_behind():
            if intent.action is Action.HOLD:
                await self._outgoing.forget(intent.key)
            elif self._may_leave(intent) and self._turns.is_due(intent.key):
                await self._settle(intent)

    def _may_leave(self, intent: Intent) -> bool:
        return intent.asker is None or intent.asker == veiled(intent.key, self._mediator)

    async def _settle(self, intent: Intent) -> None:
        try:
            with self.contact():
                await self._outgoing.step(intent.key)
        except (CentralRefusedError, OutcomeUnknownError) as error:  # told by `settled`, or asked again in its turn
            self._turns.put_off(intent.key, error.retry_after_seconds)
        else:
            self._turns.forget(intent.key)

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

    def _work_on(self, published: Published) -> None:
        self._outgoing.seal_to(published.sealing_key, published.keys, self._root)
        self._services = {one.id: convert.service(one) for one in published.services.services}
        self._sites = {one.id: convert.site(one) for one in published.sites.sites}
        self.demonstration = published.demonstration

    def _begin(self, mediator: str, shift: Shift) -> Shift:
        self._noted.clear()
        self._mediator, self._shift = mediator, shift
        return shift

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
