"""One SQLite file of this machine, opened for good: private, owned by one process, checked at each start.

What is written is on disk when `write` returns. A damaged file is put aside, never erased; a full disk is an error of
its own, for which 64 KiB are held back, so that what became of something begun can still be written down.
"""

import contextlib
import datetime as dt
import errno
import fcntl
import itertools
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import TypeVar

LOCK_SECONDS = 1.0
BALLAST = "ballast"
BALLAST_BYTES = 64 * 2**10
LEAST_FREE_BYTES = 32 * 2**10  # SQLite needs as much to open a file; it does not always call it a full disk
PAGE_BYTES = 4096
_SIDES = ("", "-wal", "-shm")
_DAMAGED = ".damaged-"
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PERHAPS_FULL = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

T = TypeVar("T")


class StateFileError(Exception):
    """The file cannot be read or written."""


class InUseError(StateFileError):
    """Another process has it open."""


class NewerError(StateFileError):
    """A newer kiosk wrote it."""


class FullError(StateFileError):
    """The disk is full; nothing of this was written."""


class Condition(Enum):
    """How a file is, as far as one can tell from outside."""

    SOUND = auto()
    DAMAGED = auto()  # it is put aside at the next start
    NEWER = auto()  # a newer kiosk wrote it
    UNREADABLE = auto()


class _DamagedError(Exception):
    """What is there is not what was written."""


