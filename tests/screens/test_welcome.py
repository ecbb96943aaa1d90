"""The welcome desk's screen: tickets one after the other, with a network or without."""

import datetime as dt
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from kiosk.central import tables as db
from kiosk.desk.welcome import Welcome
from kiosk.embedded import RemoteCentral
from kiosk.welcome_app import WelcomeApp
from tests.central.calls import booked, cancel, newcomer
from tests.screens.test_contrast import faint
from tests.screens.test_golden import compare, steady
from tests.support.central import NOW, MovingClock, RunningCentral
from tests.support.counter import Screen
from tests.support.proxy import cutting_proxy
from tests.support.welcome import SITE, counter_settings
from tests.tickets.zones import Document

WHO = {"surname": "Diallo", "given_names": "Mariam", "birth_date": "1990-02-03"}
SOON = NOW + dt.timedelta(hours=1, minutes=7)
QUARTER = dt.timedelta(minutes=15)


class Stops:
    """Screens as they were seen: nothing clipped, nothing faint."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    async def note(self, at: Screen, name: str, bottom: str = "tout est transmis") -> None:
        """Look at the screen, once the bottom line is true again."""
        await at.sees(bottom)
        assert not at.clipped()
        assert not faint(at)
        self.seen[name] = steady(at.text) + "\n"


@asynccontextmanager
async def welcome_desk(
    central: RunningCentral,
    state_dir: Path,
    clock: MovingClock,
    url: str | None = None,
    idle: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Screen]:
    """Run the full screen of the demonstration's counter in Bobigny."""
    nonces = (f"test-nonce-{number:06d}" for number in itertools.count())
    settings = counter_settings(central, state_dir, url)
    counter = Welcome(
        settings, SITE, host=RemoteCentral(url or central.base_url), now=clock, new_nonce=lambda: next(nonces)
    )
    app = WelcomeApp(counter, clock=idle)
    async with app.run_test(size=(80, 24)) as pilot:
        yield Screen(app, pilot)


async def test_a_day_at_the_welcome_desk(
    demo_central: RunningCentral, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    stops = Stops()
    with newcomer(demo_central, "shop-1") as kiosk:
        [booking] = booked(kiosk, demo_central.add_slot("today", capacity=1, start=SOON), WHO)
        [gone] = booked(kiosk, demo_central.add_slot("gone", capacity=1, start=SOON + dt.timedelta(minutes=20)))
        assert cancel(kiosk, gone).is_success
    async with welcome_desk(demo_central, tmp_path / "state", demo_central.clock) as at:
        await at.sees("Liste de 9\u00a0h\u00a000 · 0 entrée · tout est transmis")
        await stops.note(at, "welcome")
        await at.type(booking["token"])
        await at.sees("TICKET BON")
        assert "Aujourd'hui, 10\u00a0h\u00a007" in at.text
        assert "carte de séjour, première demande" in at.text
        await stops.note(at, "welcome_good")
        await at.sees("1 entrée · tout est transmis")
        await at.press(
            *(key for line in Document("TD1", "DIALLO", "MARIAM", "900204").lines() for key in (*line, "enter"))
        )
        await at.sees("PAS LA MÊME IDENTITÉ")
        await at.sees("0 entrée")
        await at.press(
            *(key for line in Document("TD3", "DIALLO", "MARIAM", "900203").lines() for key in (*line, "enter"))
        )
        await at.sees("BONNE PERSONNE")
        await at.sees("1 entrée")
        await at.type(booking["token"])
        await at.sees("TICKET DÉJÀ PASSÉ")
        assert "Passé à 9\u00a0h\u00a000" in at.text
        await stops.note(at, "welcome_again")
        await at.type(gone["token"])
        await at.sees("RENDEZ-VOUS ANNULÉ")
        await stops.note(at, "welcome_cancelled")
    compare(stops.seen, request)


async def test_echap_takes_an_entry_back(demo_central: RunningCentral, tmp_path: Path) -> None:
    with newcomer(demo_central, "shop-2") as kiosk:
        [booking] = booked(kiosk, demo_central.add_slot("today", capacity=1, start=SOON), WHO)
    async with welcome_desk(demo_central, tmp_path / "state", demo_central.clock) as at:
        await at.sees("tout est transmis")
        for _ in range(2):
            await at.type(booking["token"])
            await at.sees("TICKET BON")
            await at.press("escape")
            await at.sees("la personne n'est pas entrée avec ce ticket")
            await at.sees("0 entrée")


async def test_a_counter_that_the_central_wants_no_more_says_so(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with welcome_desk(demo_central, tmp_path / "state", demo_central.clock) as at:
        await at.sees("tout est transmis")
        with demo_central.storage.writing() as transaction:
            transaction.execute(sa.update(db.counters).values(revoked_at=NOW))
        await at.type("RDV1:00ABC")
        await at.sees("Le central ne veut pas de ce poste")
        assert not at.clipped()


async def test_without_a_network_the_answer_says_how_old_its_knowledge_is(
    demo_central: RunningCentral, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    stops, clock = Stops(), MovingClock()
    with newcomer(demo_central, "shop-3") as kiosk:
        [booking] = booked(kiosk, demo_central.add_slot("today", capacity=1, start=SOON), WHO)
    with cutting_proxy(demo_central.base_url) as proxy:
        async with welcome_desk(demo_central, tmp_path / "state", clock, proxy.url) as at:
            await at.sees("tout est transmis")
            proxy.unplug()
            clock.advance(hours=1)
            await at.type(booking["token"])
            await at.sees("TICKET BON")
            assert "une liste d'il y a 1 heure" in at.text
            assert "une annulation récente ne se voit pas" in at.text
            await at.sees("Central ✗")
            await stops.note(at, "welcome_old_list", "1 entrée · 1 à transmettre")
    compare(stops.seen, request)


async def test_tickets_scanned_without_a_pause_are_counted_one_by_one(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with newcomer(demo_central, "shop-4") as kiosk:
        [first] = booked(kiosk, demo_central.add_slot("first", capacity=1, start=SOON))
        [second] = booked(kiosk, demo_central.add_slot("second", capacity=1, start=SOON + QUARTER), WHO)
    document = Document("TD1", "DIALLO", "MARIAM", "900203")
    async with welcome_desk(demo_central, tmp_path / "state", demo_central.clock) as at:
        await at.sees("tout est transmis")
        lines = (first["token"], second["token"], *document.lines())
        await at.press(*(key for line in lines for key in (*line, "enter")))
        await at.sees("BONNE PERSONNE")
        await at.sees("2 entrées")
