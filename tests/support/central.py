"""A real central for tests: a real server in a thread, on a real database, with a clock that tests move."""

import asyncio
import atexit
import datetime as dt
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from fastapi import FastAPI

from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue, load_catalogue, register
from kiosk.central.clock import Chance, new_token
from kiosk.central.command import prepare
from kiosk.central.key import KEY_NAME
from kiosk.central.listener import Listener, base_url, bind
from kiosk.central.registers import EmbeddedForeigners, EmbeddedPreApplications, Registers
from kiosk.central.server import create_app
from kiosk.central.signing_in import sha256
from kiosk.central.storage import Storage, open_storage
from tests.support.databases import database_url

NOW = dt.datetime(2027, 1, 11, 8, 0, tzinfo=dt.UTC)  # a Monday, 9 h in Paris
START_SECONDS = 10
SHORT_SECONDS = 0.001


class MovingClock:
    """A clock that stands still until a test moves it; both may happen in different threads."""

    def __init__(self, now: dt.datetime = NOW) -> None:
        """Start at `now`."""
        self._now = now

    def __call__(self) -> dt.datetime:
        """Return the time."""
        return self._now

    def advance(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """Let time pass."""
        self._now += dt.timedelta(seconds=seconds, hours=hours, days=days)


@dataclass(frozen=True, slots=True)
class RunningCentral:
    """Where it listens, and what is behind it."""

    base_url: str
    storage: Storage
    clock: MovingClock
    catalogue: Catalogue

    def count(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
        """Return how many rows of a table fulfil the conditions."""
        with self.storage.reading() as transaction:
            return transaction.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0

    def token(self, kiosk: str = "demo", mediator: str = "demo") -> str:
        """Return a bearer token that outlives every test, without the cost of checking a code."""
        token = new_token()
        row = {
            "token_sha256": sha256(token),
            "mediator": mediator,
            "kiosk": kiosk,
            "expires_at": NOW.replace(year=2100),
        }
        with self.storage.writing() as transaction:
            transaction.execute(sa.insert(db.tokens).values(row))
        return token

    def add_slot(
        self,
        slot_id: str,
        *,
        capacity: int,
        start: dt.datetime = NOW + dt.timedelta(days=2, minutes=7),  # no seeded slot starts at such a minute
        service: str = "sejour-premiere",  # which wants no number
        site: str = "pref-93",
    ) -> str:
        """Open a slot with a capacity that the test chooses."""
        row = {
            "id": slot_id,
            "service": service,
            "site": site,
            "date": start.astimezone(self.catalogue.zone(site)).date(),
            "start_at": start,
            "minutes": 20,
            "capacity": capacity,
        }
        with self.storage.writing() as transaction:
            transaction.execute(sa.insert(db.slots).values(row))
        return slot_id

    def add_kiosk(self, kiosk_id: str) -> None:
        """Enrol one more kiosk, in the demonstration's department."""
        with self.storage.writing() as transaction:
            transaction.execute(
                sa.insert(db.kiosks).values(id=kiosk_id, name="Autre poste", department="93", region="Île-de-France")
            )

    def add_mediator(self, mediator_id: str) -> None:
        """Let one more mediator act; nobody knows the code."""
        row = {"id": mediator_id, "name": "Dominique", "code_salt": b"", "code_hash": b""}
        with self.storage.writing() as transaction:
            transaction.execute(sa.insert(db.mediators).values(row))

    def set_limits(self, **limits: int) -> None:
        """Change limits of every service."""
        with self.storage.writing() as transaction:
            transaction.execute(sa.update(db.services).values(limits))

    def set_source(self, site: str, source: str) -> None:
        """Let a site's source go down (`unavailable`) or come back (`ok`)."""
        with self.storage.writing() as transaction:
            transaction.execute(sa.update(db.sites).where(db.sites.c.id == site).values(source=source))


class _Prompt(Listener):
    """Ends when it is told and its connections are gone; uvicorn looks, then rests, a tenth of a second each."""

    def __init__(self, app: FastAPI, on_ready: Callable[[], None]) -> None:
        """Serve `app`; call `on_ready` when connections are accepted."""
        super().__init__(app, on_ready)
        self.told = threading.Event()

    async def main_loop(self) -> None:
        """Serve until told to end."""
        await self.on_tick(0)
        await asyncio.to_thread(self.told.wait)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End as uvicorn does, for as long as somebody is still served."""
        ending = asyncio.create_task(super().shutdown(sockets))
        await asyncio.sleep(0)
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(SHORT_SECONDS)
        ending.cancel()


@contextmanager
def running_central(
    data_dir: Path,
    clock: MovingClock | None = None,
    seed: bool = True,
    chance: Chance | None = None,
    registers: Registers | None = None,
    catalogue: Catalogue | None = None,
) -> Iterator[RunningCentral]:
    """Serve `data_dir`, filled as of NOW when it is empty; the server is gone at the end of the block."""
    clock, catalogue = clock or MovingClock(), catalogue or _catalogue()
    if not (data_dir / KEY_NAME).exists():
        shutil.copytree(_template(seed), data_dir, dirs_exist_ok=True)
    storage = open_storage(data_dir, database_url(data_dir, _template(seed)))
    with storage.writing() as transaction:
        register(catalogue, transaction)
    ready = threading.Event()
    app = create_app(storage, catalogue, registers or embedded(storage), clock, chance or Chance())
    listener = _Prompt(app, ready.set)
    with bind(0) as listening:
        thread = threading.Thread(target=listener.run, kwargs={"sockets": [listening]}, name="central")
        thread.start()
        try:
            assert ready.wait(START_SECONDS), "the central did not start"
            yield RunningCentral(base_url(listening), storage, clock, catalogue)
        finally:
            listener.told.set()
            thread.join()
            storage.close()


def embedded(storage: Storage) -> Registers:
    """Return the registers that stand in the central's own database."""
    return Registers(EmbeddedForeigners(storage), EmbeddedPreApplications(storage))


_catalogue: Callable[[], Catalogue] = cache(load_catalogue)


@cache
def _template(seed: bool) -> Path:
    # Seeding takes a second: once per process, then copied.
    folder = Path(tempfile.mkdtemp(prefix="central-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    data_dir = folder / "data"
    prepare(data_dir, lambda: NOW, "demo" if seed else None, database_url(data_dir)).close()
    return data_dir
