"""The machine's clock, put right by what the central says: papers and screens tell the time of the appointment."""

import datetime as dt
import time
from collections.abc import Callable

TOLERATED = dt.timedelta(seconds=30)  # an answer takes its time, and a clock that is nearly right needs no hand


class CentralClock:
    """Call it for the time, aware, in the zone of this machine."""

    def __init__(self, now: Callable[[], dt.datetime], stopwatch: Callable[[], float] = time.monotonic) -> None:
        self.stopwatch = stopwatch  # seconds, which nobody puts forward or back
        self._now = now
        self._ahead = dt.timedelta()  # the central, of this machine

    def __call__(self) -> dt.datetime:
        """Return the time as the central last told it; before that, the machine's own."""
        here = self._now()
        try:
            return here + self._ahead
        except OverflowError:  # the machine's clock was put to the end of all years meanwhile
            return here

    def learn(self, said: dt.datetime) -> None:
        """Take the central's time for ours, if the two are not the same."""
        if abs(said - self()) > TOLERATED:
            self._ahead = said - self._now()
