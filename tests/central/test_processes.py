"""Sixteen processes fight for fifty places, against two servers of one database; one of them may be killed."""

import datetime as dt
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from kiosk.central import tables as db
from kiosk.central.catalogue import load_catalogue
from kiosk.central.clock import utc_now
from kiosk.central.command import prepare
from kiosk.central.events import verify
from kiosk.cli import DATABASE_URL_VARIABLE
from tests.central.calls import Json
from tests.support.central import MovingClock, RunningCentral
from tests.support.databases import database_url

ROOT = Path(__file__).resolve().parents[2]
FIGHTER = ROOT / "tests" / "support" / "fighter.py"
READY = "listening on "
FIGHTERS, PLACES = 16, 50

pytestmark = pytest.mark.xdist_group("processes")  # each test wants the whole machine


@dataclass(frozen=True)
class Won:
    """A booking as its kiosk was told of it."""

    token: str
    key: str
    request: Json
    answer: Json


@dataclass(frozen=True)
class Fight:
    """What sixteen processes brought home."""

    won: list[Won]
    last: list[Json]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[RunningCentral]:
    """The database, without a server of its own; fifty places of one slot, and nobody is capped."""
    storage = prepare(tmp_path, utc_now, None, database_url(tmp_path))
    ledger = RunningCentral("", storage, MovingClock(), load_catalogue())
    ledger.set_limits(mediator_hour=1000, mediator_day=1000, kiosk_hour=1000, site_day=1000)
    ledger.add_slot("wanted", capacity=PLACES, start=utc_now() + dt.timedelta(days=2))
    yield ledger
    storage.close()


def test_fifty_places_are_booked_fifty_times_by_sixteen_processes(ledger: RunningCentral, tmp_path: Path) -> None:
    with _server(tmp_path) as one, _server(tmp_path) as other:
        servers = [_ready(one), _ready(other)]
        fight = _fight(ledger, servers)
        assert len(fight.won) == PLACES
        assert [_outcome(last) for last in fight.last] == [(409, "urn:rdv:problem:slot-taken")] * FIGHTERS
        _check_ledger(ledger, fight)
        for number, won in enumerate(fight.won):  # asked in turn: whichever answered first, the other one has to know
            assert _replay(servers[number % 2], won) == _replay(servers[1 - number % 2], won) == (200, won.answer)


def test_a_server_that_is_killed_loses_no_booking_and_makes_none(ledger: RunningCentral, tmp_path: Path) -> None:
    with _server(tmp_path) as doomed, _server(tmp_path) as other:
        servers = [_ready(doomed), _ready(other)]
        fight = _fight(ledger, servers, after_ten=doomed.kill)
        assert doomed.wait() != 0
        assert [_outcome(last) for last in fight.last] == [(409, "urn:rdv:problem:slot-taken")] * FIGHTERS
        assert len(fight.won) == PLACES
        _check_ledger(ledger, fight)
        assert all(_replay(servers[1], won) == (200, won.answer) for won in fight.won)


def _fight(ledger: RunningCentral, servers: list[str], after_ten: Callable[[], None] = lambda: None) -> Fight:
    fight, ten = Fight([], []), threading.Event()
    with ExitStack() as running, ThreadPoolExecutor(FIGHTERS) as listeners:
        processes = {_enrol(ledger, number): running.enter_context(_fighter()) for number in range(FIGHTERS)}
        for number, (token, process) in enumerate(processes.items()):
            _tell(process, {"name": str(number), "token": token, "servers": servers, "slot": "wanted"})
        assert [_hear(process) for process in processes.values()] == [{"ready": True}] * FIGHTERS

        def listen(token: str, process: subprocess.Popen[str]) -> None:
            while "key" in (heard := _hear(process)):
                fight.won.append(Won(token, **heard))
                if len(fight.won) >= 10:
                    ten.set()
            fight.last.append(heard)
            ten.set()

        ends = [listeners.submit(listen, token, process) for token, process in processes.items()]
        for process in processes.values():
            _tell(process, {})
        ten.wait()
        after_ten()
        for end in ends:
            end.result()
    return fight


def _check_ledger(ledger: RunningCentral, fight: Fight) -> None:
    """All that was promised is there, nothing else, and what is taken is what is booked."""
    told = {booking["reference"] for won in fight.won for booking in won.answer["bookings"]}
    with ledger.storage.reading() as transaction:
        booked = set(transaction.scalars(sa.select(db.bookings.c.reference)))
        taken = transaction.scalar(sa.select(db.slots.c.taken).where(db.slots.c.id == "wanted"))
        audit = verify(transaction, ledger.storage.person_key)
    assert booked == told
    assert (len(booked), taken, ledger.count(db.holds), ledger.count(db.claims)) == (PLACES, PLACES, 0, PLACES)
    assert (sum(head.length for head in audit.heads), audit.faults) == (2 * PLACES, ())


def _enrol(ledger: RunningCentral, number: int) -> str:
    ledger.add_kiosk(f"kiosk-{number}")
    ledger.add_mediator(f"mediator-{number}")
    return ledger.token(f"kiosk-{number}", f"mediator-{number}")


def _replay(server: str, won: Won) -> tuple[int, Json]:
    headers = {"Authorization": f"Bearer {won.token}", "Idempotency-Key": won.key}
    answer = httpx.post(f"{server}/v1/bookings", headers=headers, json=won.request, timeout=30)
    return answer.status_code, answer.json()


def _outcome(last: Json) -> tuple[int, str]:
    return last["status"], last["answer"].get("type")


@contextmanager
def _server(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "kiosk", "central", "--data", str(folder)]
    environment = {**os.environ, DATABASE_URL_VARIABLE: database_url(folder) or ""}
    with _process(command, environment) as process:
        yield process


@contextmanager
def _fighter() -> Iterator[subprocess.Popen[str]]:
    with _process([sys.executable, "-I", "-S", str(FIGHTER)], dict(os.environ)) as process:
        yield process


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(READY), line
    return line.removeprefix(READY).strip()


def _tell(process: subprocess.Popen[str], message: Json) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> Json:
    assert process.stdout is not None
    heard: Json = json.loads(process.stdout.readline())
    return heard
