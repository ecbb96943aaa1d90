"""Holds and bookings as a kiosk sees them, over HTTP."""

import datetime as dt

import httpx
import pytest
import sqlalchemy as sa

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.clock import Chance, new_reference
from kiosk.central.limits import Limits
from tests.central.calls import (
    book,
    booked,
    done,
    free_on,
    held,
    hold,
    new_key,
    newcomer,
    person,
    problem_of,
    signed_in,
)
from tests.support.central import NOW, RunningCentral, running_central

DAY = "2027-01-13"  # of the slots that tests add: NOW + 2 days
HOLD_SECONDS = Limits().hold_seconds


def test_a_held_place_is_taken(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=2)
    held(kiosk, slot)
    assert free_on(kiosk, DAY)[slot] == 1


def test_a_hold_says_what_is_left_and_until_when(central: RunningCentral, kiosk: httpx.Client) -> None:
    answer = hold(kiosk, central.add_slot("mine", capacity=3), person(), person()).json()
    assert answer["slot"]["free"] == 1
    assert answer["slot"]["start"] == "2027-01-13T09:07:00+01:00"
    assert answer["expires_at"] == "2027-01-11T09:05:00+01:00"


def test_asking_for_the_same_hold_again_gives_the_same_hold(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot, someone = central.add_slot("mine", capacity=2), person("Lévêque")
    first = held(kiosk, slot, someone)
    central.clock.advance(seconds=60)
    again = hold(kiosk, slot, person("LEVEQUE")).json()
    assert (again["id"], again["expires_at"]) == (first.id, "2027-01-11T09:05:00+01:00")
    assert free_on(kiosk, DAY)[slot] == 1


def test_a_kiosk_has_one_hold_and_another_one_ends_it(central: RunningCentral, kiosk: httpx.Client) -> None:
    first, second = central.add_slot("first", capacity=1), central.add_slot("second", capacity=1, start=_later(1))
    someone = person()
    before = held(kiosk, first, someone)
    after = held(kiosk, second, someone)
    assert central.count(db.holds) == 1
    assert problem_of(book(kiosk, before)) is ProblemName.HOLD_EXPIRED
    assert book(kiosk, after).status_code == 201


def test_a_person_is_held_once_and_told_how_long(central: RunningCentral, kiosk: httpx.Client) -> None:
    someone = person()
    held(kiosk, central.add_slot("first", capacity=1), someone)
    central.clock.advance(seconds=100)
    with newcomer(central, "elsewhere") as elsewhere:
        answer = hold(elsewhere, central.add_slot("second", capacity=1, start=_later(1)), someone)
    assert problem_of(answer) is ProblemName.PERSON_HAS_HOLD
    assert answer.headers["Retry-After"] == "201"


def test_a_slot_without_enough_places_is_taken(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=2)
    with newcomer(central, "elsewhere") as elsewhere:
        held(elsewhere, slot)
    assert problem_of(hold(kiosk, slot, person(), person())) is ProblemName.SLOT_TAKEN


def test_a_slot_that_has_begun_is_taken(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=2)
    central.clock.advance(days=2, seconds=7 * 60)
    assert problem_of(hold(kiosk, slot)) is ProblemName.SLOT_TAKEN


@pytest.mark.parametrize(("days", "bookable"), [(84, True), (85, False)])
def test_nothing_is_bookable_beyond_the_horizon(
    central: RunningCentral, kiosk: httpx.Client, days: int, bookable: bool
) -> None:
    start = NOW + dt.timedelta(days=days, minutes=7)
    slot = central.add_slot("mine", capacity=1, start=start)
    assert (slot in free_on(kiosk, start.date().isoformat())) is bookable
    assert (hold(kiosk, slot).status_code == 201) is bookable


def test_a_slot_nobody_knows_is_not_found(kiosk: httpx.Client) -> None:
    assert problem_of(hold(kiosk, "nowhere")) is ProblemName.NOT_FOUND


def test_more_persons_than_the_service_allows_are_not_valid(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=9, service="carte-grise")
    assert problem_of(hold(kiosk, slot, person(), person())) is ProblemName.INVALID


def test_nothing_is_held_where_the_source_is_down(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=1)
    central.set_source("pref-93", "unavailable")
    assert problem_of(hold(kiosk, slot)) is ProblemName.SOURCE_UNAVAILABLE


def test_a_hold_books_until_its_last_second(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept = held(kiosk, central.add_slot("mine", capacity=1))
    central.clock.advance(seconds=HOLD_SECONDS - 1)
    assert book(kiosk, kept).status_code == 201


def test_an_expired_hold_books_nothing(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept = held(kiosk, central.add_slot("mine", capacity=1))
    central.clock.advance(seconds=HOLD_SECONDS)
    assert problem_of(book(kiosk, kept)) is ProblemName.HOLD_EXPIRED


def test_a_person_whose_hold_expired_may_be_held_elsewhere(central: RunningCentral, kiosk: httpx.Client) -> None:
    someone = person()
    held(kiosk, central.add_slot("first", capacity=1), someone)
    central.clock.advance(seconds=HOLD_SECONDS)
    with newcomer(central, "elsewhere") as elsewhere:
        held(elsewhere, central.add_slot("second", capacity=1, start=_later(1)), someone)


def test_another_kiosk_neither_books_nor_releases_a_hold(
    central: RunningCentral, kiosk: httpx.Client, other_kiosk: httpx.Client
) -> None:
    kept = held(kiosk, central.add_slot("mine", capacity=1))
    assert other_kiosk.delete(f"/v1/holds/{kept.id}").status_code == 204
    assert problem_of(book(other_kiosk, kept)) is ProblemName.HOLD_EXPIRED
    assert book(kiosk, kept).status_code == 201


def test_releasing_is_safe_to_repeat(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept = held(kiosk, central.add_slot("mine", capacity=1))
    for _ in range(3):
        assert kiosk.delete(f"/v1/holds/{kept.id}").status_code == 204
    assert central.count(db.releases) == 1


def test_a_family_is_booked_in_the_order_in_which_it_was_given(central: RunningCentral, kiosk: httpx.Client) -> None:
    family = [person("Öztürk", given_names=name) for name in ("Zeynep", "Ali", "Ece")]
    bookings = booked(kiosk, central.add_slot("mine", capacity=3), *family)
    assert [booking["person"]["given_names"] for booking in bookings] == ["Zeynep", "Ali", "Ece"]
    assert len({booking["reference"] for booking in bookings}) == 3


def test_a_family_is_held_whole_or_not_at_all(central: RunningCentral, kiosk: httpx.Client) -> None:
    known = person()
    booked(kiosk, central.add_slot("first", capacity=1), known)
    second = central.add_slot("second", capacity=2, start=_later(20))
    assert problem_of(hold(kiosk, second, person(), known)) is ProblemName.PERSON_HAS_BOOKING
    assert central.count(db.slots, db.slots.c.id == second, db.slots.c.taken == 0) == 1
    assert len(booked(kiosk, second, person(), person())) == 2


def test_the_same_person_twice_in_a_request_is_refused(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=2)
    assert problem_of(hold(kiosk, slot, person("Lévêque"), person("LEVEQUE"))) is ProblemName.PERSON_HAS_BOOKING


def test_a_person_may_have_one_booking_for_each_service(central: RunningCentral, kiosk: httpx.Client) -> None:
    someone = person()
    booked(kiosk, central.add_slot("permit", capacity=1), someone)
    booked(kiosk, central.add_slot("car", capacity=1, service="carte-grise"), someone)


def test_a_person_may_book_again_once_the_appointment_is_over(central: RunningCentral, kiosk: httpx.Client) -> None:
    someone = person()
    booked(kiosk, central.add_slot("first", capacity=1), someone)
    second = central.add_slot("second", capacity=2, start=_later(14))
    assert problem_of(hold(kiosk, second, someone)) is ProblemName.PERSON_HAS_BOOKING
    central.clock.advance(days=2, hours=1)
    booked(kiosk, second, someone)


def test_a_typing_error_found_on_the_last_screen_is_put_right(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept = held(kiosk, central.add_slot("mine", capacity=1), person("Dialo"))
    [booking] = done(book(kiosk, kept, person("Diallo", phone="+33612345678")))["bookings"]
    assert booking["person"]["surname"] == "Diallo"
    again = central.add_slot("again", capacity=1, start=_later(1))
    for name in ("Dialo", "Diallo"):
        assert problem_of(hold(kiosk, again, person(name))) is ProblemName.PERSON_HAS_BOOKING


def test_a_hold_is_not_booked_for_another_person(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept = held(kiosk, central.add_slot("mine", capacity=1), person("Diallo"))
    assert problem_of(book(kiosk, kept, person("Nguyen"))) is ProblemName.NOT_A_TYPO
    assert problem_of(book(kiosk, kept, person("Diallo", birth_date="1990-11-24"))) is ProblemName.NOT_A_TYPO
    assert book(kiosk, kept).status_code == 201


@pytest.mark.parametrize("persons", [1, 3])
def test_as_many_persons_as_held_are_needed(central: RunningCentral, kiosk: httpx.Client, persons: int) -> None:
    kept = held(kiosk, central.add_slot("mine", capacity=3), person(), person())
    assert problem_of(book(kiosk, kept, *(person() for _ in range(persons)))) is ProblemName.INVALID
    assert book(kiosk, kept).status_code == 201


def test_a_retry_gets_the_same_answer_and_books_nothing_more(central: RunningCentral, kiosk: httpx.Client) -> None:
    key = new_key()
    kept = held(kiosk, central.add_slot("mine", capacity=1), person(phone="+33612345678"))
    first, again = book(kiosk, kept, key=key), book(kiosk, kept, key=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert again.content == first.content


def test_a_retry_is_answered_long_after_the_hold_ended(central: RunningCentral, kiosk: httpx.Client) -> None:
    key, kept = new_key(), held(kiosk, central.add_slot("mine", capacity=1))
    first = book(kiosk, kept, key=key)
    central.clock.advance(days=7)
    assert book(kiosk, kept, key=key).json() == first.json()


def test_a_key_used_for_another_request_is_a_mismatch(central: RunningCentral, kiosk: httpx.Client) -> None:
    key, kept = new_key(), held(kiosk, central.add_slot("mine", capacity=1))
    book(kiosk, kept, key=key)
    assert problem_of(book(kiosk, kept, person(), key=key)) is ProblemName.IDEMPOTENCY_MISMATCH


def test_a_hold_becomes_one_booking_only(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept = held(kiosk, central.add_slot("mine", capacity=5))
    assert book(kiosk, kept).status_code == 201
    assert problem_of(book(kiosk, kept)) is ProblemName.HOLD_EXPIRED


def test_two_kiosks_may_use_the_same_key(
    central: RunningCentral, kiosk: httpx.Client, other_kiosk: httpx.Client
) -> None:
    key, slot = new_key(), central.add_slot("mine", capacity=2)
    mine = book(kiosk, held(kiosk, slot), key=key)
    other = book(other_kiosk, held(other_kiosk, slot), key=key)
    assert (mine.status_code, other.status_code) == (201, 201)
    assert kiosk.get(f"/v1/bookings/by-key/{key}").json()["bookings"] == mine.json()["bookings"]
    assert other_kiosk.get(f"/v1/bookings/by-key/{key}").json()["bookings"] == other.json()["bookings"]


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


def test_what_a_person_adds_is_kept_and_comes_back(central: RunningCentral, kiosk: httpx.Client) -> None:
    full = person(phone="+33612345678", email="a@exemple.fr", language="fa-AF", representative="Awa Koné")
    [booking] = booked(kiosk, central.add_slot("mine", capacity=1), full)
    assert {name: booking["person"][name] for name in full} == full


def _later(days: int) -> dt.datetime:
    return NOW + dt.timedelta(days=2 + days, minutes=7)


def test_nobody_is_booked_whose_claim_another_server_has_ended(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept = held(kiosk, central.add_slot("mine", capacity=1))
    with central.storage.writing() as transaction:
        transaction.execute(sa.delete(db.claims))
    assert problem_of(book(kiosk, kept)) is ProblemName.HOLD_EXPIRED
    assert central.count(db.bookings, db.bookings.c.slot == "mine") == 0
