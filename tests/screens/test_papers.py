"""Paper at the counter: what the printer says, what a person must say, and in which language it speaks."""

import asyncio
import contextlib
import datetime as dt
import functools
import sqlite3
from pathlib import Path

import httpx
import pytest

from kiosk.api import client
from kiosk.api.client import CentralClient
from kiosk.desk.desk import JOURNAL_FILE
from kiosk.printing.errors import PayloadError
from kiosk.printing.paper import papers
from kiosk.printing.simulator import Faults, Simulator
from kiosk.printing.spool import PLACE, Learned, Spool
from kiosk.screens.sending import SendingScreen
from kiosk.screens.step import StepScreen
from kiosk.screens.ticket import TicketScreen
from kiosk.statefile import put_aside
from tests.screens.test_golden import BrokenWire
from tests.support.central import RunningCentral
from tests.support.counter import Counter, counter
from tests.support.pilot import until


async def book(at: Counter) -> None:
    """Sign in, and come to the ticket as if every question had been answered: other tests walk the road."""
    await at.sign_in()
    booking = await at.desk.bookings.book(await at.holding_an_hour())
    at.app.on_step_screen_booked(StepScreen.Booked(booking, new=True, language=""))
    await at.sees("Le rendez-vous est pris.")


async def come_out(printer: Simulator, number: int) -> None:
    """Wait for that many papers."""
    await asyncio.to_thread(printer.wait_until, lambda it: len(it.papers) >= number)


def plain_file(tmp_path: Path) -> tuple[str, Path]:
    """Return the address of a printer that never answers: a file that grows, like /dev/usb/lp0."""
    path = tmp_path / "lp0"
    path.touch()
    return f"file://{path}", path


def papers_in(path: Path) -> int | None:
    """Return how many papers came out; None while one is being printed."""
    try:
        return len(papers(path.read_bytes()))
    except PayloadError:
        return None


async def test_a_printer_that_proves_it_is_believed(demo_central: RunningCentral, tmp_path: Path) -> None:
    with Simulator() as printer:
        async with counter(demo_central, tmp_path / "state", printer=printer.url) as at:
            await book(at)
            await at.sees("Le ticket est imprimé.")
        assert len(printer.papers) == 1


