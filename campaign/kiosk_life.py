"""One life of the kiosk below its screens: the real desk on real files, its steps labelled, its waits short."""

import asyncio
import hashlib
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import httpx
from httpx._transports import default

from campaign.mediator import Mediator
from campaign.plan import Visit
from campaign.requests import classed
from campaign.steps import Death, Steps
from campaign.wire import Wire
from campaign.world import KIOSK, Place, SharedClock
from kiosk.api import client
from kiosk.api.client import Connection
from kiosk.desk import desk, pace, papers
from kiosk.desk.desk import Desk
from kiosk.embedded import RemoteCentral
from kiosk.journal.outbox import Outbox
from kiosk.printing import samples
from kiosk.printing.commands import Raster, parse
from kiosk.printing.driver import Driver, Patience, Step
from kiosk.printing.errors import NotSentError
from kiosk.printing.facts import Facts, Receipt, Ticket
from kiosk.printing.profiles import Form, form_for
from kiosk.printing.service import Rendered, render
from kiosk.printing.spool import Spool
from kiosk.printing.status import Query
from kiosk.printing.transports import Channel, Transport, transport_for
from kiosk.settings import Paper, Settings
from kiosk.statefile import StateFile

PAPER: Paper = "80mm"
ANSWER_SECONDS = 0.6  # for the central; more than it takes, less than anybody waits here
PATIENCE = Patience(
    answer=0.3,
    progress=0.5,
    finish=0.5,
    goodbye=0.2,
    millimetres_per_second=5_000.0,
    margin=0.5,
    poll=0.05,
    roll_change=0.5,
    late=0.3,
)
_JOURNALED = ("add", "sending", "not_sent", "unknown", "not_known", "confirmed", "refused", "forget", "withdraw")
_SPOOLED = ("add", "sending", "not_sent", "sent", "printed", "unconfirmed", "spoiled", "cancel")
_QUESTIONS = {query.value for query in Query}


@dataclass(frozen=True, slots=True)
class KioskOrder:
    """What a kiosk is told at its birth."""

    run: int
    life: int
    central_url: str
    printer_url: str
    visits: tuple[Visit, ...]  # those that are still to come
    first_visit: int  # the number of the first of them
    alone: bool  # the shift is opened as without network
    closing: bool  # nothing fails any more: settle everything
    patience: float
    death: Death | None
    sabotage: Callable[[], None] | None  # a fault planted by a test of the campaign itself


def warm_kiosk(place: Place, clock: SharedClock) -> Callable[[KioskOrder, Wire], None]:
    """Read now what every life would read; return what one life does."""
    for kind in (samples.Kind.TICKET, samples.Kind.PROVISIONAL):
        render(samples.sample(kind), form_for(PAPER, None))
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # httpcore looks for it at every step, and nobody has it
    secure = ssl.create_default_context()
    setattr(default, "create_ssl_context", lambda **_: secure)  # noqa: B010 (dear to make, and not used here)

    def live(order: KioskOrder, wire: Wire) -> None:
        steps = Steps(order.death, lambda label: wire.announce("died", label=label))
        _arm(steps, wire, place)
        if order.sabotage:
            order.sabotage()
        settings = Settings(order.central_url, KIOSK, order.printer_url, PAPER, None, "machine", place.kiosk)
        keys = iter(range(1_000_000))
        counter = Desk(
            settings,
            host=RemoteCentral(order.central_url),
            now=clock,
            stopwatch=clock.stopwatch,
            new_key=lambda: f"run-{order.run:08d}-life-{order.life:02d}-{next(keys):04d}",
        )
        script = Mediator(counter, wire, steps, patience=order.patience)
        asyncio.run(script.works(order.visits, order.first_visit, closing=order.closing, alone=order.alone))

    return live


def _arm(steps: Steps, wire: Wire, place: Place) -> None:
    """Label the steps and shorten the waits of this process; nothing else about it changes."""
    client.ANSWER_SECONDS = client.CONNECT_SECONDS = ANSWER_SECONDS
    pace.FIRST_SECONDS, pace.LONGEST_SECONDS = 0.04, 0.15
    desk.HEARTBEAT_SECONDS, desk.SILENT_HEARTBEAT_SECONDS = 0.25, 0.08
    for name in _JOURNALED:
        _label(Outbox, name, f"journal.{name}", steps)
    for name in _SPOOLED:
        _label(Spool, name, f"spool.{name}", steps)
    _tell_papers(wire)
    _label_erasing(steps)
    _label_requests(steps)
    _label_printing(steps, wire)
    _keep_drawn(wire, place.drawn)


