"""The signed day of a site, as its counters read it."""

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kiosk.api.problems import ProblemName
from kiosk.booking.person import BirthDate
from kiosk.tickets import keys, manifest
from kiosk.tickets.identity import bearer_of, is_bearer, quarter_of
from kiosk.tickets.keys import KeySet
from kiosk.tickets.manifest import Admission, Manifest
from kiosk.tickets.token import code_of
from tests.central.calls import (
    SERVICE,
    Json,
    at_counter,
    booked,
    cancel,
    correct,
    deliver,
    done,
    move,
    note,
    person,
    problem_of,
    signed_in,
)
from tests.support.central import NOW, RunningCentral

SITE = "pref-93"
MARIAM = {"surname": "N'Guessan-Koné", "given_names": "Éléonore Marie", "birth_date": "1990-02-03"}
_days = itertools.count(2, 4)
SIGNED = 'application/cose; cose-type="cose-sign1"'


@pytest.fixture(scope="module")
def central(uncapped_central: RunningCentral) -> RunningCentral:
    """One central for all tests, each of which has a day of its own."""
    return uncapped_central


@pytest.fixture(scope="module")
def kiosk(central: RunningCentral) -> Iterator[httpx.Client]:
    """A kiosk that books without a cap in the way."""
    with signed_in(central) as client:
        yield client


@pytest.fixture
def start(central: RunningCentral) -> dt.datetime:
    """When appointments of this test begin: nobody else's do on that day."""
    return NOW + dt.timedelta(days=next(_days), minutes=7)


def _keys(central: RunningCentral) -> KeySet:
    return keys.read(httpx.get(f"{central.base_url}/.well-known/rdv-keys").content, None)


def _asked(central: RunningCentral, date: dt.date, site: str, **query: Any) -> httpx.Response:
    with at_counter(central, site=site) as counter:
        return counter.get(f"/v1/sites/{site}/manifest", params={"date": date.isoformat()} | query)


def _day(central: RunningCentral, date: dt.date, site: str = SITE, since: dt.datetime | None = None) -> Manifest:
    answer = _asked(central, date, site, **({"since": since.isoformat()} if since else {}))
    assert answer.is_success, answer.text
    assert answer.headers["Content-Type"] == SIGNED
    return manifest.read(answer.content, _keys(central))


def _slot(central: RunningCentral, start: dt.datetime, site: str = SITE) -> str:
    return central.add_slot(f"{site}-{start.date()}", capacity=9, start=start, site=site)


def _appointment(central: RunningCentral, kiosk: httpx.Client, start: dt.datetime, **members: Any) -> Json:
    [booking] = booked(kiosk, _slot(central, start), person(**members))
    return booking


def test_an_appointment_is_listed_without_a_name(
    central: RunningCentral, kiosk: httpx.Client, start: dt.datetime
) -> None:
    booking = _appointment(central, kiosk, start, **MARIAM)
    raw = _asked(central, start.date(), SITE).content
    for hidden in ("guessan", "kon", "leonore", "1990", "900203"):
        assert hidden.encode() not in raw.lower()
    listed = _day(central, start.date())
    assert (listed.site, listed.zone, listed.date, listed.made_at, listed.since) == (
        SITE,
        "Europe/Paris",
        start.date(),
        central.clock(),
        None,
    )
    [entry] = listed.entries.values()
    assert (entry.reference, entry.start, entry.minutes, entry.revision) == (booking["reference"], start, 20, 1)
    assert (entry.service, entry.site) == (code_of(SERVICE), code_of(SITE))
    assert (entry.cancelled, entry.admission) == (False, None)
    who = bearer_of("NGUESSAN KONE", "ELEONORE", BirthDate(1990, 2, 3))
    assert is_bearer(listed.tag_keys[quarter_of(start)], entry.tag, who, entry.reference)


def test_a_counter_has_the_day_of_its_own_site_only(central: RunningCentral) -> None:
    with at_counter(central) as counter:
        for site in ("sp-932", "nowhere"):
            answer = counter.get(f"/v1/sites/{site}/manifest", params={"date": "2027-01-13"})
            assert problem_of(answer) is ProblemName.NOT_FOUND


def test_a_day_without_appointments_has_the_keys_of_its_quarter(central: RunningCentral) -> None:
    listed = _day(central, dt.date(2027, 4, 1))  # begins, in UTC, in the quarter before
    assert listed.entries == {}
    assert list(listed.tag_keys) == ["2027-Q1", "2027-Q2"]
    assert _day(central, dt.date(2027, 4, 2)).tag_keys == {"2027-Q2": listed.tag_keys["2027-Q2"]}


def test_two_sites_have_different_keys(central: RunningCentral, start: dt.datetime) -> None:
    assert _day(central, start.date()).tag_keys.keys() == _day(central, start.date(), site="sp-932").tag_keys.keys()
    assert _day(central, start.date()).tag_keys != _day(central, start.date(), site="sp-932").tag_keys