async def test_without_paper_the_check_says_so_and_the_ticket_waits_for_a_roll(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with Simulator(Faults(paper_out=True)) as printer:
        async with counter(demo_central, tmp_path / "state", printer=printer.url) as at:
            await at.sign_in()
            await at.up_to_check()
            await at.sees("Il n'y a plus de papier.")
            assert not at.clipped()
            await at.press("f10")
            await at.sees("Le ticket attend.")
            assert not at.clipped()
            assert printer.papers == []
            printer.set(paper_out=False)
            await at.sees("Le ticket est imprimé.")
        assert len(printer.papers) == 1


async def test_the_check_stops_complaining_once_the_printer_is_well(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with Simulator(Faults(cover_open=True)) as printer:
        async with counter(demo_central, tmp_path / "state", printer=printer.url) as at:
            await at.sign_in()
            await at.up_to_check()
            await at.sees("Le capot de l'imprimante est ouvert.")
            printer.set(cover_open=False)
            await until(lambda: "capot" not in at.text)


async def test_a_roll_that_ends_in_the_middle_is_changed_and_nothing_is_sent_again(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with Simulator(Faults(paper_out_after=6_000)) as printer:
        async with counter(demo_central, tmp_path / "state", printer=printer.url) as at:
            await book(at)
            await at.sees("continue tout seul")
            assert not at.clipped()
            printer.set(paper_out=False)
            await at.sees("Le ticket est imprimé.")
        assert len(printer.papers) == 1


async def test_nobody_knows_so_a_person_says_yes(demo_central: RunningCentral, tmp_path: Path) -> None:
    url, path = plain_file(tmp_path)
    async with counter(demo_central, tmp_path / "state", printer=url) as at:
        await book(at)
        await at.sees("Le ticket est-il sorti")
        assert not at.clipped()
        await at.press("o")
        await at.sees("Le ticket est sorti.")
        await at.press("f9")
        await at.sees("Que faut-il faire ?")
        assert "est-il sorti" not in at.text
    assert len(papers(path.read_bytes())) == 1


@pytest.mark.parametrize("key", ["n", "f8"])
async def test_a_person_says_no_and_the_next_paper_is_a_duplicate(
    demo_central: RunningCentral, tmp_path: Path, key: str
) -> None:
    url, path = plain_file(tmp_path)
    async with counter(demo_central, tmp_path / "state", printer=url) as at:
        await book(at)
        await at.sees("Le ticket est-il sorti")
        await at.press(key)
        await until(lambda: papers_in(path) == 2)
        await at.sees("Le ticket est-il sorti")
        await at.press("o")
        await at.sees("Le ticket est sorti.")
    first, second = papers(path.read_bytes())
    assert second.height > first.height  # DUPLICATA n° 2, and the moment, stand above


async def test_a_question_left_open_is_asked_on_the_first_screen_even_after_a_restart(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    url, _ = plain_file(tmp_path)
    async with counter(demo_central, tmp_path / "state", printer=url) as at:
        await book(at)
        await at.sees("Le ticket est-il sorti")
        await at.press("f9")
        await at.sees(": est-il sorti ?")
    async with counter(demo_central, tmp_path / "state", printer=url) as at:
        await at.sign_in()
        await at.sees(": est-il sorti ?")
        assert "DIALLO" not in at.text
        await at.press("3")
        await at.sees("est-il sorti en entier ?")
        assert not at.clipped()
        await at.press("escape")
        await at.sees("Que faut-il faire ?")
        await at.press("3")
        await at.sees("est-il sorti en entier ?")
        await at.press("1")
        await at.sees("Que faut-il faire ?")
        assert ": est-il sorti ?" not in at.text


async def test_a_ticket_that_never_left_can_be_printed_later_unmarked(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with Simulator(Faults(paper_out=True)) as printer:
        async with counter(demo_central, tmp_path / "state", printer=printer.url) as at:
            await book(at)
            await at.sees("Le ticket attend.")
            await at.press("f9")
            await at.sees("pas encore imprimé")
            printer.set(paper_out=False)
            await at.press("3")
            await at.sees("L'imprimer ?")
            await at.press("1")
            await at.sees("Que faut-il faire ?")
            assert "pas encore imprimé" not in at.text
        assert len(printer.papers) == 1


async def test_a_ticket_that_never_left_can_be_given_up(demo_central: RunningCentral, tmp_path: Path) -> None:
    with Simulator(Faults(cover_open=True)) as printer:
        async with counter(demo_central, tmp_path / "state", printer=printer.url) as at:
            await book(at)
            await at.sees("Le ticket attend.")
            await at.press("f9")
            await at.sees("pas encore imprimé")
            await at.press("3")
            await at.sees("L'imprimer ?")
            await at.press("1")
            await at.sees("Le capot de l'imprimante est ouvert.")
            await at.press("2")
            await at.sees("Que faut-il faire ?")
            assert "pas encore imprimé" not in at.text
        assert printer.papers == []


async def test_f2_adds_a_language_to_the_ticket_and_the_check_shows_it(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    url, path = plain_file(tmp_path)
    async with counter(demo_central, tmp_path / "state", printer=url) as at:
        await at.sign_in()
        await at.up_to_check()
        await at.sees("Ticket      français seulement")
        await at.press("f2")
        await at.sees("le ticket parle quelle langue ?")
        assert not at.clipped()
        await at.press("escape")
        await at.sees("Ticket      français seulement")
        await at.press("f2")
        await at.sees("le ticket parle quelle langue ?")
        await at.press("3")
        await at.sees("Ticket      anglais")
        await at.press("f10")
        await at.sees("Le ticket est-il sorti")
        await at.press("f2")
        await at.sees("le ticket parle quelle langue ?")
        await at.press("1")
        await at.sees("F8 imprime un")
        await at.press("f8")
        await until(lambda: papers_in(path) == 2)
    bilingual, french = papers(path.read_bytes())
    assert bilingual.height > french.height + 400


async def test_a_spool_that_cannot_be_written_prints_nothing_and_says_so(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with Simulator() as printer:
        async with counter(demo_central, tmp_path / "state", printer=printer.url) as at:
            await at.sign_in()
            await at.up_to_check()
            other = sqlite3.connect(tmp_path / "state" / PLACE, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            await at.press("f10")
            await at.sees("n'arrive plus à")
            assert not at.clipped()
            other.rollback()
            other.close()
            await at.press("f8")
            await at.sees("Le ticket est imprimé.")
        assert len(printer.papers) == 1


async def test_f6_prints_who_helps_against_resale_each_time_anew(demo_central: RunningCentral, tmp_path: Path) -> None:
    with Simulator(Faults(cover_open=True)) as printer:
        async with counter(demo_central, tmp_path / "state", printer=printer.url) as at:
            await at.sign_in()
            await at.press("f6")
            await at.sees("Le capot de l'imprimante est ouvert.")
            assert not at.clipped()
            printer.set(cover_open=False)
            await at.press("f6")
            await at.sees("La feuille est partie")
            await at.press("f6")
            await come_out(printer, 2)
            assert "Ticket" not in at.text
        assert printer.papers[0].tobytes() == printer.papers[1].tobytes()


async def test_after_a_day_nobody_is_asked_and_nothing_stays(demo_central: RunningCentral, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Simulator(Faults(paper_out=True)) as printer:
        async with counter(demo_central, state, printer=printer.url) as at:
            await book(at)
            await at.sees("Le ticket attend.")
        demo_central.clock.advance(days=1, hours=1)
        async with counter(demo_central, state, printer=printer.url) as at:
            await at.sign_in()
            assert "pas encore imprimé" not in at.text
    with sqlite3.connect(state / PLACE) as spool:
        assert spool.execute("SELECT state FROM job").fetchall() == [("cancelled",)]
        assert spool.execute("SELECT * FROM payload").fetchall() == []


async def test_what_the_test_card_taught_is_known_at_the_desk(demo_central: RunningCentral, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Simulator(Faults(silent=True)) as printer:
        with contextlib.closing(Spool(state / PLACE, lambda: dt.datetime.now(dt.UTC))) as taught:
            taught.learn(printer.url, Learned(answers=True, process_id=True, identity=""))
        async with counter(demo_central, state, printer=printer.url) as at:
            await at.sign_in()
            await at.up_to_check()
            await at.sees("L'imprimante ne répond plus.")


async def test_a_kiosk_that_ends_waits_for_no_roll_and_asks_at_its_next_start(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with Simulator(Faults(paper_out_after=6_000)) as printer:
        async with counter(demo_central, tmp_path / "state", printer=printer.url) as at:
            await book(at)
            await at.sees("continue tout seul")
            await at.press("f9")
            await at.sees("Que faut-il faire ?")
            await at.start()
            await at.sees("est-ce elle ?")
        async with counter(demo_central, tmp_path / "state", printer="virtual:") as at:
            await at.sign_in()
            await at.sees(": est-il sorti ?")


async def test_while_one_paper_waits_for_a_roll_the_next_check_says_what_it_needs(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with Simulator(Faults(paper_out_after=6_000)) as printer:
        async with counter(demo_central, tmp_path / "state", printer=printer.url) as at:
            await book(at)
            await at.sees("continue tout seul")
            await at.press("f9")
            await at.sees("Que faut-il faire ?")
            await at.press("f6")
            await at.sees("Il n'y a plus de papier.")
            printer.set(paper_out=False)
            await come_out(printer, 1)


async def test_a_mask_stays_on_when_the_answer_comes(
    demo_central: RunningCentral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = BrokenWire()
    monkeypatch.setattr(client, "CentralClient", functools.partial(CentralClient, transport=wire))
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        wire.broken = httpx.ReadError("cut")
        await at.press("f10")
        await at.sees("Nous ne savons pas encore")
        await at.press("f12")
        await at.sees("Écran masqué")
        wire.broken = None
        await until(lambda: any(isinstance(screen, TicketScreen) for screen in at.app.screen_stack))
        await at.sees("Écran masqué")
        assert not any(isinstance(screen, SendingScreen) for screen in at.app.screen_stack)
        await at.press("enter")
        await at.sees("Le rendez-vous est pris.")


async def test_a_spool_that_cannot_be_read_is_said_and_not_blamed_on_the_server(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    spool = tmp_path / "state" / PLACE
    spool.mkdir(parents=True)
    async with counter(demo_central, tmp_path / "state") as at:
        await at.type("demo")
        await at.type("000000")
        await at.sees("ne peut pas lire ou écrire ses propres fichiers")
        assert not at.clipped()


async def test_damaged_files_are_put_aside_and_said_once_the_shift_is_open(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    for name in (PLACE, Path(JOURNAL_FILE)):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_bytes(b"no database" * 1000)
    async with counter(demo_central, state) as at:
        await at.sign_in()
        said = " ".join(at.text.split())
        assert "Le journal des impressions était abîmé. Il est mis de côté : spool.sqlite.damaged-" in said
        assert "Le journal des demandes était abîmé. Il est mis de côté : journal.sqlite.damaged-" in said
        assert said.count("Prévenez qui a installé ce poste.") == 2
        assert not at.clipped()
    for aside in (*put_aside(state / PLACE), *put_aside(state / JOURNAL_FILE)):
        aside.unlink()
    async with counter(demo_central, state) as at:
        await at.sign_in()
        assert "abîmé" not in at.text
