"""The counter's book on a real file: what a power cut leaves, who may read it, when it forgets."""

import datetime as dt
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kiosk.journal.counter_book import (
    MIGRATIONS,
    Answer,
    BookError,
    BookInUseError,
    BookNewerError,
    CounterBook,
    Note,
    Noted,
)
from kiosk.statefile import FullError, put_aside

AT = dt.datetime(2027, 1, 11, 9, 0, tzinfo=dt.UTC)
TODAY = AT.date()
YESTERDAY = TODAY - dt.timedelta(days=1)
ADMITTED = Note("nonce-0000000001", AT, "admitted", "7K4MQ2XP93TQ", 1)
WITHDRAWN = Note("nonce-0000000002", AT, "withdrawn", "7K4MQ2XP93TQ", 1, ADMITTED.nonce)
FORGED = Note("nonce-0000000003", AT, "altered")


@contextmanager
def book_in(folder: Path) -> Iterator[CounterBook]:
    with closing(CounterBook(folder / "book.sqlite")) as book:
        yield book


def test_notes_and_their_answers_are_there_in_their_order_after_a_restart(tmp_path: Path) -> None:
    answer = Answer(ADMITTED.nonce, "again", AT - dt.timedelta(minutes=9), "accueil-pref-93")
    with book_in(tmp_path) as book:
        for note in (FORGED, ADMITTED, WITHDRAWN):
            book.add(note)
        book.answered([answer, Answer(FORGED.nonce, "kept")])
    with book_in(tmp_path) as book:
        assert book.notes() == (
            Noted(FORGED, Answer(FORGED.nonce, "kept")),
            Noted(ADMITTED, answer),
            Noted(WITHDRAWN, None),
        )


def test_a_note_is_on_disk_as_soon_as_it_is_written_down(tmp_path: Path) -> None:
    with book_in(tmp_path) as book:
        book.add(ADMITTED)
        with closing(sqlite3.connect(tmp_path / "book.sqlite")) as other:
            assert other.execute("SELECT nonce FROM note").fetchall() == [(ADMITTED.nonce,)]
            assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_nonce_is_written_once(tmp_path: Path) -> None:
    with book_in(tmp_path) as book:
        book.add(ADMITTED)
        with pytest.raises(BookError):
            book.add(ADMITTED)
        assert len(book.notes()) == 1


def test_documents_replace_one_another(tmp_path: Path) -> None:
    with book_in(tmp_path) as book:
        book.keep("keys", b"1")
        book.keep("keys", b"2")
        book.keep("changes", b"some", TODAY)
        book.keep("day", b"all", TODAY, instead_of="changes")
    with book_in(tmp_path) as book:
        assert book.documents() == {"keys": b"2", "day": b"all"}


def test_the_clock_is_remembered(tmp_path: Path) -> None:
    with book_in(tmp_path) as book:
        assert book.clock_offset() == dt.timedelta(0)
        book.keep_clock_offset(dt.timedelta(minutes=3))
        book.keep_clock_offset(dt.timedelta(minutes=-3, microseconds=1))
    with book_in(tmp_path) as book:
        assert book.clock_offset() == dt.timedelta(minutes=-3, microseconds=1)


def test_whether_the_central_is_a_demonstration_is_remembered(tmp_path: Path) -> None:
    for is_one in (False, True, False):
        with book_in(tmp_path) as book:
            book.keep_demonstration(is_one)
        with book_in(tmp_path) as book:
            assert book.demonstration() is is_one


def test_a_book_of_the_first_version_goes_on_with_what_it_holds(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "book.sqlite")) as db:
        db.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
        db.execute("INSERT INTO clock VALUES (1, 7)")
        db.commit()
    for is_one in (False, True):
        with book_in(tmp_path) as book:
            assert book.clock_offset() == dt.timedelta(microseconds=7)
            assert book.demonstration() is is_one
            book.keep_demonstration(True)


def test_earlier_days_are_erased_but_for_what_the_central_has_not_heard(tmp_path: Path) -> None:
    with book_in(tmp_path) as book:
        book.keep("keys", b"kept")
        book.keep("yesterday", b"old", YESTERDAY)
        book.keep("today", b"kept", TODAY)
        for note in (ADMITTED, FORGED):
            book.add(note)
        book.answered([Answer(FORGED.nonce, "kept")])
        book.erase_before(TODAY, AT)
        assert len(book.notes()) == 2
        book.erase_before(TODAY, AT + dt.timedelta(microseconds=1))
        assert book.documents().keys() == {"keys", "today"}
        assert [noted.note for noted in book.notes()] == [ADMITTED]
    assert b"old" not in (tmp_path / "book.sqlite").read_bytes()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "counter"
    umask = os.umask(0)
    try:
        with book_in(folder) as book:
            book.add(ADMITTED)
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    finally:
        os.umask(umask)
    assert set(modes.values()) == {0o600}
    assert {"book.sqlite", "book.sqlite-wal"} <= modes.keys()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_counter_on_the_same_directory_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    with book_in(tmp_path), pytest.raises(BookInUseError), book_in(tmp_path):
        pass
    with book_in(tmp_path) as book:
        assert book.notes() == ()


@pytest.mark.parametrize("trouble", ["newer", "folder"])
def test_a_book_that_cannot_be_opened_is_an_error_of_its_own_and_is_let_go(tmp_path: Path, trouble: str) -> None:
    path = tmp_path / "book.sqlite"
    if trouble == "folder":
        path.mkdir()
    else:
        with book_in(tmp_path):
            pass
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 99")
    for _ in range(2):  # the first attempt left no lock behind
        with pytest.raises(BookError) as error:
            CounterBook(path)
        assert not isinstance(error.value, BookInUseError)
        assert isinstance(error.value, BookNewerError) == (trouble == "newer")


@pytest.mark.parametrize("damage", ["no database", "half"])
def test_a_damaged_book_is_put_aside_and_a_new_one_begun(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "book.sqlite"
    with book_in(tmp_path) as book:
        book.keep("keys", b"x" * 100_000)
    content = path.read_bytes()
    path.write_bytes(b"no database" * 1000 if damage == "no database" else content[: len(content) // 2])
    damaged = path.read_bytes()
    with book_in(tmp_path) as book:
        assert book.documents() == {}
        book.add(ADMITTED)
    assert [each.read_bytes() for each in put_aside(path)] == [damaged]


def test_a_full_disk_is_an_error_and_leaves_the_book_as_it_was(tmp_path: Path) -> None:
    with book_in(tmp_path) as book:
        book._file._db.execute("PRAGMA max_page_count = 1")
        with pytest.raises(BookError) as error:
            book.keep("keys", b"x" * 100_000)
        assert isinstance(error.value.__cause__, FullError)
        assert book.documents() == {}
