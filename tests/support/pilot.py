"""Keys as a fast hand or a scanner gives them: posted at once, without waiting for the screen in between."""

import asyncio
import time
from collections.abc import Callable

from textual import events
from textual.pilot import Pilot

from kiosk.terminal import BURST_GAP_SECONDS

PATIENCE_SECONDS = 5.0
NAMES = {
    "enter",
    "space",
    "tab",
    "escape",
    "up",
    "down",
    "pageup",
    "pagedown",
    "home",
    "end",
    "left",
    "right",
    "backspace",
} | {f"f{number}" for number in range(1, 13)}


async def type_fast(pilot: Pilot[None], *parts: str) -> None:
    """Post the keys of `parts` in one burst of their own: the name of a key is that key, anything else its letters.

    Where no field takes them, four printable keys in a burst are a scanner's, and reach nobody.
    """
    keys = [_key(key) for part in parts for key in ([part] if _is_name(part) else part)]
    for key in keys:
        key.time = keys[0].time  # on a busy machine, making thousands of them would leave a gap
        pilot.app.post_message(key)
    over_at = time.monotonic() + BURST_GAP_SECONDS
    await pilot.pause()
    await asyncio.sleep(over_at - time.monotonic())


async def until(condition: Callable[[], bool], timeout: float = PATIENCE_SECONDS) -> None:
    """Return as soon as `condition` is true."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "never became true"
        await asyncio.sleep(0.001)


def _key(name: str) -> events.Key:
    if name in {" ", "space"}:
        return events.Key("space", " ")
    if name == "\n":
        return events.Key("enter", None)
    return events.Key(name, None if _is_name(name) else name)


def _is_name(part: str) -> bool:
    return "+" in part[:-1] or part in NAMES