class StateFile:
    """The file of one kiosk or counter. Threads may share it; a second process may not open it."""

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        """Open the file, made for this user only; `migrations[i]` is the SQL that brings version i to i + 1.

        A damaged one is put aside and a new one begun. Raise InUseError, NewerError, FullError, StateFileError.
        """
        self.quarantined: Path | None = None  # where a damaged file was put at this start
        self._path = path
        self._migrations = migrations
        self._ballast = path.with_name(BALLAST)
        self._mutex = threading.Lock()
        with _as_state_file_errors(path), contextlib.ExitStack() as files:
            _make_private(path)
            files.callback(os.close, _owned(path))
            self._db = self._with_room(self._opened, self._drop_ballast)
            files.callback(self._db.close)
            self._keep_ballast()
            self._files = files.pop_all()

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` finds; what it would write is undone. Raise StateFileError."""
        with self._mutex, _as_state_file_errors(self._path):
            self._db.execute("BEGIN")
            try:
                return work(self._db)
            finally:
                self._db.rollback()

    def write(self, work: Callable[[sqlite3.Connection], T], *, reserve: bool = False) -> T:
        """Do `work` as one transaction, on disk when this returns; nothing is written if it raises.

        `reserve` is for what records an answer, a proof or an erasure: when the disk is full the ballast is given up
        and `work` runs once more. Raise FullError, StateFileError.
        """
        with self._mutex, _as_state_file_errors(self._path):
            done = self._with_room(lambda: self._committed(work), self._make_room) if reserve else self._committed(work)
            if not self._keep_ballast():
                self._bring_log_home()
            return done

    def erase(self) -> None:
        """Leave nothing on disk of what was deleted; raise StateFileError while a reader keeps old pages alive."""
        with self._mutex, _as_state_file_errors(self._path):
            busy = self._with_room(self._cut_log, self._drop_ballast)
            self._keep_ballast()
        if busy:
            raise StateFileError(f"« {self._path.name} » : ce qui est effacé n'a pas encore quitté le disque.")

    def close(self) -> None:
        """Close the file and let go of it."""
        with self._mutex:
            self._files.close()

    def _committed(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._db.execute("BEGIN IMMEDIATE")
        with self._db:
            return work(self._db)

    def _opened(self) -> sqlite3.Connection:
        try:
            return _opened(self._path, self._migrations)
        except _DamagedError:
            self.quarantined = _put_aside(self._path)
            return _opened(self._path, self._migrations)

    def _with_room(self, work: Callable[[], T], make_room: Callable[[], None]) -> T:
        """Do `work`, and once more after `make_room` when the disk is full."""
        try:
            return work()
        except sqlite3.Error as error:
            if not _is_full(error, self._path):
                raise
        make_room()  # out of the block above: as long as the error lives, so do its cursors, which hold the log
        return work()

    def _drop_ballast(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def _make_room(self) -> None:
        self._drop_ballast()
        self._bring_log_home()

    def _bring_log_home(self) -> None:
        """Bring what is in the log into the file: what comes next is written over it, not after it."""
        with contextlib.suppress(sqlite3.Error):  # then not all of it is home
            self._db.execute("PRAGMA wal_checkpoint(RESTART)")

    def _cut_log(self) -> bool:
        busy, _, _ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return bool(busy)

    def _keep_ballast(self) -> bool:
        """Make the ballast if it is not there whole; False on a disk that is full, where the next write tries again."""
        with contextlib.suppress(FileNotFoundError):
            if self._ballast.stat().st_size == BALLAST_BYTES:
                return True
        try:
            with os.fdopen(os.open(self._ballast, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as ballast:
                ballast.write(os.urandom(BALLAST_BYTES))  # zeros would take no room on some disks
                ballast.flush()
                os.fsync(ballast.fileno())
        except OSError:
            self._drop_ballast()
            return False
        return True


def put_aside(path: Path) -> tuple[Path, ...]:
    """Return the damaged files that were put aside in the place of this one, oldest first."""
    found = path.parent.glob(f"{path.name}{_DAMAGED}*")
    return tuple(sorted(one for one in found if not one.name.endswith(_SIDES[1:])))


def examined(path: Path, migrations: Sequence[str]) -> Condition:
    """Tell how a file is, without owning it: a kiosk may have it open."""
    try:
        _check_size(path)
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", timeout=LOCK_SECONDS, uri=True)) as db:
            _check(db)
            return Condition.NEWER if _version(db) > len(migrations) else Condition.SOUND
    except _DamagedError:
        return Condition.DAMAGED
    except sqlite3.Error as error:
        return Condition.DAMAGED if _code(error) in _CORRUPT else Condition.UNREADABLE
    except OSError:
        return Condition.UNREADABLE


def _make_private(path: Path) -> None:
    """Make the directory before SQLite needs it; -wal and -shm get the mode of the file."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    if path.is_file():
        path.chmod(0o600)


def _owned(path: Path) -> int:
    """Return a descriptor that holds the file for this process; the system lets go of it however the process ends."""
    owner = os.open(path.with_name(path.name + "-owner"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(owner)
        raise InUseError(f"« {path.name} » : un autre poste ouvert s'en sert déjà.") from error
    return owner


def _opened(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Return a connection to a sound file of our version; raise _DamagedError, NewerError, sqlite3.Error."""
    if path.exists():
        _check_size(path)
    elif _log(path).exists():  # the file itself is lost, and SQLite would mix what is left into a new one
        raise _DamagedError
    else:
        _begin(path, migrations)
    return _prepared(path, migrations)


def _check_size(path: Path) -> None:
    """Raise _DamagedError for what SQLite would not mind: an empty file is new to it, and a missing end is zeros."""
    size = path.stat().st_size
    if path.is_file() and (not size or (size % PAGE_BYTES and not _log(path).exists())):
        raise _DamagedError


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _begin(path: Path, migrations: Sequence[str]) -> None:
    """Make the file beside its place and move it there whole, so that an empty one is always a damaged one."""
    new = path.with_name(path.name + "-new")
    for side in _SIDES:
        new.with_name(new.name + side).unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_RDWR, 0o600))
    _prepared(new, migrations).close()
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _prepared(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    with contextlib.ExitStack() as undo:
        db = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
        undo.callback(db.close)
        try:
            _settle(db)
            _check(db)
            _migrate(db, path, migrations)
        except sqlite3.DatabaseError as error:
            if _code(error) in _CORRUPT:
                raise _DamagedError from error
            raise
        undo.pop_all()
        return db


def _settle(db: sqlite3.Connection) -> None:
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new file
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")
    db.execute("PRAGMA temp_store = MEMORY")  # else a statement's own journal may hold what it writes elsewhere on disk


def _check(db: sqlite3.Connection) -> None:
    if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
        raise _DamagedError


def _version(db: sqlite3.Connection) -> int:
    """Return which of our versions this is, 0 for a file just made; raise _DamagedError if it can be none."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (objects,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version < 0 or (version == 0) != (objects == 0):
        raise _DamagedError
    return int(version)


def _migrate(db: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    version = _version(db)
    if version > len(migrations):
        raise NewerError(f"« {path.name} » vient d'une version plus récente du kiosque.")
    for reached, migration in enumerate(migrations[version:], version + 1):
        try:
            db.executescript(f"BEGIN IMMEDIATE; {migration} PRAGMA user_version = {reached}; COMMIT;")
        finally:
            db.rollback()  # nothing is left to undo once it is committed


def _put_aside(path: Path) -> Path:
    """Move a damaged file and what belongs to it out of the way, and return its new place."""
    stem = f"{path.name}{_DAMAGED}{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    aside = next(place for place in map(path.with_name, names) if not _any_side(place))
    for side in _SIDES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + side).rename(aside.with_name(aside.name + side))
    return aside


def _any_side(path: Path) -> bool:
    return any(path.with_name(path.name + side).exists() for side in _SIDES)


@contextlib.contextmanager
def _as_state_file_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if _is_full(error, path):
            raise FullError(f"« {path.name} » : le disque est plein.") from error
        raise StateFileError(f"« {path.name} » ne peut pas être lu ou écrit.") from error
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise FullError(f"« {path.name} » : le disque est plein.") from error
        raise StateFileError(f"Le dossier de « {path.name} » n'est pas accessible.") from error


def _is_full(error: sqlite3.Error, path: Path) -> bool:
    if _code(error) == sqlite3.SQLITE_FULL:
        return True
    if _code(error) not in _PERHAPS_FULL:
        return False
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize < LEAST_FREE_BYTES


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary code; 0 for an error of Python's module itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
