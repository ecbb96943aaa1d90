"""A file of the kiosk on real disks: full, read-only, damaged, older, newer, in use, and cut off in the middle."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kiosk.statefile import BALLAST_BYTES, InUseError, NewerError, StateFile, StateFileError, put_aside

FIRST = "CREATE TABLE thing (name TEXT PRIMARY KEY, content BLOB) STRICT;"
SECOND = "ALTER TABLE thing ADD COLUMN seen INTEGER NOT NULL DEFAULT 7;"
BROKEN = SECOND.replace("thing", "nowhere")


@contextmanager
def opened(path: Path, *migrations: str) -> Iterator[StateFile]:
    with closing(StateFile(path, migrations or (FIRST,))) as file:
        yield file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file of a test is."""
    return tmp_path / "room" / "things.sqlite"


def keep(file: StateFile, name: str, content: bytes = b"", *, reserve: bool = False) -> None:
    """Write one row."""
    file.write(lambda db: db.execute("INSERT INTO thing VALUES (?, ?)", (name, content)), reserve=reserve)


def names(file: StateFile) -> list[str]:
    """Return what is kept."""
    return file.read(lambda db: [name for (name,) in db.execute("SELECT name FROM thing ORDER BY name")])


def test_what_was_written_is_there_at_the_next_start(path: Path) -> None:
    with opened(path) as file:
        keep(file, "a")
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT name FROM thing").fetchall() == [("a",)]
            assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with opened(path) as file:
        assert names(file) == ["a"]
        assert file.quarantined is None
    assert not put_aside(path)


def test_work_that_raises_writes_nothing(path: Path) -> None:
    def half_done(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO thing VALUES ('b', NULL)")
        raise KeyError

    with opened(path) as file:
        keep(file, "a")
        with pytest.raises(KeyError):
            file.write(half_done)
        with pytest.raises(StateFileError, match="lu ou écrit"):
            keep(file, "a")
        assert names(file) == ["a"]


def test_reading_writes_nothing(path: Path) -> None:
    with opened(path) as file:
        file.read(lambda db: db.execute("INSERT INTO thing VALUES ('a', NULL)"))
        assert names(file) == []


def test_only_this_user_reads_the_files(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    umask = os.umask(0)
    try:
        with opened(path) as file:
            keep(file, "a")
            found = {each.name: each.stat() for each in path.parent.iterdir()}
    finally:
        os.umask(umask)
    sides = {"things.sqlite", "things.sqlite-wal", "things.sqlite-shm", "things.sqlite-owner"}
    assert found.keys() == {*sides, "ballast"}
    assert {stat.S_IMODE(each.st_mode) for each in found.values()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert found["ballast"].st_size == BALLAST_BYTES


def test_nobody_else_opens_a_file_in_use(path: Path) -> None:
    with opened(path) as file:
        with pytest.raises(InUseError, match="sert déjà"):
            StateFile(path, (FIRST,))
        keep(file, "a")
    with opened(path) as file:
        assert names(file) == ["a"]


def test_an_older_file_is_brought_up_to_date_with_what_it_holds(path: Path) -> None:
    with opened(path) as file:
        keep(file, "a")
    with opened(path, FIRST, SECOND) as file:
        assert file.read(lambda db: db.execute("SELECT name, seen FROM thing").fetchall()) == [("a", 7)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    with opened(path) as file:
        keep(file, "a")
    with pytest.raises(StateFileError):
        StateFile(path, (FIRST, BROKEN))
    with opened(path) as file:
        assert names(file) == ["a"]


def test_a_newer_file_is_refused_and_left_alone(path: Path) -> None:
    with opened(path, FIRST, SECOND):
        pass
    with pytest.raises(NewerError, match="plus récente"):
        StateFile(path, (FIRST,))
    with opened(path, FIRST, SECOND) as file:
        assert file.quarantined is None
