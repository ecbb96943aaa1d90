"""A welcome desk on a real central, and without one."""

import asyncio
import datetime as dt
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk import statefile
from kiosk.api import contract
from kiosk.booking.person import BirthDate
from kiosk.central import admissions, ticket_keys
from kiosk.central import tables as db
from kiosk.desk import welcome as module
from kiosk.desk.answers import (
    Central,
    CentralRefusedError,
    CentralSilentError,
    JournalError,
    NotGenuineError,
    OpeningError,
    Refusal,
    StateError,
)
from kiosk.desk.welcome import BOOK_FILE, Welcome
from kiosk.journal.counter_book import BookInUseError
from kiosk.settings import Settings
from kiosk.tickets.cose import Signer, new_signer
from kiosk.tickets.identity import Bearer, bearer_of
from kiosk.tickets.keys import root_text
from kiosk.tickets.scan import Code, Ticket
from kiosk.tickets.verify import Person, State
from tests.central.calls import new_key, signed_in
from tests.central.rows import Booked
from tests.support.central import NOW, RunningCentral
from tests.support.pilot import until
from tests.support.proxy import CuttingProxy, cutting_proxy
from tests.support.welcome import (
    FIRST_COUNTER,
    SECOND_TOKEN,
    SITE,
    add_second_counter,
    book_at,
    counter_settings,
    tickets_of,
    welcome_at,
)

BORN = "1990-02-03"
HOLDER = bearer_of("Surname", "Given", BirthDate(1990, 2, 3))
SOMEBODY_ELSE = bearer_of("Other", "Given", BirthDate(1990, 2, 3))
CUT_SHORT = Bearer("SURNAM", "", "900203", may_be_cut=True)


@pytest.fixture
def line(demo_central: RunningCentral) -> Iterator[CuttingProxy]:
    """The network between central and counter."""
    with cutting_proxy(demo_central.base_url) as line:
        yield line


@pytest.fixture
def settings(demo_central: RunningCentral, tmp_path: Path, line: CuttingProxy) -> Settings:
    return counter_settings(demo_central, tmp_path, line.url)


@pytest.fixture
async def welcome(demo_central: RunningCentral, settings: Settings) -> AsyncIterator[Welcome]:
    async with welcome_at(settings, demo_central.clock) as welcome:
        yield welcome


@pytest.fixture
def booked(demo_central: RunningCentral) -> Booked:
    """Somebody who comes today at 11 h."""
    return book_in(demo_central, "today", NOW + dt.timedelta(hours=2))


@pytest.fixture
def ticket(demo_central: RunningCentral, booked: Booked) -> Ticket:
    return ticket_of(demo_central, booked)


def book_in(central: RunningCentral, slot: str, start: dt.datetime, site: str = SITE, **columns: object) -> Booked:
    """Book somebody into a slot of its own."""
    central.add_slot(slot, capacity=9, start=start, site=site)
    return book_at(central, slot, birth_date=BORN, **columns)[0]


def ticket_of(central: RunningCentral, booked: Booked) -> Ticket:
    return Ticket(tickets_of(central, [booked])[0])


def change(central: RunningCentral, booked: Booked, what: str, **body: str) -> None:
    """Cancel or move an appointment, as a mediator elsewhere does."""
    headers = {"Idempotency-Key": new_key(), "If-Match": '"1"'}
    with signed_in(central) as kiosk:
        answer = kiosk.post(f"/v1/bookings/{booked.id}/{what}", headers=headers, json=body)
    assert answer.status_code == 200, answer.text


def report_of(central: RunningCentral) -> admissions.DayReport:
    with central.storage.reading() as transaction:
        return admissions.report(transaction, admissions.Day(SITE, central.catalogue.zone(SITE), NOW.date()))


def noted_at(central: RunningCentral) -> list[dt.datetime]:
    """Return the times of all notes that the central has."""
    with central.storage.reading() as transaction:
        return list(transaction.scalars(sa.select(db.admissions.c.at)))


