"""The journal on a real file, across lives of the kiosk."""

import datetime as dt
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import statefile
from kiosk.journal.outbox import OPEN, Action, IllegalStepError, Intent, Outbox, State, request_code, veiled

NOW = dt.datetime(2027, 1, 11, 9, 0, tzinfo=dt.UTC)
KEY, PATH = "0190c6e0-8f6e-7c3a-9d57", "/v1/bookings"


@contextmanager
def journal(folder: Path) -> Iterator[Outbox]:
    """Open the journal for one life."""
    outbox = Outbox(folder / "journal.sqlite", lambda: NOW)
    try:
        yield outbox
    finally:
        outbox.close()


def test_an_intent_survives_until_it_is_answered_and_heard(tmp_path: Path) -> None:
    with journal(tmp_path) as first:
        asked = first.add(KEY, Action.BOOK, PATH, b"sealed")
        first.sending(KEY)
    with journal(tmp_path) as second:
        (intent,) = second.open_intents()
        assert (intent.state, intent.sealed, intent.tries, intent.asked_at) == (State.UNKNOWN, b"sealed", 1, NOW)
        assert intent.code == asked.code
        second.confirmed(KEY, "7K4MQ2XP93TQ")
    with journal(tmp_path) as third:
        assert third.open_intents() == ()
        (heard,) = third.answered_intents()
        assert (heard.reference, heard.sealed) == ("7K4MQ2XP93TQ", None)
        third.forget(KEY)
        assert third.answered_intents() == ()


def test_the_same_key_again_changes_nothing(tmp_path: Path) -> None:
    with journal(tmp_path) as outbox:
        outbox.add(KEY, Action.BOOK, PATH, b"sealed")
        outbox.sending(KEY)
        assert outbox.add(KEY, Action.CANCEL, "/elsewhere", b"other").sealed == b"sealed"
        assert outbox.find(KEY) == outbox.open_intents()[0]


def test_what_was_asked_is_nowhere_once_it_is_answered(tmp_path: Path) -> None:
    with journal(tmp_path) as outbox:
        outbox.add(KEY, Action.BOOK, PATH, b"a-sealed-body" * 100)
        outbox.sending(KEY)
        outbox.refused(KEY, "hold-expired")
        assert b"a-sealed-body" not in on_disk(tmp_path)


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a reader up at once."""
    monkeypatch.setattr(statefile, "LOCK_SECONDS", 0.0)


@contextmanager
def somebody_reads(folder: Path) -> Iterator[None]:
    """Keep the pages of now alive from a second connection."""
    with closing(sqlite3.connect(folder / "journal.sqlite", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM intent").fetchone()
        yield


def on_disk(folder: Path) -> bytes:
    """Return all bytes of the journal's folder."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize("end", ["confirmed", "refused", "withdraw", "forget"])
def test_what_a_reader_keeps_alive_is_erased_at_the_next_look_and_the_answer_stands(tmp_path: Path, end: str) -> None:
    with journal(tmp_path) as outbox:
        outbox.add(KEY, Action.BOOK, PATH, b"a-sealed-body" * 100)
        with somebody_reads(tmp_path):
            match end:
                case "confirmed":
                    assert outbox.confirmed(KEY, "7K4MQ2XP93TQ").state is State.CONFIRMED
                case "refused":
                    assert outbox.refused(KEY, "hold-expired").state is State.REFUSED
                case "withdraw":
                    assert outbox.withdraw(KEY)
                case "forget":
                    outbox.forget(KEY)
            assert outbox.open_intents() == ()
            assert b"a-sealed-body" in on_disk(tmp_path)
        outbox.answered_intents()
        assert b"a-sealed-body" not in on_disk(tmp_path)


