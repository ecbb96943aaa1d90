"""A clock of seconds that stands still until a test moves it."""


class HandClock:
    """What a stopwatch shows."""

    def __init__(self) -> None:
        self._time = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self._time

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._time += seconds
