"""Where the central keeps it: the database, SQLite or PostgreSQL, its key, and the two kinds of transaction."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from kiosk.central.key import load_key

FILE_NAME = "central.sqlite"
POSTGRESQL = "postgresql+psycopg"
BUSY_MILLISECONDS = 5_000
PREPARING_MILLISECONDS = 60_000  # another server may be filling the same database: that takes seconds
POOL = 40  # as many connections as the server has worker threads: none waits for another's
POSTGRESQL_POOL = 10  # a connection is a process over there, and several servers share them
RACES = 8
PAUSE_MILLISECONDS = 10  # at most, before the second try; twice that before the third, and so on
LOST_RACES = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected

_TURN = sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("of"), 0)))

Answer = TypeVar("Answer")


class BadDatabaseUrl(ValueError):  # noqa: N818 (it says so)
    """Not the address of a database that this program can use. Its message never quotes it: a password is inside."""


@dataclass(frozen=True, slots=True)
class Storage:
    """An open database and the key under which persons are compared."""

    reader: Engine
    writer: Engine  # the same pool; its transactions are those that write
    looker: Engine  # the same pool; in PostgreSQL its statements need no transaction
    person_key: bytes = field(repr=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one consistent view of the data."""
        with self.reader.begin() as transaction:
            yield transaction

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """Give a look at the data of which each statement is consistent by itself: cheaper where one is enough."""
        with self.looker.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction whose exception undoes all of it.

        In SQLite no other writer interleaves; in PostgreSQL others do, and each statement sees what they committed.
        Raise sqlalchemy.exc.OperationalError when a lock does not come in BUSY_MILLISECONDS or the disk refuses.
        """
        with self.writer.begin() as transaction:
            yield transaction

    def write(self, work: Callable[[Connection], Answer]) -> Answer:
        """Return what `work` answers inside writing(); done again, a bounded number of times, when it lost a race."""
        pause = PAUSE_MILLISECONDS
        for _ in range(RACES - 1):
            try:
                with self.writing() as transaction:
                    return work(transaction)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in LOST_RACES:
                    raise
            time.sleep(secrets.randbelow(pause) / 1000)  # by chance, so that the same two do not meet again
            pause *= 2
        with self.writing() as transaction:
            return work(transaction)

    @contextmanager
    def preparing(self) -> Iterator[Connection]:
        """Give a writing transaction to one server at a time, for what is done at start."""
        with self.writing() as transaction:
            if transaction.dialect.name == "postgresql":
                transaction.exec_driver_sql(f"SET LOCAL lock_timeout = {PREPARING_MILLISECONDS}")
            take_turn(transaction, "prepare")
            yield transaction

    def close(self) -> None:
        """Close every connection; SQLite's last one folds the write-ahead log into the file."""
        self.reader.dispose()


def take_turn(transaction: Connection, name: str) -> None:
    """Wait until no other transaction that took a turn of this name is open. In SQLite any writer is alone already."""
    if transaction.dialect.name == "postgresql":
        transaction.execute(_TURN, {"of": name})


def open_storage(data_dir: Path, database_url: str | None = None) -> Storage:
    """Open the database, a file of `data_dir` unless a URL is given, and the key of `data_dir`.

    What is missing in `data_dir` is created for its owner only. Raise OSError, SQLAlchemyError, BadDatabaseUrl.
    """
    url = None if database_url is None else _read_url(database_url)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    engines = _open_file(data_dir / FILE_NAME) if url is None else _open_postgresql(url)
    return Storage(*engines, load_key(data_dir))


def _read_url(text: str) -> URL:
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        raise BadDatabaseUrl("the database URL cannot be read") from None
    if url.drivername != POSTGRESQL:
        raise BadDatabaseUrl(f"the database URL must begin with {POSTGRESQL}://")
    if text.count("@") > 1:
        # What follows the first @ would be taken for the host, and named in errors.
        raise BadDatabaseUrl("in the database URL, an @ of the password is written %40")
    return url


def _open_file(path: Path) -> tuple[Engine, Engine, Engine]:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = sa.create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,  # an error message must never quote a name
        pool_size=POOL,
        max_overflow=0,
    )
    event.listen(engine, "connect", _prepare_file)
    event.listen(engine, "begin", _begin_file)
    return engine, engine.execution_options(writes=True), engine


def _prepare_file(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where _begin_file says, not where the driver guesses
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # an answer of 201 survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_file(connection: Connection) -> None:
    # A read that becomes a write can fail half-way in SQLite; taking the lock first cannot.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _open_postgresql(url: URL) -> tuple[Engine, Engine, Engine]:
    engine = sa.create_engine(
        url,
        hide_parameters=True,  # an error message must never quote a name
        isolation_level="READ COMMITTED",
        pool_size=POSTGRESQL_POOL,
        max_overflow=0,
        pool_timeout=BUSY_MILLISECONDS / 1000,
        pool_pre_ping=True,  # a server that was restarted is found again
        connect_args={"connect_timeout": BUSY_MILLISECONDS // 1000},
    )
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "handle_error", _forget_values)
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return reader, engine, engine.execution_options(isolation_level="AUTOCOMMIT")


def _prepare_connection(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {BUSY_MILLISECONDS}")
    cursor.execute("SET synchronous_commit = on")  # an answer of 201 survives a power cut
    cursor.close()
    connection.commit()


def _forget_values(context: ExceptionContext) -> None:
    # PostgreSQL adds details that quote the row, hence a name; its first sentence names only what was violated.
    first = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if first:
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None:
                error.args = (first,)
