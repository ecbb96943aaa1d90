"""The bookings asked for and not yet answered, in SQLite: keys and times, never a person."""

import datetime as dt
import sqlite3
from dataclasses import dataclass
from pathlib import Path

SCHEMA_VERSION = 1
LOCK_SECONDS = 1.0
_SCHEMA = """
CREATE TABLE open_intent (
    key TEXT PRIMARY KEY,
    sent_at TEXT NOT NULL,
    hold_expires_at TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Intent:
    """One booking asked for. Once its hold has expired and the central has nothing under the key, it cannot happen."""

    key: str
    sent_at: dt.datetime
    hold_expires_at: dt.datetime


class Intents:
    """The journal of one kiosk: written before the first byte leaves, erased by the central's answer."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        if self._db.execute("PRAGMA user_version").fetchone() == (0,):
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def sending(self, intent: Intent) -> bool:
        """Record that this booking is about to be asked for; return False if it was asked for before."""
        cursor = self._db.execute(
            "INSERT INTO open_intent VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (intent.key, intent.sent_at.isoformat(), intent.hold_expires_at.isoformat()),
        )
        return cursor.rowcount == 1

    def answered(self, key: str) -> None:
        """Forget the intent: the central said yes or no."""
        self._db.execute("DELETE FROM open_intent WHERE key = ?", (key,))

    def unanswered(self) -> tuple[Intent, ...]:
        """Return the intents whose outcome nobody knows, oldest first."""
        rows = self._db.execute("SELECT key, sent_at, hold_expires_at FROM open_intent ORDER BY sent_at")
        return tuple(
            Intent(key, dt.datetime.fromisoformat(sent_at), dt.datetime.fromisoformat(expires))
            for key, sent_at, expires in rows
        )