def _label(owner: type[object], name: str, label: str, steps: Steps) -> None:
    method: Callable[..., Any] = getattr(owner, name)

    @wraps(method)
    def labelled(*arguments: Any, **named: Any) -> Any:
        steps.at(f"{label}.before")
        done = method(*arguments, **named)
        steps.at(f"{label}.after")
        return done

    setattr(owner, name, labelled)


def _label_erasing(steps: Steps) -> None:
    erase = StateFile.erase

    def labelled(self: StateFile) -> None:
        steps.at(f"{self._path.stem}.erase")
        erase(self)

    setattr(StateFile, "erase", labelled)  # noqa: B010 (mypy takes no other method for it)


def _label_requests(steps: Steps) -> None:
    exchange = Connection._exchange

    async def labelled(
        self: Connection, method: str, path: str, headers: dict[str, str], **request: Any
    ) -> tuple[httpx.Response, bytes]:
        kind = classed(method, path)
        steps.at(f"request.{kind}.before")
        answer = await exchange(self, method, path, headers, **request)
        steps.at(f"request.{kind}.after")
        return answer

    setattr(Connection, "_exchange", labelled)  # noqa: B010


def _tell_papers(wire: Wire) -> None:
    """Tell, before the spool records it, that a paper is about to leave, and after, that it did not."""
    sending, not_sent = Spool.sending, Spool.not_sent

    def told_sending(self: Spool, number: int) -> object:
        wire.tell("sending", number=number, sha256=hashlib.sha256(self.payload(number)).hexdigest())
        return sending(self, number)

    def told_not_sent(self: Spool, number: int) -> object:
        job = not_sent(self, number)
        wire.tell("not-sent", number=number)
        return job

    setattr(Spool, "sending", told_sending)  # noqa: B010
    setattr(Spool, "not_sent", told_not_sent)  # noqa: B010


def _label_printing(steps: Steps, wire: Wire) -> None:
    def found(url: str, state_dir: Path, dots: int) -> Transport:
        return _LabelledTransport(transport_for(url, state_dir, dots), steps, wire)

    def driver(transport: Transport, spool: Spool, at: Callable[[Step], None]) -> Driver:
        def reached(step: Step) -> None:
            steps.at(f"driver.{step.name.lower()}")
            at(step)

        return Driver(transport, spool, PATIENCE, at=reached)

    setattr(papers, "transport_for", found)  # noqa: B010
    setattr(papers, "Driver", driver)  # noqa: B010


def _keep_drawn(wire: Wire, folder: Path) -> None:
    def kept(facts: Facts, form: Form, second: str | None = None) -> Rendered:
        rendered = render(facts, form, second)
        name = hashlib.sha256(rendered.payload).hexdigest()
        (folder / name).write_bytes(ink(rendered.payload))
        wire.tell("drawn", sha256=name, **_named(facts))
        return rendered

    setattr(papers, "render", kept)  # noqa: B010


def ink(code: bytes) -> bytes:
    """Return the rows of all pictures of a paper, by which it is known again."""
    return b"".join(command.data for command in parse(code) if isinstance(command, Raster))


def _named(facts: Facts) -> dict[str, object]:
    match facts:
        case Ticket():
            return {"paper": "ticket", "code": facts.code.replace("-", ""), "copy": facts.copy, "token": facts.token}
        case Receipt():
            return {"paper": "receipt", "code": facts.reference, "copy": 1, "token": None}
        case _:
            return {"paper": "other", "code": "", "copy": 1, "token": None}


@dataclass(frozen=True, slots=True)
class _LabelledTransport:
    """A line to a printer of which every piece of a paper is a step."""

    transport: Transport
    steps: Steps
    wire: Wire

    @property
    def address(self) -> str:
        """Return the address of the printer."""
        return self.transport.address

    @property
    def bytes_per_second(self) -> int | None:
        """Return its speed."""
        return self.transport.bytes_per_second

    def open(self, name: str) -> "_LabelledChannel":
        """Open the line."""
        self.wire.tell("opening")
        try:
            return _LabelledChannel(self.transport.open(name), self.steps)
        except NotSentError:
            self.wire.tell("not-opened")
            raise


class _LabelledChannel:
    """See printing.transports.base.Channel."""

    def __init__(self, channel: Channel, steps: Steps) -> None:
        self._channel = channel
        self._steps = steps
        self.talks = channel.talks
        self.read = channel.read
        self.finish = channel.finish
        self.close = channel.close

    def write(self, data: bytes, seconds: float) -> int:
        """Write; the kiosk may die once some of it was taken, whatever it meant to record next."""
        taken = self._channel.write(data, seconds)
        if taken and data not in _QUESTIONS:
            self._steps.at("paper.piece")
        return taken
