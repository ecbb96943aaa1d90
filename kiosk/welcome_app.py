"""The welcome desk of a site: one screen that stays open, and the counter behind it kept in step with the central."""

import asyncio

from textual import work

from kiosk.desk.answers import OpeningError
from kiosk.desk.welcome import Welcome
from kiosk.log import Event
from kiosk.screens.welcome import WelcomeScreen
from kiosk.terminal.faults import record
from kiosk.themed_app import OPEN_AGAIN_SECONDS, ThemedApp


class WelcomeApp(ThemedApp):
    """One counter."""

    def __init__(self, counter: Welcome) -> None:
        super().__init__()
        self._counter = counter

    def on_mount(self) -> None:
        """Show the screen at once; find the central behind it."""
        self.push_screen(WelcomeScreen(self._counter))
        self.call_after_refresh(self._open)

    async def on_unmount(self) -> None:
        """Close the counter with the application."""
        await self._counter.close()

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
