"""The desk: shift, bookings, papers. Light to import; what the first screen needs not is opened behind it."""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Protocol

from kiosk import log
from kiosk.desk.answers import (
    Central,
    CentralRefusedError,
    CentralSilentError,
    DeskError,
    OpeningError,
    PutAside,
    Record,
    Refusal,
    Request,
    Settled,
    Shift,
    SpoolError,
    StateError,
)
from kiosk.desk.central_clock import CentralClock
from kiosk.log import Event
from kiosk.printing.address import VIRTUAL
from kiosk.settings import Settings

if TYPE_CHECKING:
    from kiosk.booking.booking import Hold
    from kiosk.booking.journey import Journey
    from kiosk.booking.person import Person
    from kiosk.desk.bookings import Bookings
    from kiosk.desk.papers import Papers
    from kiosk.desk.sending import Said
    from kiosk.desk.tickets import Tickets

HEARTBEAT_SECONDS = 5.0
SILENT_HEARTBEAT_SECONDS = 1.0
ERASE_EVERY = dt.timedelta(minutes=1)
LOOK_AHEAD_SECONDS = 1800.0
JOURNAL_FILE = "journal.sqlite"


class CentralHost(Protocol):
    """Whoever knows where the central is, and starts it if it is ours."""

    async def start(self) -> str:
        """Return the central's address once it answers there."""

    async def stop(self) -> None:
        """End what `start` began."""

    def root_key(self) -> str | None:
        """Return the root of its list of keys, where that is known without asking it."""


