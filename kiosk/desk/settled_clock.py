"""A wall clock that says how old something is only once it has run for a while without being put forward or back."""

import datetime as dt
from collections.abc import Callable

SETTLING_SECONDS = 3600.0  # a clock that starts wrong is put right in minutes where there is a network
JUMP_SECONDS = 60.0


class SettledClock:
    """What is erased for its age cannot be had back, so a clock that was just put forward erases nothing."""

    def __init__(self, now: Callable[[], dt.datetime], stopwatch: Callable[[], float]) -> None:
        self._now = now
        self._stopwatch = stopwatch
        self._seen = now(), stopwatch()
        self._steady_since = stopwatch()

    def __call__(self) -> dt.datetime | None:
        """Return the time; None while nobody knows whether it can be believed. To be asked often."""
        (before, then), (now, ran) = self._seen, (self._now(), self._stopwatch())
        if abs((now - before).total_seconds() - (ran - then)) > JUMP_SECONDS:
            self._steady_since = ran
        self._seen = now, ran
        return now if ran - self._steady_since >= SETTLING_SECONDS else None
