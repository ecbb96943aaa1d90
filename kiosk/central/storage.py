"""Where the central keeps it: the database, its key, and the two kinds of transaction."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

FILE_NAME = "central.sqlite"
KEY_NAME = "person.key"
KEY_BYTES = 32
BUSY_MILLISECONDS = 5_000
POOL = 40  # as many connections as the server has worker threads: none waits for another's


@dataclass(frozen=True, slots=True)
class Storage:
    """An open database and the key under which persons are compared."""

    reader: Engine
    writer: Engine  # the same pool; its transactions begin by taking the write lock
    person_key: bytes = field(repr=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one consistent view of the data."""
        with self.reader.begin() as transaction:
            yield transaction

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that no other writer interleaves; an exception undoes all of it.

        Raise sqlalchemy.exc.OperationalError when the lock does not come in BUSY_MILLISECONDS or the disk refuses.
        """
        with self.writer.begin() as transaction:
            yield transaction

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log into the file."""
        self.reader.dispose()


def open_storage(data_dir: Path) -> Storage:
    """Open the database and key of `data_dir`, or create them for its owner only; raise OSError, SQLAlchemyError."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / FILE_NAME
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = sa.create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,  # an error message must never quote a name
        pool_size=POOL,
        max_overflow=0,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return Storage(engine, engine.execution_options(writes=True), _person_key(data_dir))


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where _begin says, not where the driver guesses
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # an answer of 201 survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A read that becomes a write can fail half-way in SQLite; taking the lock first cannot.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _person_key(data_dir: Path) -> bytes:
    path = data_dir / KEY_NAME
    if not path.exists():
        _write_key(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise OSError(f"{KEY_NAME} is damaged; restore it from the backup")
    return key


def _write_key(path: Path) -> None:
    # Written aside, then named: a power cut leaves no half key, and of two starts at once one key wins.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
