"""Who is asked before a slot is taken, and by what a person is recognised."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from kiosk.api.problems import Problem, ProblemName, Rejection
from kiosk.booking.person import Person
from kiosk.central import tables as db
from kiosk.central.registers import Registers, RegisterSilent, Verdict
from tests.central.calls import Json, book, booked, done, held, hold, person, problem_of, signed_in
from tests.support.central import NOW, RunningCentral, running_central

DIALLO = {"surname": "Diallo", "given_names": "Mariam", "birth_date": "1990-02-03"}
DURAND = {"surname": "Durand", "given_names": "Amadou", "birth_date": "1985-05-05"}


@pytest.fixture
def permit(central: RunningCentral) -> str:
    """A slot of a service that wants a residence permit's number."""
    return central.add_slot("permit", capacity=5, service="sejour-renouvellement")


@pytest.fixture
def passport(central: RunningCentral) -> str:
    """A slot of a service that wants a pre-application."""
    return central.add_slot("passport", capacity=5, service="passeport")


def test_a_number_that_fits_the_person_is_accepted(kiosk: httpx.Client, permit: str) -> None:
    assert hold(kiosk, permit, _with(DURAND, agdref="9900000003")).status_code == 201


@pytest.mark.parametrize(
    ("someone", "numbers", "reason"),
    [
        (DURAND, {}, Rejection.AGDREF_MISSING),
        (DURAND, {"agdref": "1234567890"}, Rejection.AGDREF_UNKNOWN),
        (DURAND, {"agdref": "9900000001"}, Rejection.AGDREF_MISMATCH),
        (DURAND | {"birth_date": "1985-05-06"}, {"agdref": "9900000003"}, Rejection.AGDREF_MISMATCH),
    ],
)
def test_a_number_that_does_not_fit_takes_nothing(
    central: RunningCentral, kiosk: httpx.Client, permit: str, someone: Json, numbers: Json, reason: Rejection
) -> None:
    assert _reason(hold(kiosk, permit, _with(someone, **numbers))) == reason
    assert central.count(db.slots, db.slots.c.id == permit, db.slots.c.taken == 0) == 1


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("AAAAAAAAA3", Rejection.ANTS_CONSUMED),
        ("AAAAAAAAA4", Rejection.ANTS_EXPIRED),
        ("AAAAAAAAA5", Rejection.ANTS_DECLARED),
        ("ZZZZZZZZZZ", Rejection.ANTS_UNKNOWN),
        (None, Rejection.ANTS_MISSING),
    ],
)
def test_only_a_validated_pre_application_is_accepted(
    kiosk: httpx.Client, passport: str, number: str | None, reason: Rejection
) -> None:
    assert _reason(hold(kiosk, passport, _with(DURAND, ants=number))) == reason
    assert hold(kiosk, passport, _with(DURAND, ants="AAAAAAAAA1")).status_code == 201


