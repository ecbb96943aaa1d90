"""Moving, cancelling and correcting an appointment; the person never changes."""

import datetime as dt
from collections.abc import Callable

import httpx
import pytest

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from tests.central.calls import (
    Json,
    booked,
    cancel,
    change,
    correct,
    done,
    held,
    hold,
    move,
    new_key,
    person,
    problem_of,
)
from tests.support.central import NOW, RunningCentral


@pytest.fixture
def booking(central: RunningCentral, kiosk: httpx.Client) -> Json:
    """An appointment of Mariam Diallo."""
    [made] = booked(kiosk, central.add_slot("mine", capacity=1), person("Diallo", given_names="Mariam"))
    return made


def test_a_move_keeps_person_and_reference_and_counts(
    central: RunningCentral, kiosk: httpx.Client, booking: Json
) -> None:
    answer = move(kiosk, booking, central.add_slot("new", capacity=1, start=_later(5)))
    moved = done(answer)
    assert answer.headers["ETag"] == '"2"'
    kept = ("id", "reference", "person", "created_at", "status")
    assert {name: moved[name] for name in kept} == {name: booking[name] for name in kept}
    assert (moved["start"], moved["moves_left"], moved["revision"]) == ("2027-01-18T09:07:00+01:00", 1, 2)


def test_an_appointment_is_moved_twice_at_most(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> None:
    for number in range(2):
        booking = done(move(kiosk, booking, central.add_slot(f"new-{number}", capacity=1, start=_later(number + 1))))
    assert booking["moves_left"] == 0
    last = central.add_slot("last", capacity=1, start=_later(9))
    assert problem_of(move(kiosk, booking, last)) is ProblemName.MOVES_USED_UP
    assert central.count(db.slots, db.slots.c.id == last, db.slots.c.taken == 0) == 1


def test_a_move_to_a_full_slot_changes_nothing(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> None:
    full = central.add_slot("full", capacity=1, start=_later(1))
    held(kiosk, full)
    assert problem_of(move(kiosk, booking, full)) is ProblemName.SLOT_TAKEN
    assert central.count(db.releases) == 0
    assert central.count(db.bookings, db.bookings.c.slot == "mine", db.bookings.c.moves == 0) == 1


@pytest.mark.parametrize("service", ["carte-grise", "sejour-premiere"])
def test_a_move_goes_to_another_slot_of_the_same_service(
    central: RunningCentral, kiosk: httpx.Client, booking: Json, service: str
) -> None:
    slot = "mine" if service == "sejour-premiere" else central.add_slot("new", capacity=1, service=service)
    assert problem_of(move(kiosk, booking, slot)) is ProblemName.INVALID


def test_a_move_may_go_to_another_site(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> None:
    moved = done(move(kiosk, booking, central.add_slot("far", capacity=1, site="pref-976", start=_later(1))))
    assert (moved["site"], moved["start"]) == ("pref-976", "2027-01-14T11:07:00+03:00")


def test_a_moved_person_is_still_spoken_for(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> None:
    done(move(kiosk, booking, central.add_slot("new", capacity=1, start=_later(20))))
    other = central.add_slot("other", capacity=1, start=_later(30))
    central.clock.advance(days=3)  # past the first hour, before the second
    again = person("Diallo", given_names="Mariam")
    assert problem_of(hold(kiosk, other, again)) is ProblemName.PERSON_HAS_BOOKING
    central.clock.advance(days=20)
    assert hold(kiosk, other, again).status_code == 201


def test_a_cancelled_appointment_frees_the_person(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> None:
    cancelled = done(cancel(kiosk, booking))
    assert (cancelled["status"], cancelled["revision"]) == ("cancelled", 2)
    booked(kiosk, central.add_slot("new", capacity=1, start=_later(1)), person("Diallo", given_names="Mariam"))


def test_one_of_a_family_is_cancelled_alone(central: RunningCentral, kiosk: httpx.Client) -> None:
    family = [person("Öztürk", given_names=name) for name in ("Zeynep", "Ali")]
    first, second = booked(kiosk, central.add_slot("both", capacity=2), *family)
    done(cancel(kiosk, first))
    again = central.add_slot("again", capacity=2, start=_later(1))
    assert problem_of(hold(kiosk, again, family[1])) is ProblemName.PERSON_HAS_BOOKING
    assert hold(kiosk, again, family[0]).status_code == 201
    assert second["status"] == "booked"


def test_who_cancelled_twice_pauses_unless_nobody_is_to_blame(central: RunningCentral, kiosk: httpx.Client) -> None:
    someone = person()
    for number, reason in enumerate(("person", "illness", "mediator-mistake", "person")):
        [made] = booked(kiosk, central.add_slot(f"slot-{number}", capacity=1, start=_later(number)), someone)
        done(cancel(kiosk, made, reason))
    slot = central.add_slot("next", capacity=1, start=_later(40))
    refused = hold(kiosk, slot, someone)
    assert problem_of(refused) is ProblemName.COOLING_OFF
    assert int(refused.headers["Retry-After"]) == 90 * 86400 + 1
    assert hold(kiosk, slot, person()).status_code == 201


def test_a_typing_error_is_put_right(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> None:
    corrected = done(correct(kiosk, booking, surname="Dialo", given_names="Maryam"))
    assert (corrected["person"]["surname"], corrected["person"]["given_names"]) == ("Dialo", "Maryam")
    found = done(kiosk.post("/v1/bookings/search", json={"surname": "Dialo", "birth_date": "1987-05-03"}))
    assert [one["reference"] for one in found["bookings"]] == [booking["reference"]]


def test_small_steps_do_not_lead_to_another_person(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> None:
    booking = done(correct(kiosk, booking, surname="Dialla"))
    booking = done(correct(kiosk, booking, surname="Dialka"))
    assert problem_of(correct(kiosk, booking, surname="Dikka")) is ProblemName.NOT_A_TYPO
    assert problem_of(correct(kiosk, booking, birth_date="1987-05-04")) is ProblemName.NOT_A_TYPO
    assert correct(kiosk, booking, surname="Diallo").status_code == 200


def test_whoever_is_corrected_stays_spoken_for_under_every_name(
    central: RunningCentral, kiosk: httpx.Client, booking: Json
) -> None:
    done(correct(kiosk, booking, surname="Dialo"))
    slot = central.add_slot("new", capacity=1, start=_later(1))
    for name in ("Diallo", "Dialo"):
        refused = hold(kiosk, slot, person(name, given_names="Mariam"))
        assert problem_of(refused) is ProblemName.PERSON_HAS_BOOKING


def test_a_correction_never_makes_two_bookings_for_one_person(
    central: RunningCentral, kiosk: httpx.Client, booking: Json
) -> None:
    booked(kiosk, central.add_slot("other", capacity=1, start=_later(1)), person("Dialla", given_names="Mariam"))
    assert problem_of(correct(kiosk, booking, surname="Dialla")) is ProblemName.PERSON_HAS_BOOKING


CHANGES: list[tuple[str, Json]] = [
    ("reschedule", {"slot": "new"}),
    ("cancel", {"reason": "person"}),
    (
        "correction",
        {"surname": "Dialo", "given_names": "Mariam", "birth_date": "1987-05-03", "reason": "typed-wrong"},
    ),
]


@pytest.mark.parametrize(("what", "body"), CHANGES)
def test_a_change_is_made_once_per_key(
    central: RunningCentral, kiosk: httpx.Client, booking: Json, what: str, body: Json
) -> None:
    central.add_slot("new", capacity=5, start=_later(1))
    key = new_key()
    first, again = (change(kiosk, booking, what, body, key) for _ in range(2))
    assert again.content == first.content
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert done(kiosk.get(f"/v1/bookings/by-key/{key}"))["bookings"] == [first.json()]


@pytest.mark.parametrize(("what", "body"), CHANGES)
def test_a_change_of_what_has_changed_meanwhile_is_refused(
    central: RunningCentral, kiosk: httpx.Client, booking: Json, what: str, body: Json
) -> None:
    central.add_slot("new", capacity=5, start=_later(1))
    done(correct(kiosk, booking, surname="Dialloo"))
    assert problem_of(change(kiosk, booking, what, body)) is ProblemName.STALE


@pytest.mark.parametrize(("what", "body"), CHANGES)
def test_a_change_says_what_it_changes(
    central: RunningCentral, kiosk: httpx.Client, booking: Json, what: str, body: Json
) -> None:
    central.add_slot("new", capacity=5, start=_later(1))
    path = f"/v1/bookings/{booking['id']}/{what}"
    assert (
        problem_of(kiosk.post(path, headers={"Idempotency-Key": new_key()}, json=body)) is ProblemName.IF_MATCH_MISSING
    )
    missing = kiosk.post(path, headers={"If-Match": '"1"'}, json=body)
    assert problem_of(missing) is ProblemName.IDEMPOTENCY_KEY_MISSING
    assert problem_of(change(kiosk, booking, what, body, tag="*")) is ProblemName.INVALID
    assert problem_of(change(kiosk, {"id": "nobody", "revision": 1}, what, body)) is ProblemName.NOT_FOUND


def _pass(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> Json:
    central.clock.advance(days=3)
    return booking


def _cancelled(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> Json:
    return done(cancel(kiosk, booking))


@pytest.mark.parametrize(("what", "body"), CHANGES)
@pytest.mark.parametrize("ended", [_pass, _cancelled])
def test_what_is_over_or_cancelled_does_not_change(
    central: RunningCentral,
    kiosk: httpx.Client,
    booking: Json,
    ended: Callable[[RunningCentral, httpx.Client, Json], Json],
    what: str,
    body: Json,
) -> None:
    central.add_slot("new", capacity=5, start=_later(5))
    assert problem_of(change(kiosk, ended(central, kiosk, booking), what, body)) is ProblemName.NOT_ACTIVE


def test_a_key_of_a_booking_does_not_cancel(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> None:
    key = new_key()
    done(correct(kiosk, booking, surname="Dialo"))
    done(change(kiosk, booking, "cancel", {"reason": "person"}, key, tag='"2"'))
    answer = change(kiosk, booking, "correction", CHANGES[2][1], key, tag='"3"')
    assert problem_of(answer) is ProblemName.IDEMPOTENCY_MISMATCH


def _later(days: int) -> dt.datetime:
    return NOW + dt.timedelta(days=2 + days, minutes=7)
