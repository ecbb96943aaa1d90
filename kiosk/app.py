"""The application: which screen comes next, and what is erased when a visit ends. No rule and no I/O of its own."""

import asyncio
import contextlib
import importlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen

from kiosk.booking import french
from kiosk.desk.answers import DeskError, OpeningError
from kiosk.desk.desk import Desk
from kiosk.log import Event
from kiosk.screens.base import FramedScreen, MaskScreen
from kiosk.screens.idle import StillThereScreen
from kiosk.screens.opening import OpeningScreen
from kiosk.terminal.faults import record
from kiosk.terminal.forgetting import forget_texts, set_program_aside
from kiosk.terminal.idle import Limits, Stage
from kiosk.themed_app import IDLE_LOOK_SECONDS, OPEN_AGAIN_SECONDS, ThemedApp

if TYPE_CHECKING:  # what a visit needs is imported behind the first screen
    from kiosk.booking.booking import Hold
    from kiosk.booking.journey import Journey, Step
    from kiosk.screens.home import HomeScreen
    from kiosk.screens.step import StepScreen

VISIT_MODULES = (
    "kiosk.screens.home",
    "kiosk.screens.steps",
    "kiosk.screens.sending",
    "kiosk.screens.noted",
    "kiosk.screens.ticket",
    "kiosk.screens.paper",
    "kiosk.screens.news",
)
DISOWNED = (
    "Le nom ou le code tapé sans réseau n'était pas juste. Rien de ce qui a été noté n'est parti.\n"
    "Les demandes notées sont sur l'accueil, « À rappeler » : rien n'est réservé."
)
CRASHED = "Un problème a arrêté l'écran précédent. Rien n'est resté. Vérifiez par le nom si le rendez-vous est pris."

FORGET_AGAIN_SECONDS = 15.0  # a time-out that was called off keeps its caller until it would have been over
WIPED = "La visite a été effacée après {} sans touche."


