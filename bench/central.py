"""`python -m bench.central`: the central under load, on SQLite and on PostgreSQL; exits 1 if a goal is missed.

Real servers in processes of their own: one on SQLite, four on PostgreSQL, whose cluster is made for the occasion and
waits for the disk. Floor and subject take turns in one run. What is printed are medians unless it says otherwise.
"""

import datetime as dt
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bench.booking_floor import FLOOR, RAW_FLOOR, RULES, Race, race
from bench.http_load import Bookings, Load, Reads, client_process, in_turn, load
from bench.measure import MS_PER_SECOND, Times, python
from bench.slots import Filled, fill, free_places, kiosk_of
from kiosk.central import tables as db
from kiosk.central.catalogue import load_catalogue
from kiosk.central.clock import Chance, utc_now
from kiosk.central.events import Caller
from kiosk.central.issuer import Issuer
from kiosk.central.key import KEY_NAME
from kiosk.central.reading import Reading, Window
from kiosk.central.storage import Storage, open_storage
from tests.support.office import READY, ROOT
from tests.support.postgres import cluster

READS = ("all sites", "one site", "one day")
GROWTH_GOAL = 1.5
BOOKING_CLIENTS = 16
CASES = 50


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    small: int
    usual: int
    large: int
    clients: Sequence[int]
    load_seconds: float
    race_rounds: int
    race_seconds: float
    growth_rounds: int


FULL = Scale(
    small=15_000,
    usual=414_000,  # 150,000 a month over twelve weeks
    large=1_500_000,
    clients=(1, 16, 64),
    load_seconds=3.0,
    race_rounds=7,
    race_seconds=2.0,
    growth_rounds=150,
)


