"""Which key presses may be delivered: never one that was typed for another screen than the one that would get it.

And never one of a scanner's, unless a field takes it: a scanner is a keyboard, and its text is no command.
"""

import weakref
from collections.abc import Callable, Iterable
from enum import Enum, auto
from types import TracebackType
from typing import Self

from textual import events
from textual.screen import Screen

BURST_GAP_SECONDS = 0.02  # closer presses come from one burst: a scanner, a held key, a terminal catching up
BURST_KEYS = 4  # printable ones, that many in a burst: no hand types so
BURST_END_SECONDS = 0.1  # after a burst that was swallowed, what comes so soon is its end, held up on the way

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


class Fate(Enum):
    """What becomes of a key."""

    DELIVERED = auto()
    SWALLOWED = auto()
    AWAITED = auto()  # what comes within BURST_GAP_SECONDS will tell


class BurstGuard:
    """Tells a scanner from a hand, by the times at which keys were typed. It forgets the keys, and keeps the times."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._run = 0  # printable keys of the burst that the last key belongs to
        self._last_at = float("-inf")
        self._swallowed_at = float("-inf")

    def fate_of_first(self, waiting: Iterable[events.Key], *, in_field: bool) -> Fate:
        """Say what becomes of the first of the keys that wait, not being empty; `in_field`: a field would get it."""
        keys = iter(waiting)
        first = next(keys)
        if first.time - self._swallowed_at < BURST_END_SECONDS:
            return Fate.SWALLOWED
        if in_field:
            return Fate.DELIVERED
        run, last_at = self._run_with(first), first.time
        if run == 0:
            return Fate.DELIVERED  # an arrow, Enter, a function key: not after letters, so no part of a scan
        for key in keys:
            if run >= BURST_KEYS or key.time - last_at >= BURST_GAP_SECONDS:
                break
            run, last_at = run + key.is_printable, key.time
        else:
            if run < BURST_KEYS and self._clock() - last_at < BURST_GAP_SECONDS:
                return Fate.AWAITED
        return Fate.SWALLOWED if run >= BURST_KEYS else Fate.DELIVERED

    def passed(self, key: events.Key, *, swallowed: bool = False) -> None:
        """Note that `key` is dealt with."""
        self._run, self._last_at = self._run_with(key), key.time
        if swallowed:
            self._swallowed_at = key.time

    def begins_scan(self, key: events.Key) -> bool:
        """Say whether a key that is to be swallowed is the first one of its burst."""
        return key.time - self._swallowed_at >= BURST_END_SECONDS

    def drop_rest(self) -> None:
        """Swallow what else belongs to the burst of the last key."""
        self._swallowed_at = self._last_at

    def _run_with(self, key: events.Key) -> int:
        run = self._run if key.time - self._last_at < BURST_GAP_SECONDS else 0
        return run + key.is_printable
