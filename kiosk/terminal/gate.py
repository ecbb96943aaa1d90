"""Which key presses may be delivered: never one that was typed for another screen than the one that would get it."""

import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Self

from textual import events
from textual.screen import Screen

BURST_GAP_SECONDS = 0.02  # closer presses come from one burst: a scanner, a held key, a terminal catching up

AnyScreen = Screen[object]


class KeyHold:
    """While one is held, no key, paste or click reaches anybody. Dropping the last reference releases it as well."""

    def __init__(self, on_release: Callable[["KeyHold"], None]) -> None:
        self._on_release = on_release

    def release(self) -> None:
        """Let keys through again; those typed until now are lost. Releasing twice is harmless."""
        self._on_release(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class KeyGate:
    """Decides on each input event by the time at which it was typed, compared with what was on the screen then."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # Weak, so that a worker cancelled before it started cannot leave the keyboard dead for ever.
        self._holds: weakref.WeakSet[KeyHold] = weakref.WeakSet()
        self._shown: weakref.ref[AnyScreen] | None = None
        self._open_since = 0.0
        self._refused_at = float("-inf")

    @property
    def held(self) -> bool:
        """Is somebody waiting for an answer?"""
        return bool(self._holds)

    def hold(self) -> KeyHold:
        """Refuse everything from now on, until the returned hold is released."""
        hold = KeyHold(self._release)
        self._holds.add(hold)
        return hold

    def shows(self, screen: AnyScreen | None) -> bool:
        """Has `screen` been painted since it came to the top?"""
        return screen is not None and self._shown is not None and self._shown() is screen

    def painting(self, screen: AnyScreen) -> bool:
        """Note that `screen`, now on top, is about to be painted; say whether it was not there before."""
        if self.shows(screen):
            return False
        self._shown = weakref.ref(screen)
        self._open_since = self._clock()
        return True

    def admits(self, event: events.Event, screen: AnyScreen | None) -> bool:
        """May `event` be delivered to `screen`, the one on top?"""
        admitted = self.shows(screen) and not self.held and event.time >= self._open_since
        if isinstance(event, events.Key):
            # The end of a burst whose beginning was refused is refused as well: half a name is worse than none.
            admitted = admitted and event.time - self._refused_at >= BURST_GAP_SECONDS
            if not admitted:
                self._refused_at = event.time
        return admitted

    def _release(self, hold: KeyHold) -> None:
        if hold in self._holds:
            self._holds.discard(hold)
            self._open_since = self._clock()
