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
from tests.support.office import CentralProcess
from tests.support.proxy import CuttingProxy
from tests.support.traces import found_in, found_in_memory

BOOKING = "POST /v1/bookings HTTP"
CRASHING = (sys.executable, "-m", "tests.support.crashing")
FIRST = Somebody("ZÉBULONNET", "17031961", "1961-03-17", "Ixchelle-Maé", "0698765432")
SECOND = Somebody("WOLOKÓWSKA", "23091957", "1957-09-23", "Quetzalïne", "0687651234")
OVERWRITING = {"PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "165"}  # of glibc: what is freed is overwritten
FORGOTTEN_SECONDS, LOOK_SECONDS = 30.0, 0.5
IDLE = {"KIOSK_IDLE_WARNING_SECONDS": "1", "KIOSK_IDLE_MASK_SECONDS": "3", "KIOSK_IDLE_WIPE_SECONDS": "5"}
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - to be searched, not written to


def secrets_of(somebody: Somebody) -> list[str]:
    """Return all that names somebody, as typed, as on the wire, as on paper."""
    day, month, year = somebody.born[:2], somebody.born[2:4], somebody.born[4:]
    phone = somebody.phone
    spaced = " ".join(phone[place : place + 2] for place in range(0, len(phone), 2))
    born = [somebody.born, somebody.birth_date, f"{day}/{month}/{year}", f"{day}.{month}.{year}"]
    return [somebody.surname, somebody.given_names, *born, phone, phone[1:], spaced]


SECRETS = secrets_of(FIRST) + secrets_of(SECOND)


def in_memory(pid: int, somebody: Somebody) -> int:
    """Return how often a process has in its memory what names somebody."""
    names = (somebody.surname, somebody.given_names, somebody.birth_date, somebody.phone)
    return sum(found_in_memory(pid, names).values())


def wait_until_forgotten(pid: int, somebody: Somebody, most: int) -> None:
    """Return once so many hits are left; a time-out that was called off holds its caller until it would be over."""
    deadline = time.monotonic() + FORGOTTEN_SECONDS
    while (left := sum(found_in_memory(pid, [somebody.surname]).values())) > most:
        assert time.monotonic() < deadline, f"{left} hits are left"
        time.sleep(LOOK_SECONDS)


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


def test_visits_that_end_well_are_given_up_or_have_no_network(
    place: Place, central: CentralProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    with place.kiosk(KIOSK_CENTRAL_URL=central.base_url) as mediator:
        pid = mediator.terminal.pid
        assert re.search(r"Max core file size +0 +0 ", Path(f"/proc/{pid}/limits").read_text())
        mediator.goes_to_check(FIRST)
        mediator.terminal.press("f10")
        mediator.sees_ticket()
        during = in_memory(pid, FIRST)
        mediator.finishes()
        mediator.goes_to_hours(SECOND)
        mediator.finishes()
        mediator.goes_to_check(SECOND)
        central.kill()
        mediator.terminal.press("f10")
        mediator.sees("pas encore pris : le serveur ne répond pas")
        assert found_in([place.folder], SECRETS) == []
        mediator.finishes()
        after = in_memory(pid, FIRST)
    with capsys.disabled():
        print(f"\nmemory as it is: {during} hits with the ticket on the screen, {after} after F9")  # noqa: T201


def test_kiosks_killed_while_printing_and_while_the_answer_is_unknown(place: Place) -> None:
    place.printer.set(paper_out_after=6_000)
    with place.kiosk() as mediator:
        mediator.goes_to_check(FIRST)
        mediator.terminal.press("f10")
        mediator.sees("continue tout seul")
        mediator.terminal.kill(signal.SIGKILL)
        mediator.terminal.wait_exit()
    assert found_in([place.folder], SECRETS) == []
    with place.kiosk() as mediator:
        mediator.goes_to_check(SECOND)
        place.line.cut_answers_to(BOOKING)
        mediator.terminal.press("f10")
        place.line.wait_for_lost_answer()
        place.line.unplug()
        mediator.sees("Nous ne savons pas encore")
        mediator.terminal.kill(signal.SIGKILL)
        mediator.terminal.wait_exit()


def test_a_person_who_left_before_the_answer_and_a_crash_that_quotes_the_next(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    with place.kiosk(CRASHING, **OVERWRITING) as mediator:
        pid = mediator.terminal.pid
        mediator.goes_to_check(SECOND)
        place.line.cut_answers_to(BOOKING)
        mediator.terminal.press("f10")
        place.line.wait_for_lost_answer()
        place.line.unplug()
        mediator.sees("Si la personne doit partir")
        during = in_memory(pid, SECOND)
        mediator.finishes()
        place.line.plug_in()
        mediator.sees("Central ✓")
        mediator.goes_to_check(FIRST)
        wait_until_forgotten(pid, SECOND, most=2)
        after = in_memory(pid, SECOND)
        mediator.terminal.press("f1")
        mediator.sees("Qui tient ce poste")
        assert '"event": "crash", "fault": "ValueError' in (place.folder / "state" / "kiosk.log").read_text()
    with capsys.disabled():
        print(f"\nmemory, what is freed overwritten: {during} hits while an answer was awaited, {after} after F9")  # noqa: T201
    assert after < during / 4


def test_who_walked_away_is_asked_for_with_a_bell_hidden_and_erased(place: Place) -> None:
    with place.kiosk(**IDLE) as mediator:
        before = len(mediator.terminal.output)
        mediator.begin(FIRST)
        mediator.sees(f"{FIRST.surname}.*{FIRST.born}.*Vous êtes là")
        assert mediator.terminal.output[before:].count(b"\x07")
        mediator.sees("Écran masqué")
        assert FIRST.surname not in mediator.terminal.text
        mediator.sees("La visite a été effacée après 5 secondes sans touche.")
        assert FIRST.surname not in mediator.terminal.text
