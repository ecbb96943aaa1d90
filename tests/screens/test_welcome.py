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
from kiosk.desk.welcome import BOOK_FILE, Welcome
from kiosk.embedded import RemoteCentral
from kiosk.statefile import put_aside
from kiosk.welcome_app import WelcomeApp
from tests.central.calls import at_counter, booked, cancel, deliver, newcomer, note
from tests.screens.test_contrast import faint
from tests.screens.test_golden import compare, steady
from tests.support.central import NOW, MovingClock, RunningCentral
from tests.support.counter import Screen
from tests.support.pilot import until
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
        assert not covered(at)
        assert not faint(at)
        self.seen[name] = steady(at.text) + "\n"


def covered(at: Screen) -> bool:
    """Return whether the bottom line lies over anything else that is said."""
    *others, standing = [widget for widget in at.app.screen.query("#body > *") if widget.region]
    return any(widget.region.overlaps(standing.region) for widget in others)


def counter_of(at: Screen) -> Welcome:
    """Return the counter behind the screen."""
    assert isinstance(at.app, WelcomeApp)
    return at.app._counter


def fill_the_disk(at: Screen) -> None:
    """Let nothing more be written down at this counter."""
    opened = counter_of(at)._opened
    assert opened
    opened.book._file._db.execute("PRAGMA query_only = ON")


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
        await stops.note(at, "welcome_good", "1 entrée · tout est transmis")
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
        await at.sees("! 1 message")
        await at.press("f8")
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
            await at.sees("Sans réseau")
            await stops.note(at, "welcome_old_list", "1 entrée · 1 à transmettre")
    compare(stops.seen, request)


async def test_without_a_list_the_answer_says_what_was_checked_all_the_same(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    clock = MovingClock()
    with newcomer(demo_central, "shop-7") as kiosk:
        [booking] = booked(kiosk, demo_central.add_slot("far", capacity=1, start=SOON + dt.timedelta(days=9)), WHO)
    with cutting_proxy(demo_central.base_url) as proxy:
        async with welcome_desk(demo_central, tmp_path / "state", clock, proxy.url) as at:
            await at.sees("tout est transmis")
            proxy.unplug()
            clock.advance(days=9)
            for scan, said, known in (
                (booking["token"], "TICKET BON", "seuls signature, lieu, jour et heure sont vérifiés."),
                ("RDV1:00ABC", "PAS JUSTE", "Ce poste n'a pas la liste du jour."),
            ):
                await at.type(scan)
                await at.sees(said)
                assert known in at.text
                assert "Sans réseau" not in at.text
                assert not at.clipped()


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


async def test_what_speaks_against_an_entry_is_in_its_answer_and_is_news_that_a_key_dismisses(
    demo_central: RunningCentral, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    stops = Stops()
    with newcomer(demo_central, "shop-5") as kiosk:
        slots = [demo_central.add_slot(f"twice-{n}", capacity=1, start=SOON + n * QUARTER) for n in range(3)]
        tickets = [booked(kiosk, slot)[0] for slot in slots]
    with cutting_proxy(demo_central.base_url) as proxy:
        async with welcome_desk(demo_central, tmp_path / "state", demo_central.clock, proxy.url) as at:
            await at.sees("tout est transmis")
            proxy.unplug()
            for ticket in tickets:
                await at.type(ticket["token"])
                await at.sees("TICKET BON")
            with at_counter(demo_central, "guichet-2") as other:
                deliver(
                    other, *(note(at=NOW - QUARTER, reference=ticket["reference"], revision=1) for ticket in tickets)
                )
            proxy.plug_in()
            await counter_of(at).sync()
            await at.sees("TICKET DÉJÀ PASSÉ")
            assert "Passé à 8\u00a0h\u00a045, poste guichet-2" in at.text
            assert not at.app.screen.query(".-go")
            await at.sees("! 3 messages")
            assert "deux fois" not in at.text
            await at.sees("Central ✓")
            await stops.note(at, "welcome_twice", "3 entrées · tout est transmis")
            await at.press("f8")
            await at.sees("F8 : c'est fait.")
            assert "PASSÉ" not in at.text
            await stops.note(at, "welcome_news")
            await at.press("f8")
            await at.sees("! 1 message")
            assert at.text.count("deux fois") == 1
            await at.press("f8")
            await at.sees("Scannez le carré")
            assert "message" not in at.text.replace("F8 messages", "")
            await at.type(tickets[0]["token"])
            await at.sees("TICKET DÉJÀ PASSÉ")
            document = Document("TD1", "DIALLO", "MARIAM", "900203")
            await at.press(*(key for line in document.lines() for key in (*line, "enter")))
            await at.sees("≠ Ce n'est pas la personne du rendez-vous")
            await counter_of(at).sync()
            await stops.note(at, "welcome_twice_compared", "3 entrées · tout est transmis")
            await at.type("P<UTOERIKSSON<<ANNA")
            await at.sees("bas d'un document d'identité")
            assert at.app.screen.query_one("#notice").region.height == 2
            await stops.note(at, "welcome_twice_told", "3 entrées · tout est transmis")
    compare(stops.seen, request)


async def test_a_damaged_book_that_was_put_aside_is_said_until_somebody_takes_it_away(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    book = counter_settings(demo_central, tmp_path / "state").counter_dir(SITE) / BOOK_FILE
    book.parent.mkdir(parents=True)
    book.write_bytes(b"no database" * 1000)
    async with welcome_desk(demo_central, tmp_path / "state", demo_central.clock) as at:
        await at.sees("tout est transmis")
        await at.sees("était abîmé")
        said = " ".join(at.text.split())
        assert "! Le carnet de ce poste était abîmé. Il est mis de côté : book.sqlite.damaged-" in said
        assert "y est resté. Prévenez qui a installé ce poste." in said
        assert not at.clipped()
        assert not covered(at)
        await at.type("RDV1:00ABC")
        await at.sees("PAS JUSTE")
        assert "abîmé" not in at.text
        for aside in put_aside(book):
            aside.unlink()
        await counter_of(at).sync()
        await at.press("f8")
        await at.sees("tout est transmis")
        assert "abîmé" not in at.text


async def test_an_entry_that_cannot_be_written_down_is_told_in_the_words_of_a_counter(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with newcomer(demo_central, "shop-6") as kiosk:
        [booking] = booked(kiosk, demo_central.add_slot("today", capacity=1, start=SOON))
    async with welcome_desk(demo_central, tmp_path / "state", demo_central.clock) as at:
        await at.sees("tout est transmis")
        await at.type(booking["token"])
        await at.sees("1 entrée · tout est transmis")
        fill_the_disk(at)
        await at.press("escape")
        await at.sees("l'entrée compte encore")
        await at.type("RDV1:00ABC")
        await at.sees(": cette entrée n'est pas")
        assert "réservé" not in at.text
        assert not at.clipped()


async def test_a_window_that_is_too_small_is_said_as_long_as_it_is(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with welcome_desk(demo_central, tmp_path / "state", demo_central.clock) as at:
        await at.sees("tout est transmis")
        for size in ((80, 23), (79, 24)):
            await at.pilot.resize_terminal(*size)
            await at.sees("Fenêtre trop petite : il faut 80 colonnes et 24 lignes.")
            await at.pilot.resize_terminal(80, 24)
            await until(lambda: "Fenêtre" not in at.text)
