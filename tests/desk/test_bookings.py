"""The central's side of the desk: what is known, what is refused, what nobody knows."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.api.client import CentralClient
from kiosk.booking.catalogue import IdentifierKind, Slot
from kiosk.booking.journey import Journey
from kiosk.booking.person import BirthDate, Person
from kiosk.central import tables as db
from kiosk.desk.answers import Central, CentralRefusedError, CentralSilentError, OutcomeUnknownError, Refusal
from kiosk.desk.bookings import Bookings
from kiosk.journal.intents import Intent, Intents
from tests.support.central import NOW, RunningCentral, running_central
from tests.support.faulty import CUT, answer, faulty_server

KEY = "test-intent-000001"
WITHOUT_NUMBER, WITH_NUMBER = "permis-echange", "sejour-renouvellement"
SOMEBODY = Person("N'GUESSAN", "Éléonore", BirthDate(1987, 5), "+33612345678")


@asynccontextmanager
async def desk_at(url: str, state_dir: Path, central: RunningCentral | None = None) -> AsyncIterator[Bookings]:
    """Open the bookings of a kiosk at that address; signed in when the central is given."""
    state_dir.mkdir(exist_ok=True)
    clock = central.clock if central else (lambda: NOW)
    bookings = Bookings(CentralClient(url), Intents(state_dir / "journal.sqlite"), clock)
    try:
        if central:
            await bookings.open_shift("demo", "000000", "demo")
        yield bookings
    finally:
        await bookings.close()


def left_open(state_dir: Path) -> list[str]:
    """Return the keys that the journal of a kiosk still holds."""
    intents = Intents(state_dir / "journal.sqlite")
    keys = [intent.key for intent in intents.unanswered()]
    intents.close()
    return keys


async def slot_for(
    bookings: Bookings, person: Person = SOMEBODY, service_id: str = WITHOUT_NUMBER
) -> tuple[Journey, Slot]:
    """Come as far as a free slot at Bobigny."""
    service = next(s for s in bookings.services() if s.id == service_id)
    offer = next(o for o in await bookings.offers(service) if o.site.commune == "Bobigny")
    assert offer.next_day
    slot = (await bookings.slots(service, offer.site, offer.next_day))[0]
    return Journey(key="").for_person(person).for_service(service).having_read_documents().at_site(offer), slot


async def journey_to(bookings: Bookings, *, key: str = KEY) -> Journey:
    """Come as far as a held slot at Bobigny."""
    journey, slot = await slot_for(bookings)
    return journey.holding(await bookings.hold(journey, slot), key)


async def test_a_journey_becomes_a_booking_in_the_words_of_the_domain(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey = await journey_to(bookings)
        booking = await bookings.book(journey)
        assert booking.person == SOMEBODY
        assert booking.demonstration
        assert journey.hold
        assert booking.start == journey.hold.slot.start
        assert booking.start.utcoffset() == dt.timedelta(hours=1)
        (known,) = await bookings.find("NGUESSAN", BirthDate(1987, 5))
        assert known.upcoming == (booking,)


async def test_the_places_of_the_department_come_first_then_the_region(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        offers = await bookings.offers(bookings.services()[0])
    assert len(offers) == 334
    assert [o.site.department for o in offers[:3]] == ["93"] * 3
    region = [o.site.region == "Île-de-France" for o in offers]
    assert region == sorted(region, reverse=True)


async def test_none_and_unknown_are_different(demo_central: RunningCentral, tmp_path: Path) -> None:
    demo_central.set_source("pref-93", "unavailable")
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        service = bookings.services()[0]
        offers = {o.site.id: o for o in await bookings.offers(service)}
        assert not offers["pref-93"].known
        assert any(o.known and o.next_day is None for o in offers.values())
        with pytest.raises(CentralRefusedError) as refused:
            await bookings.slots(service, offers["pref-93"].site, NOW.date())
    assert refused.value.refusal is Refusal.SOURCE_UNAVAILABLE


async def test_a_booking_that_never_left_leaves_nothing_open(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with desk_at("http://127.0.0.1:9", tmp_path / "b") as cut_off:
        with pytest.raises(CentralSilentError):
            await cut_off.book(journey)
        assert cut_off.central is Central.SILENT
    assert left_open(tmp_path / "b") == []


async def test_once_an_answer_was_lost_a_dead_line_does_not_make_it_a_failure(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b") as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
    async with desk_at("http://127.0.0.1:9", tmp_path / "b") as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)


@pytest.mark.parametrize(
    "status",
    ["401 Unauthorized", "429 Too Many Requests", "404 Not Found"],
)
async def test_once_an_answer_was_lost_a_refusal_at_the_door_does_not_make_it_a_failure(
    demo_central: RunningCentral, tmp_path: Path, status: str
) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b") as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
    async with faulty_server(answer(status, "text/html", b"no")) as url, desk_at(url, tmp_path / "b") as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
    assert left_open(tmp_path / "b") == [journey.intent_key]


async def test_an_intent_left_open_by_a_crash_is_settled_from_the_journal(tmp_path: Path) -> None:
    with running_central(tmp_path / "central") as central:
        async with desk_at(central.base_url, tmp_path / "kiosk", central) as bookings:
            journey = await journey_to(bookings)
            booking = await bookings.book(journey)
            assert await bookings.settle() == ()
            # The kiosk dies after the request and before the answer: the row is still there.
            bookings._intents.sending(_intent_of(journey))
            bookings.leave()
            (settled,) = await bookings.settle()
            assert settled.reference == booking.reference
            assert await bookings.settle() == ()


async def test_an_intent_that_never_arrived_is_settled_once_its_hold_has_expired(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey = await journey_to(bookings)
        bookings._intents.sending(_intent_of(journey))
        assert await bookings.settle() == ()
        demo_central.clock.advance(seconds=301)
        assert await bookings.settle() == ()
        demo_central.clock.advance(seconds=60)
        (settled,) = await bookings.settle()
    assert settled.reference is None


async def test_a_kiosk_whose_clock_is_ahead_does_not_call_a_living_intent_dead(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey = await journey_to(bookings)
        bookings._intents.sending(_intent_of(journey))
        bookings._now = lambda: demo_central.clock() + dt.timedelta(minutes=10)
        assert await bookings.settle() == ()
        assert len(bookings._intents.unanswered()) == 1


async def test_a_visit_that_still_asks_is_not_settled_behind_its_back(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b") as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
        assert await bookings.settle() == ()
        bookings.leave()
        with pytest.raises(CentralSilentError):
            await bookings.settle()


async def test_a_second_slot_for_the_same_service_is_refused_with_its_reason(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        await bookings.book(await journey_to(bookings))
        with pytest.raises(CentralRefusedError) as refused:
            await journey_to(bookings)
        assert refused.value.refusal is Refusal.PERSON_HAS_BOOKING


async def test_a_booking_that_is_refused_leaves_nothing_open(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey = await journey_to(bookings)
        with pytest.raises(CentralRefusedError) as refused:
            await bookings.book(replace(journey, person=Person("KOUASSI", "Éléonore", BirthDate(1987, 5))))
        assert refused.value.refusal is Refusal.NOT_A_TYPO
        assert bookings._intents.unanswered() == ()


async def test_a_typing_error_is_put_right_between_hold_and_booking(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey = (await journey_to(bookings)).for_person(replace(SOMEBODY, given_names="Éléonora", phone=None))
        assert journey.hold
        assert (await bookings.book(journey)).person == journey.person


async def test_the_same_hour_again_is_the_same_hold_and_another_one_ends_it(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey, slot = await slot_for(bookings)
        hold = await bookings.hold(journey, slot)
        assert await bookings.hold(journey, slot) == hold
        other = demo_central.add_slot("another", capacity=1, service=WITHOUT_NUMBER)
        assert (await bookings.hold(journey, replace(slot, id=other))).id != hold.id
        assert demo_central.count(db.holds) == 1


@pytest.mark.parametrize(
    ("service", "number", "refusal"),
    [
        ("sejour-renouvellement", {}, Refusal.AGDREF_MISSING),
        ("sejour-renouvellement", {"agdref": "1111111111"}, Refusal.AGDREF_UNKNOWN),
        ("sejour-renouvellement", {"agdref": "9900000003"}, Refusal.AGDREF_MISMATCH),
        ("passeport", {}, Refusal.ANTS_MISSING),
        ("passeport", {"ants": "AAAAAAAAA3"}, Refusal.ANTS_CONSUMED),
        ("passeport", {"ants": "AAAAAAAAA4"}, Refusal.ANTS_EXPIRED),
        ("passeport", {"ants": "AAAAAAAAA5"}, Refusal.ANTS_DECLARED),
        ("passeport", {"ants": "BBBBBBBBBB"}, Refusal.ANTS_UNKNOWN),
        ("permis-medical", {}, Refusal.NEPH_MISSING),
    ],
)
async def test_a_number_is_refused_with_its_reason(
    service: str, number: dict[IdentifierKind, str], refusal: Refusal, demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey, slot = await slot_for(bookings, service_id=service)
        for kind, text in number.items():
            journey = journey.with_number(kind, text)
        with pytest.raises(CentralRefusedError) as refused:
            await bookings.hold(journey, slot)
    assert refused.value.refusal is refusal


async def test_a_number_is_given_once_and_known_from_then_on(demo_central: RunningCentral, tmp_path: Path) -> None:
    durand = Person("DURAND", "Amadou", BirthDate(1985, 5, 5))
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey, slot = await slot_for(bookings, durand, WITH_NUMBER)
        assert journey.numbers_to_ask == ("agdref",)
        journey = journey.with_number("agdref", "9900000003")
        await bookings.book(journey.holding(await bookings.hold(journey, slot), KEY))
        (known,) = await bookings.find("DURA", durand.birth_date)
    assert known.numbers == {"agdref"}


async def test_a_limit_says_how_long_it_lasts(demo_central: RunningCentral, tmp_path: Path) -> None:
    demo_central.set_limits(kiosk_hour=1)
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey = await journey_to(bookings)
        other = demo_central.add_slot("another", capacity=1, service=WITHOUT_NUMBER)
        assert journey.hold
        with pytest.raises(CentralRefusedError) as refused:
            await bookings.hold(journey, replace(journey.hold.slot, id=other))
    assert refused.value.refusal is Refusal.KIOSK_LIMIT
    assert refused.value.retry_after_seconds == 3601
    assert demo_central.count(db.holds) == 1, "what was kept before still is"


def _intent_of(journey: Journey) -> Intent:
    assert journey.hold
    return Intent(journey.intent_key, NOW, journey.hold.expires_at)
