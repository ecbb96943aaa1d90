"""A place asked for without network: who may send it, when it leaves, and what is kept to work on meanwhile."""

import datetime as dt
from pathlib import Path

import pytest

from kiosk.booking.journey import Journey
from kiosk.booking.person import BirthDate, Person
from kiosk.central import tables as db
from kiosk.desk.answers import Central, CentralRefusedError, CentralSilentError, NotGenuineError, Refusal
from kiosk.desk.bookings import Bookings
from kiosk.desk.shelf import Shelf
from kiosk.journal.outbox import Outbox
from tests.desk.test_bookings import WITH_NUMBER, WITHOUT_NUMBER, desk_at
from tests.support.central import NOW, RunningCentral

SOMEBODY = Person("ZEBULONOV", "Éléonore", BirthDate(1987, 5), "+33612345678")
KEY = "test-intent-000001"
DEAD = "http://127.0.0.1:9"


async def was_in_touch(central: RunningCentral, state_dir: Path) -> None:
    async with desk_at(central.base_url, state_dir, central) as bookings:
        await bookings.look_ahead()


async def application(bookings: Bookings, person: Person = SOMEBODY, key: str = KEY) -> Journey:
    """Come as far as the last question, on what was seen before."""
    service = next(one for one in bookings.services() if one.id == WITHOUT_NUMBER)
    offer = next(one for one in await bookings.offers_last_seen(service) if one.site.commune == "Bobigny")
    journey = Journey(key="").for_person(person).for_service(service).having_read_documents()
    return journey.applying_at(offer).from_day(NOW.date() + dt.timedelta(days=7), key)


async def noted_alone(state_dir: Path, mediator: str = "demo") -> None:
    async with desk_at(DEAD, state_dir) as bookings:
        await bookings.open_shift_alone(mediator)
        request = await bookings.apply(await application(bookings))
        assert not request.may_be_done


def booked(central: RunningCentral) -> int:
    return central.count(db.bookings, db.bookings.c.status == "booked")


async def test_what_was_seen_is_there_without_network_and_says_how_old_it_is(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    await was_in_touch(demo_central, tmp_path)
    async with desk_at(DEAD, tmp_path) as bookings:
        shift = await bookings.open_shift_alone("demo")
        assert (shift.mediator, shift.verified) == ("demo", False)
        assert bookings.demonstration
        with_number = next(one for one in bookings.services() if one.id == WITH_NUMBER)
        assert with_number.documents
        seen = await bookings.offers_last_seen(with_number)
        assert len(seen) == len(bookings._sites)
        assert {offer.checked_at for offer in seen if offer.known} == {demo_central.clock()}
        assert any(offer.next_day for offer in seen)
        with pytest.raises(CentralSilentError):
            await bookings.offers(with_number)


async def test_what_was_never_seen_is_not_known(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central):
        pass
    async with desk_at(DEAD, tmp_path) as bookings:
        await bookings.open_shift_alone("demo")
        assert not any(offer.known for offer in await bookings.offers_last_seen(bookings.services()[0]))


async def test_a_kiosk_that_never_was_in_touch_has_nothing_to_work_on(tmp_path: Path) -> None:
    async with desk_at(DEAD, tmp_path) as bookings:
        with pytest.raises(CentralSilentError):
            await bookings.open_shift_alone("demo")


async def test_keys_that_somebody_put_on_the_disk_are_not_sealed_to(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    await was_in_touch(demo_central, tmp_path)
    outbox = Outbox(tmp_path / "journal.sqlite", lambda: NOW)
    shelf = Shelf(outbox)
    published = await shelf.published()
    assert published
    await shelf.keep(published.model_copy(update={"sealing_key": published.sealing_key[:-1] + b"\0"}))
    outbox.close()
    async with desk_at(DEAD, tmp_path) as bookings:
        with pytest.raises(NotGenuineError):
            await bookings.open_shift_alone("demo")


async def test_an_application_becomes_one_booking_at_the_next_shift_of_that_mediator(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    await was_in_touch(demo_central, tmp_path)
    await noted_alone(tmp_path)
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        await bookings.settle()
        await bookings.settle()
        [settled] = await bookings.settled()
        assert settled.reference
        [known] = await bookings.find("ZEBULONOV", SOMEBODY.birth_date)
        [booking] = known.upcoming
        assert booking.reference == settled.reference
        assert booking.start.date() >= NOW.date() + dt.timedelta(days=7)
    assert booked(demo_central) == 1


async def test_what_somebody_noted_in_the_name_of_a_mediator_waits_for_that_mediator(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    await was_in_touch(demo_central, tmp_path)
    await noted_alone(tmp_path, mediator="someone-else")
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        await bookings.settle()
        assert await bookings.settled() == ()
        assert len(await bookings.noted()) == 1
        assert await bookings.unresolved() == ()
    assert booked(demo_central) == 0


async def test_what_was_noted_in_a_shift_that_is_disowned_never_leaves(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    await was_in_touch(demo_central, tmp_path)
    async with desk_at(DEAD, tmp_path) as bookings:
        await bookings.open_shift_alone("demo")
        journey = await application(bookings)
        await bookings.apply(journey)
        bookings.disown()
        await bookings.refuse_disowned()
        assert await bookings.noted() == ()
        [told] = await bookings.settled()
        assert told.reference is None
        with pytest.raises(CentralRefusedError) as refused:
            await bookings.apply(journey)
        assert refused.value.refusal is Refusal.NOT_SIGNED_IN
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        await bookings.settle()
    assert booked(demo_central) == 0


async def test_the_kiosk_knows_who_asked_for_as_long_as_it_lives(demo_central: RunningCentral, tmp_path: Path) -> None:
    await was_in_touch(demo_central, tmp_path)
    other = Person("AUTRE", "Éléonore", BirthDate(1987, 5), None)
    async with desk_at(DEAD, tmp_path) as bookings:
        await bookings.open_shift_alone("demo")
        request = await bookings.apply(await application(bookings))
        assert bookings.is_for(request, SOMEBODY)
        assert not bookings.is_for(request, other)
        assert bookings.is_known_for_whom(request)
    async with desk_at(DEAD, tmp_path) as bookings:
        assert not bookings.is_known_for_whom(request)


async def test_a_limit_is_waited_out_and_nothing_is_lost(
    demo_central: RunningCentral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await was_in_touch(demo_central, tmp_path)
    await noted_alone(tmp_path)
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        tried = []

        async def refuse(key: str) -> None:
            tried.append(key)
            raise CentralRefusedError(Refusal.KIOSK_LIMIT, 3600)

        with monkeypatch.context() as patched:
            patched.setattr(bookings._outgoing, "step", refuse)
            await bookings.settle()
            await bookings.settle()
        assert tried == [f"{KEY}-1"]
        assert bookings.central is Central.HERE
        assert len(await bookings.noted()) == 1