@pytest.mark.usefixtures("no_patience")
def test_what_could_not_be_erased_before_the_power_went_is_erased_at_the_next_start(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    with journal(before) as outbox:
        outbox.add(KEY, Action.BOOK, PATH, b"a-sealed-body" * 100)
        with somebody_reads(before):
            outbox.withdraw(KEY)
            shutil.copytree(before, after)
    assert b"a-sealed-body" in on_disk(after)
    with journal(after):
        assert b"a-sealed-body" not in on_disk(after)


def test_nobody_forgets_what_may_be_done(tmp_path: Path) -> None:
    with journal(tmp_path) as outbox:
        outbox.add(KEY, Action.BOOK, PATH, b"sealed")
        outbox.sending(KEY)
        for bring in (outbox.unknown, outbox.not_known):
            bring(KEY)
            with pytest.raises(IllegalStepError):
                outbox.forget(KEY)


def test_a_hold_is_forgotten_for_it_runs_out_by_itself(tmp_path: Path) -> None:
    with journal(tmp_path) as outbox:
        outbox.add(KEY, Action.HOLD, "/v1/holds", b"sealed")
        outbox.sending(KEY)
        outbox.forget(KEY)
        assert outbox.find(KEY) is None


def test_a_journal_of_the_first_shape_is_brought_to_this_one(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as db, db:
        db.executescript(
            "CREATE TABLE open_intent (key TEXT PRIMARY KEY, sent_at TEXT NOT NULL, hold_expires_at TEXT NOT NULL)"
            " STRICT; PRAGMA user_version = 1;"
        )
        db.execute("INSERT INTO open_intent VALUES (?, ?, ?)", (KEY, NOW.isoformat(), NOW.isoformat()))
    with journal(tmp_path) as outbox:
        (intent,) = outbox.open_intents()
    assert (intent.key, intent.state, intent.sealed, intent.asked_at) == (KEY, State.UNKNOWN, None, NOW)


def test_a_code_has_two_groups_and_does_not_tell_the_key() -> None:
    assert request_code(KEY) == request_code(KEY)
    assert request_code(KEY) != request_code(KEY + "0")
    assert [len(group) for group in request_code(KEY).split("-")] == [4, 4]


STEPS = ("sending", "not_sent", "unknown", "not_known", "confirmed", "refused", "forget")


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=12))
def test_what_left_ends_by_the_word_of_the_central_only(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with journal(tmp_path_factory.mktemp("journal")) as outbox:
        outbox.add(KEY, Action.BOOK, PATH, b"sealed")
        for step in steps:
            before = outbox.find(KEY)
            with suppress(IllegalStepError):
                _take(outbox, step)
            _check(before, outbox.find(KEY), step)


def _take(outbox: Outbox, step: str) -> None:
    match step:
        case "confirmed":
            outbox.confirmed(KEY, "7K4MQ2XP93TQ")
        case "refused":
            outbox.refused(KEY, "hold-expired")
        case _:
            getattr(outbox, step)(KEY)


def _check(before: Intent | None, after: Intent | None, step: str) -> None:
    if before is None:
        assert after is None
    elif after is None:
        assert step == "forget"
        assert not before.may_be_done
    elif before.state in OPEN:
        assert (after.sealed is None) == (after.state not in OPEN)
        assert after.tries >= 0
    else:
        assert after == before, "the central's word is never taken back"


def test_what_the_central_published_is_kept_in_the_place_of_the_last(tmp_path: Path) -> None:
    with journal(tmp_path) as first:
        assert first.kept("catalogue") is None
        first.keep("catalogue", b"old")
        first.keep("catalogue", b"new")
    with journal(tmp_path) as second:
        assert second.kept("catalogue") == b"new"
        assert second.kept("offers/somewhere") is None


def test_who_asked_is_told_only_to_who_knows_the_name(tmp_path: Path) -> None:
    with journal(tmp_path) as outbox:
        outbox.add(KEY, Action.APPLICATION, "/v1/applications", b"sealed", asker=veiled(KEY, "camille"))
        outbox.add(f"{KEY}-2", Action.APPLICATION, "/v1/applications", b"sealed")
        asked, other = outbox.open_intents()
        disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert asked.asker == veiled(KEY, "camille") != veiled(f"{KEY}-2", "camille")
    assert other.asker is None
    assert b"camille" not in disk
