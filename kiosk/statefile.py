"""A SQLite file of this kiosk: private, owned by one process, on disk once a write returns, no obstacle to a start.

A file that is damaged is put aside and a new one begun: a kiosk that starts with an empty journal serves people, one
that does not start serves nobody. What was in it is told by whoever opens the file.
"""

import contextlib
import datetime as dt
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

LOCK_SECONDS = 1.0
BALLAST_BYTES = 64 * 1024
BALLAST = "ballast"
_ASIDE = "%Y%m%dT%H%M%SZ"
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_Result = TypeVar("_Result")


class StateFileError(Exception):
    """The file cannot be read or written."""


class InUseError(StateFileError):
    """Another process has it open."""


class FullError(StateFileError):
    """The disk is full."""


class NewerError(StateFileError):
    """A newer program wrote it."""


class _DamagedError(Exception):
    pass


class StateFile:
    """One open file. Threads may share it; a second process may not open it."""

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        """Open the file, made for this user only; `migrations[i]` brings its `user_version` from i to i + 1.

        Raise InUseError, NewerError, StateFileError.
        """
        self._path = path
        self._ballast = path.with_name(f"{path.name}-{BALLAST}")
        self._mutex = threading.Lock()
        self.quarantined: Path | None = None
        with contextlib.ExitStack() as files:
            try:
                _make_private(path)
                files.callback(os.close, _owned(path))
                self._db = self._opened(migrations)
                files.callback(self._db.close)
            except (OSError, sqlite3.Error) as error:
                raise _as_ours(error) from error
            self._files = files.pop_all()
        self._make_ballast()

    def close(self) -> None:
        """Close the file and let go of it."""
        with self._mutex:
            self._files.close()

    def read(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Return what `work` reads in one consistent view; raise StateFileError."""
        return self._run("BEGIN", work)

    def write(self, work: Callable[[sqlite3.Connection], _Result], *, reserve: bool = False) -> _Result:
        """Return what `work` answers in one transaction, which is on disk by then; raise FullError, StateFileError.

        `reserve`: for what records an answer, a proof or an erasure. On a full disk the ballast is given up for it, and
        `work` runs once more.
        """
        try:
            return self._run("BEGIN IMMEDIATE", work)
        except FullError:
            if not reserve or not self._drop_ballast():
                raise
        return self._run("BEGIN IMMEDIATE", work)

    def erase(self) -> None:
        """Fold the write-ahead log into the file and cut it: what was deleted is nowhere any more.

        Raise StateFileError while a reader keeps old pages alive.
        """
        with self._mutex:
            try:
                busy, _, _ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.Error as error:
                raise _as_ours(error) from error
        if busy:
            raise StateFileError("a reader keeps old pages")

    def _run(self, begin: str, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        with self._mutex:
            try:
                with self._db:
                    self._db.execute(begin)
                    return work(self._db)
            except sqlite3.Error as error:
                raise _as_ours(error) from error

    def _opened(self, migrations: Sequence[str]) -> sqlite3.Connection:
        try:
            return _prepared(self._path, migrations)
        except _DamagedError:
            self.quarantined = _put_aside(self._path)
            _make_private(self._path)
            return _prepared(self._path, migrations)

    def _make_ballast(self) -> None:
        # Written out, not only sized: a hole takes no room that could be given up.
        with contextlib.suppress(OSError):
            if not self._ballast.exists():
                self._ballast.touch(0o600)
                self._ballast.write_bytes(bytes(BALLAST_BYTES))

    def _drop_ballast(self) -> bool:
        try:
            self._ballast.unlink()
        except OSError:
            return False
        return True


def _make_private(path: Path) -> None:
    """Make directory and file before SQLite does; it gives -wal and -shm the mode of the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _owned(path: Path) -> int:
    """Return a descriptor that holds the file for this process; the system lets go of it however the process ends."""
    owner = os.open(path.with_name(f"{path.name}-owner"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(owner)
        raise InUseError from error
    return owner


def _prepared(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Return the open file in its newest shape; raise _DamagedError, NewerError, sqlite3.Error."""
    db = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA temp_store = MEMORY")  # else a statement's own journal may hold a payload elsewhere on disk
        _migrate(db, migrations)
    except sqlite3.Error as error:
        db.close()
        if error.sqlite_errorcode & 0xFF in _DAMAGE:  # the low byte is the primary code (SQLite, result codes)
            raise _DamagedError from None
        raise
    except (_DamagedError, NewerError):
        db.close()
        raise
    return db


def _migrate(db: sqlite3.Connection, migrations: Sequence[str]) -> None:
    if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
        raise _DamagedError
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        raise NewerError
    for number, migration in enumerate(migrations[version:], version + 1):
        db.executescript(f"BEGIN IMMEDIATE; {migration} PRAGMA user_version = {number}; COMMIT;")


def _put_aside(path: Path) -> Path:
    """Rename the file and its log; return the new name."""
    stamp = dt.datetime.now(dt.UTC).strftime(_ASIDE)
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for ending in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


def _as_ours(error: OSError | sqlite3.Error) -> StateFileError:
    if isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
        return FullError()
    return StateFileError()