class Desk:
    """What screens talk to. `open` imports the HTTP client and the printing room, which the first screen needs not."""

    def __init__(
        self,
        settings: Settings,
        *,
        host: CentralHost,
        now: Callable[[], dt.datetime],
        new_key: Callable[[], str],
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self.now = CentralClock(now, stopwatch)
        self.new_key = new_key
        self.shift: Shift | None = None
        self.settled: tuple[Settled, ...] = ()
        self._unresolved: tuple[Request, ...] = ()
        self._left: tuple[Request, ...] = ()  # of this visit, with a receipt
        self._reading = asyncio.Lock()  # what was read of the journal before something was added is not shown after it
        self.noted: tuple[Request, ...] = ()
        self._to_verify: tuple[str, str] | None = None  # mediator and code, for as long as nobody could check them
        self._verify_at = 0.0  # not before, by the stopwatch
        self._settings = settings
        self._host = host
        self._lost = False
        self.files_unreadable = False  # this kiosk's own: nothing can be kept, so nothing is begun
        self._erase_at = now()
        self._bookings: Bookings | None = None
        self._papers: Papers | None = None
        self._tickets: Tickets | None = None

    @property
    def unresolved(self) -> tuple[Request, ...]:
        """Return the requests, not of this visit, that may be done without anybody knowing."""
        return tuple({one.code: one for one in (*self._left, *self._unresolved)}.values())

    @property
    def central(self) -> Central:
        """Return what is known of the central."""
        if self._lost:
            return Central.SILENT
        return self._bookings.central if self._bookings else Central.STARTING

    @property
    def demonstration(self) -> bool:
        """Return whether everything here is for show."""
        return self._settings.embedded or (self._bookings is not None and self._bookings.demonstration)

    @property
    def virtual_printer(self) -> bool:
        """Return whether tickets are written to files instead of paper."""
        return self._settings.printer == VIRTUAL

    @property
    def bookings(self) -> "Bookings":
        """Return the central's side of the desk; raise CentralSilentError while it is not open."""
        if self._bookings is None:
            raise CentralSilentError
        return self._bookings

    @property
    def papers(self) -> "Papers":
        """Return the printer's side of the desk; raise CentralSilentError while it is not open."""
        if self._papers is None:
            raise CentralSilentError
        return self._papers

    @property
    def tickets(self) -> "Tickets":
        """Return who checks tickets; raise CentralSilentError while the desk is not open."""
        if self._tickets is None:
            raise CentralSilentError
        return self._tickets

    @property
    def put_aside(self) -> tuple[PutAside, ...]:
        """Return the damaged files that were put aside, the last of each kind."""
        from kiosk.statefile import put_aside

        found = {Record.PAPERS: self.papers.put_aside}
        if journals := put_aside(self._settings.state_dir / JOURNAL_FILE):
            found[Record.REQUESTS] = journals[-1]
        return tuple(PutAside(record, path.name) for record, path in found.items() if path)

    async def open(self) -> None:
        """Find the central, open journal and printer; raise OpeningError, after which it can be tried again."""
        try:
            address = await self._host.start()
            root = self._host.root_key() or self._settings.root_key
            self._bookings, self._papers, self._tickets = await asyncio.to_thread(
                _open, self._settings, address, root, self.now, self.new_key
            )
        except OSError as error:
            self._lost = True
            raise OpeningError from error
        except DeskError as error:
            self._lost = True
            self.files_unreadable = isinstance(error, StateError)
            raise
        self._lost = self.files_unreadable = False

    async def read_ahead(self) -> None:
        """Do now, off the screen, what would make somebody wait later."""
        await asyncio.to_thread(lambda: self.papers.languages)

    async def close(self) -> None:
        """Close what was opened."""
        if self._bookings:
            await self._bookings.close()
        if self._papers:
            self._papers.close()
        await self._host.stop()

    async def sign_in(self, mediator: str, code: str) -> Shift:
        """Open the shift; raise DeskError."""
        self.shift = await self.bookings.open_shift(mediator, code, self._settings.id)
        self._to_verify = None
        log.event(Event.SHIFT_OPENED, verified=True)
        with contextlib.suppress(DeskError):
            await self._look_back()
        with contextlib.suppress(DeskError):  # learnt at the next shift
            await self.tickets.learn_keys()
        return self.shift

    async def sign_in_alone(self, mediator: str, code: str) -> Shift:
        """Open a shift while the central is silent; as soon as it answers, it is asked who that mediator is.

        Raise CentralSilentError on a kiosk that never was in touch with it, NotGenuineError.
        """
        self.shift = await self.bookings.open_shift_alone(mediator)
        self._to_verify = mediator, code
        log.event(Event.SHIFT_OPENED, verified=False)
        with contextlib.suppress(DeskError):
            await self._look_back()
        return self.shift

    @property
    def is_alone(self) -> bool:
        """Return whether a shift goes on without the central."""
        return self.shift is not None and (self.central is not Central.HERE or not self.shift.verified)

    @property
    def must_wait(self) -> bool:
        """Return whether no visit may begin: the next person could be one whose request has no answer yet."""
        if self.central is Central.HERE:
            return bool(self.unresolved)  # it answers within seconds
        return not all(self.bookings.is_known_for_whom(request) for request in self.unresolved)

    def request_of(self, person: "Person") -> Request | None:
        """Return what that person asked for and has no answer to."""
        asked = (*self.unresolved, *self.noted)
        return next((request for request in asked if self.bookings.is_for(request, person)), None)

    async def apply(self, journey: "Journey") -> Request:
        """Write down that a place is asked for; raise JournalError, CentralRefusedError."""
        async with self._reading:
            request = await self.bookings.apply(journey)
            self.noted = (*self.noted, request)
        return request

    def sending(self, journey: "Journey") -> "AsyncIterator[Said]":
        """Ask for the booking of a journey, and tell what is known until the answer is there."""
        from kiosk.desk.sending import sending

        return sending(self.bookings, journey)

    async def receipt(self, journey: "Journey") -> int | None:
        """Store a paper for a person who cannot wait for the answer; return its number, None if the answer is there.

        From now on no other visit begins until the answer is known. Raise PaperError, SpoolError, JournalError.
        """
        request = await self.bookings.in_hand()
        if request is None:
            return None
        async with self._reading:
            self._left = (*self._left, request)
        return await self.papers.draw_receipt(journey, request, demonstration=self.demonstration)

    def leave(self) -> None:
        """The visit is over: what it left open is settled in the background."""
        if self._bookings:
            self._bookings.leave()

    def sign_out(self) -> None:
        """End the shift."""
        if self._bookings:
            self._bookings.close_shift()
        self.shift = self._to_verify = None
        log.event(Event.SHIFT_CLOSED)

    async def release(self, hold: "Hold") -> None:
        """Give a held slot back; unheard, it runs out by itself, so nobody needs to know."""
        with contextlib.suppress(DeskError):
            await self.bookings.release(hold)

    async def keep_watch(self) -> None:
        """Ask the central for news, for ever: is it there, and what became of intents left open?"""
        while True:
            await self._erase_old_papers()
            await self.bookings.check()
            for look in (self._verify_shift, self._look_back):
                with contextlib.suppress(DeskError):  # asked again at the next beat
                    await look()
            quick = self.central is not Central.HERE or self.unresolved
            await asyncio.sleep(SILENT_HEARTBEAT_SECONDS if quick else HEARTBEAT_SECONDS)

    async def look_ahead(self) -> None:
        """Keep what is free where, for ever: an old answer is better than none, if it says how old it is."""
        while True:
            while self.central is not Central.HERE or self.shift is None or not self.shift.verified:
                await asyncio.sleep(HEARTBEAT_SECONDS)
            with contextlib.suppress(DeskError):
                await self.bookings.look_ahead()
            await asyncio.sleep(LOOK_AHEAD_SECONDS)

    async def _verify_shift(self) -> None:
        """Ask who the mediator is who opened the shift alone; if it is somebody else, it ends."""
        if self._to_verify is None or self.central is not Central.HERE or self.now.stopwatch() < self._verify_at:
            return
        try:
            await self.sign_in(*self._to_verify)
        except CentralRefusedError as refused:
            if refused.refusal is not Refusal.WRONG_CODE:
                self._verify_at = self.now.stopwatch() + (refused.retry_after_seconds or 0)
                raise
            self.bookings.disown()
            self.sign_out()

    async def _erase_old_papers(self) -> None:
        now = self.now()
        if not now < self._erase_at <= now + ERASE_EVERY:  # later than that: the clock was put back
            self._erase_at = now + ERASE_EVERY
            with contextlib.suppress(SpoolError):  # tried again at the next turn
                await self.papers.erase_old()

    async def take_note(self, settled: Settled) -> None:
        """A mediator has heard what became of a request; it leaves the list."""
        await self.bookings.take_note(settled)
        self.settled = tuple(other for other in self.settled if other.key != settled.key)

    async def _look_back(self) -> None:
        """Settle what earlier visits left open, as far as can be, and read what is to be told about it."""
        try:
            await self.bookings.refuse_disowned()
            if self.shift and self.shift.verified and self.central is Central.HERE:
                await self.bookings.settle()
        finally:
            async with self._reading:
                unresolved = await self.bookings.unresolved()
                still_open = await self.bookings.open_codes()
                noted = await self.bookings.noted()
                settled = await self.bookings.settled()  # last: what is answered meanwhile is in no list else
                self.settled, self._unresolved, self.noted = settled, unresolved, noted  # at once, for the same reason
                self._left = tuple(one for one in self._left if one.code in still_open)


def _open(
    settings: Settings, address: str, root: str | None, clock: CentralClock, new_key: Callable[[], str]
) -> "tuple[Bookings, Papers, Tickets]":
    from kiosk.api.client import CentralClient
    from kiosk.desk.bookings import Bookings
    from kiosk.desk.outgoing import Outgoing
    from kiosk.desk.papers import Papers
    from kiosk.desk.shelf import Shelf
    from kiosk.desk.tickets import Tickets
    from kiosk.journal.outbox import Outbox
    from kiosk.statefile import StateFileError

    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        papers = Papers(settings, clock, clock.stopwatch)
    except SpoolError as error:
        raise StateError from error
    try:
        outbox = Outbox(settings.state_dir / JOURNAL_FILE, clock)
    except StateFileError as error:
        papers.close()
        raise StateError from error
    client = CentralClient(address)
    bookings = Bookings(client, Outgoing(client, outbox, settings.id), Shelf(outbox), root, clock, new_key)
    return bookings, papers, Tickets(client, bookings, root, settings.state_dir, clock)
