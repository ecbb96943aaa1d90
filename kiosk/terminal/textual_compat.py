"""The only module that touches private names of Textual; each stands in `PRIVATE_NAMES`, which a test checks."""

import codecs
import errno
import functools
import signal
from typing import Final

from rich.console import RenderableType
from textual.app import App
from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from kiosk.log import Event
from kiosk.terminal.faults import record

PRIVATE_NAMES: Final = (
    (App, "_handle_exception"),
    (App, "_close_messages_no_wait"),
    (App, "_exception_event"),
    (App, "_display"),
    (App, "_fatal_error"),
    (LinuxDriver, "_run_input_thread"),
    (linux_driver, "getincrementaldecoder"),
    (WriterThread, "run"),
)
PRIVATE_ATTRIBUTES: Final = ("_exception", "_return_code", "_driver", "_clipboard")

CRASH_CODE = 70  # EX_SOFTWARE
HANG_UP_CODE = 128 + signal.SIGHUP
FAULT_PAUSE_SECONDS = 0.01

CLEAR_SCROLLBACK = "\x1b[3J"
STEADY_CURSOR = "\x1b[2 q\x1b[?25h"
DEFAULT_CURSOR = "\x1b[0 q"


class _Tolerant:
    """A decoder for which a byte that is not UTF-8 (a scanner set to Latin-1) is "�", not the end of the program."""

    def __init__(self, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")

    def decode(self, data: bytes, final: bool = False) -> str:
        """Decode what was read; raise OSError at the end of the input, on which Textual would spin for ever."""
        if not data and not final:
            raise OSError(errno.EIO, "the terminal is gone")
        return self._decoder.decode(data, final)


def _tolerant(encoding: str) -> functools.partial[_Tolerant]:
    return functools.partial(_Tolerant, encoding)


linux_driver.getincrementaldecoder = _tolerant  # type: ignore[attr-defined, assignment]


class CompatApp(App[None], inherit_bindings=False):
    """Textual's App with its private hooks turned into methods of ours."""

    crashed = False

    def guard_process(self) -> None:
        """Called before the terminal is changed: the moment to take the signals over."""

    def painting(self, screen: Screen[object]) -> None:
        """Called before each frame of `screen` is written."""

    def panic(self, *renderables: RenderableType) -> None:
        """End after a fault of Textual; what it wanted to print may hold values, so it is not even rendered."""
        self._end_crashed()

    def write_through(self, sequence: str) -> None:
        """Write a control sequence to the terminal, in order with the frames; nothing when there is no terminal."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)
            self._driver.flush()

    def _handle_exception(self, error: Exception) -> None:
        """Textual's own would print a traceback with the value of every local variable, names and numbers included."""
        record(error)
        if self._exception is None:  # run_test raises it again
            self._exception = error
            self._exception_event.set()
        self._end_crashed()

    def _fatal_error(self) -> None:
        self._end_crashed()

    def _end_crashed(self) -> None:
        self.crashed = True
        self._return_code = CRASH_CODE
        self._close_messages_no_wait()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        self.painting(screen)
        super()._display(screen, renderable)


class HardenedDriver(LinuxDriver):
    """A terminal driver that survives hostile input and hands the terminal back without a trace."""

    _app: CompatApp

    def write(self, data: str) -> None:
        """Write to the terminal; nothing once it is gone, for nobody takes from the queue any more."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def start_application_mode(self) -> None:
        """Take the terminal: signals first, so that none can leave it in raw mode."""
        self._app.guard_process()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        for stop in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
            signal.signal(stop, signal.SIG_IGN)  # after Textual's own handlers, which would stop the program
        self.write(STEADY_CURSOR)  # braille displays and magnifiers follow the real cursor

    def stop_application_mode(self) -> None:
        """Give the terminal back, with nothing to scroll back to."""
        super().stop_application_mode()
        self.write(DEFAULT_CURSOR + CLEAR_SCROLLBACK)
        self.flush()

    def _run_input_thread(self) -> None:
        """Read keys until the end, whatever they are: a sequence that breaks the parser gets a new parser."""
        while not self.exit_event.is_set():
            try:
                self.run_input_thread()
            except OSError as error:
                record(error, Event.TERMINAL_GONE)
                self._loop.call_soon_threadsafe(self._hang_up)
                return
            except Exception as error:  # noqa: BLE001 - hostile bytes raise whatever they like inside the parser
                record(error, Event.INPUT_UNREADABLE)
                self.exit_event.wait(FAULT_PAUSE_SECONDS)  # a fault that never ends must not eat a core

    def _hang_up(self) -> None:
        self._app.exit(return_code=HANG_UP_CODE)
