"""A kiosk that prints one paper and may be killed on the way; imported once by a fork server, run in many children."""

import contextlib
import datetime as dt
import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from kiosk.printing.driver import Driver, Patience, Step
from kiosk.printing.spool import Learned, Spool
from kiosk.printing.transports import transport_for

KIND, SUBJECT = "ticket", "7K4MQ2XP93TQ"


@dataclass(frozen=True, slots=True)
class Death:
    """When a kiosk is killed: at the nth time that it reaches a step, or once the paper is queued (no step)."""

    step: Step | None = None
    count: int = 1


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
    reached: Counter[Step | None] = Counter()

    def at(step: Step | None) -> None:
        reached[step] += 1
        if life.death == Death(step, reached[step]):
            os.kill(os.getpid(), signal.SIGKILL)

    with contextlib.closing(Spool(life.spool, now)) as spool:
        if life.learned:
            spool.learn(life.printer, life.learned)
        job = spool.add(KIND, SUBJECT, 1, life.payload)
        at(None)
        transport = transport_for(life.printer, life.spool.parent)
        Driver(transport, spool, life.patience, at=at).print(job.number)
