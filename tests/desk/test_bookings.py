"""The central's side of the desk: what is known, what is refused, what nobody knows."""

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.api import contract
from kiosk.api.client import CentralClient
from kiosk.api.sealing import BadSealError, Binding, open_sealed, read_envelope
from kiosk.booking.catalogue import IdentifierKind, Slot
from kiosk.booking.journey import Journey
from kiosk.booking.person import BirthDate, Person
from kiosk.central import tables as db
from kiosk.central.issuer import Issuer
from kiosk.central.sealing_keys import SealingKeys
from kiosk.desk.answers import (
    Central,
    CentralRefusedError,
    CentralSilentError,
    JournalError,
    OutcomeUnknownError,
    Refusal,
)
from kiosk.desk.bookings import Bookings
from kiosk.desk.central_clock import CentralClock
from kiosk.desk.outgoing import Outgoing
from kiosk.desk.shelf import Shelf
from kiosk.journal.outbox import Outbox
from tests.support.central import NOW, RunningCentral
from tests.support.faulty import CUT, answer, faulty_server

KEY = "test-intent-000001"
WITHOUT_NUMBER, WITH_NUMBER = "permis-echange", "sejour-renouvellement"
SOMEBODY = Person("N'GUESSAN", "Éléonore", BirthDate(1987, 5), "+33612345678")


@asynccontextmanager
async def desk_at(url: str, state_dir: Path, central: RunningCentral | None = None) -> AsyncIterator[Bookings]:
    """Open the bookings of a kiosk at that address; signed in when the central is given."""
    state_dir.mkdir(exist_ok=True)
    clock = central.clock if central else (lambda: NOW)
    client, outbox = CentralClient(url), Outbox(state_dir / "journal.sqlite", clock)
    outgoing = Outgoing(client, outbox, "demo")
    bookings = Bookings(client, outgoing, Shelf(outbox), None, CentralClock(clock), lambda: str(uuid.uuid4()))
    try:
        if central and central.base_url == url:
            await bookings.open_shift("demo", "000000", "demo")
        elif central:
            await _learn_key(outgoing, central)
        yield bookings
    finally:
        await bookings.close()


async def _learn_key(outgoing: Outgoing, central: RunningCentral) -> None:
    """Learn the key while the line still stands: a kiosk that never was in touch has nobody to seal to."""
    near = CentralClient(central.base_url)
    outgoing.seal_to(await near.sealing_key(), await near.keys(), None)
    await near.close()


def left_open(state_dir: Path) -> list[str]:
    """Return the keys that the journal of a kiosk still holds."""
    outbox = Outbox(state_dir / "journal.sqlite", lambda: NOW)
    keys = [intent.key for intent in outbox.open_intents()]
    outbox.close()
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


