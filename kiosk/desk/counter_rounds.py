"""One counter's way to the central and back: its notes are delivered, then what is new is learnt."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from kiosk.api import contract, convert
from kiosk.api.client import RefusedError, UnreachableError
from kiosk.api.counter_client import CounterClient
from kiosk.desk.answers import Central, CentralRefusedError, CentralSilentError, JournalError
from kiosk.desk.counter_knowledge import CounterKnowledge
from kiosk.desk.outgoing import refusal_of
from kiosk.journal.counter_book import Answer, BookError, CounterBook, Note

MAX_OFFSET = dt.timedelta(days=36_525)  # an empty battery is decades behind; more is senseless
EVENING = dt.time(16)  # from then on, on the site's clock, tomorrow is learnt as well


class CounterRounds:
    """The central as a counter uses it. Every method raises CentralSilentError, CentralRefusedError or JournalError."""

    def __init__(
        self,
        client: CounterClient,
        book: CounterBook,
        knowledge: CounterKnowledge,
        site: str,
        machine_time: Callable[[], dt.datetime],
    ) -> None:
        self._client = client
        self._book = book
        self._knowledge = knowledge
        self._site = site
        self._machine_time = machine_time
        self._catalogue_of: dt.date | None = None
        self.central = Central.STARTING

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()

    async def learn_clock(self) -> None:
        """Learn how far the central's clock is from ours, and whether all of this is a demonstration."""
        with self._contact():
            before = self._machine_time()
            health = await self._client.health()
            middle = before + (self._machine_time() - before) / 2
            await asyncio.to_thread(self._knowledge.learn_demonstration, health.demonstration)
            offset = health.time - middle
            if abs(offset) > MAX_OFFSET:
                raise UnreachableError  # nobody knows whose clock is that wrong
            await asyncio.to_thread(self._knowledge.learn_clock, offset)

    async def deliver(self) -> tuple[Answer, ...]:
        """Hand over every note that the central does not have; return what it found about each."""
        delivered: list[Answer] = []
        with self._contact():
            waiting = [noted.note for noted in await asyncio.to_thread(self._book.notes) if noted.answer is None]
            for start in range(0, len(waiting), contract.MAX_NOTES):
                batch = waiting[start : start + contract.MAX_NOTES]
                found = await self._client.deliver(contract.Notes(notes=[_wire(note) for note in batch]))
                answers = _answers(batch, found)
                await asyncio.to_thread(self._book.answered, answers)
                delivered += answers
        return tuple(delivered)

    async def learn(self) -> None:
        """Learn keys, names, the day and, in the evening, the next one; forget earlier ones. Raise NotGenuineError."""
        with self._contact():
            raw = await self._client.keys()
            await asyncio.to_thread(self._knowledge.learn_keys, raw)
            if self._catalogue_of != self._today() or not self._knowledge.has_catalogue:
                sites, services = await self._client.sites(), await self._client.services()
                await asyncio.to_thread(self._knowledge.learn_catalogue, sites, services)
                self._catalogue_of = self._today()
            for date in self._dates():
                await self._learn_day(date)
            await asyncio.to_thread(self._knowledge.forget_before, self._today())

    async def _learn_day(self, date: dt.date) -> None:
        since = self._knowledge.changes_wanted_since(date)
        if since is not None:
            changes = await self._client.manifest(self._site, date, since)
            if await asyncio.to_thread(self._knowledge.learn_changes, date, changes):
                return
        raw = await self._client.manifest(self._site, date)
        await asyncio.to_thread(self._knowledge.learn_day, date, raw)

    def _dates(self) -> Sequence[dt.date]:
        today = self._today()
        return (today, today + dt.timedelta(days=1)) if self._now().time() >= EVENING else (today,)

    def _today(self) -> dt.date:
        return self._now().date()

    def _now(self) -> dt.datetime:
        return (self._machine_time() + self._knowledge.clock_offset).astimezone(self._knowledge.zone)

    @contextmanager
    def _contact(self) -> Iterator[None]:
        try:
            yield
        except (UnreachableError, convert.UnknownThingError):
            self.central = Central.SILENT
            raise CentralSilentError from None
        except RefusedError as refused:
            self.central = Central.HERE
            raise CentralRefusedError(refusal_of(refused), refused.retry_after_seconds) from None
        except BookError as error:
            raise JournalError from error
        self.central = Central.HERE


def _wire(note: Note) -> contract.Note:
    return contract.Note.model_validate(
        {
            "nonce": note.nonce,
            "at": note.at,
            "outcome": note.outcome,
            "reference": note.reference,
            "revision": note.revision,
            "of": note.of,
        }
    )


def _answers(notes: Sequence[Note], found: contract.Findings) -> list[Answer]:
    """Return one answer per note; an answer about anything else is none: raise UnreachableError."""
    if [finding.nonce for finding in found.findings] != [note.nonce for note in notes]:
        raise UnreachableError
    return [
        Answer(each.nonce, each.finding, *((each.first.at, each.first.counter) if each.first else (None, None)))
        for each in found.findings
    ]
