"""A central and a kiosk that is signed in."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.central.calls import signed_in
from tests.support.central import RunningCentral, running_central
from tests.support.databases import drop_databases


@pytest.fixture(autouse=True)
def no_database_is_left(tmp_path: Path) -> Iterator[None]:
    """What a test made goes with it: a demonstration's database is large."""
    yield
    drop_databases(tmp_path)


@pytest.fixture
def central(tmp_path: Path) -> Iterator[RunningCentral]:
    """A seeded central at a fixed time."""
    with running_central(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="module")
def uncapped_central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentral]:
    """A seeded central for many tests, where nobody books too often."""
    with running_central(tmp_path_factory.mktemp("uncapped") / "data") as running:
        running.set_limits(mediator_hour=1000, mediator_day=1000, kiosk_hour=1000, site_day=1000)
        yield running


@pytest.fixture
def stranger(central: RunningCentral) -> Iterator[httpx.Client]:
    """A client that is not signed in."""
    with httpx.Client(base_url=central.base_url, timeout=30) as client:
        yield client


@pytest.fixture
def kiosk(central: RunningCentral) -> Iterator[httpx.Client]:
    """The demonstration kiosk with its mediator signed in."""
    with signed_in(central) as client:
        yield client


@pytest.fixture
def other_kiosk(central: RunningCentral) -> Iterator[httpx.Client]:
    """Another kiosk, same mediator."""
    central.add_kiosk("other")
    with signed_in(central, "other") as client:
        yield client


@pytest.fixture(scope="module")
def shared_central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentral]:
    """A seeded central for tests that leave no trace in it."""
    with running_central(tmp_path_factory.mktemp("central") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def shared_stranger(shared_central: RunningCentral) -> Iterator[httpx.Client]:
    """A client of the shared central that is not signed in."""
    with httpx.Client(base_url=shared_central.base_url, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def shared_kiosk(shared_central: RunningCentral) -> Iterator[httpx.Client]:
    """A client of the shared central that is signed in."""
    with signed_in(shared_central) as client:
        yield client
