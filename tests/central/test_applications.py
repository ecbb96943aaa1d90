"""A place is asked for without choosing an hour: the first one is taken and booked at once, under every rule."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from kiosk.api.problems import ProblemName
from kiosk.booking.person import Person
from kiosk.central import tables as db
from kiosk.central.catalogue import load_catalogue
from kiosk.central.events import missing, verify
from kiosk.central.registers import EmbeddedPreApplications, Registers, Verdict
from kiosk.central.review import BURST_PLACES, Kind, signals
from tests.central.calls import (
    SERVICE,
    Json,
    application,
    apply,
    booked,
    cancel,
    done,
    held,
    hold,
    new_key,
    newcomer,
    person,
    problem_of,
    signed_in,
)
from tests.support.central import NOW, MovingClock, RunningCentral, running_central

DAY = dt.timedelta(days=1)


@pytest.fixture
def central(tmp_path: Path) -> Iterator[RunningCentral]:
    """A central without any slot but those that tests open."""
    with running_central(tmp_path / "data", seed=False) as running:
        running.add_kiosk("demo")
        running.add_mediator("demo")
        yield running


def _open(central: RunningCentral, *days: int, capacity: int = 1) -> list[str]:
    start = NOW + dt.timedelta(minutes=7)
    return [central.add_slot(f"in-{n}-days", capacity=capacity, start=start + n * DAY) for n in days]


def _day(booking: Json) -> int:
    """Return in how many days the appointment is."""
    return (dt.datetime.fromisoformat(booking["start"]) - NOW).days


def _applied(kiosk: httpx.Client, **members: Any) -> Json:
    [made] = done(apply(kiosk, **members))["bookings"]
    booking: Json = made
    return booking


def test_the_first_free_place_from_that_day_on_is_booked(central: RunningCentral, kiosk: httpx.Client) -> None:
    _open(central, 1, 3, 5)
    somebody = person(phone="+33612345678")
    answer = apply(kiosk, person=somebody, not_before="2027-01-13")
    assert answer.status_code == 201
    [made] = answer.json()["bookings"]
    assert (_day(made), made["status"], made["revision"], made["service"]) == (3, "booked", 1, SERVICE)
    assert made["token"]
    assert {name: made["person"][name] for name in somebody} == somebody
    assert [_day(_applied(kiosk)) for _ in range(2)] == [1, 5]
    assert problem_of(apply(kiosk)) is ProblemName.NO_PLACE
    assert central.count(db.holds) == 0


def test_the_same_key_is_one_booking(central: RunningCentral, kiosk: httpx.Client) -> None:
    _open(central, 1, 2)
    wanted, key = application(), new_key()
    first, again = (apply(kiosk, key=key, **wanted) for _ in range(2))
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (201, 200, "true")
    assert first.json() == again.json()
    other = wanted | {"not_before": "2027-01-20"}
    assert problem_of(apply(kiosk, key=key, **other)) is ProblemName.IDEMPOTENCY_MISMATCH
    found = done(kiosk.get(f"/v1/bookings/by-key/{key}"))
    assert (found["action"], found["bookings"]) == ("application", first.json()["bookings"])


def test_it_may_come_sealed(central: RunningCentral) -> None:
    _open(central, 1)
    with signed_in(central, sealed=True) as kiosk:
        assert _day(_applied(kiosk)) == 1


def test_the_kiosks_hold_is_not_touched(central: RunningCentral, kiosk: httpx.Client) -> None:
    _open(central, 1, capacity=2)
    mine, somebody = held(kiosk, "in-1-days"), person()
    _applied(kiosk, person=somebody)
    assert done(hold(kiosk, "in-1-days", *mine.persons))["id"] == mine.id
    # For the very person of the hold it has to wait until that is over, one way or the other.
    answer = apply(kiosk, person=mine.persons[0])
    assert problem_of(answer) is ProblemName.PERSON_HAS_HOLD
    assert answer.headers["Retry-After"] == "301"


def test_nobody_has_two_appointments(central: RunningCentral, kiosk: httpx.Client) -> None:
    _open(central, 1, 2, 3)
    [first] = booked(kiosk, "in-1-days", person("Öztürk"))
    assert problem_of(apply(kiosk, person=person("oeztuerk"))) is ProblemName.PERSON_HAS_BOOKING
    done(cancel(kiosk, first))
    made = _applied(kiosk, person=person("oeztuerk"))
    assert _day(made) == 2
    assert problem_of(hold(kiosk, "in-3-days", person("Öztürk"))) is ProblemName.PERSON_HAS_BOOKING
    done(cancel(kiosk, made))
    assert problem_of(apply(kiosk, person=person("Öztürk"))) is ProblemName.COOLING_OFF


def test_a_document_speaks_for_its_bearer(central: RunningCentral, kiosk: httpx.Client) -> None:
    _open(central, 1, 2)
    document = {"kind": "passport", "number": "12AB34567"}
    _applied(kiosk, person=person(document=document))
    assert problem_of(apply(kiosk, person=person(document=document))) is ProblemName.PERSON_HAS_BOOKING


def test_a_place_given_up_never_comes_back_to_who_gave_it_up(central: RunningCentral, kiosk: httpx.Client) -> None:
    _open(central, 3, 10)
    done(cancel(kiosk, _applied(kiosk)))
    central.clock.advance(hours=25)  # it has returned for everybody else
    assert _day(_applied(kiosk)) == 10
    with newcomer(central, "another") as other:
        assert _day(_applied(other)) == 3


def test_places_count_as_if_they_were_held(central: RunningCentral, kiosk: httpx.Client) -> None:
    _open(central, 1, capacity=9)
    central.set_limits(kiosk_hour=2)
    _applied(kiosk)
    _applied(kiosk)
    answer = apply(kiosk)
    assert problem_of(answer) is ProblemName.KIOSK_LIMIT
    assert answer.headers["Retry-After"] == "3601"
    assert central.count(db.bookings) == 2
    central.clock.advance(hours=1)
    _applied(kiosk)


def test_a_refused_application_leaves_nothing(central: RunningCentral, kiosk: httpx.Client) -> None:
    assert problem_of(apply(kiosk)) is ProblemName.NO_PLACE
    for table in (db.bookings, db.claims, db.caps):
        assert central.count(table) == 0


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"service": "sejour-renouvellement"}, ProblemName.INVALID),
        ({"service": "passeport"}, ProblemName.INVALID),
        ({"service": "nothing"}, ProblemName.NOT_FOUND),
        ({"site": "nowhere"}, ProblemName.NOT_FOUND),
        ({"not_before": "2027-06-01"}, ProblemName.NO_PLACE),
        ({"not_before": "9999-12-31"}, ProblemName.NO_PLACE),
        ({"not_before": "soon"}, ProblemName.INVALID),
        ({"asked_at": 0}, ProblemName.INVALID),
        ({"asked_at": "2027-01-11T09:00:00"}, ProblemName.INVALID),
        ({"slot": "in-1-days"}, ProblemName.INVALID),
    ],
)
def test_what_cannot_be_applied_for(
    central: RunningCentral, kiosk: httpx.Client, members: Json, problem: ProblemName
) -> None:
    _open(central, 1)
    assert problem_of(apply(kiosk, **members)) is problem


def test_a_site_that_does_not_answer_is_not_full(central: RunningCentral, kiosk: httpx.Client) -> None:
    _open(central, 1)
    central.set_source("pref-93", "unavailable")
    assert problem_of(apply(kiosk)) is ProblemName.SOURCE_UNAVAILABLE


def test_nothing_is_booked_beyond_the_horizon_or_in_the_past(central: RunningCentral, kiosk: httpx.Client) -> None:
    central.set_limits(horizon_days=9)
    _open(central, 10)
    central.add_slot("an-hour-ago", capacity=1, start=NOW - dt.timedelta(hours=1))
    assert problem_of(apply(kiosk, not_before="2020-01-01")) is ProblemName.NO_PLACE
    central.clock.advance(days=1)
    assert _day(_applied(kiosk, not_before="2020-01-01")) == 10


@pytest.mark.parametrize(
    "said", ["0001-01-01T00:00:00+14:00", "2027-01-10T17:00:00+01:00", "9999-12-31T23:59:59-12:00"]
)
def test_a_kiosks_clock_may_say_what_it_likes(central: RunningCentral, kiosk: httpx.Client, said: str) -> None:
    _open(central, 1)
    key = new_key()
    made = done(apply(kiosk, key=key, asked_at=said))["bookings"]
    assert done(kiosk.get(f"/v1/bookings/by-key/{key}"))["bookings"] == made


class _Foreigners:
    """Knows nobody, and counts who asks."""

    def __init__(self) -> None:
        self.asked = 0

    def check(self, number: str, person: Person) -> Verdict:
        """See ForeignersRegister.check."""
        self.asked += 1
        return Verdict.AGDREF_UNKNOWN


def test_a_number_is_asked_about_as_for_a_hold(tmp_path: Path) -> None:
    """No service that wants one takes applications today; the rule is the same."""
    catalogue, name = load_catalogue(), "sejour-renouvellement"
    willing = catalogue.services[name].model_copy(update={"takes_applications": True})
    catalogue = replace(catalogue, services={**catalogue.services, name: willing})
    foreigners = _Foreigners()
    with running_central(tmp_path / "other", MovingClock(), catalogue=catalogue) as central:
        registers = Registers(foreigners, EmbeddedPreApplications(central.storage))
    with (
        running_central(tmp_path / "other", MovingClock(), catalogue=catalogue, registers=registers) as central,
        signed_in(central) as kiosk,
    ):
        without = apply(kiosk, service=name)
        assert (problem_of(without), without.json()["reason"]) == (ProblemName.IDENTITY_REJECTED, "agdref-missing")
        unknown = person(identifiers={"agdref": "9900000001"})
        key, wanted = new_key(), application(service=name, person=unknown)
        first, again = (apply(kiosk, key, **wanted) for _ in range(2))
        assert (problem_of(first), first.json()["reason"]) == (ProblemName.IDENTITY_REJECTED, "agdref-unknown")
        assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
        assert foreigners.asked == 1


def test_every_application_leaves_its_event(central: RunningCentral, kiosk: httpx.Client) -> None:
    _open(central, 1, 2)
    _applied(kiosk)
    _applied(kiosk)
    with central.storage.reading() as transaction:
        audit = verify(transaction, central.storage.person_key)
        assert (audit.rows, audit.faults, missing(transaction)) == (2, (), [])
    assert central.count(db.events, db.events.c.action == "application") == 2
    with central.storage.writing() as transaction:
        transaction.execute(db.events.delete().where(db.events.c.number == 2))
        [gone] = missing(transaction)
    assert gone.action == "book"


def test_what_was_asked_for_over_a_day_is_no_burst(central: RunningCentral, kiosk: httpx.Client) -> None:
    _open(central, 1, capacity=40)
    central.set_limits(kiosk_hour=100, mediator_hour=100)
    for n in range(BURST_PLACES + 1):
        _applied(kiosk, asked_at=(NOW - dt.timedelta(hours=n)).isoformat())
    with central.storage.reading() as transaction:
        assert Kind.BURST not in {signal.kind for signal in signals(transaction, NOW)}
    for _ in range(BURST_PLACES):
        _applied(kiosk)
    with central.storage.reading() as transaction:
        assert Kind.BURST in {signal.kind for signal in signals(transaction, NOW)}