class KioskApp(ThemedApp):
    """One kiosk. The journey lives in the screen that asks about it, never here."""

    def __init__(
        self,
        desk: Desk,
        *,
        after_crash: bool = False,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(limits or Limits(), clock)
        self._desk = desk
        self._home_notice = CRASHED if after_crash else ""

    def on_mount(self) -> None:
        """Show the first screen at once; open the desk behind it."""
        self.push_screen(OpeningScreen(self._desk))
        self.set_interval(IDLE_LOOK_SECONDS, self._look_at_idle)
        self.call_after_refresh(self._open_desk)

    async def on_unmount(self) -> None:
        """Close the desk with the application."""
        await self._desk.close()

    @work(group="desk", exit_on_error=False)
    async def _open_desk(self) -> None:
        while not await self._opened():
            await asyncio.sleep(OPEN_AGAIN_SECONDS)
        for module in VISIT_MODULES:
            await asyncio.to_thread(importlib.import_module, module)
        if any(isinstance(screen, OpeningScreen) for screen in self.screen_stack):
            set_program_aside()
        await self._desk.read_ahead()
        self._look_ahead()
        await self._desk.keep_watch()

    @work(group="ahead", exit_on_error=False)
    async def _look_ahead(self) -> None:
        await self._desk.look_ahead()

    async def _opened(self) -> bool:
        try:
            await self._desk.open()
        except OpeningError as error:
            record(error.__cause__ or error, Event.OPENING_FAILED)
            return False
        return True

    def on_opening_screen_signed_in(self) -> None:
        """A mediator is here."""
        self._show_home(self._home_notice)
        self._home_notice = ""

    def on_home_screen_disowned(self) -> None:
        """The shift was opened without the central, and not by that mediator."""
        self._go(OpeningScreen(self._desk, DISOWNED))

    def on_home_screen_chosen(self, event: "HomeScreen.Chosen") -> None:
        """Start a visit, or end the shift."""
        if event.key == "new":
            self._start()
        elif event.settled:
            from kiosk.screens.news import NewsScreen

            self._go(NewsScreen(self._desk, event.settled))
        elif event.paper:
            from kiosk.screens.paper import PaperScreen

            self._go(PaperScreen(self._desk, event.paper))
        else:
            self._desk.sign_out()
            self._go(OpeningScreen(self._desk))

    def on_news_screen_left(self) -> None:
        """The answer was read."""
        self._show_home()

    def on_paper_screen_left(self) -> None:
        """The question of a paper is over."""
        self._show_home()

    def on_step_screen_next(self, event: "StepScreen.Next") -> None:
        """Ask the first question that has no answer yet."""
        self._ask(event.journey.step, event.journey)

    def on_step_screen_back(self, event: "StepScreen.Back") -> None:
        """Ask the question before."""
        self._ask(event.journey.before(event.step), event.journey)

    def on_step_screen_change(self, event: "StepScreen.Change") -> None:
        """Ask one question again."""
        self._ask(event.step, event.journey, event.notice)

    def on_step_screen_confirm(self, event: "StepScreen.Confirm") -> None:
        """Book, or write down that a place is asked for."""
        from kiosk.screens.noted import NotedScreen
        from kiosk.screens.sending import SendingScreen

        screen = NotedScreen if event.journey.applying else SendingScreen
        self._go(screen(self._desk, event.journey))

    def on_step_screen_booked(self, event: "StepScreen.Booked") -> None:
        """Print."""
        from kiosk.screens.ticket import TicketScreen

        self._go(TicketScreen(self._desk, event.booking, new=event.new, language=event.language))

    def on_step_screen_finish(self, event: "StepScreen.Finish") -> None:
        """End the visit and erase it."""
        if event.paper is not None:
            self._send(event.paper)
        self._finish(event.journey, again=event.again)

    def _start(self) -> AwaitComplete:
        from kiosk.booking.journey import Journey

        journey = Journey(key=self._desk.new_key())
        return self._ask(journey.step, journey)

    def _ask(self, step: "Step", journey: "Journey", notice: str = "") -> AwaitComplete:
        from kiosk.screens.steps import screen_for

        return self._go(screen_for(step, journey)(self._desk, journey, notice))

    def _finish(self, journey: "Journey | None", *, again: bool = False, notice: str = "") -> None:
        if journey and journey.hold:
            self._release(journey.hold)
        self._desk.leave()
        left = self._start() if again else self._show_home(notice)
        self.clear_scrollback()
        self._forget(left)

    @work(group="forget", exclusive=True, exit_on_error=False)
    async def _forget(self, left: AwaitComplete) -> None:
        """Let go of what still holds the person, once the screen that was left has gone."""
        await left
        await self.pause_in_typing()
        forget_texts()
        await asyncio.sleep(FORGET_AGAIN_SECONDS)
        await self.pause_in_typing()
        forget_texts()

    def _look_at_idle(self) -> None:
        """Ask who is there, hide a visit that nobody touches, at last erase it. A mask put on by hand stays on."""
        if self._top() is None:
            return  # the application ends
        screens = [screen for screen in self.screen_stack if isinstance(screen, FramedScreen)]
        if not any(screen.IN_VISIT for screen in screens):
            self.idle.touched()
        stage = self.idle.look(awaited=self.holds_keys or any(screen.waits_for_answer for screen in screens))
        if isinstance(self.screen, StillThereScreen) and stage is not Stage.WARNED:
            self.pop_screen()  # a key came that the screen did not get: of a scanner, or Tab
        if stage is Stage.WIPED:
            self._wipe()
        elif stage is Stage.MASKED and not isinstance(self.screen, MaskScreen):
            self.push_screen(MaskScreen())
        elif stage is Stage.WARNED and not isinstance(self.screen, MaskScreen | StillThereScreen):
            self.push_screen(StillThereScreen(self.idle.limits.mask - self.idle.limits.warning))
            self.bell()

    def _wipe(self) -> None:
        """Do what F9 does, from whatever lies over the question, and say so to whoever comes next."""
        from kiosk.screens.step import StepScreen

        while isinstance(self.screen, ModalScreen):
            self.pop_screen()
        journey = self.screen.so_far() if isinstance(self.screen, StepScreen) else None
        seconds = self.idle.limits.wipe
        minutes, rest = divmod(seconds, 60)
        after = french.counted(seconds, "seconde", "secondes") if rest else french.counted(minutes, "minute", "minutes")
        self.idle.touched()
        self._finish(journey, notice=WIPED.format(after))

    @work(group="papers", exit_on_error=False)
    async def _send(self, paper: int) -> None:
        with contextlib.suppress(DeskError):  # the first screen asks about what did not come out
            await self._desk.papers.send(paper, lambda _: None)

    @work(group="release", exit_on_error=False)
    async def _release(self, hold: "Hold") -> None:
        await self._desk.release(hold)

    def _show_home(self, notice: str = "") -> AwaitComplete:
        from kiosk.screens.home import HomeScreen

        return self._go(HomeScreen(self._desk, notice))

    def _go(self, screen: Screen[None]) -> AwaitComplete:
        """Replace the screen below whatever lies over it; a mask stays on. Wait for what is returned to see it gone."""
        masked = isinstance(self.screen, MaskScreen)
        while isinstance(self.screen, ModalScreen):
            self.pop_screen()
        gone = self.switch_screen(screen)
        if masked:
            self.push_screen(MaskScreen())
        return gone
