"""A file of the kiosk: older, newer, in use, damaged, and cut off in the middle. Full disks: tests/test_disks.py."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kiosk.statefile import (
    BALLAST_BYTES,
    PAGE_BYTES,
    Condition,
    InUseError,
    NewerError,
    StateFile,
    StateFileError,
    examined,
    put_aside,
)

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


def cut_to(path: Path, size: int) -> None:
    """Lose the end of a file."""
    os.truncate(path, size)


def overwrite(path: Path, offset: int, length: int) -> None:
    """Put other bytes where some were."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * length)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "first bytes": lambda path: overwrite(path, 0, 16),
    "header": lambda path: overwrite(path, 0, 100),
    "schema": lambda path: overwrite(path, 100, PAGE_BYTES - 100),
    "version lost": lambda path: overwrite(path, 60, 1),  # a negative number
    "a page in the middle": lambda path: overwrite(path, 25 * PAGE_BYTES, PAGE_BYTES),
    "half a page": lambda path: overwrite(path, PAGE_BYTES * 3, PAGE_BYTES // 2),
    "cut in half": lambda path: cut_to(path, path.stat().st_size // 2),
    "last page lost": lambda path: cut_to(path, path.stat().st_size - PAGE_BYTES),
    "cut in a page": lambda path: cut_to(path, path.stat().st_size - 100),
    "empty": lambda path: cut_to(path, 0),
    "every byte": lambda path: overwrite(path, 0, path.stat().st_size),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_put_aside_as_it_is_and_a_new_one_begun(path: Path, damage: str) -> None:
    with opened(path) as file:
        for number in range(20):
            keep(file, str(number), bytes(5000))
    DAMAGES[damage](path)
    damaged = path.read_bytes()
    assert examined(path, (FIRST,)) is Condition.DAMAGED
    with opened(path) as file:
        assert file.quarantined is not None
        assert file.quarantined.name.startswith("things.sqlite.damaged-")
        assert file.quarantined.read_bytes() == damaged
        assert put_aside(path) == (file.quarantined,)
        assert names(file) == []
        keep(file, "a")
    assert examined(path, (FIRST,)) is Condition.SOUND
    with opened(path) as file:
        assert names(file) == ["a"]
        assert file.quarantined is None


def test_what_belongs_to_a_damaged_file_goes_with_it(path: Path) -> None:
    with opened(path) as file:
        for number in range(20):
            keep(file, str(number), bytes(5000))
    with killed_writer(path) as writer:
        writer.acknowledged(23)
    overwrite(path, 25 * PAGE_BYTES, PAGE_BYTES)
    with opened(path) as file:
        assert names(file) == []
        assert file.quarantined is not None
    kept = b"".join(each.read_bytes() for each in path.parent.glob(f"{file.quarantined.name}*"))
    assert bytes([22]) * 4000 in kept, "the last row, which the log had"


def test_a_log_without_its_file_is_not_mixed_into_a_new_one(path: Path) -> None:
    with killed_writer(path) as writer:
        writer.acknowledged(3)
    path.unlink()
    with opened(path) as file:
        assert names(file) == []
        assert file.quarantined is not None


def test_files_damaged_within_one_second_are_all_kept(path: Path) -> None:
    for number in range(3):
        with opened(path):
            pass
        path.write_bytes(f"damage {number}".encode())
    with opened(path):
        assert {aside.read_bytes() for aside in put_aside(path)} == {b"damage 0", b"damage 1", b"damage 2"}


def test_a_start_that_was_cut_off_is_no_damage(path: Path) -> None:
    path.parent.mkdir()
    path.with_name(path.name + "-new").write_bytes(b"half a file")
    path.with_name(path.name + "-new-wal").write_bytes(b"half a log")
    with opened(path) as file:
        keep(file, "a")
        assert file.quarantined is None
    assert not list(path.parent.glob("*-new*"))


def test_a_kill_loses_nothing_that_was_acknowledged(path: Path) -> None:
    told = 0
    for life in range(1, 5):
        with killed_writer(path) as writer:
            told = writer.acknowledged(told + 7 * life)
        with opened(path) as file:
            assert file.quarantined is None
            found = sorted(int(name) for name in names(file))
            assert found == list(range(len(found)))
            assert told <= len(found)
            told = len(found)


class Writer:
    """A process that writes; it is killed when the block ends."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def acknowledged(self, rows: int) -> int:
        """Wait until so many rows are said to be written, kill it, and return how many were in the end."""
        assert self._process.stdout
        told = 0
        for line in self._process.stdout:
            told = int(line) + 1
            if told == rows:
                self._process.kill()
        return told


@contextmanager
def killed_writer(path: Path) -> Iterator[Writer]:
    """Start one."""
    command = [sys.executable, "-m", "tests.support.witness", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Writer(process)
        finally:
            process.kill()
