"""A central, a printer, a mediator at the real program; and what must be true after a booking."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.printing.simulator import Simulator
from tests.support.mediator import Mediator, kiosk
from tests.support.office import CentralProcess, Office, central_process
from tests.support.proxy import CuttingProxy, cutting_proxy


@pytest.fixture
def central(tmp_path: Path) -> Iterator[CentralProcess]:
    with central_process(tmp_path / "central") as central:
        yield central


@pytest.fixture
def office(central: CentralProcess) -> Iterator[Office]:
    with Office(central.base_url) as office:
        yield office


@pytest.fixture
def printer() -> Iterator[Simulator]:
    with Simulator() as printer:
        yield printer


@pytest.fixture
def mediator(tmp_path: Path, central: CentralProcess, printer: Simulator) -> Iterator[Mediator]:
    with kiosk(tmp_path / "state", {"KIOSK_CENTRAL_URL": central.base_url, "KIOSK_PRINTER": printer.url}) as mediator:
        mediator.sign_in()
        yield mediator


@pytest.fixture
def line(central: CentralProcess) -> Iterator[CuttingProxy]:
    with cutting_proxy(central.base_url) as line:
        yield line


@pytest.fixture
def mediator_far_away(tmp_path: Path, line: CuttingProxy, printer: Simulator) -> Iterator[Mediator]:
    with kiosk(tmp_path / "state", {"KIOSK_CENTRAL_URL": line.url, "KIOSK_PRINTER": printer.url}) as mediator:
        mediator.sign_in()
        yield mediator
