"""How long nobody has touched the keyboard, and what that calls for. Pure: the clock is handed in, others act."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, auto


@dataclass(frozen=True, slots=True)
class Limits:
    """After how many seconds without a key each stage begins, in increasing order."""

    warning: int = 90
    mask: int = 120
    wipe: int = 300


class Stage(IntEnum):
    """What an idle visit calls for."""

    AWAKE = auto()
    WARNED = auto()
    MASKED = auto()
    WIPED = auto()


class IdleClock:
    """Counts the time since the last key, as far as it counts: seconds during which a machine is awaited do not."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self._clock = clock
        self._idle = 0.0
        self._looked_at = clock()

    def touched(self) -> None:
        """Begin anew: a key was typed, or nobody is there to be protected."""
        self._idle = 0.0
        self._looked_at = self._clock()

    def look(self, *, awaited: bool = False) -> Stage:
        """Return what is called for now; the time since the last look is not counted if an answer is `awaited`.

        It is a key that asks for an answer, so a clock that stood still meanwhile begins anew with the answer.
        """
        now = self._clock()
        if not awaited:
            self._idle += now - self._looked_at
        self._looked_at = now
        reached = (self.limits.warning, self.limits.mask, self.limits.wipe)
        return Stage(Stage.AWAKE + sum(self._idle >= limit for limit in reached))
