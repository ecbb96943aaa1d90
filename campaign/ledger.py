"""What the central holds, read from its database as it lies on disk, whether or not anybody serves it."""

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from campaign.world import KIOSK

_ROWS = """
SELECT intents.key, bookings.reference, bookings.status, bookings.slot, bookings.service,
       bookings.mrz_surname || '/' || bookings.given_names || '/' || bookings.birth_date
FROM bookings LEFT JOIN intents
  ON intents.subject = bookings.hold AND intents.kiosk = ? AND intents.action IN ('book', 'application')
WHERE bookings.kiosk = ?
"""
_WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Row:
    """One appointment; `key` is None where no intent led to it."""

    key: str | None
    reference: str
    status: str
    slot: str
    service: str
    person: str

    @property
    def active(self) -> bool:
        """Return whether somebody is expected."""
        return self.status == "booked"


@dataclass(frozen=True, slots=True)
class Ledger:
    """All appointments of the kiosk at one moment."""

    rows: tuple[Row, ...] = ()

    def under(self, key: str) -> tuple[Row, ...]:
        """Return what was booked under a key."""
        return tuple(row for row in self.rows if row.key == key)

    def has(self, reference: str, key: str | None = None) -> bool:
        """Return whether that appointment is there and stands, under that key if one is given."""
        return any(row.active and row.reference == reference and key in {None, row.key} for row in self.rows)


def read_ledger(path: Path) -> Ledger:
    """Return what stands there now."""
    with contextlib.closing(_opened(path)) as db:
        return Ledger(tuple(Row(*row) for row in db.execute(_ROWS, (KIOSK, KIOSK))))


def read_capacities(path: Path) -> dict[str, int]:
    """Return how many places each slot has."""
    with contextlib.closing(_opened(path)) as db:
        return dict(db.execute("SELECT id, capacity FROM slots"))


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", timeout=_WAIT_SECONDS, uri=True)
