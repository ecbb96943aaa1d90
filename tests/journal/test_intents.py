"""The journal of open intents on a real file, across lives of the kiosk."""

import datetime as dt
from pathlib import Path

from kiosk.journal.intents import Intent, Intents

SENT_AT = dt.datetime(2027, 1, 11, 9, 0, tzinfo=dt.UTC)
INTENT = Intent("key-1", SENT_AT, SENT_AT + dt.timedelta(minutes=5))


def test_an_intent_survives_until_it_is_answered(tmp_path: Path) -> None:
    first_life = Intents(tmp_path / "journal.sqlite")
    assert first_life.sending(INTENT)
    first_life.close()
    second_life = Intents(tmp_path / "journal.sqlite")
    assert second_life.unanswered() == (INTENT,)
    second_life.answered("key-1")
    assert second_life.unanswered() == ()
    second_life.close()


def test_asking_again_with_the_same_key_is_noticed_and_keeps_the_first_time(tmp_path: Path) -> None:
    intents = Intents(tmp_path / "journal.sqlite")
    later = Intent("key-1", SENT_AT + dt.timedelta(seconds=9), INTENT.hold_expires_at)
    assert intents.sending(INTENT)
    assert not intents.sending(later)
    assert intents.unanswered() == (INTENT,)
    intents.close()


def test_the_oldest_intent_comes_first(tmp_path: Path) -> None:
    intents = Intents(tmp_path / "journal.sqlite")
    older = Intent("key-0", SENT_AT - dt.timedelta(hours=1), SENT_AT)
    intents.sending(INTENT)
    intents.sending(older)
    assert intents.unanswered() == (older, INTENT)
    intents.close()
