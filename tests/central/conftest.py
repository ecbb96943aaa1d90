"""A central and a kiosk that is signed in."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.central import RunningCentral, running_central

SIGN_IN = {"grant_type": "password", "username": "demo", "password": "000000", "client_id": "demo"}


@pytest.fixture
def central(tmp_path: Path) -> Iterator[RunningCentral]:
    """A seeded central at a fixed time."""
    with running_central(tmp_path / "data") as running:
        yield running


@pytest.fixture
def stranger(central: RunningCentral) -> Iterator[httpx.Client]:
    """A client that is not signed in."""
    with httpx.Client(base_url=central.base_url, timeout=30) as client:
        yield client


@pytest.fixture
def kiosk(central: RunningCentral) -> Iterator[httpx.Client]:
    """The demonstration kiosk with its mediator signed in."""
    with httpx.Client(base_url=central.base_url, timeout=30) as client:
        token = client.post("/oauth/token", data=SIGN_IN).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client
