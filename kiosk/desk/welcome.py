"""A prefecture's welcome desk: tickets are checked and people let in, with or without a network."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kiosk.booking.catalogue import METROPOLITAN_ZONE
from kiosk.desk.answers import Central, CentralSilentError, DeskError, JournalError, OpeningError, StateError
from kiosk.desk.checks import Check
from kiosk.desk.desk import CentralHost
from kiosk.journal.counter_book import Answer, BookError, CounterBook, Note, Noted
from kiosk.settings import Settings
from kiosk.tickets.identity import Bearer
from kiosk.tickets.manifest import Admission, Entry
from kiosk.tickets.reference import grouped
from kiosk.tickets.scan import Code, Ticket
from kiosk.tickets.token import code_of
from kiosk.tickets.verify import (
    Here,
    Knowledge,
    Person,
    State,
    Verdict,
    knowledge_of,
    verify_reference,
    verify_token,
)

if TYPE_CHECKING:
    from kiosk.desk.counter_knowledge import CounterKnowledge
    from kiosk.desk.counter_rounds import CounterRounds

BOOK_FILE = "book.sqlite"
TWICE = dt.timedelta(seconds=5)  # the same ticket again within that time is one that was read twice
TURN_SECONDS = 30.0  # at most between two looks; all of it after a meeting that failed
REST = dt.timedelta(minutes=1)  # while nothing does: other counters, and who cancels, are heard of that late
HERE = "d'ici"  # the counter at which a ticket passed, when it is this one: « poste d'ici »
ADMITTED, WITHDRAWN, KEPT = "admitted", "withdrawn", "kept"
_FOUND = {  # what a ticket is, by what the central found about letting it in
    "again": State.ALREADY_ADMITTED,
    "cancelled": State.CANCELLED,
    "moved": State.MOVED,
    "unknown": State.NOT_LISTED,
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """An admission of this counter that another fact speaks against, learnt when it was delivered."""

    code: str  # 7K4M-Q2XP-93TQ
    at: dt.datetime  # when it was let in here, on the site's clock
    finding: str  # again, cancelled, moved, unknown: see contract.Finding
    first_at: dt.datetime | None  # of `again`: when and where it was let in before
    first_by: str


@dataclass(frozen=True, slots=True)
class Synced:
    """What a meeting with the central brought: notes delivered, conflicts found, how old and how full the list is."""

    delivered: int
    conflicts: tuple[Conflict, ...]
    as_of: dt.datetime | None  # of today's list
    appointments: Mapping[dt.date, int]  # that stand, of every day that is known from today on


@dataclass(frozen=True, slots=True)
class _Opened:
    book: CounterBook
    knowledge: "CounterKnowledge"
    rounds: "CounterRounds"


class Welcome:
    """The counter of one site. What a screen reads of it is there before `open` too, and says that nothing is known."""

    def __init__(
        self,
        settings: Settings,
        site: str,
        *,
        host: CentralHost,
        now: Callable[[], dt.datetime],
        new_nonce: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._site = site
        self._host = host
        self._machine_time = now
        self._new_nonce = new_nonce
        self._opened: _Opened | None = None
        self._lost = False
        self._noted: dict[str, Noted] = {}
        self._hand = asyncio.Lock()  # one ticket at a time: the same one twice at once is let in once
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self.trouble: DeskError | None = None  # why the last meeting with the central failed
        self._met_at: dt.datetime | None = None

    async def open(self) -> None:
        """Find the central and open the book; raise OpeningError, after which it can be tried again."""
        try:
            self._settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            address = await self._host.start()
            root = self._host.root_key() or self._settings.root_key
            if root is None:
                raise OpeningError
            opened, notes = await asyncio.to_thread(
                _open, self._settings, self._site, address, root, self._machine_time
            )
        except BookError as error:
            self._lost = True
            raise StateError from error
        except OSError as error:
            self._lost = True
            raise OpeningError from error
        except DeskError:
            self._lost = True
            raise
        self._opened, self._noted, self._lost = opened, _by_nonce(notes), False

    async def close(self) -> None:
        """Close what was opened."""
        if self._opened:
            await self._opened.rounds.close()
            self._opened.book.close()
            self._opened = None
        await self._host.stop()

    @property
    def central(self) -> Central:
        """Return what is known of the central."""
        if self._lost:
            return Central.SILENT
        return self._opened.rounds.central if self._opened else Central.STARTING

    @property
    def demonstration(self) -> bool:
        """Return whether everything here is for show."""
        return self._settings.embedded or (self._opened is not None and self._opened.knowledge.demonstration)

    @property
    def site_label(self) -> str:
        """Return `Préfecture de Bobigny`; the site's id until its name is known."""
        site = self._opened.knowledge.site if self._opened else None
        return site.label if site else self._site

    @property
    def as_of(self) -> dt.datetime | None:
        """Return when today's list was made; None without one."""
        today = self._opened.knowledge.day(self.now().date()) if self._opened else None
        return today.made_at if today else None

    @property
    def pending(self) -> int:
        """Return how many notes the central does not have."""
        return sum(noted.answer is None for noted in self._noted.values())

    @property
    def admitted_today(self) -> int:
        """Return how many tickets this counter let in today."""
        return len(self._let_in_here())

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Return what was learnt against admissions that stand, in the order in which they were noted."""
        undone = self._withdrawn()
        return self._conflicts(noted for nonce, noted in self._noted.items() if nonce not in undone)

    def now(self) -> dt.datetime:
        """Return the time on the site's clock, as the central has it."""
        offset = self._opened.knowledge.clock_offset if self._opened else dt.timedelta(0)
        return (self._machine_time() + offset).astimezone(self._zone)

    async def check(self, scan: Ticket | Code, bearer: Bearer | None = None) -> Check:
        """Return what a ticket is worth; what comes of it is on disk by then. Raise DeskError: nothing came of it.

        A scanned ticket that is good lets its bearer in; a code that was typed, only one who is shown to be the person.
        """
        async with self._hand:
            verdict = self._verdict(scan, bearer)
            if _lets_in(scan, verdict):
                return self._said(verdict, await self._let_in(verdict))
            if not verdict.is_good:  # a good code waits for who it belongs to
                await self._write(verdict.state, verdict)
            return self._said(verdict, self._let_in_just_now(verdict))

    async def identify(self, check: Check, scan: Ticket | Code, bearer: Bearer) -> Check:
        """Return the check of the same ticket with who shows it; raise DeskError: nothing came of it.

        The right person is let in, or stays so. Another one is not, and no more if the ticket was: nor is anybody
        with a ticket that was heard to be no good since.
        """
        async with self._hand:
            nonce = check.nonce if check.nonce in self._noted else ""
            verdict = self._verdict(scan, bearer, without=nonce)
            if nonce and not verdict.is_good:
                await self._undo(nonce)
                nonce = ""
            elif not nonce and not verdict.is_good:  # who guesses leaves a trace
                await self._write(verdict.state, verdict)
            elif not nonce and _lets_in(scan, verdict):
                nonce = await self._let_in(verdict)
            return self._said(verdict, nonce)

    def reconsidered(self, check: Check) -> Check:
        """Return a check with what was learnt since against letting its ticket in; the same if nothing was."""
        noted = self._noted.get(check.nonce)
        if noted is None or check.nonce in self._withdrawn():
            return check
        for conflict in self._conflicts([noted]):
            state = _FOUND[conflict.finding]
            return replace(check, state=state, admitted_at=conflict.first_at, admitted_by=conflict.first_by)
        return check

    async def withdraw(self, check: Check) -> None:
        """Note that who was let in with this check did not come in after all; raise DeskError."""
        async with self._hand:
            await self._undo(check.nonce)

    async def sync(self) -> Synced:
        """Meet the central: deliver what was noted, learn what is new; raise DeskError.

        What was delivered, or learnt, before something went wrong stays so.
        """
        async with self._turn:
            opened = self._open_now()
            self._met_at = self._machine_time()
            try:
                await opened.rounds.learn_clock()
                delivered = await opened.rounds.deliver()
                await opened.rounds.learn()
            finally:
                await self._recall()
            return self._synced(opened, delivered)

    async def keep_in_step(self) -> None:
        """Meet the central for ever: every minute, at once when there is news for it, seldom while it is silent."""
        while True:
            self._news.clear()
            went_well = not self._is_due() or await self._met()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TURN_SECONDS):
                    await (self._news if went_well else asyncio.Event()).wait()

    async def _met(self) -> bool:
        try:
            await self.sync()
        except DeskError as error:
            self.trouble = error
            return False
        self.trouble = None
        return True

    def _is_due(self) -> bool:
        if self._met_at is None or self.pending or self.central is not Central.HERE:
            return True
        return not dt.timedelta(0) <= self._machine_time() - self._met_at < REST

    def _synced(self, opened: _Opened, delivered: Iterable[Answer]) -> Synced:
        answers = {answer.nonce: answer for answer in delivered}
        today = self.now().date()
        days = [day for day in opened.knowledge.days() if day.date >= today]
        return Synced(
            len(answers),
            self._conflicts(noted for nonce, noted in self._noted.items() if nonce in answers),
            self.as_of,
            {day.date: _standing(day.entries.values(), day.date, self._site, self._zone) for day in days},
        )

    @property
    def _zone(self) -> ZoneInfo:
        return self._opened.knowledge.zone if self._opened else ZoneInfo(METROPOLITAN_ZONE)

    def _open_now(self) -> _Opened:
        if self._opened is None:
            raise CentralSilentError
        return self._opened

    async def _recall(self) -> None:
        """Read every note again as the book has it; nothing is noted meanwhile."""
        async with self._hand:
            try:
                notes = await asyncio.to_thread(self._open_now().book.notes)
            except BookError as error:
                raise JournalError from error
            self._noted = _by_nonce(notes)

    def _verdict(self, scan: Ticket | Code, bearer: Bearer | None, without: str = "") -> Verdict:
        knowledge = self._open_now().knowledge
        now, here = self.now(), Here(self._site, self._zone)
        known = self._known(without)
        match scan:
            case Ticket(text):
                return verify_token(text, knowledge.keys, known, here, now, bearer)
            case Code(reference):
                return verify_reference(reference, known, here, now, bearer)

    def _known(self, without: str) -> Knowledge:
        """Return what is known today, as if nobody had been let in under the nonce `without`."""
        admissions = self._let_in_here(without)
        day = self._open_now().knowledge.day(self.now().date())
        if day is None:
            return Knowledge(admissions=admissions)
        gone = {self._noted[nonce].note for nonce in (*self._withdrawn(), without) if nonce in self._noted}
        # The list may still say what this counter has taken back since.
        taken_back = {
            note.reference: replace(entry, admission=None)
            for note in gone
            if note.reference and (entry := day.entries.get(note.reference))
            if entry.admission and entry.admission.at == note.at
        }
        return knowledge_of(replace(day, entries={**day.entries, **taken_back}), admissions)

    def _let_in_here(self, without: str = "") -> dict[str, Admission]:
        """Return today's admissions: who came in before, and was moved to today, comes in again."""
        today = self.now().date()
        gone = {*self._withdrawn(), without}
        found: dict[str, Admission] = {}
        for nonce, noted in self._noted.items():
            note = noted.note
            is_today = note.at.astimezone(self._zone).date() == today
            if note.outcome == ADMITTED and note.reference and is_today and nonce not in gone:
                found.setdefault(note.reference, Admission(note.at, HERE))
        return found

    def _let_in_just_now(self, verdict: Verdict) -> str:
        """Return the nonce of an admission made a moment ago: a scanner that reads twice must not take Échap away."""
        seen = verdict.admission
        if seen is None or seen.counter != HERE or self.now() - seen.at > TWICE:
            return ""
        about, undone = verdict.appointment, self._withdrawn()
        return next(
            (
                nonce
                for nonce, noted in self._noted.items()
                if about and (noted.note.outcome, noted.note.reference) == (ADMITTED, about.reference)
                if nonce not in undone
            ),
            "",
        )

    def _withdrawn(self) -> set[str]:
        return {noted.note.of for noted in self._noted.values() if noted.note.of}

    async def _let_in(self, verdict: Verdict) -> str:
        return await self._write(ADMITTED, verdict)

    async def _write(self, outcome: str, verdict: Verdict) -> str:
        about = verdict.appointment
        note = Note(self._new_nonce(), self._noted_at(), str(outcome))
        if about:
            note = replace(note, reference=about.reference, revision=about.revision)
        return await self._add(note)

    async def _undo(self, nonce: str) -> None:
        if nonce in self._noted and nonce not in self._withdrawn():
            note = self._noted[nonce].note
            await self._add(Note(self._new_nonce(), self._noted_at(), WITHDRAWN, note.reference, note.revision, nonce))

    async def _add(self, note: Note) -> str:
        try:
            await asyncio.to_thread(self._add_now, self._open_now().book, note)
        except BookError as error:
            raise JournalError from error
        self._news.set()
        return note.nonce

    def _add_now(self, book: CounterBook, note: Note) -> None:
        # In the thread that writes, so that nobody who stops waiting for it loses the note from sight.
        book.add(note)
        self._noted = {**self._noted, note.nonce: Noted(note, None)}

    def _noted_at(self) -> dt.datetime:
        # In whole seconds, as lists of a day have them: so is an admission of ours known again.
        return self.now().replace(microsecond=0)

    def _said(self, verdict: Verdict, nonce: str = "") -> Check:
        return self._open_now().knowledge.directory.check_of(verdict, self._zone, nonce)

    def _conflicts(self, noted: Iterable[Noted]) -> tuple[Conflict, ...]:
        return tuple(
            Conflict(
                grouped(each.note.reference or ""),
                each.note.at.astimezone(self._zone),
                each.answer.finding,
                each.answer.first_at.astimezone(self._zone) if each.answer.first_at else None,
                each.answer.first_counter or "",
            )
            for each in noted
            if each.answer and each.answer.finding != KEPT
        )


