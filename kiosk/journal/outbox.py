"""The journal: every write to the central before its first byte leaves, and what the central is known to have said.

In clear: keys, calls, times, states and codes. What is asked of the central is sealed to it: nobody here can read it
back, only send it as it is. It is erased as soon as it is answered, the row once somebody at the desk has heard it.
"""

import datetime as dt
import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kiosk.statefile import StateFile
from kiosk.tickets.reference import ALPHABET

CODE_CHARS = 8
MIGRATIONS = (
    """
CREATE TABLE open_intent (
    key TEXT PRIMARY KEY,
    sent_at TEXT NOT NULL,
    hold_expires_at TEXT NOT NULL
) STRICT;
""",
    """
CREATE TABLE intent (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    action TEXT NOT NULL,
    path TEXT NOT NULL,
    revision INTEGER,
    sealed BLOB,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'confirmed', 'refused', 'unknown')),
    tries INTEGER NOT NULL DEFAULT 0,
    asked_at TEXT NOT NULL,
    reference TEXT,
    refusal TEXT,
    CHECK (sealed IS NULL OR state IN ('queued', 'sent', 'unknown')),
    CHECK (reference IS NULL OR state = 'confirmed'),
    CHECK ((refusal IS NOT NULL) = (state = 'refused'))
) STRICT;
INSERT INTO intent (key, action, path, state, tries, asked_at)
    SELECT key, 'book', '/v1/bookings', 'unknown', 1, sent_at FROM open_intent;
DROP TABLE open_intent;
""",
)


class Action(StrEnum):
    """What a kiosk can ask to be done."""

    HOLD = "hold"
    BOOK = "book"
    APPLICATION = "application"
    MOVE = "move"
    CANCEL = "cancel"
    ATTEMPT = "attempt"
    REPORT = "report"


class State(StrEnum):
    """How far an intent got."""

    QUEUED = "queued"  # to be sent, or sent again as it is: the central knows nothing of it
    SENT = "sent"  # committed before the first byte
    UNKNOWN = "unknown"  # it left and no answer came: only asking by its key tells
    CONFIRMED = "confirmed"  # the central did it
    REFUSED = "refused"  # the central did not do it, and never will under this key


OPEN = frozenset({State.QUEUED, State.SENT, State.UNKNOWN})


class IllegalStepError(Exception):
    """The intent is not in a state from which this can happen: a fault of ours."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One write. `sealed` is None once it was answered; so is that of an older kiosk, which can only be asked about."""

    key: str
    action: Action
    path: str
    revision: int | None  # of the booking that it changes, as last seen
    sealed: bytes | None = field(repr=False)
    state: State
    tries: int  # copies of which a byte may have left
    asked_at: dt.datetime
    reference: str | None = None  # of the booking, the attempt or the report, once confirmed
    refusal: str | None = None  # why not, in a word of the contract

    @property
    def code(self) -> str:
        """Return what papers and lists call it."""
        return request_code(self.key)

    @property
    def may_be_done(self) -> bool:
        """Return whether it may have been done, or may yet be, without anybody here knowing."""
        return self.state in OPEN and self.tries > 0


