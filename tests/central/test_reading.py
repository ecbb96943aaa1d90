"""What is free, where and when; what became of an intent; who is known."""

import datetime as dt
import time

import httpx
import pytest

from kiosk.api.contract import MAX_WINDOW_DAYS, PAGE_SIZE
from kiosk.api.problems import ProblemName
from tests.central.calls import SERVICE, Json, book, booked, held, new_key, person, problem_of
from tests.support.central import NOW, RunningCentral

FAST_MILLISECONDS = 60


def _availability(kiosk: httpx.Client, **params: str) -> dict[str, Json]:
    answer = kiosk.get("/v1/availability", params={"service": SERVICE} | params).raise_for_status().json()
    return {site["site"]: site for site in answer["sites"]}


def test_availability_tells_free_from_none_from_unknown(kiosk: httpx.Client) -> None:
    sites = _availability(kiosk)
    assert len(sites) == 334
    assert sites["pref-93"]["next_free"] == sites["pref-93"]["days"][0]["date"]
    assert sites["sp-932"] == {"site": "sp-932", "source": "ok", "days": [], "next_free": None}
    assert sites["sp-933"] == {"site": "sp-933", "source": "unavailable", "days": [], "next_free": None}


def test_availability_agrees_with_the_slots_of_each_day(kiosk: httpx.Client) -> None:
    for day in _availability(kiosk, site="pref-93")["pref-93"]["days"]:
        page = kiosk.get("/v1/slots", params={"service": SERVICE, "site": "pref-93", "date": day["date"]}).json()
        assert sum(slot["free"] for slot in page["slots"]) == day["free"]
        assert {slot["start"][:10] for slot in page["slots"]} == {day["date"]}


def test_availability_of_every_site_is_fast(kiosk: httpx.Client) -> None:
    _availability(kiosk)
    took = []
    for _ in range(7):
        start = time.perf_counter()
        _availability(kiosk)
        took.append((time.perf_counter() - start) * 1000)
    assert min(took) < FAST_MILLISECONDS


def test_a_window_has_both_ends(central: RunningCentral, kiosk: httpx.Client) -> None:
    central.add_slot("mine", capacity=1, site="sp-932")
    assert _availability(kiosk, **{"from": "2027-01-13", "to": "2027-01-13"})["sp-932"]["next_free"] == "2027-01-13"
    assert _availability(kiosk, **{"from": "2027-01-14"})["sp-932"]["next_free"] is None
    assert _availability(kiosk, to="2027-01-12")["sp-932"]["next_free"] is None


@pytest.mark.parametrize(
    "window",
    [
        {"from": "2027-02-02", "to": "2027-02-01"},
        {"from": "2027-02-01", "to": (dt.date(2027, 2, 2) + dt.timedelta(MAX_WINDOW_DAYS)).isoformat()},
        {"to": "0001-01-01"},
        {"from": "yesterday"},
    ],
)
def test_a_window_that_makes_no_sense_is_not_valid(kiosk: httpx.Client, window: dict[str, str]) -> None:
    answer = kiosk.get("/v1/availability", params={"service": SERVICE} | window)
    assert problem_of(answer) is ProblemName.INVALID


def test_a_window_at_the_end_of_the_calendar_is_empty(kiosk: httpx.Client) -> None:
    assert _availability(kiosk, **{"from": "9999-12-31"})["pref-93"]["days"] == []


def test_days_are_those_of_the_sites_own_calendar(central: RunningCentral, kiosk: httpx.Client) -> None:
    evening = dt.datetime(2027, 1, 20, 23, 30, tzinfo=dt.UTC)  # already the 21st in Mayotte, 2 h 30
    central.add_slot("mine", capacity=1, start=evening, site="pref-976")
    days = _availability(kiosk, site="pref-976")["pref-976"]["days"]
    assert {"date": "2027-01-21", "free": 1} in days
    page = kiosk.get("/v1/slots", params={"service": SERVICE, "site": "pref-976", "date": "2027-01-21"}).json()
    assert "2027-01-21T02:30:00+03:00" in [slot["start"] for slot in page["slots"]]


def test_slots_of_a_site_whose_source_is_down_are_unknown_not_none(kiosk: httpx.Client) -> None:
    answer = kiosk.get("/v1/slots", params={"service": SERVICE, "site": "sp-933", "date": "2027-01-13"})
    assert problem_of(answer) is ProblemName.SOURCE_UNAVAILABLE


def test_a_party_sees_only_slots_with_room_for_all(central: RunningCentral, kiosk: httpx.Client) -> None:
    central.add_slot("small", capacity=1, site="sp-932")
    central.add_slot("large", capacity=3, site="sp-932", start=NOW + dt.timedelta(days=2, hours=1))
    query = {"service": SERVICE, "site": "sp-932", "date": "2027-01-13", "party": "2"}
    assert [slot["id"] for slot in kiosk.get("/v1/slots", params=query).json()["slots"]] == ["large"]


