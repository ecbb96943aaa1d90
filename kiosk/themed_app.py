"""What both full-screen programs share: our colours, our frame, a fault written down, and a keyboard left alone."""

import asyncio
import time
from collections.abc import Callable

from textual import events
from textual.worker import Worker, WorkerState

from kiosk.screens.cover import CoverScreen
from kiosk.terminal import HardenedApp
from kiosk.terminal.faults import record
from kiosk.terminal.idle import IdleClock, Limits
from kiosk.themes import LIGHT

OPEN_AGAIN_SECONDS = 2.0
IDLE_LOOK_SECONDS = 0.5
PAUSE_SECONDS = 1.0


class ThemedApp(HardenedApp):
    """A hardened application in our colours."""

    CSS_PATH = "kiosk.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 (Textual declares no ClassVar)

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.idle = IdleClock(limits, clock)
        self._last_key = 0.0
        self.register_theme(LIGHT)
        # Before anything is parsed: set later, a theme has every style sheet parsed twice.
        self.set_reactive(HardenedApp.theme, LIGHT.name)
        self.stylesheet.set_variables(self.get_css_variables())

    async def on_event(self, event: events.Event) -> None:
        """Note that somebody is there, whatever becomes of the key."""
        if isinstance(event, events.Key):
            self.idle.touched()
            self._last_key = time.monotonic()
        await super().on_event(event)

    async def pause_in_typing(self) -> None:
        """Return once no key has come for a moment: what takes a while holds nobody up then."""
        while (left := self._last_key + PAUSE_SECONDS - time.monotonic()) > 0:
            await asyncio.sleep(left)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave Tab to a cover, for which it is a key as any other."""
        if action in {"focus_next", "focus_previous"} and isinstance(self.screen, CoverScreen):
            return False
        return super().check_action(action, parameters)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Write down a worker of ours that failed; the top bar already says that the central is not there."""
        if event.state is WorkerState.ERROR and event.worker.error:
            record(event.worker.error)
