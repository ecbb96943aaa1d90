"""Hours and days are those of each place: every French zone, nights when clocks change, two hours called 2 h 30."""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import httpx
import pytest

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.central.catalogue import Catalogue, load_catalogue
from kiosk.central.limits import Limits
from kiosk.central.places import site_window
from tests.central.calls import SERVICE, booked, done, held, hold, problem_of, signed_in
from tests.support.central import NOW, RunningCentral, running_central

ZONES = (
    "Europe/Paris",
    "America/Cayenne",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Miquelon",
    "America/St_Barthelemy",
    "Indian/Mayotte",
    "Indian/Reunion",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Pacific/Wallis",
)
HOUR = dt.timedelta(hours=1)


def _everywhere() -> Catalogue:
    shipped = load_catalogue()
    model = shipped.sites["pref-75"].model_dump()
    sites = {
        _site(zone): contract.Site.model_validate(model | {"id": _site(zone), "time_zone": zone}) for zone in ZONES
    }
    return Catalogue(shipped.services, shipped.sites | sites)


def _site(zone: str) -> str:
    return "in-" + zone.split("/")[1].lower().replace("_", "-")


@pytest.fixture
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentral]:
    """A central with a site in every zone."""
    with running_central(tmp_path_factory.mktemp("central") / "data", catalogue=_everywhere()) as running:
        yield running


@pytest.fixture
def kiosk(everywhere: RunningCentral) -> Iterator[httpx.Client]:
    """A kiosk of that central."""
    with signed_in(everywhere) as client:
        yield client


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("wall", ["2027-01-13T00:05", "2027-01-13T09:00", "2027-01-13T23:55"])
def test_an_appointment_keeps_the_hour_of_its_places_clock(
    everywhere: RunningCentral, kiosk: httpx.Client, zone: str, wall: str
) -> None:
    start = dt.datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone))
    slot = everywhere.add_slot("mine", capacity=1, site=_site(zone), start=start)
    query = {"service": SERVICE, "site": _site(zone)}
    [offer] = done(kiosk.get("/v1/availability", params=query))["sites"]
    assert offer["days"] == [{"date": "2027-01-13", "free": 1}]
    [listed] = done(kiosk.get("/v1/slots", params=query | {"date": "2027-01-13"}))["slots"]
    [booking] = booked(kiosk, slot)
    for shown in (listed, booking):
        assert shown["time_zone"] == zone
        assert dt.datetime.fromisoformat(shown["start"]) == start
        assert shown["start"].startswith(wall)


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_of_caps_is_the_calendar_day_of_the_place(zone: str) -> None:
    place = ZoneInfo(zone)
    moment = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    while moment.year == 2027:
        window = site_window("s", place, Limits(), moment)
        first, last = window.starts_at.astimezone(place), (window.ends_at - HOUR / 60).astimezone(place)
        assert first.date() == last.date() == moment.astimezone(place).date()
        assert (first.hour, first.minute) == (0, 0)
        assert window.starts_at <= moment < window.ends_at
        moment += HOUR * 11


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("Europe/Paris", "2027-03-28T12:00", 23),
        ("Europe/Paris", "2027-10-31T12:00", 25),
        ("America/Miquelon", "2027-03-14T12:00", 23),
        ("America/Miquelon", "2027-11-07T12:00", 25),
        ("America/Miquelon", "2027-03-28T12:00", 24),
        ("Indian/Reunion", "2027-03-28T12:00", 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(zone: str, noon: str, hours: int) -> None:
    place = ZoneInfo(zone)
    moment = dt.datetime.fromisoformat(noon).replace(tzinfo=place)
    window = site_window("s", place, Limits(), moment)
    assert window.ends_at.astimezone(dt.UTC) - window.starts_at.astimezone(dt.UTC) == HOUR * hours


def test_the_hour_that_comes_twice_is_two_appointments(everywhere: RunningCentral, kiosk: httpx.Client) -> None:
    paris = ZoneInfo("Europe/Paris")
    everywhere.clock.advance(seconds=(dt.datetime(2027, 10, 20, tzinfo=dt.UTC) - NOW).total_seconds())
    twice = dt.datetime(2027, 10, 31, 2, 30, tzinfo=paris)
    for fold in (0, 1):
        everywhere.add_slot(f"fold-{fold}", capacity=1, site="in-paris", start=twice.replace(fold=fold))
    query = {"service": SERVICE, "site": "in-paris", "date": "2027-10-31"}
    slots = done(kiosk.get("/v1/slots", params=query))["slots"]
    assert [slot["start"] for slot in slots] == ["2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00"]
    [first], [second] = booked(kiosk, "fold-0"), booked(kiosk, "fold-1")
    assert (first["start"], second["start"]) == tuple(slot["start"] for slot in slots)


def test_the_horizon_ends_with_the_day_of_the_place(everywhere: RunningCentral, kiosk: httpx.Client) -> None:
    everywhere.clock.advance(hours=15)  # 23 h UTC: the 12th in Paris and Nouméa, the 11th in Cayenne
    for zone, last_day in (("Pacific/Noumea", 12), ("America/Cayenne", 11)):
        for beyond, expected in ((0, 201), (1, 409)):
            day = dt.datetime(2027, 1, last_day, 12, tzinfo=ZoneInfo(zone)) + dt.timedelta(days=84 + beyond)
            slot = everywhere.add_slot(f"s-{last_day}-{beyond}", capacity=1, site=_site(zone), start=day)
            assert hold(kiosk, slot).status_code == expected


def test_two_places_on_two_days_have_a_cap_each(everywhere: RunningCentral, kiosk: httpx.Client) -> None:
    everywhere.clock.advance(hours=3)  # 11 h UTC: 22 h at Nouméa, 8 h in Cayenne
    everywhere.set_limits(site_day=1)
    for zone, hours_left in (("Pacific/Noumea", 2), ("America/Cayenne", 16)):
        start = everywhere.clock() + dt.timedelta(days=9)
        slot = everywhere.add_slot(_site(zone), capacity=9, site=_site(zone), start=start)
        held(kiosk, slot)
        refused = hold(kiosk, slot)
        assert problem_of(refused) is ProblemName.SITE_LIMIT
        assert refused.headers["Retry-After"] == str(hours_left * 3600 + 1)
