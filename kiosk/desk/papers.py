"""Papers: a booking becomes a ticket, stored before it leaves; what nobody knows is asked of a person."""

import asyncio
import contextlib
import datetime as dt
import functools
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kiosk import log
from kiosk.booking.booking import Booking
from kiosk.booking.journey import Journey
from kiosk.desk.answers import (
    Delivered,
    Delivery,
    OpenPaper,
    Paper,
    PaperError,
    Printer,
    Progress,
    Request,
    SpoolError,
    TicketLanguage,
    UnderWayError,
)
from kiosk.desk.settled_clock import SettledClock
from kiosk.log import Event
from kiosk.printing import contacts, spool
from kiosk.printing.driver import Driver, Step
from kiosk.printing.errors import PayloadError, PrintingError
from kiosk.printing.facts import FraudSlip, Named, Receipt, ticket_for
from kiosk.printing.languages import PICTOGRAMS, offered
from kiosk.printing.phrases import Status
from kiosk.printing.profiles import form_for
from kiosk.printing.service import Rendered, facsimile, render
from kiosk.printing.spool import Job, Spool, State
from kiosk.printing.transports import transport_for
from kiosk.settings import Settings
from kiosk.tickets.reference import grouped

TICKET, HELPERS, RECEIPT = "ticket", "fraud", "receipt"  # kinds of papers in the spool
BUSY_SECONDS = 1.0  # for the paper before this one to be out
TO_DECIDE = 3  # papers asked about at once; later ones follow
ASKED_FOR = dt.timedelta(days=1)  # then nobody remembers; the appointment can always be printed again
LONG_AGO = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
REMEMBERED = dt.timedelta(days=30)  # that an appointment had papers; a later one is a duplicate all the same
FRENCH_ONLY = TicketLanguage("", "français seulement")
DRAWINGS = TicketLanguage(PICTOGRAMS, "des dessins, sans mots")
_DELIVERY = {
    State.QUEUED: Delivery.WAITING,
    State.PRINTED: Delivery.PRINTED,
    State.UNCONFIRMED: Delivery.UNCONFIRMED,
    State.SPOILED: Delivery.SPOILED,
}
_PROGRESS = {Step.WAITING_FOR_PAPER: Progress.STOPPED, Step.ASKING: Progress.ASKING}


