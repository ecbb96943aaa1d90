"""What a kiosk writes down, on disks that are full or cannot be written: the real ones."""

import datetime as dt
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.journal.counter_book import Answer, BookFullError, CounterBook, Note
from kiosk.journal.outbox import Action, Outbox
from kiosk.journal.outbox import State as IntentState
from kiosk.printing.spool import PayloadLostError, Proof, Spool, SpoolError, State
from kiosk.statefile import BALLAST_BYTES, PAGE_BYTES, FullError, StateFile, StateFileError, put_aside
from tests.support.disks import SmallDisk, small_disk
from tests.support.mediator import KIOSK, environment

NOW = dt.datetime(2027, 1, 11, 9, 0, tzinfo=dt.UTC)
MIGRATIONS = ["CREATE TABLE thing (name TEXT PRIMARY KEY, content BLOB) STRICT;"]
PAYLOAD = b"Mariam D., who waits for nobody to read this\x00\xff" * 1200  # 56 kB, a ticket in two languages
ROOM_LEFT = [pages * PAGE_BYTES for pages in (0, 1, 2, 3, 5, 8, 12, 20)]


def now() -> dt.datetime:
    """Return a fixed time."""
    return NOW


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of its own for each test."""
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def path(disk: SmallDisk) -> Path:
    """Where the file of a test is."""
    return disk.place / "room" / "things.sqlite"


def keep(file: StateFile, *names: str, reserve: bool = False) -> None:
    """Write rows of 5 kB, all or none."""
    rows = [(name, bytes(5000)) for name in names]
    file.write(lambda db: db.executemany("INSERT INTO thing VALUES (?, ?)", rows), reserve=reserve)


def names(file: StateFile) -> list[str]:
    """Return what is kept."""
    return file.read(lambda db: [name for (name,) in db.execute("SELECT name FROM thing ORDER BY name")])


def kept(action: Callable[[], object]) -> bool:
    """Tell whether there was room for it."""
    try:
        action()
    except FullError:
        return False
    return True


@pytest.mark.parametrize("left", ROOM_LEFT)
def test_on_a_full_disk_all_of_it_is_written_or_nothing(disk: SmallDisk, path: Path, left: int) -> None:
    expected = ["a", "b"]
    with closing(StateFile(path, MIGRATIONS)) as file:
        keep(file, "a", "b")
        disk.fill(left)
        if kept(lambda: keep(file, "c", "d", "e")):
            expected += ["c", "d", "e"]
        assert names(file) == expected
        disk.fill()
        assert not kept(lambda: keep(file, *map(str, range(30))))
        assert names(file) == expected
    with closing(StateFile(path, MIGRATIONS)) as file:
        assert names(file) == expected
        assert file.quarantined is None
        disk.free()
        keep(file, "f")
        assert names(file) == [*expected, "f"]


def test_on_a_full_disk_answers_are_written_as_long_as_there_is_a_ballast(disk: SmallDisk, path: Path) -> None:
    ballast = path.with_name("ballast")
    with closing(StateFile(path, MIGRATIONS)) as file:
        keep(file, "a")
        disk.fill()
        assert not kept(lambda: keep(file, "b"))
        assert ballast.stat().st_size == BALLAST_BYTES
        keep(file, "c", "d", reserve=True)
        assert not ballast.exists()
        for _ in range(100):  # what changes and does not grow is written over and over in the same place
            file.write(lambda db: db.execute("UPDATE thing SET content = randomblob(5000)"), reserve=True)
        assert names(file) == ["a", "c", "d"]
        disk.free()
        keep(file, "e")
        assert ballast.stat().st_size == BALLAST_BYTES


def test_a_file_opens_on_a_full_disk_thanks_to_its_ballast(disk: SmallDisk, path: Path) -> None:
    with closing(StateFile(path, MIGRATIONS)) as file:
        keep(file, "a")
    disk.fill()
    with closing(StateFile(path, MIGRATIONS)) as file:
        assert names(file) == ["a"]
        keep(file, "b", reserve=True)
    disk.free()
    with closing(StateFile(path, MIGRATIONS)) as file:
        assert names(file) == ["a", "b"]


@pytest.mark.parametrize("known", [True, False])
def test_without_ballast_a_full_disk_is_said_and_nothing_is_put_aside(disk: SmallDisk, path: Path, known: bool) -> None:
    path.parent.mkdir()
    if known:
        with closing(StateFile(path, MIGRATIONS)) as file:
            keep(file, "a")
        path.with_name("ballast").unlink()
    disk.fill()
    with pytest.raises(FullError, match="plein"):
        StateFile(path, MIGRATIONS)
    disk.free()
    with closing(StateFile(path, MIGRATIONS)) as file:
        assert names(file) == (["a"] if known else [])
    assert not put_aside(path)


def test_a_disk_that_cannot_be_written_is_not_a_damaged_file(disk: SmallDisk, path: Path) -> None:
    with closing(StateFile(path, MIGRATIONS)) as file:
        keep(file, "a")
    disk.remount("ro")
    with pytest.raises(StateFileError) as error:
        StateFile(path, MIGRATIONS)
    assert not isinstance(error.value, FullError)
    disk.remount("rw")
    with closing(StateFile(path, MIGRATIONS)) as file:
        assert names(file) == ["a"]
        assert file.quarantined is None


@pytest.mark.parametrize("left", ROOM_LEFT)
def test_a_paper_that_began_on_a_full_disk_ends_with_its_proof(disk: SmallDisk, left: int) -> None:
    path = disk.place / "printing" / "spool.sqlite"
    with closing(Spool(path, now)) as spool:
        job = spool.add("ticket", "7K4MQ2XP93TQ", 1, PAYLOAD)
        disk.fill(left)
        try:
            began = spool.sending(job.number).state is State.SENDING
        except SpoolError:
            began = False
            assert spool.job(job.number) == job
            assert spool.payload(job.number) == PAYLOAD
        disk.fill()
        if began:
            spool.sent(job.number)
            spool.printed(job.number, Proof.PROCESS_ID)
            disk.fill()
        with pytest.raises(SpoolError) as refused:
            spool.add("ticket", "another", 1, PAYLOAD)
        assert isinstance(refused.value.__cause__, FullError)
        assert spool.next_copy("ticket", "another", new=True) == 1
    with closing(Spool(path, now)) as spool:
        assert spool.job(job.number).state is (State.PRINTED if began else State.QUEUED)
        disk.free()
        spool.purge(NOW)
        if began:
            with pytest.raises(PayloadLostError):
                spool.payload(job.number)
            assert not any(b"who waits for nobody" in file.read_bytes() for file in path.parent.iterdir())
        else:
            assert spool.cancel(job.number).state is State.CANCELLED


def test_a_picture_leaves_a_full_disk_and_its_room_becomes_the_ballast_again(disk: SmallDisk) -> None:
    path = disk.place / "printing" / "spool.sqlite"
    with closing(Spool(path, now)) as spool:
        job = spool.add("ticket", "7K4MQ2XP93TQ", 1, PAYLOAD)
        disk.fill()
        assert spool.cancel(job.number).state is State.CANCELLED
        assert not any(b"who waits for nobody" in file.read_bytes() for file in path.parent.iterdir())
        assert path.with_name("ballast").stat().st_size == BALLAST_BYTES


@pytest.mark.parametrize("left", ROOM_LEFT)
def test_an_answer_of_the_central_is_written_on_a_full_disk_and_no_new_intent(disk: SmallDisk, left: int) -> None:
    path = disk.place / "journal.sqlite"
    with closing(Outbox(path, now)) as outbox:
        for key in ("booked", "refused"):
            outbox.add(key, Action.BOOK, "/v1/bookings", PAYLOAD[:2000])
            outbox.sending(key)
        disk.fill(left)
        begun = kept(lambda: outbox.add("new", Action.BOOK, "/v1/bookings", PAYLOAD[:2000]))
        assert bool(outbox.find("new")) == begun
        disk.fill()
        outbox.confirmed("booked", "7K4MQ2XP93TQ")
        outbox.refused("refused", "slot-taken")
    with closing(Outbox(path, now)) as outbox:
        found = {intent.key: intent.state for intent in outbox.answered_intents()}
        assert found == {"booked": IntentState.CONFIRMED, "refused": IntentState.REFUSED}
        assert [intent.key for intent in outbox.open_intents()] == (["new"] if begun else [])


def test_what_the_central_answers_to_a_counter_is_written_on_a_full_disk(disk: SmallDisk) -> None:
    path = disk.place / "counter" / "book.sqlite"
    with closing(CounterBook(path)) as book:
        book.add(Note("nonce-0000000001", NOW, "altered"))
        disk.fill()
        with pytest.raises(BookFullError):
            book.add(Note("nonce-0000000002", NOW, "altered"))
        book.answered([Answer("nonce-0000000001", "kept")])
        book.erase_before(NOW.date(), NOW + dt.timedelta(days=1))
        assert book.notes() == ()


@pytest.mark.parametrize("command", [(), ("counter", "--site", "pref-93")], ids=["kiosk", "counter"])
def test_a_program_that_cannot_write_says_so_in_one_line(disk: SmallDisk, command: tuple[str, ...]) -> None:
    disk.remount("ro")
    variables = environment(disk.place / "state", disk.place, {})
    ended = subprocess.run(
        (*KIOSK, *command), env=variables, cwd=disk.place.parent, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    [line] = ended.stderr.splitlines()
    assert "attendu un dossier où ce poste peut écrire" in line
