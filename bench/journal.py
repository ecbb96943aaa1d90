"""What the journal costs: each of its commits, and what all of them add to the booking that F10 asks for.

The floor of a commit is a bare one, of a row as long, in a file beside it with the same care: WAL, on disk when it
returns. The floor of a booking is the same sealed request to the same central, sent without a journal.
"""

import contextlib
import os
import sqlite3
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.http_load import somebody
from bench.measure import MS_PER_SECOND, Row, Times
from kiosk.api import contract, sealing
from kiosk.api.client import CentralClient, SealedWrite
from kiosk.api.sealing import Binding, SealingKey
from kiosk.central.clock import utc_now
from kiosk.central.seed import CODE
from kiosk.desk.outgoing import Outgoing, Wish
from kiosk.journal.outbox import Action, Outbox
from kiosk.tickets import keys
from tests.support.office import OFFICE

SEALED_BYTES = 500  # a booking
PAGE_BYTES = 4096
HOLDS, BOOKINGS = "/v1/holds", "/v1/bookings"
SERVICE = "sejour-premiere"  # which wants no number
REFERENCE = "7K4MQ2XP93TQ"
MOUNTS = Path("/proc/mounts")
_BARE = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
CREATE TABLE bare (number INTEGER PRIMARY KEY, key TEXT, path TEXT, sealed BLOB);
"""


@dataclass(frozen=True)
class _Watch:
    """Stops times, by what was done meanwhile."""

    _samples: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @contextlib.contextmanager
    def times(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._samples[name].append((time.perf_counter() - began) * MS_PER_SECOND)

    def stopped(self) -> dict[str, Times]:
        """Return the times but for the first of each, which only warms up."""
        return {name: Times(taken[1:]) for name, taken in self._samples.items()}


def commits(folder: Path, rounds: int) -> dict[str, Times]:
    """Measure every step of `rounds` intents and as many bare commits, in turn."""
    watch = _Watch()
    with (
        contextlib.closing(Outbox(folder / "journal.sqlite", utc_now)) as outbox,
        contextlib.closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as bare,
        (folder / "page").open("wb", buffering=0) as page,
    ):
        bare.executescript(_BARE)
        for _ in range(rounds + 1):
            key, sealed = str(uuid.uuid4()), os.urandom(SEALED_BYTES)
            for name in ("floor", "again"):
                with watch.times(name):
                    bare.execute("INSERT INTO bare (key, path, sealed) VALUES (?, ?, ?)", (key, BOOKINGS, sealed))
            with watch.times("page"):
                page.write(bytes(PAGE_BYTES))
                os.fsync(page.fileno())
            with watch.times("written down"):
                outbox.add(key, Action.BOOK, BOOKINGS, sealed)
            with watch.times("sending"):
                outbox.sending(key)
            with watch.times("confirmed"):
                outbox.confirmed(key, REFERENCE)
            with watch.times("forgotten"):
                outbox.forget(key)
    return watch.stopped()


async def bookings(folder: Path, central_url: str, rounds: int) -> dict[str, Times]:
    """Book `rounds` times through the journal and as often without, in turn; each slot was held before."""
    watch = _Watch()
    async with _kiosk(folder, central_url) as kiosk:
        for turn in range(rounds + 1):
            request, key = await kiosk.held("Avec", turn), str(uuid.uuid4())
            with watch.times("journal"):
                await kiosk.outgoing.write_down(Wish(key, Action.BOOK, BOOKINGS, request))
                await kiosk.outgoing.step(key)
                await kiosk.outgoing.forget(key)
            request, key = await kiosk.held("Sans", turn), str(uuid.uuid4())
            with watch.times("sealing"):
                write = kiosk.sealed(BOOKINGS, key, request)
            with watch.times("floor"):
                await kiosk.client.write(write, contract.Bookings)
    return watch.stopped()


@dataclass(frozen=True)
class _Kiosk:
    """A kiosk in service, and the free places that it takes one by one."""

    client: CentralClient
    outgoing: Outgoing
    key: SealingKey
    places: AsyncIterator[str]

    def sealed(self, path: str, key: str, request: contract.Request) -> SealedWrite:
        body = request.model_dump_json(exclude_none=True).encode()
        return SealedWrite(path, key, None, sealing.seal(self.key, Binding(OFFICE, key, path), body))

    async def held(self, family: str, number: int) -> contract.BookingRequest:
        """Keep a place for somebody new; return the request to book it."""
        person = somebody(family, number)
        wanted = contract.HoldRequest(
            slot=await anext(self.places), persons=[contract.Applicant.model_validate(person)]
        )
        hold = await self.client.write(self.sealed(HOLDS, str(uuid.uuid4()), wanted), contract.Hold)
        consent = contract.Consent(mode="present")
        return contract.BookingRequest(hold=hold.id, persons=[contract.Person(**person)], consent=consent)


@contextlib.asynccontextmanager
async def _kiosk(folder: Path, central_url: str) -> AsyncIterator[_Kiosk]:
    client = CentralClient(central_url)
    outgoing = Outgoing(client, Outbox(folder / "journal.sqlite", utc_now), OFFICE)
    try:
        await client.sign_in(OFFICE, CODE, OFFICE)
        listed, published = await client.keys(), await client.sealing_key()
        outgoing.seal_to(published, listed, None)
        key = sealing.read_key(published, keys.read(listed, None))
        yield _Kiosk(client, outgoing, key, _free_places(client))
    finally:
        outgoing.close()
        await client.close()


async def _free_places(client: CentralClient) -> AsyncIterator[str]:
    offered = await client.availability(SERVICE)
    days = [(offer.site, day.date) for offer in offered.sites for day in offer.days]
    for site, date in days:
        for slot in await client.slots(SERVICE, site, date.isoformat()):
            for _ in range(slot.free):
                yield slot.id


def commit_rows(measured: Mapping[str, Times]) -> list[Row]:
    """Return the table of commits, each over a bare one."""
    floor = measured["floor"]
    subjects = {
        "bare commit, again": "again",
        "4 KiB written, and fsync": "page",
        "an intent is written down": "written down",
        "… is about to be sent": "sending",
        "… is confirmed, its body erased": "confirmed",
        "… is heard, its row erased": "forgotten",
    }
    return [
        row
        for name, subject in subjects.items()
        for row in (
            Row(f"{name}, p50", floor.median, measured[subject].median),
            Row(f"{name}, p99", floor.p99, measured[subject].p99),
        )
    ]


def booking_rows(measured: Mapping[str, Times]) -> list[Row]:
    """Return the table of bookings, each over one that no journal knows."""
    floor, journal, seal = measured["floor"], measured["journal"], measured["sealing"]
    return [
        Row("a booking and its journal, p50", floor.median, journal.median),
        Row("a booking and its journal, p99", floor.p99, journal.p99),
        Row("of which sealing, p50", floor.median, seal.median),
        Row("what the journal adds to F10, p50", floor.median, journal.median - floor.median),
    ]


def file_system(folder: Path) -> str:
    """Return the kind of disk behind a folder, `ext4` for example; a question mark where the system does not tell."""
    if not MOUNTS.exists():
        return "?"
    mounts = [line.split()[1:3] for line in MOUNTS.read_text().splitlines()]
    inside = [(len(place), kind) for place, kind in mounts if folder.resolve().is_relative_to(place)]
    return max(inside)[1]
