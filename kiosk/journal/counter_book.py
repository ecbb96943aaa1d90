"""What a counter knows and what it did, in SQLite: signed documents, notes, its clock. No name and no token of anybody.

A note is on disk before its answer is on the screen; it is delivered later, as often as it takes.
"""

import contextlib
import datetime as dt
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LOCK_SECONDS = 1.0
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
_SCHEMA = (_VERSION_1, _VERSION_2)  # each follows upon the one before
SCHEMA_VERSION = len(_SCHEMA)


class BookError(Exception):
    """The book cannot be read or written."""


class BookInUseError(BookError):
    """Another counter has this book open."""


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
        """Open the book, made for this user only; raise BookInUseError, BookError."""
        self._mutex = threading.Lock()
        with contextlib.ExitStack() as files:
            try:
                _make_private(path)
                files.callback(os.close, _owned(path))
                self._db = files.enter_context(contextlib.closing(_connected(path)))
                _prepare(self._db)
            except (OSError, sqlite3.Error) as error:
                raise BookError from error
            self._files = files.pop_all()

    def close(self) -> None:
        """Close the book and let go of it."""
        with self._mutex:
            self._files.close()

    def documents(self) -> dict[str, bytes]:
        """Return every document by its name."""
        with self._transaction() as db:
            return dict(db.execute("SELECT name, content FROM document"))

    def keep(self, name: str, content: bytes, day: dt.date | None = None, *, instead_of: str | None = None) -> None:
        """Keep a document in place of the one of that name, and of another; one with a `day` goes when that is over."""
        with self._transaction() as db:
            db.execute("DELETE FROM document WHERE name IN (?, ?)", (name, instead_of))
            db.execute("INSERT INTO document VALUES (?, ?, ?)", (name, day.isoformat() if day else None, content))

    def clock_offset(self) -> dt.timedelta:
        """Return how far the central's clock was ahead of this machine's when it was last heard; 0 before that."""
        with self._transaction() as db:
            row = db.execute("SELECT offset_microseconds FROM clock").fetchone()
        return dt.timedelta(microseconds=row[0] if row else 0)

    def keep_clock_offset(self, offset: dt.timedelta) -> None:
        """Remember how far the central's clock is ahead of this machine's."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (offset // dt.timedelta(microseconds=1),))

    def demonstration(self) -> bool:
        """Return whether the central that was last heard is a demonstration."""
        with self._transaction() as db:
            row = db.execute("SELECT demonstration FROM central").fetchone()
        return bool(row and row[0])

    def keep_demonstration(self, demonstration: bool) -> None:
        """Remember whether the central is a demonstration."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO central VALUES (1, ?)", (demonstration,))

    def add(self, note: Note) -> None:
        """Write a note down, for good once this returns."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO note (nonce, at, outcome, reference, revision, of) VALUES (?, ?, ?, ?, ?, ?)",
                (note.nonce, _text(note.at), note.outcome, note.reference, note.revision, note.of),
            )

    def notes(self) -> tuple[Noted, ...]:
        """Return every note, in the order in which they were written."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT nonce, at, outcome, reference, revision, of, finding, first_at, first_counter"
                " FROM note ORDER BY number"
            ).fetchall()
        return tuple(_noted(*row) for row in rows)

    def answered(self, answers: Iterable[Answer]) -> None:
        """Record that the central has these notes, and what it found."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE note SET finding = ?, first_at = ?, first_counter = ? WHERE nonce = ?",
                [(a.finding, _text(a.first_at) if a.first_at else None, a.first_counter, a.nonce) for a in answers],
            )

    def erase_before(self, day: dt.date, midnight: dt.datetime) -> None:
        """Erase the documents of earlier days, and the notes made before that moment that the central has."""
        with self._transaction() as db:
            db.execute("DELETE FROM document WHERE day < ?", (day.isoformat(),))
            db.execute("DELETE FROM note WHERE at < ? AND finding IS NOT NULL", (_text(midnight),))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the block as one: all of it is on disk afterwards, or nothing of it; raise BookError."""
        with self._mutex:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                with self._db:
                    yield self._db
            except sqlite3.Error as error:
                raise BookError from error


def _make_private(path: Path) -> None:
    """Make directory and file before SQLite does; it gives -wal and -shm the mode of the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _owned(path: Path) -> int:
    """Return a descriptor that holds the book for this process; the system lets go of it however the process ends."""
    owner = os.open(path.with_name(path.name + "-owner"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(owner)
        raise BookInUseError from error
    return owner


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)


def _prepare(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if not 0 <= version <= SCHEMA_VERSION or db.execute("PRAGMA quick_check").fetchone() != ("ok",):
        raise BookError
    if version < SCHEMA_VERSION:
        steps = "".join(_SCHEMA[version:])
        db.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


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