class Papers:
    """One printer, its spool, and the languages that it can print."""

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], dt.datetime],
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the spool and settle what a power cut left; raise SpoolError."""
        head = form_for(settings.paper, settings.profile)
        transport = transport_for(settings.printer, settings.state_dir, head.dots)
        self._form = form_for(settings.paper, settings.profile, bytes_per_second=transport.bytes_per_second)
        self._now = now
        self._settled_now = SettledClock(now, stopwatch)
        with _writing():
            self._spool = Spool(settings.state_dir / spool.PLACE, now)
        with contextlib.ExitStack() as undo:
            undo.callback(self._spool.close)
            with _writing():  # at a start, by any clock: what waits bears a name, and can always be printed again
                self._give_up_before(now() - ASKED_FOR)
            self._purge()
            undo.pop_all()
        self._sending = threading.Lock()
        self._driver = Driver(transport, self._spool, at=self._reached)
        self._tell: Callable[[Progress], object] = _tell_nobody
        self._least = Status(settings.least_translation)

    @functools.cached_property
    def languages(self) -> tuple[TicketLanguage, ...]:
        """What the ticket can say besides French, nothing first. The first look takes half a second: fonts are read."""
        spoken = (TicketLanguage(one.code, one.french_name) for one in offered(self._least))
        return FRENCH_ONLY, DRAWINGS, *spoken

    @property
    def put_aside(self) -> Path | None:
        """Return the last damaged spool that was put aside and that nobody has taken away."""
        return self._spool.put_aside

    def close(self) -> None:
        """Stop waiting for printers and let go of the spool; what was under way is asked about at the next start."""
        self._driver.stop()
        with self._sending:
            self._spool.close()

    async def erase_old(self) -> None:
        """Erase from the disk what could not be erased before, and forget old papers; raise SpoolError.

        How old a paper is nobody knows while the clock was put forward or back less than an hour ago.
        """
        await asyncio.to_thread(self._purge)

    async def printer(self) -> Printer:
        """Ask the printer how it is."""
        return await asyncio.to_thread(self._look)

    async def draw(self, booking: Booking, language: str, *, new: bool) -> Paper:
        """Draw the ticket and store it, a duplicate if another may be about; raise PaperError or SpoolError.

        `new`: booked at this counter since `Papers` was opened. Otherwise a paper may have been printed elsewhere.
        """
        return await asyncio.to_thread(self._draw, booking, language, new)

    async def send(self, number: int, tell: Callable[[Progress], object]) -> Delivered:
        """Print a stored paper; `tell` is called, in the caller's loop, with what cannot wait. Raise SpoolError."""
        loop = asyncio.get_running_loop()
        # A send is never cut short by a screen that closes: half a ticket is worse than a late one.
        return await asyncio.shield(
            asyncio.to_thread(self._send, number, lambda progress: loop.call_soon_threadsafe(tell, progress))
        )

    async def draw_receipt(self, journey: Journey, request: Request, *, demonstration: bool) -> int:
        """Draw the paper of a request that has no answer yet, and store it; raise PaperError or SpoolError."""
        return await asyncio.to_thread(self._draw_receipt, journey, request, demonstration)

    async def print_helpers(self) -> Delivered:
        """Print who helps against resale, once; raise PaperError or SpoolError. What cannot leave now is given up."""
        delivered = await self.send(number := await asyncio.to_thread(self._draw_helpers), lambda _: None)
        if delivered.delivery is Delivery.WAITING:
            await self.drop(number)
        return delivered

    async def seen(self, number: int, *, came_out: bool) -> None:
        """Record what a person saw; raise SpoolError."""
        await asyncio.to_thread(self._change, lambda: self._driver.answered(number, came_out))

    async def drop(self, number: int) -> None:
        """Give up a paper of which nothing left; raise SpoolError."""
        await asyncio.to_thread(self._change, lambda: self._spool.cancel(number))

    def _draw(self, booking: Booking, language: str, new: bool) -> Paper:
        with _writing():
            waiting = self._waiting(TICKET, booking.reference)
            copy = self._spool.next_copy(TICKET, booking.reference, new=new)
            rendered = self._rendered(booking, language, copy)
            for job in waiting:  # of an earlier visit, perhaps in another language; nothing of it left
                self._spool.cancel(job.number)
            job = self._spool.add(TICKET, booking.reference, copy, rendered.payload)
        self._changed()
        return Paper(job.number, copy, functools.partial(facsimile, rendered.image))

    def _waiting(self, kind: str, subject: str) -> list[Job]:
        return [
            job
            for job in self._spool.open_jobs()
            if (job.kind, job.subject, job.state) == (kind, subject, State.QUEUED)
        ]

    def _rendered(self, booking: Booking, language: str, copy: int) -> Rendered:
        with _drawing():
            ticket = ticket_for(booking, issued_at=self._now(), copy=copy)
            return render(ticket, self._form, language or None)

    def _draw_helpers(self) -> int:
        now = self._now()
        with _drawing():
            payload = render(FraudSlip(contacts.load(), now), self._form).payload
        with _writing():  # numbered like all papers, and alike: it proves nothing, so nobody minds how many there are
            for job in self._waiting(HELPERS, HELPERS):
                self._spool.cancel(job.number)
            return self._spool.add(HELPERS, HELPERS, self._spool.next_copy(HELPERS, HELPERS, new=True), payload).number

    def _draw_receipt(self, journey: Journey, request: Request, demonstration: bool) -> int:
        person, service, site = journey.person, journey.service, journey.site
        if person is None or service is None or site is None:
            raise ValueError("a request is for somebody, for something, somewhere")
        asked_at = request.asked_at.astimezone(self._now().tzinfo)
        purpose = Named(service.id, service.purpose)
        facts = Receipt(request.code, person.short_name(), purpose, site.label, asked_at, demonstration)
        with _drawing():
            payload = render(facts, self._form).payload
        with _writing():
            job = self._spool.add(
                RECEIPT, request.code, self._spool.next_copy(RECEIPT, request.code, new=True), payload
            )
        self._changed()
        return job.number

    def _send(self, number: int, tell: Callable[[Progress], object]) -> Delivered:
        if not self._sending.acquire(timeout=BUSY_SECONDS):
            health = self._look()
            self._check_waits(number)  # last: while a silent printer was asked, it may have had its turn
            return Delivered(Delivery.WAITING, health, None)
        try:  # one after the other, so that each hears only of its own paper
            self._tell = tell
            with _writing():
                self._settle_orphans()
                outcome = self._driver.print(number)
        finally:
            self._tell = _tell_nobody
            self._sending.release()
            self._changed()
        log.event(Event.PAPER_DELIVERED, number=number, delivery=_DELIVERY[outcome.job.state], printer=outcome.health)
        return Delivered(
            _DELIVERY[outcome.job.state],
            Printer(outcome.health.value),
            _short(outcome.picture) if outcome.picture else None,
        )

    def _check_waits(self, number: int) -> None:
        """Raise UnderWayError when the paper that keeps the printer busy is this very one."""
        with _writing():
            if self._spool.job(number).state is not State.QUEUED:
                raise UnderWayError

    def _look(self) -> Printer:
        with _writing():
            return Printer(self._driver.look().value)

    def _settle_orphans(self) -> None:
        """Ask about papers that the disk kept from being settled: none is under way when this one may start."""
        for job in self._spool.open_jobs():
            if job.state in {State.SENDING, State.SENT}:
                self._spool.unconfirmed(job.number)

    def _reached(self, step: Step) -> None:
        if progress := _PROGRESS.get(step):
            self._tell(progress)

    def _change(self, change: Callable[[], object]) -> None:
        with _writing():
            change()
        self._changed()

    def _changed(self) -> None:
        with _writing():
            self.to_decide = self._open_papers()

    def _purge(self) -> None:
        now = self._settled_now()
        with _writing():
            if now is not None:
                self._give_up_before(now - ASKED_FOR)
            self._spool.purge(LONG_AGO if now is None else now - REMEMBERED)
        self._changed()

    def _give_up_before(self, moment: dt.datetime) -> None:
        for job in self._spool.open_jobs():
            if job.state is State.QUEUED and job.created_at < moment:
                self._spool.cancel(job.number)

    def _open_papers(self) -> tuple[OpenPaper, ...]:
        since = self._now() - ASKED_FOR
        decidable = (
            OpenPaper(job.number, job.kind == TICKET, _code(job), job.created_at, job.state is State.QUEUED)
            for job in self._spool.open_jobs()
            if job.kind in {TICKET, RECEIPT}
            and job.state in {State.QUEUED, State.UNCONFIRMED}
            and job.created_at >= since
        )
        return tuple(itertools.islice(decidable, TO_DECIDE))


@contextmanager
def _drawing() -> Iterator[None]:
    try:
        yield
    except PrintingError:
        raise PaperError from None


def _tell_nobody(_: Progress) -> None:
    """Before the first paper, nobody listens."""


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except spool.UnderWayError:
        raise UnderWayError from None
    except (spool.PayloadLostError, PayloadError):
        raise PaperError from None
    except (spool.SpoolError, OSError):
        raise SpoolError from None


def _code(job: Job) -> str:
    return grouped(job.subject) if job.kind == TICKET else job.subject


def _short(path: Path) -> str:
    with contextlib.suppress(RuntimeError, ValueError):  # no home, or elsewhere
        return f"~/{path.relative_to(Path.home())}"
    return str(path)
