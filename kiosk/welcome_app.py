"""The welcome desk of a site: one screen that stays open, and the counter behind it kept in step with the central."""

import asyncio
import time
from collections.abc import Callable

from textual import work

from kiosk.desk.answers import OpeningError
from kiosk.desk.welcome import Welcome
from kiosk.log import Event
from kiosk.screens.identity import IdentityScreen
from kiosk.screens.welcome import WelcomeScreen
from kiosk.terminal.faults import record
from kiosk.terminal.idle import Limits, Stage
from kiosk.themed_app import IDLE_LOOK_SECONDS, OPEN_AGAIN_SECONDS, ThemedApp
from kiosk.widgets.scan_field import ScanField


class WelcomeApp(ThemedApp):
    """One counter."""

    def __init__(
        self, counter: Welcome, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(limits or Limits(), clock)
        self._counter = counter
        self._welcome = WelcomeScreen(counter)

    def on_mount(self) -> None:
        """Show the screen at once; find the central behind it."""
        self.push_screen(self._welcome)
        self.set_interval(IDLE_LOOK_SECONDS, self._look_at_idle)
        self.call_after_refresh(self._open)

    async def on_unmount(self) -> None:
        """Close the counter with the application."""
        await self._counter.close()

    def _look_at_idle(self) -> None:
        """Erase a name that nobody goes on typing, and an old answer; no mask, which would cost the next scan."""
        if self.idle.look() is Stage.WIPED:
            self.idle.touched()
            if isinstance(self.screen, IdentityScreen):
                self.pop_screen()
            self._welcome.query_one(ScanField).value = ""
            self._welcome.forget()

    @work(group="counter", exit_on_error=False)
    async def _open(self) -> None:
        while not await self._opened():
            await asyncio.sleep(OPEN_AGAIN_SECONDS)
        await self._counter.keep_in_step()

    async def _opened(self) -> bool:
        try:
            await self._counter.open()
        except OpeningError as error:
            record(error.__cause__ or error, Event.OPENING_FAILED)
            return False
        return True
