"""Holds and bookings as a kiosk sees them, over HTTP."""

import httpx
import pytest
import sqlalchemy as sa

from kiosk.api.contract import HOLD_SECONDS
from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.clock import Chance, new_reference
from tests.central.calls import book, booked, free_on, held, hold, new_key, person, problem_of, signed_in
from tests.support.central import NOW, RunningCentral, running_central

DAY = "2027-01-13"  # of the slots that tests add: NOW + 2 days


def test_a_held_slot_counts_as_taken_until_it_is_released(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=2)
    hold_id = held(kiosk, slot)
    assert free_on(kiosk, DAY)[slot] == 1
    assert kiosk.delete(f"/v1/holds/{hold_id}").status_code == 204
    assert free_on(kiosk, DAY)[slot] == 2
    assert kiosk.delete(f"/v1/holds/{hold_id}").status_code == 204
    assert free_on(kiosk, DAY)[slot] == 2


def test_a_hold_says_what_is_left_and_until_when(central: RunningCentral, kiosk: httpx.Client) -> None:
    answer = hold(kiosk, central.add_slot("mine", capacity=3), party=2).json()
    assert answer["slot"]["free"] == 1
    assert answer["slot"]["start"] == "2027-01-13T09:07:00+01:00"
    assert answer["expires_at"] == "2027-01-11T09:05:00+01:00"


def test_a_slot_without_enough_places_is_taken(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=2)
    held(kiosk, slot)
    assert problem_of(hold(kiosk, slot, party=2)) is ProblemName.SLOT_TAKEN


def test_a_slot_that_has_begun_is_taken(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=2)
    central.clock.advance(days=2, seconds=7 * 60)
    assert problem_of(hold(kiosk, slot)) is ProblemName.SLOT_TAKEN


def test_a_slot_nobody_knows_is_not_found(kiosk: httpx.Client) -> None:
    assert problem_of(hold(kiosk, "nowhere")) is ProblemName.NOT_FOUND


def test_a_party_larger_than_the_service_allows_is_not_valid(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=9, service="carte-grise")
    assert problem_of(hold(kiosk, slot, party=2)) is ProblemName.INVALID


def test_nothing_is_held_where_the_source_is_down(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=1)
    central.set_source("pref-93", "unavailable")
    assert problem_of(hold(kiosk, slot)) is ProblemName.SOURCE_UNAVAILABLE


def test_an_expired_hold_no_longer_counts_even_before_anybody_writes(
    central: RunningCentral, kiosk: httpx.Client
) -> None:
    slot = central.add_slot("mine", capacity=1)
    held(kiosk, slot)
    central.clock.advance(seconds=HOLD_SECONDS)
    assert free_on(kiosk, DAY)[slot] == 1
    assert central.count(db.holds) == 1
    offer = kiosk.get("/v1/availability", params={"service": "sejour-renouvellement", "from": DAY, "to": DAY}).json()
    [bobigny] = [site for site in offer["sites"] if site["site"] == "pref-93"]
    assert bobigny["days"][0]["free"] == sum(free_on(kiosk, DAY).values())


def test_an_expired_hold_gives_its_seats_to_the_next(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=1)
    late = held(kiosk, slot)
    central.clock.advance(seconds=HOLD_SECONDS)
    held(kiosk, slot)
    assert problem_of(book(kiosk, late)) is ProblemName.HOLD_EXPIRED
    assert problem_of(hold(kiosk, slot)) is ProblemName.SLOT_TAKEN


def test_a_hold_books_until_its_last_second(central: RunningCentral, kiosk: httpx.Client) -> None:
    hold_id = held(kiosk, central.add_slot("mine", capacity=1))
    central.clock.advance(seconds=HOLD_SECONDS - 1)
    assert book(kiosk, hold_id).status_code == 201


def test_another_kiosk_neither_books_nor_releases_a_hold(
    central: RunningCentral, kiosk: httpx.Client, other_kiosk: httpx.Client
) -> None:
    slot = central.add_slot("mine", capacity=1)
    hold_id = held(kiosk, slot)
    assert other_kiosk.delete(f"/v1/holds/{hold_id}").status_code == 204
    assert problem_of(book(other_kiosk, hold_id)) is ProblemName.HOLD_EXPIRED
    assert book(kiosk, hold_id).status_code == 201


def test_a_family_is_booked_in_the_order_in_which_it_was_given(central: RunningCentral, kiosk: httpx.Client) -> None:
    family = [person("Öztürk", given_names=name) for name in ("Zeynep", "Ali", "Ece")]
    bookings = booked(kiosk, central.add_slot("mine", capacity=3), *family)
    assert [booking["person"]["given_names"] for booking in bookings] == ["Zeynep", "Ali", "Ece"]
    assert len({booking["reference"] for booking in bookings}) == 3


def test_a_family_is_booked_whole_or_not_at_all(central: RunningCentral, kiosk: httpx.Client) -> None:
    known = person()
    booked(kiosk, central.add_slot("first", capacity=1), known)
    before = central.count(db.bookings)
    hold_id = held(kiosk, central.add_slot("second", capacity=2, start=NOW.replace(day=20)), party=2)
    assert problem_of(book(kiosk, hold_id, person(), known)) is ProblemName.PERSON_HAS_BOOKING
    assert central.count(db.bookings) == before
    assert book(kiosk, hold_id, person(), person()).status_code == 201


