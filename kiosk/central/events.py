"""Who wrote what, from where, when: one chain of hashes per kiosk, so that a row changed or missing is found."""

import datetime as dt
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.central import tables as db
from kiosk.central.identity import keyed

GENESIS = "0" * 64
COMMAND_LINE = "~central"  # the chain of what is done on the central's own machine; no kiosk can be called so

_LAST = (
    sa.select(db.events.c.number, db.events.c.hash)
    .where(db.events.c.chain == sa.bindparam("of"))
    .order_by(db.events.c.number.desc())
    .limit(1)
)
_INSERT = sa.insert(db.events)
_IN_ORDER = sa.select(db.events).order_by(db.events.c.chain, db.events.c.number)


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
    """The first row of a chain that is not as it was written, or not where it was."""

    chain: str
    number: int
    at: dt.datetime


def record(transaction: Connection, key: bytes, caller: Caller, at: dt.datetime, act: Act) -> None:
    """Add an act to the chain of the caller's kiosk.

    Two acts of one kiosk at the same instant claim the same number: the constraint lets one through, the other is
    tried again by whoever runs the transaction.
    """
    _append(transaction, key, caller.kiosk, caller.mediator, at, act)


def record_command(transaction: Connection, key: bytes, at: dt.datetime, act: Act) -> None:
    """Add an act of whoever sits at the central itself."""
    _append(transaction, key, COMMAND_LINE, None, at, act)


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


def verify(transaction: Connection, key: bytes) -> tuple[int, list[Fault]]:
    """Return how many rows were read, and the first broken row of each chain that has one, oldest first."""
    count = 0
    faults: dict[str, Fault] = {}
    expected: tuple[str, int, str] = ("", 0, GENESIS)
    for row in _rows(transaction):
        count += 1
        chain, number, previous = expected if row["chain"] == expected[0] else (row["chain"], 0, GENESIS)
        sound = row["number"] == number + 1 and row["previous"] == previous
        if not (sound and hmac.compare_digest(row["hash"], _seal(key, row))):
            faults.setdefault(chain, Fault(chain, row["number"], row["at"]))
        expected = (chain, row["number"], row["hash"])
    return count, sorted(faults.values(), key=lambda fault: fault.at)


def _rows(transaction: Connection) -> Iterator[sa.RowMapping]:
    yield from transaction.execution_options(yield_per=1000).execute(_IN_ORDER).mappings()


def _seal(key: bytes, row: sa.RowMapping | dict[str, Any]) -> str:
    # Keyed: who can write to the database, but has not the key, cannot make a chain that fits.
    parts = [row[name] for name in ("chain", "number", "mediator", "action", "subject", "details", "previous")]
    return keyed(key, "event", json.dumps([row["at"].isoformat(), *parts]))
