"""A kiosk that prints one paper and may be killed on the way; imported once by a fork server, run in many children."""

import contextlib
import datetime as dt
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from kiosk.printing.driver import Driver, Patience, Step
from kiosk.printing.spool import Learned, Spool, State
from kiosk.printing.status import Query
from kiosk.printing.transports import Channel, Transport, transport_for

KIND, SUBJECT = "ticket", "7K4MQ2XP93TQ"
QUESTIONS = {query.value for query in Query}


@dataclass(frozen=True, slots=True)
class Death:
    """When a kiosk is killed: as the driver reaches a step, or as soon as so many bytes of the paper were taken."""

    step: Step | None = None  # None without bytes: once the paper is queued
    taken: int | None = None

    def strike(self) -> None:
        """Die as in a power cut."""
        os.kill(os.getpid(), signal.SIGKILL)


class DoomedChannel:
    """A line whose kiosk dies between two bytes, whatever it meant to record next."""

    def __init__(self, channel: Channel, death: Death) -> None:
        self._channel = channel
        self._death = death
        self._taken = 0
        self.talks = channel.talks
        self.read = channel.read
        self.finish = channel.finish
        self.close = channel.close

    def write(self, data: bytes, seconds: float) -> int:
        """Write, and die once enough of the paper was taken."""
        taken = self._channel.write(data, seconds)
        if data not in QUESTIONS:
            self._taken += taken
            if self._death.taken is not None and taken and self._taken >= self._death.taken:
                self._death.strike()
        return taken


@dataclass(frozen=True, slots=True)
class DoomedTransport:
    """The way to a printer, for a kiosk that will not live."""

    transport: Transport
    death: Death

    @property
    def address(self) -> str:
        """Return the address of the printer."""
        return self.transport.address

    @property
    def bytes_per_second(self) -> int | None:
        """Return its speed."""
        return self.transport.bytes_per_second

    def open(self, name: str) -> DoomedChannel:
        """Open the line."""
        return DoomedChannel(self.transport.open(name), self.death)


@dataclass(frozen=True, slots=True)
class Life:
    """What one child does."""

    spool: Path
    printer: str
    payload: bytes
    patience: Patience
    learned: Learned | None
    death: Death | None


def now() -> dt.datetime:
    """Return a fixed time."""
    return dt.datetime(2027, 1, 11, 9, 0, tzinfo=dt.UTC)


def live(life: Life) -> None:
    """Queue a paper and print it, or die as told."""
    death = life.death

    def at(step: Step | None) -> None:
        if death == Death(step):
            death.strike()

    with contextlib.closing(Spool(life.spool, now)) as spool:
        if life.learned:
            spool.learn(life.printer, life.learned)
        job = spool.add(KIND, SUBJECT, 1, life.payload)
        at(None)
        transport = transport_for(life.printer, life.spool.parent)
        doomed = DoomedTransport(transport, death) if death else transport
        Driver(doomed, spool, life.patience, at=at).print(job.number)
        assert spool.job(job.number).state not in (State.SENDING, State.SENT)
