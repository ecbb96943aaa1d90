"""A central full of slots, the same whenever it is made: spread evenly over services, sites and twelve weeks of work.

A third of the places are taken; no booking stands behind them.
"""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue, load_catalogue
from kiosk.central.clock import utc_now
from kiosk.central.command import prepare
from kiosk.central.signing_in import sha256
from kiosk.central.storage import Storage

KIOSKS = 64  # each with a mediator of its own
NO_LIMIT = 100_000
WEEKS = 12
_WORKDAYS = 5
_DAYS = _WORKDAYS * WEEKS
_DAY_STEP, _START_STEP = (
    23,
    7,
)  # without common divisor with the days and starts: every one is met before one comes again
_STARTS = [dt.time(minutes // 60, minutes % 60) for minutes in (*range(540, 720, 20), *range(810, 970, 20))]
_MOST_PLACES = 3
_TAKEN = 1 / 3
_CHUNK = 50_000
_COLUMNS = ("id", "service", "site", "date", "start_at", "minutes", "capacity", "taken")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

SlotRow = tuple[str, str, str, str, int, int, int, int]


@dataclass(frozen=True)
class Filled:
    """Where a central's data lie, and how many slots are in it."""

    data_dir: Path
    url: str | None
    slots: int


def kiosk_of(number: int) -> str:
    """Return the name of a kiosk, and of its mediator."""
    return f"bench-{number}"


def token_of(number: int) -> str:
    """Return the bearer token of a kiosk."""
    return f"token-of-bench-{number}"


def fill(data_dir: Path, url: str | None, slots: int) -> Filled:
    """Make a database with kiosks, mediators, tokens and as many slots, and tell the planner what is in it."""
    storage = prepare(data_dir, utc_now, None, url)
    try:
        with storage.writing() as transaction:
            _insert_kiosks(transaction)
            transaction.execute(
                sa.update(db.services).values(
                    mediator_hour=NO_LIMIT, mediator_day=NO_LIMIT, kiosk_hour=NO_LIMIT, site_day=NO_LIMIT
                )
            )
            _insert_slots(transaction, slot_rows(load_catalogue(), slots))
        analyze(storage)
    finally:
        storage.close()
    return Filled(data_dir, url, slots)


@dataclass(frozen=True)
class Place:
    """A slot with a place."""

    slot: str
    service: str
    site: str


def free_places(storage: Storage) -> list[Place]:
    """Return the slots of tomorrow and later with a place, for services that want no number; well mixed."""
    simple = [service.id for service in load_catalogue().services.values() if not service.identifiers]
    query = sa.select(db.slots.c.id, db.slots.c.service, db.slots.c.site).where(
        db.slots.c.service.in_(simple),
        db.slots.c.taken < db.slots.c.capacity,
        db.slots.c.start_at > utc_now() + dt.timedelta(days=1),
    )
    with storage.reading() as transaction:
        places = [Place(*row) for row in transaction.execute(query.order_by(db.slots.c.id))]
    random.Random(len(places)).shuffle(places)  # noqa: S311 (the same order every time)
    return places


def analyze(storage: Storage) -> None:
    """Let the planner count."""
    with storage.writing() as transaction:
        transaction.exec_driver_sql("ANALYZE")


def slot_rows(catalogue: Catalogue, total: int) -> Iterator[SlotRow]:
    """Give the rows of `slots` as databases store them, pair by pair of service and site."""
    dice = random.Random(total)  # noqa: S311 (the same slots every time)
    calendar = (utc_now().date() + dt.timedelta(days=ahead) for ahead in range(7 * WEEKS))
    days = [day for day in calendar if day.weekday() < _WORKDAYS]
    starts = {zone: _starts(catalogue, site, days) for zone, site in _a_site_of_each_zone(catalogue).items()}
    pairs = [(service, site) for service in catalogue.services.values() for site in catalogue.sites.values()]
    for number, (service, site) in enumerate(pairs):
        for turn in range(total // len(pairs) + (number < total % len(pairs))):
            day = (turn * _DAY_STEP + number) % _DAYS
            start = (turn // _DAYS * _START_STEP + number) % len(_STARTS)
            capacity = dice.randint(1, _MOST_PLACES)
            taken = sum(dice.random() < _TAKEN for _ in range(capacity))
            start_at = starts[site.time_zone][day][start]
            yield (
                f"s-{number}-{turn}",
                service.id,
                site.id,
                days[day].isoformat(),
                start_at,
                service.minutes,
                capacity,
                taken,
            )


def _a_site_of_each_zone(catalogue: Catalogue) -> dict[str, contract.Site]:
    return {site.time_zone: site for site in catalogue.sites.values()}


def _starts(catalogue: Catalogue, site: contract.Site, days: list[dt.date]) -> list[list[int]]:
    zone = catalogue.zone(site.id)
    microsecond = dt.timedelta(microseconds=1)
    return [[(dt.datetime.combine(day, time, zone) - _EPOCH) // microsecond for time in _STARTS] for day in days]


def _insert_kiosks(transaction: Connection) -> None:
    names = [kiosk_of(number) for number in range(KIOSKS)]
    kiosks = [{"id": name, "name": name, "department": "93", "region": "Île-de-France"} for name in names]
    mediators = [{"id": name, "name": name, "code_salt": b"", "code_hash": b""} for name in names]
    tokens = [
        {"token_sha256": sha256(token_of(number)), "mediator": name, "kiosk": name}
        | {"expires_at": utc_now() + dt.timedelta(days=1)}
        for number, name in enumerate(names)
    ]
    for table, rows in ((db.kiosks, kiosks), (db.mediators, mediators), (db.tokens, tokens)):
        transaction.execute(sa.insert(table), rows)


def _insert_slots(transaction: Connection, rows: Iterator[SlotRow]) -> None:
    columns = ", ".join(_COLUMNS)
    cursor = transaction.connection.cursor()
    if transaction.dialect.name == "postgresql":
        cursor.execute("SET LOCAL session_replication_role = replica")  # every service and site exists: no need to ask
        with cursor.copy(f"COPY slots ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" for _ in _COLUMNS)
    while chunk := list(islice(rows, _CHUNK)):
        cursor.executemany(f"INSERT INTO slots ({columns}) VALUES ({marks})", chunk)  # noqa: S608 (our own names)