@contextmanager
def administrator(central: RunningCentral, data_dir: Path) -> Iterator[tuple[Connection, bytes, Signer, dt.datetime]]:
    """Give what a change of the keys of tickets begins with."""
    root = ticket_keys.load_root(data_dir / ticket_keys.ROOT_NAME, None)
    with central.storage.writing() as transaction:
        yield transaction, central.storage.person_key, root, central.clock()


async def test_before_it_ever_met_the_central_a_counter_says_that_it_knows_nothing(
    welcome: Welcome, ticket: Ticket, booked: Booked, line: CuttingProxy
) -> None:
    line.unplug()
    assert (welcome.as_of, welcome.central, welcome.site_label) == (None, Central.STARTING, SITE)
    assert (await welcome.check(ticket)).state is State.UNKNOWN_KEY
    check = await welcome.check(Code(booked.reference), HOLDER)
    assert (check.state, check.as_of, check.nonce) == (State.NOT_LISTED, None, "")
    assert welcome.pending == 2


async def test_without_network_and_after_a_restart_it_knows_what_it_knew(
    demo_central: RunningCentral, settings: Settings, line: CuttingProxy
) -> None:
    good, cancelled, moved = (
        book_in(demo_central, slot, NOW + dt.timedelta(hours=2 + hour)) for hour, slot in enumerate(("a", "b", "c"))
    )
    tickets = {one: ticket_of(demo_central, one) for one in (good, cancelled, moved)}
    tomorrow = ticket_of(demo_central, book_in(demo_central, "d", NOW + dt.timedelta(days=1)))
    elsewhere = ticket_of(demo_central, book_in(demo_central, "e", NOW + dt.timedelta(hours=2), "pref-75"))
    later = demo_central.add_slot("later", capacity=1, start=NOW + dt.timedelta(days=2))
    change(demo_central, cancelled, "cancel", reason="person")
    change(demo_central, moved, "reschedule", slot=later)
    async with welcome_at(settings, demo_central.clock) as welcome:
        await welcome.sync()
        assert (welcome.central, welcome.demonstration) == (Central.HERE, True)
        let_in = await welcome.check(tickets[good])
        assert let_in.is_fresh
    line.unplug()
    demo_central.clock.advance(hours=1)
    async with welcome_at(settings, demo_central.clock) as welcome:
        assert welcome.demonstration
        again = await welcome.check(tickets[good])
        assert (again.state, again.admitted_at) == (State.ALREADY_ADMITTED, NOW)
        assert (await welcome.check(tickets[cancelled])).state is State.CANCELLED
        check = await welcome.check(tickets[moved])
        assert (check.state, check.start) == (State.MOVED, NOW + dt.timedelta(days=2))
        assert (await welcome.check(tomorrow)).state is State.WRONG_DAY
        check = await welcome.check(elsewhere)
        assert (check.state, check.site) == (State.WRONG_SITE, "Préfecture de\u00a0Paris")
        assert (check.as_of, check.is_fresh, welcome.as_of) == (NOW, False, NOW)
        assert welcome.site_label == "Préfecture de\u00a0Bobigny"
        assert (welcome.admitted_today, welcome.pending) == (1, 6)


async def test_what_changed_since_is_learnt(demo_central: RunningCentral, welcome: Welcome, ticket: Ticket) -> None:
    assert (await welcome.sync()).appointments == {NOW.date(): 1}
    added = book_in(demo_central, "added", NOW + dt.timedelta(hours=3), created_at=NOW)
    for minutes, count in ((10, 2), (20, 2)):
        demo_central.clock.advance(seconds=600)
        synced = await welcome.sync()
        assert synced.appointments == {NOW.date(): count}
        assert welcome.as_of == synced.as_of == NOW + dt.timedelta(minutes=minutes)
    change(demo_central, added, "cancel", reason="person")
    demo_central.clock.advance(seconds=60)
    assert (await welcome.sync()).appointments == {NOW.date(): 1}
    check = await welcome.check(Code(added.reference), HOLDER)
    assert (check.state, check.nonce) == (State.CANCELLED, "")


