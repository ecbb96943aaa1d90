"""Who came is on no disk: not after a visit that ended well, was given up, was killed, had no network or crashed."""

import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.printing.simulator import Simulator
from tests.support.mediator import KIOSK, Mediator, Somebody, kiosk
from tests.support.proxy import CuttingProxy
from tests.support.traces import found_in, found_in_memory

BOOKING = "POST /v1/bookings HTTP"
CRASHING = (sys.executable, "-m", "tests.support.crashing")
FIRST = Somebody("ZÉBULONNET", "17031961", "1961-03-17", "Ixchelle-Maé", "0698765432")
SECOND = Somebody("WOLOKÓWSKA", "23091957", "1957-09-23", "Quetzalïne", "0687651234")
OVERWRITING = {"PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "165"}  # of glibc: what is freed is overwritten
FORGOTTEN_SECONDS = 40.0
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - to be searched, not written to


def secrets_of(somebody: Somebody) -> list[str]:
    """Return all that names somebody, as typed, as on the wire, as on paper."""
    day, month, year = somebody.born[:2], somebody.born[2:4], somebody.born[4:]
    phone = somebody.phone
    spaced = " ".join(phone[place : place + 2] for place in range(0, len(phone), 2))
    born = [somebody.born, somebody.birth_date, f"{day}/{month}/{year}", f"{day}.{month}.{year}"]
    return [somebody.surname, somebody.given_names, *born, phone, phone[1:], spaced]


SECRETS = secrets_of(FIRST) + secrets_of(SECOND)


@dataclass(frozen=True)
class Place:
    """A machine of which a kiosk can write these folders, and the network and the printer that it has."""

    folder: Path
    line: CuttingProxy
    printer: Simulator

    @contextmanager
    def kiosk(self, command: Sequence[str] = KIOSK, **settings: str) -> Iterator[Mediator]:
        """Run it, everything that a program may write to being below one folder, and sign in."""
        settings = {"KIOSK_CENTRAL_URL": self.line.url, "KIOSK_PRINTER": self.printer.url} | settings
        for name in ("TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME"):
            (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            settings[name] = str(self.folder / name)
        with kiosk(self.folder / "state", settings, command) as mediator:
            mediator.sign_in()
            yield mediator


@pytest.fixture
def place(tmp_path: Path, line: CuttingProxy, printer: Simulator) -> Iterator[Place]:
    folder = tmp_path / "kiosk"
    folder.mkdir()
    before = set(SHARED_MEMORY.iterdir())
    yield Place(folder, line, printer)
    shared = [path for path in SHARED_MEMORY.iterdir() if path not in before]
    assert (folder / "state" / "kiosk.log").is_file()
    assert found_in([folder, *shared], SECRETS) == []


def test_visits_that_end_well_are_given_up_or_have_no_network(place: Place, central: CentralProcess) -> None:
    with place.kiosk(KIOSK_CENTRAL_URL=central.base_url) as mediator:
        mediator.goes_to_check(FIRST)
        mediator.terminal.press("f10")
        mediator.sees_ticket()
        mediator.finishes()
        mediator.goes_to_hours(SECOND)
        mediator.finishes()
        mediator.goes_to_check(SECOND)
        central.kill()
        mediator.terminal.press("f10")
        mediator.sees("pas encore pris : le serveur ne répond pas")
        assert found_in([place.folder], SECRETS) == []
        mediator.finishes()


def test_a_person_who_left_before_the_answer(place: Place, line: CuttingProxy) -> None:
    with place.kiosk() as mediator:
        mediator.goes_to_check(FIRST)
        line.cut_answers_to(BOOKING)
        mediator.terminal.press("f10")
        line.wait_for_lost_answer()
        line.unplug()
        mediator.sees("Si la personne doit partir")
        mediator.finishes()


@pytest.mark.parametrize("moment", ["check", "sending", "printing"])
def test_a_kiosk_killed_in_the_middle(place: Place, line: CuttingProxy, printer: Simulator, moment: str) -> None:
    with place.kiosk() as mediator:
        mediator.goes_to_check(FIRST)
        if moment == "sending":
            line.cut_answers_to(BOOKING)
            mediator.terminal.press("f10")
            line.wait_for_lost_answer()
            line.unplug()
            mediator.sees("Nous ne savons pas encore")
        elif moment == "printing":
            printer.set(paper_out_after=6_000)
            mediator.terminal.press("f10")
            mediator.sees("continue tout seul")
        mediator.terminal.kill(signal.SIGKILL)
        mediator.terminal.wait_exit()


def test_a_crash_that_quotes_the_person(place: Place) -> None:
    with place.kiosk(CRASHING) as mediator:
        mediator.goes_to_check(FIRST)
        mediator.terminal.press("f1")
        mediator.sees("Qui tient ce poste")
        assert "crash: ValueError" in (place.folder / "state" / "kiosk.log").read_text()


@pytest.mark.parametrize(("allocator", "share"), [({}, 1.0), (OVERWRITING, 0.25)], ids=["as it is", "overwriting"])
def test_no_image_of_the_memory_can_be_written_and_less_stays_in_it_after_f9(
    place: Place, allocator: dict[str, str], share: float, capsys: pytest.CaptureFixture[str]
) -> None:
    names = (FIRST.surname, FIRST.given_names, FIRST.birth_date, FIRST.phone)
    with place.kiosk(**allocator) as mediator:
        pid = mediator.terminal.pid
        mediator.goes_to_check(FIRST)
        mediator.terminal.press("f10")
        mediator.sees_ticket()
        during = after = sum(found_in_memory(pid, names).values())
        mediator.finishes()
        deadline = time.monotonic() + FORGOTTEN_SECONDS
        while after >= share * during and time.monotonic() < deadline:
            after = sum(found_in_memory(pid, names).values())
        limits = Path(f"/proc/{pid}/limits").read_text()
    with capsys.disabled():
        print(f"\n{during} hits in memory with the ticket on the screen, {after} after F9")  # noqa: T201 - reported
    assert re.search(r"Max core file size +0 +0 ", limits)
    assert after < share * during
