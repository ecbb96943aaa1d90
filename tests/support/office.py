"""A real central in a process of its own, as a kiosk elsewhere meets it, and somebody else who uses it over HTTP."""

import atexit
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.central import tables as db
from kiosk.central.clock import utc_now
from kiosk.central.command import prepare
from kiosk.central.seed import CODE
from kiosk.tickets.keys import read
from kiosk.tickets.verify import Knowledge, Verdict, verify_token

ROOT = Path(__file__).parents[2]
READY = "listening on "
LETTERS = str.maketrans("0123456789", "GHIJKLMNOP")  # a name has no digits
SERVICE, SITE = "permis-echange", "pref-93"  # what the mediator of the tests chooses
OFFICE = "office"  # both the kiosk and who stands there
MANY = 1000


class CentralProcess:
    """`kiosk central` on its own data; killed and started again, it keeps its port."""

    def __init__(self, data_dir: Path) -> None:
        """Remember where the data lives; nothing runs before `start`."""
        self._data_dir = data_dir
        self._process: subprocess.Popen[str] | None = None
        self.base_url = "http://127.0.0.1:0"

    def start(self) -> None:
        """Serve; return once connections are accepted."""
        port = self.base_url.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "kiosk", "central", "--port", port, "--data", str(self._data_dir)]
        self._process = subprocess.Popen(
            [*command, "--seed", "demo"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._data_dir,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self._process.stdout
        line = self._process.stdout.readline().strip()
        assert line.startswith(READY), "the central did not start"
        self.base_url = line.removeprefix(READY)

    def kill(self) -> None:
        """Take its power away: SIGKILL."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Office:
    """Another client of the same central, who sees and takes what the kiosk sees and takes."""

    def __init__(self, base_url: str, who: str = OFFICE) -> None:
        """Sign in; mediator and kiosk have the same name."""
        self._http = httpx.Client(base_url=base_url, trust_env=False)
        form = {"grant_type": "password", "username": who, "password": CODE, "client_id": who}
        token = self._http.post("/oauth/token", data=form).raise_for_status().json()["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def booked(self, surname: str, birth_date: str) -> list[dict[str, Any]]:
        """Return that person's appointments to come."""
        wanted = {"surname": surname, "birth_date": birth_date}
        answer = self._http.post("/v1/bookings/search", json=wanted).raise_for_status().json()
        return [booking for booking in answer["bookings"] if booking["status"] == "booked"]

    def verdict(self, token: str) -> Verdict:
        """Return what a ticket is worth to whoever only has the central's keys."""
        keys = read(self._http.get("/.well-known/rdv-keys").raise_for_status().content, root=None)
        return verify_token(token, keys, Knowledge(), None, utc_now())

    def free_days(self) -> list[str]:
        """Return the days of Bobigny with a free place, as the kiosk lists them."""
        answer = self._get("/v1/availability", service=SERVICE, site=SITE)
        return [day["date"] for day in answer["sites"][0]["days"]]

    def free_slots(self, date: str) -> list[dict[str, Any]]:
        """Return the free slots of one day of Bobigny, as the kiosk lists them."""
        slots: list[dict[str, Any]] = self._get("/v1/slots", service=SERVICE, site=SITE, date=date)["slots"]
        return slots

    def take(self, slot: dict[str, Any]) -> None:
        """Book every place of a slot that is still free, each for somebody else."""
        for _ in range(slot["free"]):
            key = str(uuid.uuid4())
            person = {"surname": f"Autre {key.translate(LETTERS)}", "given_names": "", "birth_date": "1960"}
            kept = self._http.post("/v1/holds", json={"slot": slot["id"], "persons": [person]}).raise_for_status()
            wanted = {"hold": kept.json()["id"], "persons": [person], "consent": {"mode": "present"}}
            self._http.post("/v1/bookings", json=wanted, headers={"Idempotency-Key": key}).raise_for_status()

    def _get(self, path: str, **params: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.get(path, params=params).raise_for_status().json()
        return answer


@contextlib.contextmanager
def central_process(data_dir: Path) -> Iterator[CentralProcess]:
    """Run a central on demonstration data of today for the length of a test."""
    shutil.copytree(data_of_today(), data_dir)
    central = CentralProcess(data_dir)
    central.start()
    try:
        yield central
    finally:
        central.kill()


@cache
def data_of_today() -> Path:
    """Return a central's demonstration data of today, to be copied: seeding takes seconds, so once per process."""
    folder = Path(tempfile.mkdtemp(prefix="central-today-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    storage = prepare(folder / "data", utc_now, "demo")
    with storage.writing() as transaction:
        _open_office(transaction)
    storage.close()
    return folder / "data"


def _open_office(transaction: Connection) -> None:
    demo = sa.select(sa.literal(OFFICE), db.mediators.c.name, db.mediators.c.code_salt, db.mediators.c.code_hash)
    transaction.execute(sa.insert(db.mediators).from_select(["id", "name", "code_salt", "code_hash"], demo))
    transaction.execute(
        sa.insert(db.kiosks).values(id=OFFICE, name="Autre poste", department="93", region="Île-de-France")
    )
    # A test lives an hour of a busy office in a second, and so does a benchmark.
    transaction.execute(
        sa.update(db.services).values(mediator_hour=MANY, mediator_day=MANY, kiosk_hour=MANY, site_day=MANY)
    )
