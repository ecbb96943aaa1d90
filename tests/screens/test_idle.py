"""A visit that nobody touches is asked about, hidden, at last erased; a clock moved by hand tells how long."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.screen import ModalScreen

from kiosk.app import KioskApp
from kiosk.central import tables as db
from kiosk.printing.simulator import Faults, Simulator
from kiosk.screens.base import MaskScreen
from kiosk.terminal.idle import IdleClock
from kiosk.widgets.field import Field
from tests.central.calls import booked, newcomer
from tests.screens.test_welcome import SOON, WHO, welcome_desk
from tests.support.central import RunningCentral
from tests.support.counter import Counter, Screen, counter, settings_for
from tests.support.hand_clock import HandClock
from tests.support.pilot import until
from tests.support.proxy import cutting_proxy

STILL_THERE = "Vous êtes là ? Une touche pour continuer… sinon l'écran se masque dans 30 s"
MASKED = "Écran masqué"
WIPED = "La visite a été effacée après 5 minutes sans touche."


@asynccontextmanager
async def left_alone(
    central: RunningCentral, tmp_path: Path, printer: str = "virtual:"
) -> AsyncIterator[tuple[Counter, HandClock]]:
    """Run a kiosk whose idle time passes by hand."""
    clock = HandClock()
    async with counter(central, tmp_path / "state", printer=printer, stopwatch=clock) as at:
        await at.sign_in()
        yield at, clock


async def looked(at: Screen) -> None:
    """Wait until the idle clock was looked at, twice: once may have begun before."""
    looks = 0
    look = IdleClock.look

    def counted(clock: IdleClock, *, awaited: bool = False) -> object:
        nonlocal looks
        looks += 1
        return look(clock, awaited=awaited)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IdleClock, "look", counted)
        await until(lambda: looks >= 2)
    await at.pilot.pause()


async def test_a_visit_is_asked_about_then_hidden_then_erased_and_its_hour_given_back(
    demo_central: RunningCentral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bells: list[str] = []
    monkeypatch.setattr(KioskApp, "bell", lambda _: bells.append("rung"))
    async with left_alone(demo_central, tmp_path) as (at, clock):
        await at.up_to_check()
        await looked(at)
        clock.advance(89)
        await looked(at)
        assert STILL_THERE not in at.text
        clock.advance(1)
        await at.sees(STILL_THERE)
        assert bells == ["rung"]
        clock.advance(30)
        await at.sees(MASKED)
        assert "Mariam" not in at.text
        assert demo_central.count(db.holds) == 1
        clock.advance(180)
        await at.sees(WIPED)
        assert "Que faut-il faire ?" in at.text
        assert not at.clipped()
        await until(lambda: demo_central.count(db.holds) == 0)
        await looked(at)
        clock.advance(3600)
        await looked(at)
        assert WIPED in at.text, "nobody is there to be asked"


@pytest.mark.parametrize(("seconds", "cover"), [(90, STILL_THERE), (120, MASKED)])
@pytest.mark.parametrize("key", ["f9", "escape", "enter", "x", "tab"])
async def test_a_key_says_yes_and_nothing_else(
    demo_central: RunningCentral, tmp_path: Path, seconds: int, cover: str, key: str
) -> None:
    async with left_alone(demo_central, tmp_path) as (at, clock):
        await at.press("enter")
        await at.sees("Qui vient")
        await at.press(*"DIAL")
        await looked(at)
        clock.advance(seconds)
        await at.sees(cover)
        await at.press(key)
        await at.sees("Qui vient")
        await until(lambda: cover not in at.text)
        assert [field.value for field in at.app.screen.query(Field)][:2] == ["DIAL", ""]
        assert at.app.focused is at.app.screen.query(Field).first()
        clock.advance(89)
        await looked(at)
        assert STILL_THERE not in at.text


async def test_a_mask_put_on_by_hand_stays_on_and_time_runs(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with left_alone(demo_central, tmp_path) as (at, clock):
        await at.up_to_places()
        await at.press("f12")
        await at.sees(MASKED)
        for _ in range(2):
            clock.advance(110)
            await looked(at)
            assert isinstance(at.app.screen, MaskScreen)
            assert sum(isinstance(screen, MaskScreen) for screen in at.app.screen_stack) == 1
        clock.advance(80)
        await at.sees(WIPED)


@pytest.mark.parametrize("over", ["f1", "f2"])
async def test_whatever_lies_over_the_question_goes_with_it(
    demo_central: RunningCentral, tmp_path: Path, over: str
) -> None:
    async with left_alone(demo_central, tmp_path) as (at, clock):
        await at.up_to_check()
        await at.press(over)
        await until(lambda: isinstance(at.app.screen, ModalScreen))
        await looked(at)
        clock.advance(300)
        await at.sees(WIPED)


async def test_f7_and_f5_are_erased_as_a_visit_is(demo_central: RunningCentral, tmp_path: Path) -> None:
    with newcomer(demo_central, "shop-1") as kiosk:
        [booking] = booked(kiosk, demo_central.add_slot("good", capacity=1), WHO)
    async with left_alone(demo_central, tmp_path) as (at, clock):
        await at.press("f7")
        await at.sees("Scannez le carré du ticket")
        await at.type(booking["token"])
        await at.sees("TICKET BON")
        await at.press("f5")
        await at.sees("Qui montre ce ticket")
        for letter in "DIAL":  # by hand: a burst would be a scan
            await at.press(letter)
        await looked(at)
        clock.advance(300)
        await at.sees(WIPED)


async def test_nobody_is_asked_on_the_first_screens(demo_central: RunningCentral, tmp_path: Path) -> None:
    clock = HandClock()
    async with counter(demo_central, tmp_path / "state", stopwatch=clock) as at:
        await at.sees("Qui tient ce poste ?")
        clock.advance(3600)
        await looked(at)
        assert "Qui tient ce poste ?" in at.text
        await at.sign_in()
        clock.advance(3600)
        await looked(at)
        assert "Que faut-il faire ?" in at.text


async def test_no_unanswered_request_is_left_and_the_time_begins_anew_with_the_answer(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    clock = HandClock()
    with cutting_proxy(demo_central.base_url) as line:
        settings = settings_for(line.url, tmp_path / "state")
        async with counter(demo_central, tmp_path / "state", settings=settings, stopwatch=clock) as at:
            await at.sign_in()
            await at.up_to_check()
            line.cut_answers_to("POST /v1/bookings HTTP")
            line.unplug()
            await at.press("f10")
            await at.sees("Ne recommencez pas")
            clock.advance(3600)
            await looked(at)
            assert "Ne recommencez pas" in at.text
            line.cut_answers_to(None)
            line.plug_in()
            await at.sees("Ticket virtuel écrit")
            await looked(at)
            clock.advance(89)
            await looked(at)
            assert STILL_THERE not in at.text
            clock.advance(211)
            await at.sees(WIPED)


async def test_a_ticket_on_its_way_is_not_left_but_one_that_waits_for_a_roll_is(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with Simulator(Faults(paper_out_after=6_000)) as printer:
        async with left_alone(demo_central, tmp_path, printer.url) as (at, clock):
            await at.up_to_check()
            await at.press("f10")
            await at.sees("continue tout seul")
            clock.advance(3600)
            await looked(at)
            assert "continue tout seul" in at.text
            printer.set(paper_out=False)
            await at.sees("Le ticket est imprimé.")
            printer.set(paper_out=True)
            await at.press("f8")
            await at.sees("Le ticket attend.")
            clock.advance(1)
            await looked(at)
            while WIPED not in at.text:  # tries, which do not count, come in between
                clock.advance(10)
                await looked(at)


async def test_a_welcome_desk_forgets_a_name_half_typed_and_an_old_answer(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    clock = HandClock()
    with newcomer(demo_central, "shop-1") as kiosk:
        [booking] = booked(kiosk, demo_central.add_slot("today", capacity=1, start=SOON), WHO)
    async with welcome_desk(demo_central, tmp_path / "state", demo_central.clock, idle=clock) as at:
        await at.sees("tout est transmis")
        await at.type(booking["token"])
        await at.sees("TICKET BON")
        await at.press("f5")
        await at.sees("Qui montre ce ticket")
        for letter in "DIAL":  # by hand: a burst would be a scan
            await at.press(letter)
        await looked(at)
        clock.advance(299)
        await looked(at)
        assert "DIAL" in at.text
        clock.advance(1)
        await at.sees("Scannez le carré du ticket")
        assert "TICKET BON" not in at.text
