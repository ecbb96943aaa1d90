"""Places given up, and places counted: nobody hoards them, nobody hands them over."""

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.clock import Chance
from kiosk.central.limits import Limits
from tests.central.calls import (
    SERVICE,
    Json,
    booked,
    cancel,
    done,
    free_on,
    held,
    hold,
    move,
    newcomer,
    person,
    problem_of,
    signed_in,
)
from tests.support.central import NOW, RunningCentral, running_central

DAY = "2027-01-13"  # of the slots that tests add: NOW + 2 days
HIDDEN_MINUTES = 300
HOLD_SECONDS = Limits().hold_seconds


@pytest.fixture
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentral]:
    """A central in which whatever is given up stays hidden for five hours."""
    chance = Chance(between=lambda least, most: max(least, min(most, 60 * HIDDEN_MINUTES)))
    with running_central(tmp_path_factory.mktemp("central") / "data", chance=chance) as running:
        yield running


@pytest.fixture
def stranger(central: RunningCentral) -> Iterator[httpx.Client]:
    """Another kiosk with another mediator."""
    with newcomer(central, "stranger") as client:
        yield client


def test_a_released_place_is_hidden_from_everybody_then_returns(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    slot = central.add_slot("mine", capacity=1)
    kiosk.delete(f"/v1/holds/{held(kiosk, slot).id}")
    central.clock.advance(seconds=HIDDEN_MINUTES * 60 - 1)
    assert slot not in free_on(stranger, DAY)
    assert problem_of(hold(stranger, slot)) is ProblemName.SLOT_TAKEN
    central.clock.advance(seconds=1)
    assert free_on(stranger, DAY)[slot] == 1
    assert hold(stranger, slot).status_code == 201


def test_an_expired_hold_hides_its_place_as_well(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    slot = central.add_slot("mine", capacity=1)
    held(kiosk, slot)
    central.clock.advance(seconds=HOLD_SECONDS)
    assert problem_of(hold(stranger, slot)) is ProblemName.SLOT_TAKEN
    central.clock.advance(seconds=HIDDEN_MINUTES * 60)
    assert hold(stranger, slot).status_code == 201


def test_a_replaced_hold_hides_its_place_as_well(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    first, second = central.add_slot("first", capacity=1), central.add_slot("second", capacity=1, start=_later(1))
    held(kiosk, first)
    held(kiosk, second)
    assert problem_of(hold(stranger, first)) is ProblemName.SLOT_TAKEN


def test_a_cancelled_place_never_returns_to_the_kiosk_nor_the_mediator_that_gave_it_up(
    central: RunningCentral, kiosk: httpx.Client, other_kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    slot = central.add_slot("mine", capacity=1)
    [booking] = booked(kiosk, slot)
    done(cancel(kiosk, booking))
    central.add_mediator("colleague")
    central.clock.advance(hours=40)
    with signed_in(central, "demo", "colleague") as same_kiosk:
        for releaser in (kiosk, other_kiosk, same_kiosk):  # both, the mediator, the kiosk
            assert slot not in free_on(releaser, DAY)
            assert problem_of(hold(releaser, slot)) is ProblemName.SLOT_TAKEN
    assert hold(stranger, slot).status_code == 201


def test_whoever_cancels_is_the_releaser_not_whoever_booked(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    slot = central.add_slot("mine", capacity=1)
    [booking] = booked(kiosk, slot)
    done(cancel(stranger, booking))
    central.clock.advance(hours=40)
    assert problem_of(hold(stranger, slot)) is ProblemName.SLOT_TAKEN
    assert hold(kiosk, slot).status_code == 201


def test_a_moved_appointment_gives_its_old_place_up(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    old, new = central.add_slot("old", capacity=1), central.add_slot("new", capacity=1, start=_later(5))
    [booking] = booked(kiosk, old)
    done(move(kiosk, booking, new))
    assert problem_of(hold(stranger, old)) is ProblemName.SLOT_TAKEN
    central.clock.advance(hours=40)
    assert problem_of(hold(kiosk, old)) is ProblemName.SLOT_TAKEN
    assert hold(stranger, old).status_code == 201


def test_other_places_of_the_same_slot_stay_free_for_others(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    slot = central.add_slot("mine", capacity=3)
    kiosk.delete(f"/v1/holds/{held(kiosk, slot).id}")
    assert free_on(stranger, DAY)[slot] == free_on(kiosk, DAY)[slot] == 2
    central.clock.advance(hours=30)
    assert free_on(stranger, DAY)[slot] == 3
    assert free_on(kiosk, DAY)[slot] == 2


def test_a_day_with_nothing_for_this_kiosk_is_not_shown_to_it(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    slot = central.add_slot("mine", capacity=1, site="sp-932")
    kiosk.delete(f"/v1/holds/{held(kiosk, slot).id}")
    central.clock.advance(hours=30)
    for client, day in ((kiosk, None), (stranger, DAY)):
        every = _offer(client, {})["sp-932"]
        alone = _offer(client, {"site": "sp-932"})["sp-932"]
        assert every["next_free"] == alone["next_free"] == day


def test_a_place_given_up_shortly_before_comes_back_in_time(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    slot = central.add_slot("mine", capacity=1, start=NOW + dt.timedelta(hours=3))
    kiosk.delete(f"/v1/holds/{held(kiosk, slot).id}")
    central.clock.advance(hours=2, seconds=3599)
    assert problem_of(hold(stranger, slot)) is ProblemName.SLOT_TAKEN
    with central.storage.reading() as transaction:
        returns = transaction.scalar(db.releases.select().with_only_columns(db.releases.c.returns_at))
    assert returns == NOW + dt.timedelta(hours=3)


@pytest.mark.parametrize("minutes", range(0, 1441, 160))
def test_hiding_lasts_between_its_two_bounds(minutes: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    drawn = []

    def between(least: int, most: int) -> int:
        drawn.append((least, most))
        return min(most, least + 60 * minutes)

    folder = tmp_path_factory.mktemp("central") / "data"
    with running_central(folder, chance=Chance(between=between)) as central, signed_in(central) as kiosk:
        slot = central.add_slot("mine", capacity=1, start=_later(10))
        kiosk.delete(f"/v1/holds/{held(kiosk, slot).id}")
    assert drawn == [(120 * 60, 1440 * 60)]


@pytest.mark.parametrize(
    ("limits", "problem", "wait"),
    [
        ({"mediator_hour": 2}, ProblemName.MEDIATOR_LIMIT, 3601),
        ({"mediator_day": 2}, ProblemName.MEDIATOR_LIMIT, 15 * 3600 + 1),  # midnight in Paris
        ({"kiosk_hour": 2}, ProblemName.KIOSK_LIMIT, 3601),
        ({"site_day": 2}, ProblemName.SITE_LIMIT, 15 * 3600 + 1),
    ],
)
def test_a_cap_ends_with_its_window(
    central: RunningCentral, kiosk: httpx.Client, limits: dict[str, int], problem: ProblemName, wait: int
) -> None:
    central.set_limits(**limits)
    slot = central.add_slot("mine", capacity=9, start=_later(3))
    booked(kiosk, slot)
    held(kiosk, slot)
    refused = hold(kiosk, slot)
    assert problem_of(refused) is problem
    assert refused.headers["Retry-After"] == str(wait)
    assert f";r=0;t={wait - 1}" in refused.headers["RateLimit"]
    central.clock.advance(seconds=wait)
    assert hold(kiosk, slot).status_code == 201


def test_a_refused_request_costs_nothing(central: RunningCentral, kiosk: httpx.Client) -> None:
    central.set_limits(mediator_hour=1)
    full = central.add_slot("full", capacity=1)
    with newcomer(central, "elsewhere") as elsewhere:
        held(elsewhere, full)
    for _ in range(3):
        assert problem_of(hold(kiosk, full)) is ProblemName.SLOT_TAKEN
    assert hold(kiosk, central.add_slot("free", capacity=1, start=_later(1))).status_code == 201


def test_giving_a_place_back_does_not_give_the_count_back(central: RunningCentral, kiosk: httpx.Client) -> None:
    central.set_limits(kiosk_hour=3)
    for number in range(3):
        slot = central.add_slot(f"slot-{number}", capacity=1, start=_later(number))
        kiosk.delete(f"/v1/holds/{held(kiosk, slot).id}")
    assert problem_of(hold(kiosk, central.add_slot("more", capacity=1, start=_later(9)))) is ProblemName.KIOSK_LIMIT


def test_a_family_counts_for_as_many_as_it_is(central: RunningCentral, kiosk: httpx.Client) -> None:
    central.set_limits(mediator_hour=2)
    slot = central.add_slot("mine", capacity=9)
    assert problem_of(hold(kiosk, slot, person(), person(), person())) is ProblemName.MEDIATOR_LIMIT
    held(kiosk, slot, person(), person())


def test_the_two_kiosks_of_one_mediator_share_the_mediators_cap(
    central: RunningCentral, kiosk: httpx.Client, other_kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    central.set_limits(mediator_hour=2)
    slot = central.add_slot("mine", capacity=9)
    held(kiosk, slot)
    held(other_kiosk, slot)
    assert problem_of(hold(kiosk, slot)) is ProblemName.MEDIATOR_LIMIT
    held(stranger, slot)


def test_an_answer_says_how_much_is_left(central: RunningCentral, kiosk: httpx.Client) -> None:
    answer = hold(kiosk, central.add_slot("mine", capacity=1))
    assert answer.headers["RateLimit-Policy"].split(", ")[0] == '"mediator-hour";q=12;w=3600'
    assert answer.headers["RateLimit"].split(", ")[0] == '"mediator-hour";r=11;t=3600'
    caps = {cap["scope"]: cap for cap in kiosk.get("/v1/me").json()["caps"]}
    assert caps["mediator-hour"] == {
        "scope": "mediator-hour",
        "limit": 12,
        "left": 11,
        "resets_at": "2027-01-11T09:00:00Z",
    }
    assert (caps["kiosk-hour"]["left"], caps["mediator-day"]["left"]) == (14, 59)


@pytest.mark.parametrize(
    ("site", "now", "midnight"),
    [
        # Each site's own midnight, from 15 h in Paris on; clocks change at Miquelon and in Paris, nowhere else.
        ("pref-976", "2027-01-11T14:00:00Z", "2027-01-11T21:00:00Z"),
        ("pref-974", "2027-01-11T14:00:00Z", "2027-01-11T20:00:00Z"),
        ("pref-973", "2027-01-11T14:00:00Z", "2027-01-12T03:00:00Z"),
        ("pref-972", "2027-01-11T14:00:00Z", "2027-01-12T04:00:00Z"),
        ("pref-971", "2027-01-11T14:00:00Z", "2027-01-12T04:00:00Z"),
        ("pref-75", "2027-03-28T00:30:00Z", "2027-03-28T22:00:00Z"),
        ("pref-75", "2027-10-31T00:30:00Z", "2027-10-31T23:00:00Z"),
    ],
)
def test_a_sites_cap_is_of_the_day_of_its_own_zone(
    central: RunningCentral, kiosk: httpx.Client, site: str, now: str, midnight: str
) -> None:
    at, until = dt.datetime.fromisoformat(now), dt.datetime.fromisoformat(midnight)
    central.clock.advance(seconds=(at - NOW).total_seconds())
    central.set_limits(site_day=1)
    slot = central.add_slot("mine", capacity=9, site=site, start=at + dt.timedelta(days=9))
    held(kiosk, slot)
    refused = hold(kiosk, slot)
    assert problem_of(refused) is ProblemName.SITE_LIMIT
    assert int(refused.headers["Retry-After"]) == (until - at).total_seconds() + 1


def test_what_time_did_is_seen_by_reading_alone(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    slot = central.add_slot("mine", capacity=1, site="sp-932")
    held(kiosk, slot)
    central.clock.advance(seconds=HOLD_SECONDS)
    assert _offer(stranger, {})["sp-932"]["next_free"] is None
    central.clock.advance(seconds=HIDDEN_MINUTES * 60)
    assert _offer(stranger, {})["sp-932"]["next_free"] == DAY


def test_many_holds_that_expire_together_all_return(central: RunningCentral, stranger: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=6)
    with ExitStack() as open_clients:
        for number in range(6):
            held(open_clients.enter_context(newcomer(central, f"kiosk-{number}")), slot)
    central.clock.advance(hours=30)
    assert free_on(stranger, DAY)[slot] == 6
    assert central.count(db.claims) == central.count(db.holds) == 0


def _offer(client: httpx.Client, params: Json) -> dict[str, Json]:
    answer = done(client.get("/v1/availability", params={"service": SERVICE} | params))
    return {site["site"]: site for site in answer["sites"]}


def _later(days: int) -> dt.datetime:
    return NOW + dt.timedelta(days=2 + days, minutes=7)