def test_a_driving_licence_number_has_a_form_and_no_register(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("licence", capacity=5, service="permis-medical")
    assert problem_of(hold(kiosk, slot, _with(DURAND, neph="12345"))) is ProblemName.INVALID
    assert _reason(hold(kiosk, slot, DURAND)) == Rejection.NEPH_MISSING
    assert hold(kiosk, slot, _with(DURAND, neph="123456789012")).status_code == 201


def test_a_number_accepted_once_need_not_be_typed_again(
    central: RunningCentral, kiosk: httpx.Client, permit: str
) -> None:
    [booking] = booked(kiosk, permit, _with(DURAND, agdref="9900000003"))
    assert booking["identifiers_known"] == ["agdref"]
    central.clock.advance(days=3)
    later = central.add_slot("later", capacity=1, service="sejour-remise", start=NOW + dt.timedelta(days=30))
    assert hold(kiosk, later, DURAND).status_code == 201


def test_a_known_persons_number_never_leaves_the_central(kiosk: httpx.Client) -> None:
    found = kiosk.post("/v1/bookings/search", json={"surname": "DIALLO", "birth_date": "1990-02-03"})
    assert done(found)["bookings"][0]["identifiers_known"] == ["agdref"]
    assert "9900000001" not in found.text


def test_one_number_has_one_booking_whatever_the_name(
    central: RunningCentral, kiosk: httpx.Client, passport: str
) -> None:
    booked(kiosk, passport, _with(DURAND, ants="AAAAAAAAA1"))
    other = central.add_slot("other", capacity=1, service="passeport", start=NOW + dt.timedelta(days=5))
    assert problem_of(hold(kiosk, other, _with(person(), ants="AAAAAAAAA1"))) is ProblemName.PERSON_HAS_BOOKING
    assert hold(kiosk, other, _with(person(), ants="AAAAAAAAA2")).status_code == 201


def test_one_document_has_one_booking_whatever_the_name(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=5)
    document = {"kind": "passport", "number": "18AB12345"}
    booked(kiosk, slot, person(document=document))
    assert problem_of(hold(kiosk, slot, person(document=document))) is ProblemName.PERSON_HAS_BOOKING
    assert hold(kiosk, slot, person(document=document | {"kind": "residence-permit"})).status_code == 201


def test_a_refused_number_is_written_down_for_review(central: RunningCentral, kiosk: httpx.Client, permit: str) -> None:
    hold(kiosk, permit, _with(DURAND, agdref="9900000001"))
    with central.storage.reading() as transaction:
        [event] = transaction.execute(db.events.select().where(db.events.c.action == "reject")).all()
    assert (event.chain, event.mediator, event.subject) == ("demo", "demo", "sejour-renouvellement")
    assert event.details == '{"reason": "agdref-mismatch"}'


def test_a_register_cannot_be_guessed_from(central: RunningCentral, kiosk: httpx.Client, permit: str) -> None:
    central.set_limits(rejections_hour=3)
    for number in range(3):
        assert _reason(hold(kiosk, permit, _with(DURAND, agdref=f"123456789{number}"))) == Rejection.AGDREF_UNKNOWN
    right = _with(DURAND, agdref="9900000003")
    assert problem_of(hold(kiosk, permit, right)) is ProblemName.REJECTIONS_LIMIT
    central.clock.advance(hours=1)
    assert hold(kiosk, permit, right).status_code == 201


def test_the_same_person_with_another_number_is_another_hold(
    central: RunningCentral, kiosk: httpx.Client, passport: str
) -> None:
    first = held(kiosk, passport, _with(DURAND, ants="AAAAAAAAA1"))
    second = held(kiosk, passport, _with(DURAND, ants="AAAAAAAAA2"))
    assert first.id != second.id
    assert held(kiosk, passport, _with(DURAND, ants="AAAAAAAAA2")).id == second.id


def test_nothing_is_asked_of_a_register_that_the_service_does_not_want(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with _central_with_silent_registers(tmp_path_factory) as (central, kiosk):
        assert hold(kiosk, central.add_slot("mine", capacity=1), DIALLO).status_code == 201


@pytest.mark.parametrize("service", ["sejour-renouvellement", "passeport"])
def test_a_silent_register_refuses_and_says_so(tmp_path_factory: pytest.TempPathFactory, service: str) -> None:
    with _central_with_silent_registers(tmp_path_factory) as (central, kiosk):
        slot = central.add_slot("mine", capacity=1, service=service)
        someone = _with(DIALLO, agdref="9900000001", ants="AAAAAAAAA1")
        assert problem_of(hold(kiosk, slot, someone)) is ProblemName.REGISTER_UNAVAILABLE
        assert central.count(db.slots, db.slots.c.id == slot, db.slots.c.taken == 0) == 1
        assert central.count(db.holds) == 0


def test_a_hold_is_booked_although_a_register_fell_silent_since(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=1, service="sejour-renouvellement")
    kept = held(kiosk, slot, _with(DURAND, agdref="9900000003"))
    assert book(kiosk, kept).status_code == 201


class _Silent:
    def check(self, number: str, person: Person | None = None) -> Verdict:
        raise RegisterSilent


@contextmanager
def _central_with_silent_registers(
    tmp: pytest.TempPathFactory,
) -> Iterator[tuple[RunningCentral, httpx.Client]]:
    folder = tmp.mktemp("central") / "data"
    with running_central(folder, registers=Registers(_Silent(), _Silent())) as central, signed_in(central) as kiosk:
        yield central, kiosk


def _with(someone: Json, **numbers: str | None) -> Json:
    return someone | {"identifiers": {kind: number for kind, number in numbers.items() if number}}


def _reason(answer: httpx.Response) -> str | None:
    assert problem_of(answer) is ProblemName.IDENTITY_REJECTED
    return Problem.model_validate_json(answer.content).reason
