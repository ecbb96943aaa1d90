"""How long to wait before asking again: longer each time, never in step with other kiosks, never before we may."""

from collections.abc import Callable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
LONGEST_OBEYED_SECONDS = 3600


class Turns:
    """When each intent may be asked about again. `now` counts seconds and never goes back."""

    def __init__(self, now: Callable[[], float], chance: Callable[[], float]) -> None:
        self._now = now
        self._chance = chance
        self._tries: dict[str, int] = {}
        self._next: dict[str, float] = {}

    def is_due(self, key: str) -> bool:
        """Return whether the pause is over."""
        return self._next.get(key, 0.0) <= self._now()

    def put_off(self, key: str, retry_after_seconds: int | None) -> None:
        """No answer came: wait longer than the last time."""
        self._tries[key] = self._tries.get(key, 0) + 1
        self._next[key] = self._now() + pause_seconds(self._tries[key], retry_after_seconds, self._chance)

    def forget(self, key: str) -> None:
        """It was answered."""
        self._tries.pop(key, None)
        self._next.pop(key, None)


def pause_seconds(tries: int, retry_after_seconds: int | None, chance: Callable[[], float]) -> float:
    """Return how long to wait after so many tries without an answer (1 for the first).

    `chance` gives 0 to 1: the half of the pause that is drawn, so that kiosks cut off together do not return together.
    What the central asked for is waited (RFC 9110 section 10.2.3), up to an hour: whoever stands in the way can say
    anything, and a person waits to know.
    """
    longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(tries - 1, 10))
    return min(retry_after_seconds or 0, LONGEST_OBEYED_SECONDS) + longest * (0.5 + 0.5 * chance())
