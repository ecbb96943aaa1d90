"""The demonstration: scarce, the same every time, and showing what a mediator must tell apart."""

import datetime as dt
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.central import tables as db
from kiosk.central.catalogue import load_catalogue
from kiosk.central.command import prepare
from kiosk.central.holidays import is_open
from kiosk.central.seed import (
    ALWAYS_FREE,
    HORIZON_DAYS,
    MEDIATOR,
    NEVER_FREE,
    SCARCEST,
    SOURCE_DOWN,
    HoldsRealData,
    is_down,
    openings,
    seed_demo,
)
from kiosk.central.storage import Storage
from tests.support.central import NOW, RunningCentral
from tests.support.databases import database_url

CATALOGUE = load_catalogue()
DAYS = [dt.date(2027, 1, 11) + dt.timedelta(days=number) for number in range(HORIZON_DAYS)]
OPENINGS = list(openings(CATALOGUE, DAYS))


@settings(max_examples=20, deadline=None)
@given(days=st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True))
def test_a_day_has_the_same_slots_whenever_it_is_seeded(days: list[dt.date]) -> None:
    expected = [opening for opening in OPENINGS if opening.date in days]
    assert Counter(openings(CATALOGUE, days)) == Counter(expected)


def test_counters_open_on_working_days_in_office_hours() -> None:
    assert all(is_open(opening.date) for opening in OPENINGS)
    for opening in OPENINGS:
        start = dt.datetime.combine(opening.date, opening.time)
        end = (start + dt.timedelta(minutes=CATALOGUE.services[opening.service].minutes)).time()
        morning = dt.time(9) <= opening.time and end <= dt.time(12)
        assert morning or (dt.time(13, 30) <= opening.time and end <= dt.time(16))
        assert 1 <= opening.capacity <= 3


def test_places_are_scarce_as_in_life() -> None:
    sites = defaultdict(set)
    rows = Counter(opening.service for opening in OPENINGS)
    for opening in OPENINGS:
        sites[opening.service].add(opening.site)
    for service in CATALOGUE.services:
        share = len(sites[service]) / len(CATALOGUE.sites)
        assert (0.35 if service in SCARCEST else 0.55) < share < (0.55 if service in SCARCEST else 0.75)
    assert max(rows[service] for service in SCARCEST) < min(
        rows[service] for service in rows if service not in SCARCEST
    )
    assert len(OPENINGS) < 80_000


def test_some_sources_are_down() -> None:
    down = [site for site in CATALOGUE.sites if is_down(site)]
    assert 0.03 < len(down) / len(CATALOGUE.sites) < 0.09


@pytest.mark.parametrize("week", range(53))
def test_bobigny_always_has_places_within_three_weeks(week: int) -> None:
    first = dt.date(2027, 1, 1) + dt.timedelta(weeks=week)
    days = [first + dt.timedelta(days=number) for number in range(1, 22)]
    one_site = type(CATALOGUE)(CATALOGUE.services, {ALWAYS_FREE: CATALOGUE.sites[ALWAYS_FREE]})
    assert {opening.service for opening in openings(one_site, days)} == set(CATALOGUE.services)


def test_the_department_of_the_kiosk_shows_free_none_and_unknown() -> None:
    department = {site.id for site in CATALOGUE.sites.values() if site.department == "93"}
    assert {ALWAYS_FREE, NEVER_FREE, SOURCE_DOWN} <= department
    assert not is_down(ALWAYS_FREE)
    assert not is_down(NEVER_FREE)
    assert is_down(SOURCE_DOWN)
    assert not [opening for opening in OPENINGS if opening.site == NEVER_FREE]


def _prepare(data_dir: Path, now: dt.datetime, seed: str | None) -> Storage:
    return prepare(data_dir, lambda: now, seed, database_url(data_dir))


def test_starting_again_adds_only_the_days_that_came_into_view(central: RunningCentral, tmp_path: Path) -> None:
    with central.storage.reading() as transaction:
        before = {row.id: row for row in transaction.execute(sa.select(db.slots))}
    _prepare(tmp_path / "data", NOW, "demo").close()
    assert central.count(db.slots) == len(before)
    _prepare(tmp_path / "data", NOW + dt.timedelta(days=7), "demo").close()
    with central.storage.reading() as transaction:
        after = {row.id: row for row in transaction.execute(sa.select(db.slots))}
    assert before.items() <= after.items()
    added = {row.date for name, row in after.items() if name not in before}
    assert added <= {NOW.date() + dt.timedelta(days=HORIZON_DAYS + ahead) for ahead in range(2, 10)}
    assert len(added) == 5
    assert central.count(db.bookings) == 2


def test_starting_without_the_seed_keeps_the_demonstration_one(central: RunningCentral, tmp_path: Path) -> None:
    _prepare(tmp_path / "data", NOW, None).close()
    assert central.count(db.facts, db.facts.c.name == "demonstration") == 1


def test_a_database_in_use_is_never_made_a_demonstration(tmp_path: Path) -> None:
    storage = _prepare(tmp_path, NOW, None)
    with storage.writing() as transaction:
        row = {"id": "real", "name": "Une vraie personne", "code_salt": b"", "code_hash": b""}
        transaction.execute(sa.insert(db.mediators).values(row))
    storage.close()
    with pytest.raises(HoldsRealData):
        _prepare(tmp_path, NOW, "demo")
    storage = _prepare(tmp_path, NOW, None)
    with storage.reading() as transaction:
        assert MEDIATOR not in set(transaction.scalars(sa.select(db.mediators.c.id)))
    storage.close()


def test_a_demonstration_of_before_learns_the_registers(central: RunningCentral) -> None:
    tables = (db.foreigners, db.pre_applications, db.known_identifiers)
    before = [central.count(table) for table in tables]
    with central.storage.writing() as transaction:
        for table in tables:
            transaction.execute(sa.delete(table))
        seed_demo(transaction, CATALOGUE, NOW, central.storage.person_key)
    assert [central.count(table) for table in tables] == before