async def test_a_booking_that_never_left_can_be_taken_back(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with desk_at("http://127.0.0.1:9", tmp_path / "b", demo_central) as cut_off:
        with pytest.raises(CentralSilentError):
            await cut_off.book(journey)
        assert cut_off.central is Central.SILENT
        request = await cut_off.in_hand()
        assert request
        assert (request.tries, request.may_be_done) == (0, False)
        assert await cut_off.withdraw()
    assert left_open(tmp_path / "b") == []


async def test_nobody_asks_without_a_key_to_seal_to(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with desk_at(demo_central.base_url, tmp_path / "b") as stranger:
        with pytest.raises(JournalError):
            await stranger.book(journey)
    assert demo_central.count(db.bookings, db.bookings.c.surname == "N'GUESSAN") == 0


async def test_once_an_answer_was_lost_a_dead_line_does_not_make_it_a_failure(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b", demo_central) as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
    async with desk_at("http://127.0.0.1:9", tmp_path / "b") as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)


@pytest.mark.parametrize(
    "status",
    ["401 Unauthorized", "429 Too Many Requests", "404 Not Found", "503 Service Unavailable"],
)
async def test_once_an_answer_was_lost_a_refusal_at_the_door_only_says_when_to_ask_again(
    demo_central: RunningCentral, tmp_path: Path, status: str
) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b", demo_central) as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
    async with (
        faulty_server(answer(status, "text/html", b"no", headers="Retry-After: 120\r\n")) as url,
        desk_at(url, tmp_path / "b", demo_central) as bookings,
    ):
        with pytest.raises(OutcomeUnknownError) as unknown:
            await bookings.book(journey)
    assert unknown.value.retry_after_seconds == 120
    assert left_open(tmp_path / "b") == [journey.intent_key]


async def test_an_answer_that_nobody_heard_is_told_until_somebody_has(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        booking = await bookings.book(await journey_to(bookings))
        assert await bookings.settled() == ()
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:  # the kiosk died meanwhile
        (settled,) = await bookings.settled()
        assert settled.reference == booking.reference
        await bookings.take_note(settled)
        assert await bookings.settled() == ()


async def test_an_intent_that_was_cut_off_is_resolved_by_its_key(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b", demo_central) as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
    async with desk_at(demo_central.base_url, tmp_path / "b", demo_central) as bookings:
        (request,) = await bookings.unresolved()
        await bookings.settle()
        assert await bookings.unresolved() == ()
        (settled,) = await bookings.settled()
        assert settled.code == request.code
        (known,) = await bookings.find("NGUESSAN", BirthDate(1987, 5))
    assert [booking.reference for booking in known.upcoming] == [settled.reference]


async def test_what_left_cannot_be_taken_back(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b", demo_central) as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
        assert not await bookings.withdraw()
    assert left_open(tmp_path / "b") == [journey.intent_key]


async def test_a_step_goes_to_its_end_though_nobody_waits_for_it(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey = await journey_to(bookings)
        asking = asyncio.create_task(bookings.book(journey))
        outbox = bookings._outgoing._outbox
        while (intent := outbox.find(journey.intent_key)) is None or not intent.tries:  # until a byte may have left
            await asyncio.sleep(0)
        asking.cancel()
        assert not await bookings.withdraw(), "it waited for the step, which was answered"
        bookings.leave()
        (settled,) = await bookings.settled()
    assert settled.reference


async def test_an_intent_whose_hold_is_over_comes_to_nothing_and_says_so(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b", demo_central) as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
    demo_central.clock.advance(seconds=301)
    async with desk_at(demo_central.base_url, tmp_path / "b", demo_central) as bookings:
        await bookings.settle()
        (settled,) = await bookings.settled()
    assert settled.reference is None
    assert left_open(tmp_path / "b") == []


async def test_a_visit_that_still_asks_is_not_settled_behind_its_back(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b", demo_central) as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
        await bookings.settle()
        assert await bookings.unresolved() == ()
        assert bookings.central is Central.SILENT
        bookings.leave()
        assert len(await bookings.unresolved()) == 1


async def test_a_slot_that_is_being_kept_is_not_settled_behind_its_back(
    demo_central: RunningCentral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_at(demo_central.base_url, tmp_path, demo_central) as bookings:
        journey, slot = await slot_for(bookings)
        step = bookings._outgoing.step

        async def step_after_a_heartbeat(key: str) -> contract.Outcome:
            await bookings.settle()
            return await step(key)

        monkeypatch.setattr(bookings._outgoing, "step", step_after_a_heartbeat)
        assert (await bookings.hold(journey, slot)).slot.id == slot.id


async def test_everything_on_the_disk_of_a_kiosk_does_not_open_what_it_asks(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b", demo_central) as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
    outbox = Outbox(tmp_path / "b" / "journal.sqlite", lambda: NOW)
    (intent,) = outbox.open_intents()
    outbox.close()
    assert intent.sealed
    envelope = read_envelope(intent.sealed)
    binding = Binding("demo", intent.key, intent.path)
    disk = b"".join(path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
    assert b"GUESSAN" not in disk.upper()
    for found in {disk[start : start + 32] for start in range(len(disk) - 31)}:  # all that stands there, each once
        with pytest.raises(BadSealError):
            open_sealed(X25519PrivateKey.from_private_bytes(found), binding, envelope)


async def test_the_central_opens_what_the_kiosk_sealed(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with desk_at(demo_central.base_url, tmp_path / "a", demo_central) as bookings:
        journey = await journey_to(bookings)
    async with faulty_server(CUT) as url, desk_at(url, tmp_path / "b", demo_central) as bookings:
        with pytest.raises(OutcomeUnknownError):
            await bookings.book(journey)
    outbox = Outbox(tmp_path / "b" / "journal.sqlite", lambda: NOW)
    (intent,) = outbox.open_intents()
    outbox.close()
    assert intent.sealed
    binding = Binding("demo", intent.key, intent.path)
    keys = SealingKeys(demo_central.storage, Issuer(demo_central.storage.person_key), demo_central.clock)
    assert "GUESSAN" in keys.open(binding, read_envelope(intent.sealed)).decode()


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
        assert await bookings.in_hand() is None
        assert await bookings.settled() == ()


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