def _lets_in(scan: Ticket | Code, verdict: Verdict) -> bool:
    return verdict.is_good and (isinstance(scan, Ticket) or verdict.person is Person.MATCH)


def _standing(entries: Iterable[Entry], date: dt.date, site: str, zone: ZoneInfo) -> int:
    """Return how many appointments are still of this day and this site."""
    place = code_of(site)
    return sum(
        not entry.cancelled and entry.site == place and entry.start.astimezone(zone).date() == date for entry in entries
    )


def _by_nonce(notes: Iterable[Noted]) -> dict[str, Noted]:
    return {noted.note.nonce: noted for noted in notes}


def _open(
    settings: Settings, site: str, address: str, root: str, machine_time: Callable[[], dt.datetime]
) -> tuple[_Opened, tuple[Noted, ...]]:
    from kiosk.api.counter_client import CounterClient
    from kiosk.desk.counter_knowledge import CounterKnowledge
    from kiosk.desk.counter_rounds import CounterRounds

    book = CounterBook(settings.counter_dir(site) / BOOK_FILE)
    try:
        knowledge, notes = CounterKnowledge(book, site, root), book.notes()
        client = CounterClient(address, settings.counter_token_for(site))
    except BaseException:
        book.close()
        raise
    return _Opened(book, knowledge, CounterRounds(client, book, knowledge, site, machine_time)), notes
