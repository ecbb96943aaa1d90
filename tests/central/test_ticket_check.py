"""A ticket shown to a mediator: what it is worth, whether it is the bearer's, and how often that may be guessed."""

import datetime as dt
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import sqlalchemy as sa

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.events import verify
from kiosk.central.examples import TOKEN
from kiosk.central.review import Kind, signals
from kiosk.tickets.reference import make_reference
from tests.central.calls import (
    SERVICE,
    Json,
    at_counter,
    booked,
    cancel,
    deliver,
    done,
    move,
    newcomer,
    note,
    person,
    problem_of,
    signed_in,
)
from tests.support.central import NOW, RunningCentral

AWA = {"surname": "N'Guessan-Koné", "given_names": "Awa Marie", "birth_date": "1990-02-03"}
HERSELF = {"surname": "NGUESSANKONE", "given_name": "AWA", "birth_date": "900203"}
SOMEBODY = {"surname": "DURAND", "given_name": "AWA", "birth_date": "900203"}
START = NOW + dt.timedelta(days=2)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def central(uncapped_central: RunningCentral) -> RunningCentral:
    """One central for all tests, each of which has appointments of its own."""
    return uncapped_central


@pytest.fixture(scope="module")
def kiosk(central: RunningCentral) -> Iterator[httpx.Client]:
    """A kiosk that books without a cap in the way."""
    with signed_in(central) as client:
        yield client


@pytest.fixture
def booking(central: RunningCentral, kiosk: httpx.Client) -> Json:
    """An appointment of Awa's; the one before is cancelled, since she may have one only."""
    [made] = booked(kiosk, _slot(central), person(**AWA))
    with central.storage.writing() as transaction:
        transaction.execute(sa.delete(db.claims))
    return made


def _slot(central: RunningCentral, site: str = "pref-93") -> str:
    number = next(_numbers)
    start = START + dt.timedelta(minutes=number)
    return central.add_slot(f"slot-{number}", capacity=1, start=start, site=site)


def _ask(kiosk: httpx.Client, **asked: object) -> httpx.Response:
    return kiosk.post("/v1/tickets/check", json=asked)


def _check(kiosk: httpx.Client, **asked: object) -> Json:
    answer = done(_ask(kiosk, **asked))
    assert answer.keys() == contract.TicketCheck.model_fields.keys()
    return answer


def _rejections(central: RunningCentral) -> int:
    return central.count(db.events, db.events.c.action == "reject")


def test_a_ticket_is_worth_its_appointment_and_names_nobody(kiosk: httpx.Client, booking: Json) -> None:
    answer = _check(kiosk, token=booking["token"])
    assert answer == {
        "state": "valid",
        "person": "not-asked",
        "reference": booking["reference"],
        "service": SERVICE,
        "site": "pref-93",
        "start": booking["start"],
        "minutes": 20,
        "time_zone": "Europe/Paris",
        "admitted": None,
    }


@pytest.mark.parametrize(
    ("bearer", "person_is"),
    [
        (HERSELF, "match"),
        (SOMEBODY, "no-match"),
        (HERSELF | {"given_name": "FATOU"}, "no-match"),
        (HERSELF | {"birth_date": "900204"}, "no-match"),
        (HERSELF | {"birth_date": "90<<<<"}, "no-match"),
    ],
)
def test_the_bearer_is_confirmed_or_not(kiosk: httpx.Client, booking: Json, bearer: Json, person_is: str) -> None:
    answer = _check(kiosk, token=booking["token"], bearer=bearer)
    assert (answer["state"], answer["person"]) == ("valid", person_is)


def test_a_code_is_found_with_the_birth_date(kiosk: httpx.Client, booking: Json) -> None:
    typed = f"{booking['reference'][:4]}-{booking['reference'][4:]}".lower()
    answer = _check(kiosk, reference=typed, bearer=HERSELF)
    assert (answer["state"], answer["person"], answer["reference"]) == ("valid", "match", booking["reference"])
    assert _check(kiosk, reference=typed, bearer=SOMEBODY)["person"] == "no-match"


def test_a_birth_date_known_in_part_is_known_as_far_as_that(central: RunningCentral, kiosk: httpx.Client) -> None:
    [booking] = booked(kiosk, _slot(central), person("Sylla", birth_date="1987"))
    for shown, found in (("87<<<<", True), ("870503", True), ("880503", False)):
        bearer = {"surname": "SYLLA", "given_name": "ISSA", "birth_date": shown}
        answer = _ask(kiosk, reference=booking["reference"], bearer=bearer)
        assert answer.json()["person"] == "match" if found else problem_of(answer) is ProblemName.NOT_FOUND


def test_a_wrong_birth_date_and_a_wrong_code_are_answered_alike(kiosk: httpx.Client, booking: Json) -> None:
    wrong_date = _ask(kiosk, reference=booking["reference"], bearer=HERSELF | {"birth_date": "900204"})
    wrong_code = _ask(kiosk, reference=make_reference(4711), bearer=HERSELF)
    assert problem_of(wrong_date) is ProblemName.NOT_FOUND
    assert wrong_date.json() == wrong_code.json()