class Outbox:
    """The journal of one kiosk. Threads may share it, a second process may not open it. All raise StateFileError."""

    def __init__(self, path: Path, now: Callable[[], dt.datetime]) -> None:
        """Open the file. What a dead process was sending is unknown from now on."""
        self._now = now
        self._file = StateFile(path, MIGRATIONS)
        self._file.write(
            lambda db: db.execute("UPDATE intent SET state = 'unknown' WHERE state = 'sent'"), reserve=True
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def add(self, key: str, action: Action, path: str, sealed: bytes, revision: int | None = None) -> Intent:
        """Write an intent down, QUEUED; one that is there already stays as it is, whatever its state."""

        def add(db: sqlite3.Connection) -> Intent:
            db.execute(
                "INSERT INTO intent (key, action, path, revision, sealed, state, asked_at)"
                " VALUES (?, ?, ?, ?, ?, 'queued', ?) ON CONFLICT DO NOTHING",
                (key, action, path, revision, sealed, _text(self._now())),
            )
            return _one(db, key)

        return self._file.write(add)

    def find(self, key: str) -> Intent | None:
        """Return the intent of that key, None if there is none."""
        return self._file.read(lambda db: _find(db, key))

    def open_intents(self) -> tuple[Intent, ...]:
        """Return the intents whose answer is not known, oldest first."""
        return self._some("state IN ('queued', 'sent', 'unknown')")

    def answered_intents(self) -> tuple[Intent, ...]:
        """Return the intents whose answer nobody at the desk has heard yet, oldest first."""
        return self._some("state IN ('confirmed', 'refused')")

    def sending(self, key: str) -> Intent:
        """Record that the first byte is about to leave."""
        return self._move(key, {State.QUEUED}, State.SENT, tried=1)

    def not_sent(self, key: str) -> Intent:
        """Record that this copy did nothing, for no byte of it left or the central said so. Earlier ones still may."""
        return self._move(key, {State.SENT}, State.QUEUED, tried=-1)

    def unknown(self, key: str) -> Intent:
        """Record that no answer came."""
        return self._move(key, {State.SENT}, State.UNKNOWN)

    def not_known(self, key: str) -> Intent:
        """Record that the central knows nothing of it so far: the same bytes may be sent again."""
        return self._move(key, {State.UNKNOWN, State.SENT}, State.QUEUED)

    def confirmed(self, key: str, reference: str | None) -> Intent:
        """Record the central's yes; what was asked is erased."""
        return self._answered(key, State.CONFIRMED, reference, None)

    def refused(self, key: str, refusal: str) -> Intent:
        """Record the central's no; what was asked is erased."""
        return self._answered(key, State.REFUSED, None, refusal)

    def forget(self, key: str) -> None:
        """Erase an intent: somebody has heard the answer, or not a byte left and nobody wants it any more.

        Raise IllegalStepError while it may be done and somebody must know.
        """

        def forget(db: sqlite3.Connection) -> None:
            intent = _find(db, key)
            if intent is None:
                return
            if intent.may_be_done and intent.action is not Action.HOLD:  # which runs out by itself
                raise IllegalStepError(intent.state)
            db.execute("DELETE FROM intent WHERE key = ?", (key,))

        self._file.write(forget, reserve=True)
        self._file.erase()

    def withdraw(self, key: str) -> bool:
        """Erase an intent of which not a byte left; return False for one that may be done, or was answered."""

        def withdraw(db: sqlite3.Connection) -> bool:
            db.execute("DELETE FROM intent WHERE key = ? AND state = 'queued' AND tries = 0", (key,))
            return _find(db, key) is None

        withdrawn = self._file.write(withdraw, reserve=True)
        self._file.erase()
        return withdrawn

    def _some(self, condition: str) -> tuple[Intent, ...]:
        query = f"{_SELECT} WHERE {condition} ORDER BY number"
        return self._file.read(lambda db: tuple(_from_row(row) for row in db.execute(query)))

    def _move(self, key: str, sources: set[State], target: State, tried: int = 0) -> Intent:
        def move(db: sqlite3.Connection) -> Intent:
            intent = _one(db, key)
            if intent.state not in sources:
                raise IllegalStepError(f"{intent.state} to {target}")
            db.execute("UPDATE intent SET state = ?, tries = tries + ? WHERE key = ?", (target, tried, key))
            return _one(db, key)

        return self._file.write(move, reserve=True)

    def _answered(self, key: str, state: State, reference: str | None, refusal: str | None) -> Intent:
        def answer(db: sqlite3.Connection) -> Intent:
            intent = _one(db, key)
            if intent.state not in OPEN:
                raise IllegalStepError(f"{intent.state} to {state}")
            db.execute(
                "UPDATE intent SET state = ?, sealed = NULL, reference = ?, refusal = ? WHERE key = ?",
                (state, reference, refusal, key),
            )
            return _one(db, key)

        answered = self._file.write(answer, reserve=True)
        self._file.erase()
        return answered


_SELECT = "SELECT key, action, path, revision, sealed, state, tries, asked_at, reference, refusal FROM intent"


def request_code(key: str) -> str:
    """Return `K7M4-2QXP` for an intent's key: two groups of Crockford's letters; nobody finds the key from it."""
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:5], "big")
    letters = "".join(ALPHABET[digest >> 5 * place & 31] for place in reversed(range(CODE_CHARS)))
    return f"{letters[:4]}-{letters[4:]}"


def _find(db: sqlite3.Connection, key: str) -> Intent | None:
    row = db.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
    return _from_row(row) if row else None


def _one(db: sqlite3.Connection, key: str) -> Intent:
    intent = _find(db, key)
    if intent is None:
        raise IllegalStepError("no such intent")
    return intent


def _from_row(row: tuple[str, str, str, int | None, bytes | None, str, int, str, str | None, str | None]) -> Intent:
    key, action, path, revision, sealed, state, tries, asked_at, reference, refusal = row
    return Intent(
        key,
        Action(action),
        path,
        revision,
        None if sealed is None else bytes(sealed),
        State(state),
        tries,
        dt.datetime.fromisoformat(asked_at),
        reference,
        refusal,
    )


def _text(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")