@pytest.mark.parametrize("days", [-2, 93])
def test_days_that_no_counter_needs_are_not_given(central: RunningCentral, days: int) -> None:
    for date in (dt.date.min, NOW.date() + dt.timedelta(days=days), dt.date.max):
        assert problem_of(_asked(central, date, SITE)) is ProblemName.NOT_FOUND
    assert _day(central, NOW.date() + dt.timedelta(days=days - (1 if days > 0 else -1))).entries == {}


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
def test_the_ends_of_time_are_moments(central: RunningCentral, since: str, start: dt.datetime) -> None:
    assert _asked(central, start.date(), SITE, since=since).is_success


@pytest.mark.parametrize("since", ["yesterday", "1800000000", "2027-01-11", "2027-01-11T09:00:00"])
def test_a_moment_without_an_offset_is_not_valid(central: RunningCentral, since: str, start: dt.datetime) -> None:
    assert problem_of(_asked(central, start.date(), SITE, since=since)) is ProblemName.INVALID


def test_a_cancelled_appointment_stays_listed(central: RunningCentral, kiosk: httpx.Client, start: dt.datetime) -> None:
    booking = _appointment(central, kiosk, start)
    done(cancel(kiosk, booking))
    [entry] = _day(central, start.date()).entries.values()
    assert (entry.cancelled, entry.revision) == (True, 2)


def test_a_moved_appointment_is_listed_where_it_was_and_where_it_is(
    central: RunningCentral, kiosk: httpx.Client, start: dt.datetime
) -> None:
    booking = _appointment(central, kiosk, start)
    later = start + dt.timedelta(days=2)
    done(move(kiosk, booking, _slot(central, later, "sp-932")))
    for listed in (_day(central, start.date()), _day(central, later.date(), "sp-932")):
        [entry] = listed.entries.values()
        assert (entry.start, entry.site, entry.revision) == (later, code_of("sp-932"), 2)
    assert _day(central, later.date()).entries == {}


def test_a_correction_is_another_revision_with_another_tag(
    central: RunningCentral, kiosk: httpx.Client, start: dt.datetime
) -> None:
    booking = _appointment(central, kiosk, start, surname="Diallo")
    [before] = _day(central, start.date()).entries.values()
    done(correct(kiosk, booking, surname="Dialo"))
    [after] = _day(central, start.date()).entries.values()
    assert (before.revision, after.revision) == (1, 2)
    assert before.tag != after.tag


def test_the_first_admission_of_the_day_is_told(
    central: RunningCentral, kiosk: httpx.Client, start: dt.datetime
) -> None:
    code = _appointment(central, kiosk, start)["reference"]
    with at_counter(central) as one, at_counter(central, "guichet-2") as other:
        mistake = note(at=start - dt.timedelta(minutes=30), reference=code)
        deliver(one, mistake, note("withdrawn", at=start, of=mistake["nonce"]), note(at=start, reference=code))
        first = start - dt.timedelta(minutes=10)
        deliver(other, note(at=first, reference=code), note("already-admitted", at=start, reference=code))
    assert _day(central, start.date()).entries[code].admission == Admission(first, "guichet-2")


def test_an_admission_counts_at_its_own_site_on_its_own_day(
    central: RunningCentral, kiosk: httpx.Client, start: dt.datetime
) -> None:
    code = _appointment(central, kiosk, start)["reference"]
    with at_counter(central, site="sp-932") as elsewhere, at_counter(central) as here:
        deliver(elsewhere, note(at=start, reference=code))
        deliver(here, note(at=start - dt.timedelta(days=1), reference=code))
    assert _day(central, start.date()).entries[code].admission is None


def test_later_only_what_changed_is_sent(central: RunningCentral, kiosk: httpx.Client, start: dt.datetime) -> None:
    slot = _slot(central, start)
    still, cancelled, seen, unseen = (booked(kiosk, slot)[0] for _ in range(4))
    mistake = note(at=start, reference=unseen["reference"])
    with at_counter(central) as counter:
        deliver(counter, mistake)
        central.clock.advance(hours=1)
        before = _day(central, start.date())
        central.clock.advance(seconds=200)
        done(cancel(kiosk, cancelled))
        deliver(counter, note(at=start, reference=seen["reference"]))
        deliver(counter, note("withdrawn", at=start, of=mistake["nonce"]))  # names no appointment
    [new] = booked(kiosk, slot)
    changes = _day(central, start.date(), since=before.made_at)
    assert changes.since == before.made_at - dt.timedelta(minutes=2)
    assert changes.entries.keys() == {each["reference"] for each in (cancelled, seen, unseen, new)}
    assert still["reference"] not in changes.entries
    assert before.updated(changes).entries == _day(central, start.date()).entries


def test_what_was_on_its_way_when_the_list_was_made_comes_with_the_next(
    central: RunningCentral, kiosk: httpx.Client, start: dt.datetime
) -> None:
    code = _appointment(central, kiosk, start)["reference"]
    assert code in _day(central, start.date(), since=central.clock() + dt.timedelta(seconds=119)).entries
    assert code not in _day(central, start.date(), since=central.clock() + dt.timedelta(seconds=121)).entries
