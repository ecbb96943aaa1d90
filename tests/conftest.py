"""What every room's tests share."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.central import RunningCentral, running_central


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to write the golden screens anew; they are then read in review like code."""
    parser.addoption("--write-golden", action="store_true", help="write tests/screens/golden anew")


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of every collection to come: walking through it takes 150 ms."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def demo_central(tmp_path: Path) -> Iterator[RunningCentral]:
    """A central on demonstration data, standing at a fixed time."""
    with running_central(tmp_path / "central") as central:
        yield central