def test_a_long_day_comes_in_pages_without_gap_or_repeat(central: RunningCentral, kiosk: httpx.Client) -> None:
    wanted = [f"slot-{minute:03}" for minute in range(PAGE_SIZE + 20)]
    for minute, slot in enumerate(wanted):
        central.add_slot(slot, capacity=1, site="sp-932", start=NOW + dt.timedelta(days=2, minutes=minute))
    query = {"service": SERVICE, "site": "sp-932", "date": "2027-01-13"}
    first = kiosk.get("/v1/slots", params=query).json()
    second = kiosk.get("/v1/slots", params=query | {"cursor": first["next_cursor"]}).json()
    assert [slot["id"] for slot in first["slots"] + second["slots"]] == wanted
    assert second["next_cursor"] is None


def test_a_cursor_that_is_not_ours_is_not_valid(kiosk: httpx.Client) -> None:
    for cursor in ("abc", "1" * 60, "12.5"):
        query = {"service": SERVICE, "site": "pref-93", "date": "2027-01-13", "cursor": cursor}
        assert problem_of(kiosk.get("/v1/slots", params=query)) is ProblemName.INVALID


@pytest.mark.parametrize(
    "path",
    [
        "/v1/services/none",
        "/v1/sites?service=none",
        "/v1/availability?service=none",
        "/v1/availability?service=passeport&site=none",
        "/v1/slots?service=passeport&site=none&date=2027-01-13",
        "/v1/bookings/by-key/0190c6e0-8f6e-7c3a-9d57-3f2b1a6c4e5d",
    ],
)
def test_what_is_not_there_is_not_found(kiosk: httpx.Client, path: str) -> None:
    assert problem_of(kiosk.get(path)) is ProblemName.NOT_FOUND


def test_sites_of_a_department(kiosk: httpx.Client) -> None:
    sites = kiosk.get("/v1/sites", params={"service": SERVICE, "department": "93"}).json()["sites"]
    assert [site["commune"] for site in sites] == ["Bobigny", "Le Raincy", "Saint-Denis"]


def test_an_intent_is_found_by_its_key(central: RunningCentral, kiosk: httpx.Client) -> None:
    key = new_key()
    answer = book(kiosk, held(kiosk, central.add_slot("mine", capacity=1)), key=key)
    assert kiosk.get(f"/v1/bookings/by-key/{key}").json()["bookings"] == answer.json()["bookings"]


def _search(kiosk: httpx.Client, **wanted: str) -> list[str]:
    answer = kiosk.post("/v1/bookings/search", json=wanted).raise_for_status().json()
    return [booking["person"]["surname"] for booking in answer["bookings"]]


@pytest.mark.parametrize(
    ("surname", "found"),
    [
        ("Diallo", True),
        ("DIALLO", True),
        ("dìàllo", True),
        ("Dial", True),
        ("Dia", False),
        ("Diallos", False),
        ("Kone", False),
    ],
)
def test_a_name_is_found_whole_or_by_its_first_four_letters(kiosk: httpx.Client, surname: str, found: bool) -> None:
    assert bool(_search(kiosk, surname=surname, birth_date="1990-02-03")) is found


def test_a_short_name_is_found_whole(central: RunningCentral, kiosk: httpx.Client) -> None:
    booked(kiosk, central.add_slot("mine", capacity=1), person("Ly", birth_date="1970-01-01"))
    assert _search(kiosk, surname="ly", birth_date="1970-01-01") == ["Ly"]


def test_a_person_whose_birth_year_only_is_known_is_found_by_it(kiosk: httpx.Client) -> None:
    assert _search(kiosk, surname="Koné", birth_date="1987") == ["KONE"]
    assert _search(kiosk, surname="Koné", birth_date="1987-05") == []


def test_a_reference_is_found_as_people_read_it_with_the_right_birth_date(
    central: RunningCentral, kiosk: httpx.Client
) -> None:
    [booking] = booked(kiosk, central.add_slot("mine", capacity=1), person("Sow", birth_date="1970-01-01"))
    read = "-".join(booking["reference"][i : i + 4] for i in (0, 4, 8)).lower()
    assert _search(kiosk, reference=read, birth_date="1970-01-01") == ["Sow"]
    assert _search(kiosk, reference=read, birth_date="1970-01-02") == []


def test_a_misread_reference_is_said_to_be_so(kiosk: httpx.Client) -> None:
    answer = kiosk.post("/v1/bookings/search", json={"reference": "AAAABBBBCCCC", "birth_date": "1990"})
    assert problem_of(answer) is ProblemName.INVALID


def test_appointments_come_latest_first_past_ones_included(central: RunningCentral, kiosk: httpx.Client) -> None:
    booked(kiosk, central.add_slot("mine", capacity=1), person("Diallo", given_names="Mariam", birth_date="1990-02-03"))
    answer = kiosk.post("/v1/bookings/search", json={"surname": "Diallo", "birth_date": "1990-02-03"}).json()
    assert [booking["status"] for booking in answer["bookings"]] == ["booked", "fulfilled"]


def test_a_search_without_a_birth_date_is_refused(kiosk: httpx.Client) -> None:
    assert problem_of(kiosk.post("/v1/bookings/search", json={"surname": "Diallo"})) is ProblemName.INVALID