@dataclass(frozen=True)
class Kind:
    """A database to measure, how many servers share it, and the least share of the floor that the rules must keep."""

    name: str
    administrative_url: str | None
    servers: int
    booking_goal: float

    def fill(self, folder: Path, slots: int) -> Filled:
        """Make a database of its own with so many slots."""
        if self.administrative_url is None:
            return fill(folder / f"sqlite-{slots}", None, slots)
        engine = sa.create_engine(self.administrative_url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE bench_{slots}")
        url = sa.make_url(self.administrative_url).set(database=f"bench_{slots}")
        return fill(folder / f"postgresql-{slots}", url.render_as_string(hide_password=False), slots)


@dataclass(frozen=True)
class Row:
    """One line of the table; `least` and `most` bound the ratio of what was measured to its floor."""

    name: str
    unit: str
    measured: float
    floor: float | None = None
    least: float | None = None
    most: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the floor."""
        return None if self.floor is None else self.measured / self.floor

    @property
    def kept(self) -> bool:
        """Is the promise kept?"""
        if self.ratio is None:
            return True
        return (self.least is None or self.ratio >= self.least) and (self.most is None or self.ratio < self.most)

    @property
    def goal(self) -> str:
        """What was promised, and whether it was kept."""
        if self.least is None and self.most is None:
            return ""
        bound = f">= {self.least}" if self.least is not None else f"< {self.most}"
        return f"{bound}  {'ok' if self.kept else 'MISSED'}"


@dataclass(frozen=True)
class Server:
    """A running `kiosk central`."""

    port: int
    pid: int

    def resident_mb(self) -> float:
        """Return how much memory it occupies."""
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(self.pid)], check=True, capture_output=True, text=True)
        return int(told.stdout) / 1024


def rows(kind: Kind, scale: Scale, folder: Path) -> Iterator[Row]:
    """Measure one kind of database."""
    filled = kind.fill(folder, scale.usual)
    yield from booking_rows(kind, filled, scale)
    with client_process() as process:
        yield from load_rows(kind, filled, scale, process)
        small, large = kind.fill(folder, scale.small), kind.fill(folder, scale.large)
        yield from growth_rows(kind, small, large, scale, process)


def booking_rows(kind: Kind, filled: Filled, scale: Scale) -> Iterator[Row]:
    """Compare the rules with a bare transaction of the same rows, in as many processes as there are servers."""
    rates = race(filled, Race(kind.servers, scale.race_rounds, scale.race_seconds))
    rules, floor, raw = (statistics.median(rates[each]) for each in (RULES, FLOOR, RAW_FLOOR))
    where = f"{kind.name}, {kind.servers} process{'es' if kind.servers > 1 else ''}"
    yield Row(f"{where}, rules to bare Core statements (a)", "booking/s", rules, floor, least=kind.booking_goal)
    yield Row(f"{where}, rules to the driver's own cursor (b)", "booking/s", rules, raw)


def load_rows(kind: Kind, filled: Filled, scale: Scale, process: Executor) -> Iterator[Row]:
    """Load the servers with reads, then with bookings; the floor of a read is a call that looks nothing up."""
    with opened(filled) as storage:
        cases = some_cases(storage)
        slots = [place.slot for place in free_places(storage)]
    with serving(filled, kind.servers) as servers:
        ports = [server.port for server in servers]
        at_start = servers[0].resident_mb()
        shares = []
        for clients in scale.clients:
            how = Load(ports, clients, scale.load_seconds)
            least = load(process, how, Reads([f"/v1/services/{cases[0].service}"])).times
            for name in READS:
                heard = load(process, how, Reads([case.path(name) for case in cases]))
                shares.append(heard.client_share)
                what = f"{kind.name}, HTTP, {clients} clients, {name}"
                yield Row(f"{what}, median", "ms", heard.times.median, least.median)
                yield Row(f"{what}, p95", "ms", heard.times.p95, least.p95)
        booked = load(process, Load(ports, BOOKING_CLIENTS, 2 * scale.load_seconds), Bookings(slots))
        yield Row(f"{kind.name}, HTTP, {BOOKING_CLIENTS} clients, hold and book", "booking/s", booked.per_second)
        yield Row(f"{kind.name}, memory of a server after that, to its start", "MB", servers[0].resident_mb(), at_start)
        yield Row(f"{kind.name}, share of a core that the client used, at most", "", max(shares))


def growth_rows(kind: Kind, small: Filled, large: Filled, scale: Scale, process: Executor) -> Iterator[Row]:
    """Compare each read among many slots to the same read among few."""
    with opened(small) as few, opened(large) as many:
        cases = some_cases(few)
        inside = read_inside((few, many), cases, scale.growth_rounds)
    with serving(small, 1) as (before,), serving(large, 1) as (after,):
        works = [Reads([case.path(name) for case in cases]) for name in READS]
        outside = in_turn(process, (before.port, after.port), works, scale.growth_rounds)
    for where, times, goal in (("Reading", inside, None), ("HTTP", outside, GROWTH_GOAL)):
        for name, (base, grown) in zip(READS, times, strict=True):
            what = f"{kind.name}, {where}, {name}, {large.slots:,} slots to {small.slots:,}"
            yield Row(what, "ms", grown.median, base.median, most=goal)


@dataclass(frozen=True)
class Case:
    """A day of a site on which a service has a place."""

    service: str
    site: str
    date: dt.date

    def path(self, read: str) -> str:
        """Return what to ask a server."""
        return {
            "all sites": f"/v1/availability?service={self.service}",
            "one site": f"/v1/availability?service={self.service}&site={self.site}",
            "one day": f"/v1/slots?service={self.service}&site={self.site}&date={self.date}",
        }[read]

    def ask(self, reading: Reading, read: str) -> None:
        """Ask without a server between."""
        caller = Caller(kiosk_of(0), kiosk_of(0))
        if read == "one day":
            reading.slots(caller, self.service, self.site, self.date, 1, None)
        else:
            reading.availability(caller, self.service, self.site if read == "one site" else None, Window(None, None))


def some_cases(storage: Storage) -> list[Case]:
    """Return days with a place, over services and sites."""
    query = (
        sa.select(db.slots.c.service, db.slots.c.site, db.slots.c.date)
        .where(db.slots.c.taken < db.slots.c.capacity, db.slots.c.start_at > utc_now() + dt.timedelta(days=1))
        .order_by(db.slots.c.id)
    )
    with storage.reading() as transaction:
        every = transaction.execute(query).all()
    return [Case(*row) for row in every[:: max(1, len(every) // CASES)]]


def read_inside(storages: Sequence[Storage], cases: Sequence[Case], rounds: int) -> list[list[Times]]:
    """Ask each storage in turn; per read, times per storage."""
    catalogue = load_catalogue()
    readings = [Reading(storage, catalogue, Issuer(storage.person_key), utc_now, Chance()) for storage in storages]
    samples: list[list[list[float]]] = [[[] for _ in readings] for _ in READS]
    for turn in range(rounds):
        for name, times in zip(READS, samples, strict=True):
            for reading, mine in zip(readings, times, strict=True):
                asked = time.perf_counter()
                cases[turn % len(cases)].ask(reading, name)
                mine.append((time.perf_counter() - asked) * MS_PER_SECOND)
    return [[Times(mine) for mine in times] for times in samples]


@contextmanager
def opened(filled: Filled) -> Iterator[Storage]:
    """Open the data without a server."""
    storage = open_storage(filled.data_dir, filled.url)
    try:
        yield storage
    finally:
        storage.close()


@contextmanager
def serving(filled: Filled, count: int) -> Iterator[list[Server]]:
    """Run servers on the same data, each with a data directory of its own if there are several."""
    with ExitStack() as stack:
        servers = []
        for number in range(count):
            data_dir = filled.data_dir if count == 1 else filled.data_dir / str(number)
            data_dir.mkdir(mode=0o700, exist_ok=True)
            if count > 1:
                shutil.copy(filled.data_dir / KEY_NAME, data_dir)
            servers.append(stack.enter_context(_server(data_dir, filled.url)))
        yield servers


@contextmanager
def _server(data_dir: Path, url: str | None) -> Iterator[Server]:
    where = ["--data", str(data_dir), *(["--database-url", url] if url else [])]
    command = [*python("kiosk"), "central", *where]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline().strip()
            assert line.startswith(READY), "a central did not start"
            yield Server(int(line.rsplit(":", 1)[1]), process.pid)
        finally:
            process.terminate()


def table(measured: Sequence[Row]) -> str:
    """Lay rows out as text."""
    lines = [f"{'name':<72} {'floor':>9} {'subject':>9} {'unit':<9} {'ratio':>7}  goal"]
    for row in measured:
        floor, ratio = ("-", "-") if row.floor is None else (f"{row.floor:.1f}", f"{row.ratio:.2f}")
        lines.append(f"{row.name:<72} {floor:>9} {row.measured:>9.1f} {row.unit:<9} {ratio:>7}  {row.goal}".rstrip())
    return "\n".join(lines)


def main() -> int:
    """Measure both kinds."""
    with tempfile.TemporaryDirectory(prefix="bench-central-") as folder, cluster(durable=True) as url:
        kinds = (
            Kind("SQLite", None, servers=1, booking_goal=0.5),
            Kind("PostgreSQL", url, servers=4, booking_goal=0.4),
        )
        measured = [row for kind in kinds for row in rows(kind, FULL, Path(folder))]
    print(table(measured))
    return 0 if all(row.kept for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
