"""Where the centrals of tests keep their data: in SQLite, or each in a PostgreSQL database of its own."""

import atexit
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.postgres import VARIABLE

_ADMINISTRATIVE = os.environ.get(VARIABLE)
ON_POSTGRESQL = _ADMINISTRATIVE is not None

only_sqlite = pytest.mark.skipif(ON_POSTGRESQL, reason="about SQLite and its file")
only_postgresql = pytest.mark.skipif(not ON_POSTGRESQL, reason="about PostgreSQL: run by make test-postgres")

_made: dict[Path, str] = {}  # database by data directory


def database_url(data_dir: Path, template: Path | None = None) -> str | None:
    """Return the address of the data directory's database; None: SQLite, in that directory.

    The first time the database is made: empty, or as a copy of the one of another directory, which nobody has open.
    """
    if _ADMINISTRATIVE is None:
        return None
    if data_dir not in _made:
        source = f" TEMPLATE {_made[template]}" if template else ""
        _administrate(f"CREATE DATABASE {_name(data_dir)}{source}")
        _made[data_dir] = _name(data_dir)
    return sa.make_url(_ADMINISTRATIVE).set(database=_made[data_dir]).render_as_string(hide_password=False)


def drop_databases(folder: Path) -> None:
    """Drop every database whose data directory is in `folder`."""
    for data_dir in [data_dir for data_dir in _made if data_dir.is_relative_to(folder)]:
        _administrate(f"DROP DATABASE {_made.pop(data_dir)} WITH (FORCE)")


@contextmanager
def server_lost(data_dir: Path) -> Iterator[None]:
    """Do to the data directory's database what a restart of the server does: connections die, new ones are refused."""
    name = _made[data_dir]
    _administrate(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    end_connection = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname"
    _administrate(f"{end_connection} = '{name}'")
    yield
    _administrate(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def _administrate(statement: str) -> None:
    assert _ADMINISTRATIVE is not None
    engine = sa.create_engine(_ADMINISTRATIVE, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _name(data_dir: Path) -> str:
    return "kiosk_" + hashlib.blake2b(str(data_dir).encode(), digest_size=8).hexdigest()


atexit.register(drop_databases, Path("/"))
