"""The kiosk with nothing configured: it brings its own central, shows it, keeps it alive, and takes it along."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kiosk.central.seed import MEDIATOR
from tests.support.mediator import NEW, Mediator, kiosk, read_code
from tests.support.office import CentralProcess, Office, data_of_today

PATIENCE_SECONDS = 20.0


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def mediator(state: Path) -> Iterator[Mediator]:
    """At a kiosk that has run before; that it fills its own demonstration at its first start, the last test sees."""
    shutil.copytree(data_of_today(), state / "central")
    with kiosk(state) as mediator:
        mediator.sign_in()
        yield mediator


def central_of(mediator: Mediator) -> int:
    """Return the process id of the kiosk's only child."""
    pid = mediator.terminal.pid
    [child] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def runs(pid: int) -> bool:
    """Is that process there and not merely waiting to be reaped?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "never became true"
        time.sleep(0.005)


def bookings_held_in(data_dir: Path) -> list[dict[str, Any]]:
    """Return what a central started on the same data says of the new person."""
    central = CentralProcess(data_dir)
    central.start()
    try:
        with Office(central.base_url, MEDIATOR) as office:
            return office.booked(NEW.surname, NEW.birth_date)
    finally:
        central.kill()


def test_it_books_in_its_own_central_and_draws_the_ticket(mediator: Mediator, state: Path) -> None:
    assert "DÉMONSTRATION" in mediator.terminal.text
    mediator.goes_to_check(NEW)
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    mediator.terminal.kill(signal.SIGTERM)
    mediator.terminal.wait_exit()
    [picture] = (state / "tickets").glob("*.png")
    [booking] = bookings_held_in(state / "central")
    assert read_code(Image.open(picture)) == booking["token"]


def test_its_central_comes_back_in_the_middle_of_a_journey(mediator: Mediator, state: Path) -> None:
    mediator.goes_to_check(NEW)
    killed = central_of(mediator)
    os.kill(killed, signal.SIGKILL)
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert central_of(mediator) != killed
    mediator.terminal.kill(signal.SIGTERM)
    mediator.terminal.wait_exit()
    assert len(bookings_held_in(state / "central")) == 1


def test_a_killed_kiosk_leaves_no_central_behind(mediator: Mediator) -> None:
    central = central_of(mediator)
    mediator.terminal.kill(signal.SIGKILL)
    mediator.terminal.wait_exit()
    eventually(lambda: not runs(central))


def test_an_ended_kiosk_takes_its_central_along(mediator: Mediator) -> None:
    central = central_of(mediator)
    mediator.terminal.kill(signal.SIGTERM)
    assert mediator.terminal.wait_exit() == 128 + signal.SIGTERM
    assert not runs(central)


def test_its_central_is_its_own_whatever_database_this_machine_serves(state: Path) -> None:
    with kiosk(state, {"KIOSK_DATABASE_URL": "postgresql+psycopg://kiosk@elsewhere/central"}) as mediator:
        mediator.sign_in()
    assert (state / "central" / "central.sqlite").exists()