def test_the_same_person_twice_in_a_request_is_refused(central: RunningCentral, kiosk: httpx.Client) -> None:
    hold_id = held(kiosk, central.add_slot("mine", capacity=2), party=2)
    twice = book(kiosk, hold_id, person("Lévêque"), person("LEVEQUE"))
    assert problem_of(twice) is ProblemName.PERSON_HAS_BOOKING


def test_a_person_may_have_one_booking_for_each_service(central: RunningCentral, kiosk: httpx.Client) -> None:
    someone = person()
    booked(kiosk, central.add_slot("permit", capacity=1), someone)
    booked(kiosk, central.add_slot("passport", capacity=1, service="passeport"), someone)


def test_a_person_may_book_again_once_the_appointment_is_over(central: RunningCentral, kiosk: httpx.Client) -> None:
    someone = person()
    first = central.add_slot("first", capacity=1)
    second = central.add_slot("second", capacity=2, start=NOW.replace(day=25))
    booked(kiosk, first, someone)
    assert problem_of(book(kiosk, held(kiosk, second), someone)) is ProblemName.PERSON_HAS_BOOKING
    central.clock.advance(days=2, hours=1)
    booked(kiosk, second, someone)


@pytest.mark.parametrize("persons", [1, 3])
def test_as_many_persons_as_places_held_are_needed(central: RunningCentral, kiosk: httpx.Client, persons: int) -> None:
    hold_id = held(kiosk, central.add_slot("mine", capacity=3), party=2)
    assert problem_of(book(kiosk, hold_id, *(person() for _ in range(persons)))) is ProblemName.INVALID
    assert book(kiosk, hold_id, person(), person()).status_code == 201


def test_a_retry_gets_the_same_answer_and_books_nothing_more(central: RunningCentral, kiosk: httpx.Client) -> None:
    key, someone = new_key(), person(phone="+33612345678")
    hold_id = held(kiosk, central.add_slot("mine", capacity=1))
    first = book(kiosk, hold_id, someone, key=key)
    again = book(kiosk, hold_id, someone, key=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert again.content == first.content


def test_a_retry_is_answered_long_after_the_hold_ended(central: RunningCentral, kiosk: httpx.Client) -> None:
    key, someone = new_key(), person()
    hold_id = held(kiosk, central.add_slot("mine", capacity=1))
    first = book(kiosk, hold_id, someone, key=key)
    central.clock.advance(days=7)
    assert book(kiosk, hold_id, someone, key=key).json() == first.json()


def test_a_key_used_for_another_request_is_a_mismatch(central: RunningCentral, kiosk: httpx.Client) -> None:
    key = new_key()
    hold_id = held(kiosk, central.add_slot("mine", capacity=1))
    book(kiosk, hold_id, person(), key=key)
    assert problem_of(book(kiosk, hold_id, person(), key=key)) is ProblemName.IDEMPOTENCY_MISMATCH


def test_a_refusal_is_not_remembered_under_its_key(central: RunningCentral, kiosk: httpx.Client) -> None:
    key, someone = new_key(), person()
    assert problem_of(book(kiosk, "unknown-hold", someone, key=key)) is ProblemName.HOLD_EXPIRED
    assert kiosk.get(f"/v1/bookings/by-key/{key}").status_code == 404
    hold_id = held(kiosk, central.add_slot("mine", capacity=1))
    assert book(kiosk, hold_id, someone, key=key).status_code == 201


def test_a_hold_becomes_one_booking_only(central: RunningCentral, kiosk: httpx.Client) -> None:
    hold_id = held(kiosk, central.add_slot("mine", capacity=5))
    assert book(kiosk, hold_id).status_code == 201
    assert problem_of(book(kiosk, hold_id)) is ProblemName.HOLD_EXPIRED


def test_two_kiosks_may_use_the_same_key(
    central: RunningCentral, kiosk: httpx.Client, other_kiosk: httpx.Client
) -> None:
    key, slot = new_key(), central.add_slot("mine", capacity=2)
    mine = book(kiosk, held(kiosk, slot), key=key)
    other = book(other_kiosk, held(other_kiosk, slot), key=key)
    assert (mine.status_code, other.status_code) == (201, 201)
    assert kiosk.get(f"/v1/bookings/by-key/{key}").json() == mine.json()
    assert other_kiosk.get(f"/v1/bookings/by-key/{key}").json() == other.json()


def test_a_reference_that_exists_is_drawn_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    same, fresh = new_reference(), new_reference()
    draws = iter([same, same, fresh])
    chance = Chance(new_reference=lambda: next(draws))
    with running_central(tmp_path_factory.mktemp("central") / "data", chance=chance) as central:
        slot = central.add_slot("mine", capacity=2)
        with signed_in(central) as kiosk:
            assert booked(kiosk, slot)[0]["reference"] == same
            assert booked(kiosk, slot)[0]["reference"] == fresh


def test_every_booking_says_who_made_it_and_how_the_person_agreed(central: RunningCentral, kiosk: httpx.Client) -> None:
    [booking] = booked(kiosk, central.add_slot("mine", capacity=1))
    with central.storage.reading() as transaction:
        row = transaction.execute(sa.select(db.bookings).where(db.bookings.c.id == booking["id"])).one()
    assert (row.mediator, row.kiosk, row.consent_mode) == ("demo", "demo", "present")
