"""What a counter knows and what it did, in SQLite: signed documents, notes, its clock. No name and no token of anybody.

A note is on disk before its answer is on the screen; it is delivered later, as often as it takes.
"""

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from kiosk.statefile import FullError, InUseError, NewerError, StateFile, StateFileError

_VERSION_1 = """
CREATE TABLE document (
    name TEXT PRIMARY KEY,
    day TEXT,
    content BLOB NOT NULL
) STRICT;
CREATE TABLE note (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    nonce TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reference TEXT,
    revision INTEGER,
    of TEXT,
    finding TEXT,
    first_at TEXT,
    first_counter TEXT,
    CHECK ((of IS NOT NULL) = (outcome = 'withdrawn')),
    CHECK ((first_at IS NULL) = (first_counter IS NULL)),
    CHECK (finding IS NOT NULL OR first_at IS NULL)
) STRICT;
CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    offset_microseconds INTEGER NOT NULL
) STRICT;
"""
_VERSION_2 = """
CREATE TABLE central (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    demonstration INTEGER NOT NULL CHECK (demonstration IN (0, 1))
) STRICT;
"""
MIGRATIONS = (_VERSION_1, _VERSION_2)

T = TypeVar("T")


class BookError(Exception):
    """The book cannot be read or written."""


class BookInUseError(BookError):
    """Another counter has this book open."""


class BookNewerError(BookError):
    """A newer kiosk wrote this book."""


class BookFullError(BookError):
    """The disk is full; nothing of this was written."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was done with one ticket, in the words of the wire (kiosk.api.contract.Note)."""

    nonce: str
    at: dt.datetime
    outcome: str
    reference: str | None = None
    revision: int | None = None
    of: str | None = None  # the nonce of what is withdrawn


@dataclass(frozen=True, slots=True)
class Answer:
    """What the central found about a note once it was delivered; `first_*`: who was let in before."""

    nonce: str
    finding: str
    first_at: dt.datetime | None = None
    first_counter: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """A note and its answer; None as long as it was not delivered."""

    note: Note
    answer: Answer | None


class CounterBook:
    """The book of one counter. Threads may share it; a second process may not open it."""

    def __init__(self, path: Path) -> None:
        """Open the book, made for this user only; a damaged one is put aside and a new one begun.

        Raise BookInUseError, BookNewerError, BookError.
        """
        with _as_book_errors():
            self._file = StateFile(path, MIGRATIONS)

    def close(self) -> None:
        """Close the book and let go of it."""
        self._file.close()

    def documents(self) -> dict[str, bytes]:
        """Return every document by its name."""
        return self._read(lambda db: dict(db.execute("SELECT name, content FROM document")))

    def keep(self, name: str, content: bytes, day: dt.date | None = None, *, instead_of: str | None = None) -> None:
        """Keep a document in place of the one of that name, and of another; one with a `day` goes when that is over."""

        def replace(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM document WHERE name IN (?, ?)", (name, instead_of))
            db.execute("INSERT INTO document VALUES (?, ?, ?)", (name, day.isoformat() if day else None, content))

        self._write(replace)

    def clock_offset(self) -> dt.timedelta:
        """Return how far the central's clock was ahead of this machine's when it was last heard; 0 before that."""
        row = self._read(lambda db: db.execute("SELECT offset_microseconds FROM clock").fetchone())
        return dt.timedelta(microseconds=row[0] if row else 0)

    def keep_clock_offset(self, offset: dt.timedelta) -> None:
        """Remember how far the central's clock is ahead of this machine's."""
        microseconds = offset // dt.timedelta(microseconds=1)
        self._write(lambda db: db.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (microseconds,)))

    def demonstration(self) -> bool:
        """Return whether the central that was last heard is a demonstration."""
        row = self._read(lambda db: db.execute("SELECT demonstration FROM central").fetchone())
        return bool(row and row[0])

    def keep_demonstration(self, demonstration: bool) -> None:
        """Remember whether the central is a demonstration."""
        self._write(lambda db: db.execute("INSERT OR REPLACE INTO central VALUES (1, ?)", (demonstration,)))

    def add(self, note: Note) -> None:
        """Write a note down, for good once this returns."""
        self._write(
            lambda db: db.execute(
                "INSERT INTO note (nonce, at, outcome, reference, revision, of) VALUES (?, ?, ?, ?, ?, ?)",
                (note.nonce, _text(note.at), note.outcome, note.reference, note.revision, note.of),
            )
        )

    def notes(self) -> tuple[Noted, ...]:
        """Return every note, in the order in which they were written."""
        rows = self._read(
            lambda db: db.execute(
                "SELECT nonce, at, outcome, reference, revision, of, finding, first_at, first_counter"
                " FROM note ORDER BY number"
            ).fetchall()
        )
        return tuple(_noted(*row) for row in rows)

    def answered(self, answers: Iterable[Answer]) -> None:
        """Record that the central has these notes, and what it found."""
        rows = [(a.finding, _text(a.first_at) if a.first_at else None, a.first_counter, a.nonce) for a in answers]
        self._write(
            lambda db: db.executemany(
                "UPDATE note SET finding = ?, first_at = ?, first_counter = ? WHERE nonce = ?", rows
            ),
            reserve=True,
        )

    def erase_before(self, day: dt.date, midnight: dt.datetime) -> None:
        """Erase the documents of earlier days, and the notes made before that moment that the central has."""

        def erase(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM document WHERE day < ?", (day.isoformat(),))
            db.execute("DELETE FROM note WHERE at < ? AND finding IS NOT NULL", (_text(midnight),))

        self._write(erase, reserve=True)
        with contextlib.suppress(StateFileError):  # somebody reads the book: at the next call
            self._file.erase()

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _as_book_errors():
            return self._file.read(work)

    def _write(self, work: Callable[[sqlite3.Connection], T], *, reserve: bool = False) -> T:
        with _as_book_errors():
            return self._file.write(work, reserve=reserve)


@contextlib.contextmanager
def _as_book_errors() -> Iterator[None]:
    try:
        yield
    except InUseError as error:
        raise BookInUseError from error
    except NewerError as error:
        raise BookNewerError from error
    except FullError as error:
        raise BookFullError from error
    except StateFileError as error:
        raise BookError from error


def _text(moment: dt.datetime) -> str:
    """Return the moment so that texts sort as times do."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _noted(
    nonce: str,
    at: str,
    outcome: str,
    reference: str | None,
    revision: int | None,
    of: str | None,
    finding: str | None,
    first_at: str | None,
    first_counter: str | None,
) -> Noted:
    note = Note(nonce, dt.datetime.fromisoformat(at), outcome, reference, revision, of)
    if finding is None:
        return Noted(note, None)
    return Noted(note, Answer(nonce, finding, dt.datetime.fromisoformat(first_at) if first_at else None, first_counter))