async def test_who_came_and_was_moved_to_another_day_comes_in_again(
    demo_central: RunningCentral, welcome: Welcome, booked: Booked, ticket: Ticket
) -> None:
    tomorrow = demo_central.add_slot("tomorrow", capacity=1, start=NOW + dt.timedelta(days=1, minutes=7))
    await welcome.sync()
    assert (await welcome.check(ticket)).nonce
    change(demo_central, booked, "reschedule", slot=tomorrow)
    demo_central.clock.advance(days=1)
    assert welcome.admitted_today == 0
    again = await welcome.check(ticket_of(demo_central, booked))
    assert (again.state, again.admitted_at) == (State.VALID, None)
    assert again.nonce
    await welcome.sync()
    assert (welcome.admitted_today, welcome.conflicts) == (1, ())


async def test_an_admission_is_on_disk_before_its_answer(welcome: Welcome, ticket: Ticket, settings: Settings) -> None:
    await welcome.sync()
    check = await welcome.check(ticket)
    with closing(sqlite3.connect(settings.counter_dir(SITE) / BOOK_FILE)) as book:
        assert book.execute("SELECT nonce, outcome FROM note").fetchall() == [(check.nonce, "admitted")]


async def test_what_cannot_be_written_down_lets_nobody_in(
    demo_central: RunningCentral, settings: Settings, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statefile, "LOCK_SECONDS", 0.01)
    async with welcome_at(settings, demo_central.clock) as welcome:
        await welcome.sync()
        with closing(sqlite3.connect(settings.counter_dir(SITE) / BOOK_FILE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # for longer than the book waits
            with pytest.raises(JournalError):
                await welcome.check(ticket)
        assert (welcome.admitted_today, welcome.pending) == (0, 0)
        assert (await welcome.check(ticket)).state is State.VALID


async def test_the_same_ticket_twice_at_once_is_let_in_once(welcome: Welcome, ticket: Ticket) -> None:
    await welcome.sync()
    checks = await asyncio.gather(*(welcome.check(ticket) for _ in range(5)))
    assert sorted(check.state for check in checks) == [*[State.ALREADY_ADMITTED] * 4, State.VALID]
    assert (welcome.admitted_today, welcome.pending) == (1, 5)


async def test_the_document_keeps_or_ends_an_admission(welcome: Welcome, ticket: Ticket) -> None:
    await welcome.sync()
    let_in = await welcome.check(ticket)
    assert let_in.person is Person.NOT_ASKED
    for bearer, person in ((HOLDER, Person.MATCH), (CUT_SHORT, Person.NAME_CUT)):
        check = await welcome.identify(let_in, ticket, bearer)
        assert (check.state, check.person, check.nonce) == (State.VALID, person, let_in.nonce)
    check = await welcome.identify(let_in, ticket, SOMEBODY_ELSE)
    assert (check.state, check.person, check.nonce) == (State.VALID, Person.NO_MATCH, "")
    assert welcome.admitted_today == 0
    check = await welcome.identify(check, ticket, HOLDER)  # it was mistyped
    assert check.person is Person.MATCH
    assert check.nonce not in {"", let_in.nonce}
    assert welcome.admitted_today == 1


async def test_a_ticket_that_was_read_twice_can_still_be_taken_back(welcome: Welcome, ticket: Ticket) -> None:
    await welcome.sync()
    first = await welcome.check(ticket)
    twice = await welcome.check(ticket)
    assert (twice.state, twice.nonce) == (State.ALREADY_ADMITTED, first.nonce)
    assert (await welcome.identify(twice, ticket, SOMEBODY_ELSE)).nonce == ""
    assert welcome.admitted_today == 0


async def test_whoever_guesses_leaves_a_trace(welcome: Welcome, ticket: Ticket) -> None:
    await welcome.sync()
    check = await welcome.check(ticket)
    before = welcome.pending
    for _ in range(3):
        check = await welcome.identify(check, ticket, SOMEBODY_ELSE)
    assert welcome.pending == before + 3


async def test_somebody_already_let_in_is_not_let_in_again_by_a_document(
    demo_central: RunningCentral, welcome: Welcome, ticket: Ticket
) -> None:
    await welcome.sync()
    await welcome.check(ticket)
    demo_central.clock.advance(seconds=60)
    again = await welcome.check(ticket)
    check = await welcome.identify(again, ticket, HOLDER)
    assert (check.state, check.person, check.nonce) == (State.ALREADY_ADMITTED, Person.MATCH, "")
    assert welcome.admitted_today == 1


async def test_a_typed_code_lets_nobody_in_but_its_holder(
    demo_central: RunningCentral, welcome: Welcome, booked: Booked
) -> None:
    await welcome.sync()
    code = Code(booked.reference)
    for bearer, person in ((None, Person.NOT_ASKED), (CUT_SHORT, Person.NAME_CUT), (SOMEBODY_ELSE, Person.NO_MATCH)):
        check = await welcome.check(code, bearer)
        assert (check.state, check.person, check.nonce) == (State.VALID, person, "")
    assert (await welcome.check(code, HOLDER)).nonce
    assert (await welcome.check(code, HOLDER)).state is State.ALREADY_ADMITTED
    await welcome.sync()
    found = report_of(demo_central)
    assert (found.persons, found.refused) == (1, {"already-admitted": 1, "valid": 1})


async def test_who_did_not_come_in_can_come_later_even_if_the_list_says_otherwise(
    demo_central: RunningCentral, welcome: Welcome, ticket: Ticket, line: CuttingProxy
) -> None:
    await welcome.sync()
    let_in = await welcome.check(ticket)
    demo_central.clock.advance(seconds=60)
    await welcome.sync()
    line.unplug()
    await welcome.withdraw(let_in)
    await welcome.withdraw(let_in)
    assert (welcome.admitted_today, welcome.pending) == (0, 1)
    assert (await welcome.check(ticket)).state is State.VALID
    line.plug_in()
    await welcome.sync()
    found = report_of(demo_central)
    assert (found.persons, found.withdrawn, found.again, found.refused) == (1, 1, (), {})


async def test_an_admission_that_another_counter_made_before_ends_ours_once_it_is_known(
    demo_central: RunningCentral, settings: Settings, ticket: Ticket, line: CuttingProxy
) -> None:
    add_second_counter(demo_central)
    elsewhere = replace(settings, state_dir=settings.state_dir / "second", counter_token=SECOND_TOKEN)
    async with (
        welcome_at(settings, demo_central.clock) as first,
        welcome_at(elsewhere, demo_central.clock) as second,
    ):
        await first.sync()
        await second.sync()
        line.unplug()
        await first.check(ticket)
        demo_central.clock.advance(seconds=60)
        ours = await second.check(ticket)
        line.plug_in()
        await first.sync()
        [conflict] = (await second.sync()).conflicts
        assert (conflict.finding, conflict.first_at, conflict.first_by) == ("again", NOW, FIRST_COUNTER)
        assert second.conflicts == (conflict,)
        check = await second.identify(ours, ticket, HOLDER)
        assert (check.state, check.admitted_by, check.nonce) == (State.ALREADY_ADMITTED, FIRST_COUNTER, "")
        assert not second.conflicts


async def test_what_the_central_answered_and_nobody_heard_is_delivered_once(
    demo_central: RunningCentral, welcome: Welcome, ticket: Ticket, line: CuttingProxy
) -> None:
    await welcome.sync()
    await welcome.check(ticket)
    line.cut_answers_to("POST /v1/admissions")
    with pytest.raises(CentralSilentError):
        await welcome.sync()
    line.wait_for_lost_answer()
    assert (welcome.pending, demo_central.count(db.admissions)) == (1, 1)
    line.cut_answers_to(None)
    assert (await welcome.sync()).conflicts == ()
    assert (welcome.pending, demo_central.count(db.admissions)) == (0, 1)


async def test_more_notes_than_one_message_holds_are_all_delivered(
    demo_central: RunningCentral, welcome: Welcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "MAX_NOTES", 3)
    for _ in range(7):
        await welcome.check(Ticket("something else"))
    assert (await welcome.sync()).delivered == 7
    assert report_of(demo_central).refused == {"not-ours": 7}


async def test_in_the_evening_tomorrow_is_learnt_and_in_the_morning_yesterday_is_forgotten(
    demo_central: RunningCentral, settings: Settings, booked: Booked, line: CuttingProxy
) -> None:
    start = NOW + dt.timedelta(days=1, hours=2)
    next_day = Code(book_in(demo_central, "tomorrow", start).reference)
    async with welcome_at(settings, demo_central.clock) as welcome:
        demo_central.clock.advance(hours=6, seconds=59 * 60)  # 15 h 59 in Paris
        assert len((await welcome.sync()).appointments) == 1
        await welcome.check(Ticket("something else"))
        demo_central.clock.advance(seconds=60)
        assert (await welcome.sync()).appointments == {NOW.date(): 1, start.date(): 1}
        await welcome.check(Ticket("something else"))
        line.unplug()
    demo_central.clock.advance(hours=17)
    async with welcome_at(settings, demo_central.clock) as welcome:
        assert (await welcome.check(Code(booked.reference), HOLDER)).state is State.NOT_LISTED
        assert (await welcome.check(next_day, HOLDER)).nonce
        line.plug_in()
        assert (await welcome.sync()).delivered == 3
        book = settings.counter_dir(SITE) / BOOK_FILE
        with closing(sqlite3.connect(book)) as reader:
            assert reader.execute("SELECT DISTINCT day FROM document WHERE day NOTNULL").fetchall() == [
                (start.date().isoformat(),)
            ]
            assert reader.execute("SELECT count(*) FROM note WHERE at < ?", ("2027-01-12",)).fetchone() == (0,)
        assert welcome.admitted_today == 1


async def test_the_central_s_clock_counts_even_after_a_restart(
    demo_central: RunningCentral, settings: Settings, ticket: Ticket, line: CuttingProxy
) -> None:
    def machine_time() -> dt.datetime:
        return demo_central.clock() - dt.timedelta(days=400)

    async with welcome_at(settings, machine_time) as welcome:
        await welcome.sync()
        assert welcome.now() == NOW
    line.unplug()
    async with welcome_at(settings, machine_time) as welcome:
        demo_central.clock.advance(seconds=90)
        assert (await welcome.check(ticket)).state is State.VALID
        line.plug_in()
        await welcome.sync()
    [at] = noted_at(demo_central)
    assert at == NOW + dt.timedelta(seconds=90)


async def test_keys_of_another_root_are_refused_and_nothing_is_learnt(
    demo_central: RunningCentral, settings: Settings, ticket: Ticket
) -> None:
    strangers = root_text(new_signer().private.public_key())
    async with welcome_at(settings, demo_central.clock) as welcome:
        await welcome.sync()
    async with welcome_at(replace(settings, root_key=strangers), demo_central.clock) as welcome:
        assert (await welcome.check(ticket)).state is State.UNKNOWN_KEY  # nor is what was learnt before
        with pytest.raises(NotGenuineError):
            await welcome.sync()
        assert (await welcome.check(ticket)).state is State.UNKNOWN_KEY
        assert welcome.pending == 1  # who is not believed is still told


async def test_an_older_list_of_keys_is_refused_and_the_newer_one_kept(
    demo_central: RunningCentral, settings: Settings, ticket: Ticket, tmp_path: Path
) -> None:
    with administrator(demo_central, tmp_path / "central") as authority:
        ticket_keys.rotate(*authority, NOW)
    async with welcome_at(settings, demo_central.clock) as welcome:
        await welcome.sync()
        with demo_central.storage.writing() as transaction:
            newest = sa.select(sa.func.max(db.key_sets.c.number)).scalar_subquery()
            transaction.execute(sa.delete(db.key_sets).where(db.key_sets.c.number == newest))
        with pytest.raises(NotGenuineError):
            await welcome.sync()
        assert (await welcome.check(ticket)).state is State.VALID


async def test_once_a_key_is_revoked_its_tickets_are_to_be_made_anew_and_its_list_is_asked_for_anew(
    demo_central: RunningCentral, welcome: Welcome, ticket: Ticket, booked: Booked, tmp_path: Path
) -> None:
    await welcome.sync()
    with demo_central.storage.reading() as transaction:
        [key] = ticket_keys.load_keys(transaction, demo_central.storage.person_key).listed.keys
    demo_central.clock.advance(seconds=60)
    with administrator(demo_central, tmp_path / "central") as authority:
        ticket_keys.revoke(*authority, key.key_id)
    synced = await welcome.sync()
    assert (synced.as_of, synced.appointments) == (NOW + dt.timedelta(minutes=1), {NOW.date(): 1})
    assert (await welcome.check(ticket)).state is State.REVOKED_KEY
    reprinted = ticket_of(demo_central, booked)
    assert reprinted != ticket
    assert (await welcome.check(reprinted)).state is State.VALID


async def test_a_counter_that_the_central_does_not_know_or_of_another_site_is_refused(
    demo_central: RunningCentral, settings: Settings
) -> None:
    unknown = replace(settings, counter_token="a-token-that-nobody-gave-out")
    for used, site, refusal in (
        (unknown, SITE, Refusal.NOT_SIGNED_IN),
        (settings, "pref-75", Refusal.NOT_FOUND),
    ):
        async with welcome_at(used, demo_central.clock, site) as welcome:
            with pytest.raises(CentralRefusedError) as refused:
                await welcome.sync()
            assert (refused.value.refusal, welcome.as_of) == (refusal, None)


async def test_a_book_in_use_or_unreadable_is_told_apart_when_opening(
    demo_central: RunningCentral, settings: Settings, welcome: Welcome
) -> None:
    with pytest.raises(StateError) as error:
        async with welcome_at(settings, demo_central.clock):
            pass
    assert isinstance(error.value.__cause__, BookInUseError)
    await welcome.close()
    with closing(sqlite3.connect(settings.counter_dir(SITE) / BOOK_FILE)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StateError) as error:
        async with welcome_at(settings, demo_central.clock):
            pass
    assert not isinstance(error.value.__cause__, BookInUseError)
    with pytest.raises(OpeningError):
        async with welcome_at(replace(settings, root_key=None), demo_central.clock):
            pass


async def test_the_book_names_nobody_and_holds_no_ticket(
    demo_central: RunningCentral, settings: Settings, ticket: Ticket
) -> None:
    async with welcome_at(settings, demo_central.clock) as welcome:
        await welcome.sync()
        let_in = await welcome.check(ticket)
        await welcome.identify(let_in, ticket, SOMEBODY_ELSE)
        await welcome.check(Ticket(ticket.text[:-1]))
        files = [path.read_bytes() for path in settings.counter_dir(SITE).iterdir()]
    everything = b"".join(files).upper()
    assert b"ADMITTED" in everything
    for secret in ("surname", "other", "900203", BORN, "RDV1:", ticket.text[20:40], str(settings.counter_token)):
        assert secret.upper().encode() not in everything


async def test_it_keeps_in_step_by_itself(
    demo_central: RunningCentral, welcome: Welcome, line: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", 0.001)
    line.unplug()
    keeping = asyncio.create_task(welcome.keep_in_step())
    try:
        await until(lambda: welcome.central is Central.SILENT)
        line.plug_in()
        await until(lambda: welcome.central is Central.HERE and welcome.as_of is not None)
        await welcome.check(Ticket("something else"))
        await until(lambda: welcome.pending == 0)
        demo_central.clock.advance(seconds=5 * 60)
        await until(lambda: welcome.as_of == demo_central.clock())
    finally:
        keeping.cancel()
