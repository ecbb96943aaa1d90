"""How long to wait before asking again: longer each time, never in step with other kiosks, never before we may."""

from collections.abc import Callable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0


def pause_seconds(tries: int, retry_after_seconds: int | None, chance: Callable[[], float]) -> float:
    """Return how long to wait after so many tries without an answer (1 for the first).

    `chance` gives 0 to 1: the half of the pause that is drawn, so that kiosks cut off together do not return together.
    What the central asked for is always waited (RFC 9110 section 10.2.3).
    """
    longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(tries - 1, 10))
    return (retry_after_seconds or 0) + longest * (0.5 + 0.5 * chance())
