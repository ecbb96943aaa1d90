"""A kiosk whose clock is wrong, or is put right in the middle: the central's time decides, and nobody is misled."""

import datetime as dt
import functools
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from kiosk.api import client
from kiosk.api.client import CentralClient
from kiosk.central import tables as db
from kiosk.desk.desk import JOURNAL_FILE
from kiosk.journal.outbox import Action, Outbox
from tests.screens.test_golden import BrokenWire
from tests.support.central import NOW, MovingClock, RunningCentral
from tests.support.counter import counter

HOUR = dt.timedelta(hours=1)
NEVER_SET = dt.datetime(1970, 1, 1, 0, 3, tzinfo=dt.UTC)
WRONG = {
    "an hour behind": NOW - HOUR,
    "an hour ahead": NOW + HOUR,
    "never set": NEVER_SET,
    "2099": NOW.replace(year=2099),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_with_a_wrong_clock_an_appointment_is_taken_at_the_central_s_time(
    wrong: dt.datetime, demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state", clock=MovingClock(wrong)) as at:
        await at.sign_in()
        await at.start()
        await at.sees("est-ce elle ?")
        await at.press("f9")
        await at.sees("Que faut-il faire ?")
        await at.up_to_check()
        assert "réservé jusqu'à 9\u00a0h\u00a005" in at.text
        assert at.desk.now() == NOW  # as papers and the top of the screen tell it
        await at.press("f10")
        await at.sees("Le rendez-vous est pris.")
    with demo_central.storage.reading() as transaction:
        [booking] = transaction.execute(sa.select(db.bookings).where(db.bookings.c.created_at == NOW)).all()
    assert booking.status == "booked"


@pytest.mark.parametrize("jump", [-2 * HOUR, 2 * HOUR, NEVER_SET - NOW], ids=["back", "forward", "never set"])
async def test_a_clock_that_jumps_between_the_hour_and_f10_changes_nothing(
    jump: dt.timedelta, demo_central: RunningCentral, tmp_path: Path
) -> None:
    clock = MovingClock()
    async with counter(demo_central, tmp_path / "state", clock=clock) as at:
        await at.sign_in()
        await at.up_to_check()
        clock.advance(seconds=jump.total_seconds())
        await at.press("f10")
        await at.sees("Le rendez-vous est pris.")


async def test_an_hour_that_is_not_kept_any_more_is_asked_for_again_whatever_the_kiosk_s_clock_says(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    clock = MovingClock()
    async with counter(demo_central, tmp_path / "state", clock=clock) as at:
        await at.sign_in()
        await at.up_to_check()
        demo_central.clock.advance(seconds=301)
        clock.advance(hours=-1)
        await at.press("f10")
        await at.sees("le temps est passé")
        await at.sees("Quel jour ?")


async def test_how_long_nobody_knows_is_told_by_a_stopwatch(
    demo_central: RunningCentral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire, clock, ran = BrokenWire(), MovingClock(), [1000.0]
    monkeypatch.setattr(client, "CentralClient", functools.partial(CentralClient, transport=wire))
    monkeypatch.setattr("kiosk.screens.sending.monotonic", lambda: ran[-1])
    async with counter(demo_central, tmp_path / "state", clock=clock) as at:
        await at.sign_in()
        await at.up_to_check()
        wire.broken = httpx.ReadError("cut")
        await at.press("f10")
        await at.sees("Nous ne savons pas encore")
        assert "Sans réponse depuis 0 seconde." in at.text
        for hours in (-1, 500_000):
            clock.advance(hours=hours)
            ran.append(ran[-1] + 42)
            await at.sees(f"Sans réponse depuis {ran[-1] - 1000:.0f} secondes.")
        wire.broken = None
        await at.sees("Le rendez-vous est pris.")


async def test_what_was_asked_under_a_clock_that_was_never_set_is_told_without_its_time(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    outbox = Outbox(tmp_path / "state" / JOURNAL_FILE, lambda: NEVER_SET)
    code = outbox.add("a-key-of-another-day", Action.BOOK, "/v1/bookings", b"sealed").code
    outbox.sending("a-key-of-another-day")
    outbox.confirmed("a-key-of-another-day", "7K4MQ2XP93TQ")
    outbox.close()
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.sees(f"À rappeler : demande {code}")
        await at.press("3")
        await at.sees("Le rendez-vous est pris. Code")
        assert f"Demande {code}" in at.text
        assert "1er janvier" not in at.text
