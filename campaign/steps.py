"""Labelled steps of a life, at one of which it may end by kill -9."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Death:
    """At which step a process dies, and the how-manieth time it gets there."""

    label: str
    nth: int = 1


class Steps:
    """Counts the steps of one process; threads share it."""

    def __init__(self, death: Death | None, announce: Callable[[str], object]) -> None:
        """Die at `death`, after `announce` has said so."""
        self._death = death
        self._announce = announce
        self._reached: Counter[str] = Counter()
        self._mutex = threading.Lock()

    def at(self, label: str) -> None:
        """Pass a step, or die there as in a power cut."""
        with self._mutex:
            self._reached[label] += 1
            if self._death == Death(label, self._reached[label]):
                self._announce(label)
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()  # until it has come
