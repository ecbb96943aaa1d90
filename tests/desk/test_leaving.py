"""Who leaves while something is being written, sent or printed: nothing is said that is not so."""

import asyncio
import itertools
import threading
from pathlib import Path
from typing import Any

import pytest

from kiosk.booking.journey import Journey
from kiosk.booking.person import Person
from kiosk.desk.answers import JournalError, OutcomeUnknownError, Printer, UnderWayError
from kiosk.desk.desk import Desk
from kiosk.desk.papers import Papers
from kiosk.embedded import RemoteCentral
from kiosk.journal.outbox import Intent, Outbox
from kiosk.printing.spool import Spool
from tests.desk.test_bookings import desk_at, journey_to
from tests.support.central import NOW, RunningCentral
from tests.support.counter import settings_for
from tests.support.faulty import CUT, faulty_server
from tests.support.proxy import CuttingProxy, cutting_proxy


async def test_who_leaves_while_the_request_is_written_down_leaves_it_behind_with_its_number(
    demo_central: RunningCentral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, add = threading.Event(), threading.Event(), Outbox.add

    def slow(*arguments: Any) -> Intent:
        begun.set()
        go_on.wait()
        return add(*arguments)

    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey = await journey_to(bookings)
        monkeypatch.setattr(Outbox, "add", slow)
        asking = asyncio.create_task(bookings.book(journey))
        await asyncio.to_thread(begun.wait)
        leaving = asyncio.create_task(bookings.in_hand())
        await asyncio.sleep(0)
        assert not leaving.done()
        asking.cancel()
        go_on.set()
        request = await leaving
    assert request
    assert not request.may_be_done


async def test_a_step_that_nobody_waits_for_any_more_ends_without_a_complaint(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b", demo_central) as cut_off:
        ended = asyncio.Event()
        step = cut_off._outgoing._step

        async def watched(key: str) -> Any:
            try:
                return await step(key)
            finally:
                ended.set()

        cut_off._outgoing._step = watched  # type: ignore[method-assign]
        asking = asyncio.create_task(cut_off.book(journey))
        while not cut_off._outgoing._turns:
            await asyncio.sleep(0)
        asking.cancel()
        await ended.wait()
        with pytest.raises(OutcomeUnknownError):
            await cut_off.book(journey)
    del asking
    assert complaints == []


async def test_an_intent_that_was_heard_meanwhile_is_no_crash(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        with pytest.raises(JournalError):
            await bookings._outgoing.step("an-intent-that-somebody-heard")


async def test_a_paper_that_is_being_printed_is_not_called_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.desk.papers.BUSY_SECONDS", 0.001)
    papers = Papers(settings_for("http://127.0.0.1:9", tmp_path), lambda: NOW)
    spool: Spool = papers._spool
    number = spool.add("ticket", "7K4MQ2XP93TQ", 1, b"paper").number
    spool.sending(number)
    with papers._sending, pytest.raises(UnderWayError):
        await papers.send(number, lambda _: None)
    papers.close()


async def test_a_paper_that_has_its_turn_while_a_silent_printer_is_asked_is_not_called_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.desk.papers.BUSY_SECONDS", 0.001)
    papers = Papers(settings_for("http://127.0.0.1:9", tmp_path), lambda: NOW)
    number = papers._spool.add("ticket", "7K4MQ2XP93TQ", 1, b"paper").number

    def meanwhile() -> Printer:
        papers._spool.sending(number)
        return Printer.SILENT

    monkeypatch.setattr(papers, "_look", meanwhile)
    with papers._sending, pytest.raises(UnderWayError):
        await papers.send(number, lambda _: None)
    papers.close()


async def test_a_heartbeat_between_the_receipt_and_the_door_does_not_forget_who_waits(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with cutting_proxy(demo_central.base_url) as line:
        keys = (f"test-intent-{number:06d}" for number in itertools.count())
        settings = settings_for(line.url, tmp_path / "state")
        desk = Desk(settings, host=RemoteCentral(line.url), now=lambda: NOW, new_key=lambda: next(keys))
        person, journey = await asked_and_cut_off(desk, line)
        assert desk.request_of(person) is None  # the screen itself says what is known
        assert await desk.receipt(journey) is not None
        await desk._look_back()
        assert desk.request_of(person)
        desk.leave()
        assert desk.request_of(person)
        await desk.bookings.check()
        await desk._look_back()  # asked by its key: it is made
        assert desk.request_of(person) is None
        [settled] = desk.settled
        assert settled.reference
        await desk.close()


async def test_a_request_that_is_answered_while_the_journal_is_read_is_at_no_moment_in_no_list(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    with cutting_proxy(demo_central.base_url) as line:
        keys = (f"test-intent-{number:06d}" for number in itertools.count())
        settings = settings_for(line.url, tmp_path / "state")
        desk = Desk(settings, host=RemoteCentral(line.url), now=lambda: NOW, new_key=lambda: next(keys))
        person, _ = await asked_and_cut_off(desk, line)
        desk.leave()
        await desk._look_back()  # the line is taken for silent: nothing is asked
        await desk.bookings.check()
        looking = asyncio.create_task(desk._look_back())
        moments = 0
        while not looking.done():
            assert desk.request_of(person) or desk.settled
            moments += 1
            await asyncio.sleep(0)
        assert moments > 1
        assert desk.request_of(person) is None
        await desk.close()


async def asked_and_cut_off(desk: Desk, line: CuttingProxy) -> tuple[Person, Journey]:
    """Ask for a booking over a line that loses its answer."""
    await desk.open()
    await desk.sign_in("demo", "000000")
    journey = await journey_to(desk.bookings)
    assert journey.person
    line.cut_answers_to("POST /v1/bookings HTTP")
    with pytest.raises(OutcomeUnknownError):
        await desk.bookings.book(journey)
    return journey.person, journey
