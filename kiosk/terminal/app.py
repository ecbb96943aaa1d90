"""The application class every screen runs in: no way out, no trace, no misdelivered key."""

import asyncio
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from textual import events, on
from textual.app import ScreenStackError
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.dom import DOMNode
from textual.driver import Driver
from textual.message import Message
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widgets import Input

from kiosk import log
from kiosk.log import Event
from kiosk.terminal.faults import record
from kiosk.terminal.gate import BURST_GAP_SECONDS, BurstGuard, Fate, KeyGate, KeyHold
from kiosk.terminal.textual_compat import CLEAR_SCROLLBACK, CompatApp, HardenedDriver

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
REPAINT_SECONDS = 0.05  # after Textual's own layout of the new size
SETTLING_LAPS = 2  # a key that bubbles up to a binding starts messages at the bottom again: they need a second lap
ENDING_SECONDS = 5.0
SETTLING_ROUNDS = 20  # a widget that posts to itself without end must not silence the keyboard


class HardenedApp(CompatApp):
    """A full-screen application for a counter: see `hold_keys` for the one thing its screens must do themselves.

    Keys are delivered one at a time: the next one leaves only when everything that the last one caused has been
    handled, up to the screen and the application. A key typed before the screen on top was painted is dropped.
    So is the text of a scanner where no field takes it: a printable key waits for BURST_GAP_SECONDS to show its kind.
    """

    ENABLE_COMMAND_PALETTE = False
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = set()
    ALLOW_SELECT = False
    ENABLE_SELECT_AUTO_SCROLL = False
    ESCAPE_TO_MINIMIZE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        # Without priority, letters typed after Tab would land before it.
        Binding("tab", "app.focus_next", "Suivant", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", "Précédent", show=False, priority=True),
    ]

    class ScanLost(Message, bubble=False):
        """A scanner's text has begun to come in, and nothing on the screen takes it: all of it is dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"
        self._gate = KeyGate(time.monotonic)
        self._guard = BurstGuard(time.monotonic)
        self._waiting: deque[events.Key] = deque()
        self._next_look: asyncio.TimerHandle | None = None
        self._unsettled: DOMNode | None = None
        self._laps_left = 0
        self._serial = 0  # of the key last delivered: an older climb that comes late says nothing about it

    def get_driver_class(self) -> type[Driver]:
        """The driver of a real terminal."""
        return HardenedDriver

    @property
    def busy(self) -> bool:
        """Are keys being refused, because of a hold or because the screen on top has not been painted yet?"""
        return self._gate.held or not self._gate.shows(self._top())

    @property
    def holds_keys(self) -> bool:
        """Is an answer awaited before any key may be typed?"""
        return self._gate.held

    def hold_keys(self) -> KeyHold:
        """Refuse every key, paste and click from this very moment until the returned hold is released.

        Take it in the handler that starts the wait and hand it to the worker, which ends its `with` block after
        the next screen was pushed. Keep a reference: a forgotten hold is a released one.
        """
        return self._gate.hold()

    def drop_burst(self) -> None:
        """Drop the rest of the burst whose key is being handled, without another look at any of it."""
        self._guard.drop_rest()

    def clear_scrollback(self) -> None:
        """Make the terminal forget the lines above the screen."""
        self.write_through(CLEAR_SCROLLBACK)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy nothing and keep nothing: the next person at the counter could paste it."""

    def action_help_quit(self) -> None:
        """Say nothing: Textual would tell how to quit."""

    def guard_process(self) -> None:
        """Turn ending signals into a clean exit, and forgotten tasks into one line of log."""
        loop = asyncio.get_running_loop()
        for number in ENDING_SIGNALS:
            loop.add_signal_handler(number, self._end_by, number)
        loop.set_exception_handler(_on_loop_fault)

    def painting(self, screen: Screen[object]) -> None:
        """Open the gate at the first frame of a new screen: from then on, a key is meant for what is shown."""
        if screen is self._top() and self._gate.painting(screen):
            self._unsettled = None  # its message may have died with the screen before
            if self._waiting:
                self.call_later(self._deliver)

    async def on_event(self, event: events.Event) -> None:
        """Put the gate before Textual's own dispatch."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._waiting.append(event)
            await self._deliver()
        elif isinstance(event, events.Paste):
            return  # nothing here is pasted: a paste may hold keys, and its end may never come
        elif isinstance(event, events.MouseEvent) and not event.is_forwarded:
            await self._point(event)
        else:
            await super().on_event(event)

    async def _point(self, event: events.MouseEvent) -> None:
        if self._gate.admits(event, self._top()):
            await super().on_event(event)
        elif isinstance(event, events.MouseUp):
            self.capture_mouse(None)  # else the widget pressed before the hold would keep the mouse

    async def _deliver(self) -> None:
        """Hand over waiting keys, as long as the one before has been dealt with by everybody."""
        while self._waiting and not self._settling():
            event = self._waiting[0]
            fate = self._fate_of_first()
            if fate is Fate.AWAITED:
                self._look_later()
                return
            self._waiting.popleft()
            if fate is Fate.SWALLOWED and self._guard.begins_scan(event):
                self.screen.post_message(self.ScanLost())
            self._guard.passed(event, swallowed=fate is Fate.SWALLOWED)
            if fate is Fate.DELIVERED and self._gate.admits(event, self._top()):
                target: DOMNode = self.focused or self.screen
                await super().on_event(event)
                self._settle(target)

    def _fate_of_first(self) -> Fate:
        if self.busy:
            return Fate.DELIVERED  # to the gate, which refuses it
        return self._guard.fate_of_first(self._waiting, in_field=isinstance(self.focused, Input))

    def _look_later(self) -> None:
        """Look again when a gap has passed: behind the keys that have come in by then."""
        if self._next_look is not None:
            self._next_look.cancel()
        loop = asyncio.get_running_loop()
        self._next_look = loop.call_later(BURST_GAP_SECONDS, self.call_later, self._deliver)

    def _settling(self) -> bool:
        return self._unsettled is not None and self._unsettled.is_attached

    def _settle(self, target: DOMNode) -> None:
        """Start waiting for everything that the key just given to `target` causes."""
        self._unsettled = target
        self._serial += 1
        self._laps_left = SETTLING_LAPS
        self._queue_climb(target, self._serial, SETTLING_ROUNDS)

    def _queue_climb(self, node: MessagePump, serial: int, rounds: int) -> None:
        """Follow the messages that a key caused: this callback stands behind them in the queue of `node`."""
        if not node.call_later(self._climb, node, serial, rounds) and serial == self._serial:
            self._unsettled = None  # `node` has gone, and its messages with it

    async def _climb(self, node: MessagePump, serial: int, rounds: int) -> None:
        """Go on to the parent once `node` has nothing left to do."""
        if node is self:
            await self._arrive(serial)
        elif node.message_queue_size and rounds:
            self._queue_climb(node, serial, rounds - 1)
        else:
            parent = node.parent if isinstance(node, DOMNode) else None
            self._queue_climb(parent or self, serial, SETTLING_ROUNDS)

    async def _arrive(self, serial: int) -> None:
        """At the top: go round once more, or let the next key go."""
        if serial == self._serial and self._unsettled is not None:
            self._laps_left -= 1
            if self._laps_left:
                self._queue_climb(self._unsettled, serial, SETTLING_ROUNDS)
            else:
                self._unsettled = None
        await self._deliver()

    def _top(self) -> Screen[object] | None:
        try:
            return self.screen
        except ScreenStackError:
            return None

    def _end_by(self, number: signal.Signals) -> None:
        log.event(Event.STOPPED, signal=number)
        self.exit(return_code=128 + number)
        # A terminal that is gone can hold the way out up for ever; a signal must end the process all the same.
        last_resort = threading.Timer(ENDING_SECONDS, os._exit, (128 + number,))
        last_resort.daemon = True
        last_resort.start()

    @on(events.Resize)
    def _repaint_soon(self) -> None:
        """Textual repaints only what moved, but a terminal that was small for a moment has lost everything else."""
        self.set_timer(REPAINT_SECONDS, self._repaint)

    def _repaint(self) -> None:
        if (screen := self._top()) is not None:
            screen.refresh()

    @on(events.DescendantFocus)
    def _move_real_cursor(self, event: events.DescendantFocus) -> None:
        """Bring the terminal's cursor to what has the focus: it is all that a braille display can follow."""
        offset = getattr(event.widget, "cursor_screen_offset", None)
        self.cursor_position = event.widget.content_region.offset if offset is None else offset


def _on_loop_fault(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Replace asyncio's own report, which writes the message of the exception and the repr of the task."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        record(error, Event.TASK_FORGOTTEN)
