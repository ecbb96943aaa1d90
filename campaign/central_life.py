"""One life of the central: the real application on a real socket and a real file, killed where it is told."""

import asyncio
import contextvars
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from sqlalchemy.engine import Connection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaign.requests import classed
from campaign.steps import Death, Steps
from campaign.wire import Wire
from campaign.world import CODE, KIOSK, MEDIATOR, SERVICES, SITES, Place, SharedClock, catalogue
from kiosk.central.clock import Chance
from kiosk.central.listener import Listener, bind
from kiosk.central.registers import EmbeddedForeigners, EmbeddedPreApplications, Registers
from kiosk.central.server import create_app
from kiosk.central.storage import Storage, open_storage

_WARMING = (
    "/v1/health",
    "/v1/me",
    "/v1/services",
    "/v1/sites",
    "/.well-known/rdv-keys",
    "/.well-known/rdv-sealing-key",
)
_asked: contextvars.ContextVar[str] = contextvars.ContextVar("asked", default="")


@dataclass(frozen=True, slots=True)
class CentralOrder:
    """What a central is told at its birth."""

    death: Death | None
    sabotage: Callable[[], None] | None  # a fault planted by a test of the campaign itself


def warm_central(place: Place, clock: SharedClock) -> Callable[[CentralOrder, Wire], None]:
    """Build the application once, over files that each run makes anew; return what one life does."""
    storage = open_storage(place.central)
    registers = Registers(EmbeddedForeigners(storage), EmbeddedPreApplications(storage))
    app = create_app(storage, catalogue(), registers, clock, Chance())
    asyncio.run(_used_once(app))
    storage.close()

    def live(order: CentralOrder, wire: Wire) -> None:
        steps = Steps(order.death, lambda label: wire.announce("died", label=label))
        _arm(steps)
        if order.sabotage:
            order.sabotage()
        listening = bind(0)
        listener = Listener(app, lambda: _say(wire, listening))
        listener.config.app = Watched(app, steps)
        listener.run(sockets=[listening])

    return live


async def _used_once(app: FastAPI) -> None:
    """Let the application compile what it compiles at the first use."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://central") as one:
        form = {"grant_type": "password", "username": MEDIATOR, "password": CODE, "client_id": KIOSK}
        answer = (await one.post("/oauth/token", data=form)).raise_for_status()
        one.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        for path in _WARMING:
            (await one.get(path)).raise_for_status()
        where = {"service": SERVICES[0], "site": SITES[0]}
        offer = (await one.get("/v1/availability", params=where)).raise_for_status().json()
        day = offer["sites"][0]["next_free"]
        [slot, *_] = (await one.get("/v1/slots", params=where | {"date": day})).raise_for_status().json()["slots"]
        person = {"surname": "Warm", "given_names": "", "birth_date": "1960"}
        held = await one.post("/v1/holds", json={"slot": slot["id"], "persons": [person]})
        wanted = {"hold": held.raise_for_status().json()["id"], "persons": [person], "consent": {"mode": "present"}}
        key = {"Idempotency-Key": "warming-up-warming-up"}
        (await one.post("/v1/bookings", json=wanted, headers=key)).raise_for_status()
        (await one.get(f"/v1/bookings/by-key/{key['Idempotency-Key']}")).raise_for_status()
        (await one.post("/v1/bookings/search", json={"surname": "Warm", "birth_date": "1960"})).raise_for_status()


class Watched:
    """The application with its first and last steps labelled."""

    def __init__(self, app: ASGIApp, steps: Steps) -> None:
        """Wrap `app`."""
        self._app = app
        self._steps = steps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        asked = classed(scope["method"], scope["path"]) if scope["type"] == "http" else ""
        _asked.set(asked)
        self._steps.at(f"central.{asked}.received")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._steps.at(f"central.{asked}.answering")
            await send(message)

        await self._app(scope, receive, answer)
        self._steps.at(f"central.{asked}.answered")


def _arm(steps: Steps) -> None:
    writing = Storage.writing

    @contextmanager
    def labelled(self: Storage) -> Iterator[Connection]:
        with writing(self) as transaction:
            yield transaction
            steps.at(f"central.{_asked.get()}.committing")
        steps.at(f"central.{_asked.get()}.committed")

    setattr(Storage, "writing", labelled)  # noqa: B010 (mypy takes no other method for it)


def _say(wire: Wire, listening: socket.socket) -> None:
    wire.announce("ready", port=listening.getsockname()[1])
