"""Who wrote what, from where, when: one chain of hashes per kiosk or counter; a row changed or missing is found."""

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.central import tables as db
from kiosk.central.identity import keyed

GENESIS = "0" * 64
COMMAND_LINE = "~central"  # the chain of what is done on the central's own machine; no kiosk can be called so
COUNTER_CHAIN = "counter/{}"  # no kiosk can be called so either

_LAST = (
    sa.select(db.events.c.number, db.events.c.hash)
    .where(db.events.c.chain == sa.bindparam("of"))
    .order_by(db.events.c.number.desc())
    .limit(1)
)
_INSERT = sa.insert(db.events)
# The time as the number that is stored: what was edited need not be a time any more.
_STORED_AT = sa.type_coerce(db.events.c.at, sa.BigInteger).label("at")
# By what no index holds: SQLite would read chain and number from the index, and never see them edited in the row.
_IN_ORDER = sa.select(*(_STORED_AT if each.name == "at" else each for each in db.events.c)).order_by(
    db.events.c.chain + "", db.events.c.number + 0
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_BATCH = 1000  # rows in memory at once: a chain grows for years


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, from which terminal."""

    mediator: str
    kiosk: str


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to what; `details` never holds a name, a date of birth or a number of a document."""

    action: str
    subject: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row of a chain that is not as it was written, or not where it was; `at` None: not a time any more."""

    chain: str
    number: int
    at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Head:
    """How long a chain is and the hash it ends with: noted elsewhere, they show rows cut off its end."""

    chain: str
    length: int
    hash: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What the chains are found to be: heads by chain, and one fault of each broken chain, oldest first."""

    heads: tuple[Head, ...]
    faults: tuple[Fault, ...]

    @property
    def rows(self) -> int:
        """Return how many rows were read."""
        return sum(head.length for head in self.heads)


@dataclass(frozen=True, slots=True)
class Missing:
    """A booking that is there, or cancelled, although no event says who did it."""

    reference: str
    action: str


def record(transaction: Connection, key: bytes, caller: Caller, at: dt.datetime, act: Act) -> None:
    """Add an act to the chain of the caller's kiosk.

    Two acts of one kiosk at the same instant claim the same number: the constraint lets one through, the other is
    tried again by whoever runs the transaction.
    """
    _append(transaction, key, caller.kiosk, caller.mediator, at, act)


def record_command(transaction: Connection, key: bytes, at: dt.datetime, act: Act) -> None:
    """Add an act of whoever sits at the central itself."""
    _append(transaction, key, COMMAND_LINE, None, at, act)


def record_counter(transaction: Connection, key: bytes, counter: str, at: dt.datetime, act: Act) -> None:
    """Add an act of a counter to its chain; of two at the same instant one is to be tried again, as in `record`."""
    _append(transaction, key, COUNTER_CHAIN.format(counter), None, at, act)


def _append(transaction: Connection, key: bytes, chain: str, mediator: str | None, at: dt.datetime, act: Act) -> None:
    last = transaction.execute(_LAST, {"of": chain}).one_or_none()
    row = {
        "chain": chain,
        "number": last.number + 1 if last else 1,
        "at": at,
        "mediator": mediator,
        "action": act.action,
        "subject": act.subject,
        "details": json.dumps(act.details, sort_keys=True, ensure_ascii=True),
        "previous": last.hash if last else GENESIS,
    }
    transaction.execute(_INSERT, row | {"hash": _seal(key, row)})


def verify(transaction: Connection, key: bytes) -> Audit:
    """Read every row of every chain. Rows cut off the end of a chain leave no trace here: compare the heads."""
    heads: dict[str, Head] = {}
    faults: dict[str, Fault] = {}
    for row in _rows(transaction):
        chain = str(row["chain"])
        before = heads.get(chain, Head(chain, 0, GENESIS))
        if not _follows(key, row, before):
            faults.setdefault(chain, Fault(chain, row["number"], row["at"]))
        heads[chain] = Head(chain, before.length + 1, str(row["hash"]))
    return Audit(tuple(heads.values()), tuple(sorted(faults.values(), key=lambda fault: fault.at or _EPOCH)))


def missing(transaction: Connection) -> list[Missing]:
    """Return bookings without the event that made or cancelled them: what deleting the end of a chain leaves behind."""
    quoted = sa.literal('"') + db.bookings.c.id + sa.literal('"')
    told, ended = _told("book", "application"), _told("cancel")
    no_book = sa.select(db.bookings.c.reference, sa.literal("book")).outerjoin(
        told, (told.c.subject == db.bookings.c.hold) & told.c.details.contains(quoted)
    )
    no_cancel = sa.select(db.bookings.c.reference, sa.literal("cancel")).outerjoin(
        ended, ended.c.subject == db.bookings.c.id
    )
    both = sa.union_all(
        no_book.where(told.c.subject.is_(None)),
        no_cancel.where(ended.c.subject.is_(None), db.bookings.c.status == "cancelled"),
    )
    return sorted((Missing(*row) for row in transaction.execute(both)), key=lambda each: (each.reference, each.action))


def _told(*actions: str) -> sa.Subquery:
    # Grouped, so that SQLite makes a table of it once and not a search for each booking.
    columns = (db.events.c.subject, sa.func.max(db.events.c.details).label("details"))
    return sa.select(*columns).where(db.events.c.action.in_(actions)).group_by(db.events.c.subject).subquery()


def _follows(key: bytes, row: Mapping[str, Any], before: Head) -> bool:
    if row["at"] is None:
        return False
    try:
        seal = _seal(key, row)
    except TypeError:  # bytes where a text was: SQLite keeps whatever is put in
        return False
    return (row["number"], row["previous"], row["hash"]) == (before.length + 1, before.hash, seal)


def _rows(transaction: Connection) -> Iterator[dict[str, Any]]:
    with _damaged_text(transaction):
        rows = transaction.execute(_IN_ORDER, execution_options={"yield_per": _BATCH}).mappings()
        for row in rows:
            yield dict(row) | {"at": _instant(row["at"])}


@contextmanager
def _damaged_text(transaction: Connection) -> Iterator[None]:
    # In SQLite an edited text need not be UTF-8: it has to be named, not to end the reading.
    driver = transaction.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    before, driver.text_factory = driver.text_factory, lambda raw: raw.decode(errors="surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = before


def _instant(stored: object) -> dt.datetime | None:
    if not isinstance(stored, int):
        return None
    try:
        return _EPOCH + dt.timedelta(microseconds=stored)
    except OverflowError:
        return None


def _seal(key: bytes, row: Mapping[str, Any]) -> str:
    # Keyed: who can write to the database, but has not the key, cannot make a chain that fits.
    parts = [row[name] for name in ("chain", "number", "mediator", "action", "subject", "details", "previous")]
    return keyed(key, "event", json.dumps([row["at"].astimezone(dt.UTC).isoformat(), *parts]))