def test_a_misread_code_is_not_valid(kiosk: httpx.Client) -> None:
    assert problem_of(_ask(kiosk, reference="7K4M2QXP93TR", bearer=HERSELF)) is ProblemName.INVALID


def test_a_code_without_a_bearer_is_not_valid(kiosk: httpx.Client, booking: Json) -> None:
    assert problem_of(_ask(kiosk, reference=booking["reference"])) is ProblemName.INVALID


def test_a_cancelled_appointment_is_told(kiosk: httpx.Client, booking: Json) -> None:
    done(cancel(kiosk, booking))
    assert _check(kiosk, token=booking["token"])["state"] == "cancelled"
    assert _check(kiosk, reference=booking["reference"], bearer=HERSELF)["state"] == "cancelled"


def test_a_moved_appointment_is_told_with_where_it_is_now(
    central: RunningCentral, kiosk: httpx.Client, booking: Json
) -> None:
    moved = done(move(kiosk, booking, _slot(central, "sp-932")))
    answer = _check(kiosk, token=booking["token"], bearer=HERSELF)
    assert (answer["state"], answer["person"], answer["site"]) == ("moved", "match", "sp-932")
    assert (answer["start"], answer["reference"]) == (moved["start"], booking["reference"])
    assert _check(kiosk, token=moved["token"], bearer=HERSELF)["state"] == "valid"


def test_who_was_let_in_is_told(central: RunningCentral, kiosk: httpx.Client, booking: Json) -> None:
    with at_counter(central) as counter:
        deliver(counter, note(at=START, reference=booking["reference"], revision=1))
    answer = _check(kiosk, token=booking["token"])
    assert answer["state"] == "already-admitted"
    assert answer["admitted"] == {"at": "2027-01-13T09:00:00+01:00", "counter": "accueil-pref-93"}


@pytest.mark.parametrize(
    ("token", "state"), [("hello", "not-ours"), ("RDV1:ABC", "altered"), ("\u0000", "not-ours"), (TOKEN, "unknown-key")]
)
def test_what_is_no_ticket_of_this_central_says_nothing(kiosk: httpx.Client, token: str, state: str) -> None:
    answer = _check(kiosk, token=token, bearer=HERSELF)
    assert {name: value for name, value in answer.items() if value} == {"state": state, "person": "not-asked"}


def test_a_ticket_whose_appointment_was_lost_is_not_listed(
    central: RunningCentral, kiosk: httpx.Client, booking: Json
) -> None:
    with central.storage.writing() as transaction:
        mine = db.bookings.c.id == booking["id"]
        transaction.execute(sa.update(db.bookings).where(mine).values(reference=make_reference(next(_numbers))))
    answer = _check(kiosk, token=booking["token"], bearer=HERSELF)
    assert {name: value for name, value in answer.items() if value} == {"state": "not-listed", "person": "not-asked"}


def test_nobody_guesses_names_for_long(central: RunningCentral, booking: Json) -> None:
    central.set_limits(rejections_hour=6)
    try:
        with newcomer(central, "guesser") as guesser, newcomer(central, "colleague") as colleague:
            before = _rejections(central)
            for _ in range(2):
                assert _check(guesser, token=booking["token"], bearer=SOMEBODY)["person"] == "no-match"
                assert _check(guesser, token=booking["token"], bearer=HERSELF)["person"] == "match"
                wrong_date = HERSELF | {"birth_date": "900204"}
                assert _ask(guesser, reference=booking["reference"], bearer=wrong_date).status_code == 404
                assert _ask(guesser, reference=make_reference(4711), bearer=HERSELF).status_code == 404
            for asked in ({"token": booking["token"]}, {"reference": booking["reference"]}):
                answer = _ask(guesser, **asked, bearer=HERSELF)
                assert problem_of(answer) is ProblemName.REJECTIONS_LIMIT
                assert int(answer.headers["Retry-After"]) <= 3601
            assert _rejections(central) - before == 6
            assert _check(guesser, token=booking["token"])["state"] == "valid"
            assert _check(colleague, token=booking["token"], bearer=HERSELF)["person"] == "match"
            central.clock.advance(hours=1)
            assert _check(guesser, token=booking["token"], bearer=HERSELF)["person"] == "match"
    finally:
        central.set_limits(rejections_hour=30)
    with central.storage.reading() as transaction:
        assert verify(transaction, central.storage.person_key).faults == ()
        found = signals(transaction, central.clock())
    assert "médiateur guesser" in {each.subject for each in found if each.kind is Kind.REJECTED}


def test_guesses_in_parallel_are_counted_too(central: RunningCentral, booking: Json) -> None:
    central.set_limits(rejections_hour=3)
    try:
        with newcomer(central, "hurried") as guesser, ThreadPoolExecutor(8) as pool:
            asked = {"token": booking["token"], "bearer": SOMEBODY}
            answers = list(pool.map(lambda _: _ask(guesser, **asked).status_code, range(8)))
    finally:
        central.set_limits(rejections_hour=30)
    assert sorted(answers) == [200] * 3 + [429] * 5
