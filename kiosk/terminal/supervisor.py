"""What stands around the application: a crash ends in a fresh one, on a clean screen, in the same process."""

import contextlib
import gc
import logging
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from kiosk.log import Event
from kiosk.terminal.app import HardenedApp
from kiosk.terminal.faults import record
from kiosk.terminal.textual_compat import CLEAR_SCROLLBACK, CRASH_CODE

CRASHES_ALLOWED = 5
CRASH_WINDOW_SECONDS = 60.0
CLEAR_SCREEN = "\x1b[H\x1b[2J"


def run_forever(make_app: Callable[[bool], HardenedApp], clock: Callable[[], float] = time.monotonic) -> int:
    """Run what `make_app(after_crash)` builds, again after each crash, and return the exit code of the process.

    A run that crashed never gives a code of its own; too many of them give 70, so that whoever supervises the
    process sees a boot loop instead of a screen that flickers for ever.
    """
    crashes: deque[float] = deque(maxlen=CRASHES_ALLOWED)
    with _silent_hooks():
        while True:
            code = _run_once(make_app, after_crash=bool(crashes))
            if code is not None:
                return code
            crashes.append(clock())
            if len(crashes) == CRASHES_ALLOWED and crashes[-1] - crashes[0] <= CRASH_WINDOW_SECONDS:
                return CRASH_CODE
            _wipe()


def _run_once(make_app: Callable[[bool], HardenedApp], *, after_crash: bool) -> int | None:
    """Return the code with which the application ended, None if it crashed or ended without anybody's wish."""
    try:
        app = make_app(after_crash)
        app.run()
    except KeyboardInterrupt:  # between two applications nobody handles the signal
        return 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - this is the last door: past it there is only a traceback on screen
        record(error)
        return None
    return None if app.crashed else app.return_code


def _wipe() -> None:
    """Leave nothing of the crashed application: neither on the terminal nor, by a cycle, in memory."""
    gc.collect()
    terminal = sys.__stderr__
    if terminal is not None and terminal.isatty():
        terminal.write(CLEAR_SCREEN + CLEAR_SCROLLBACK)
        terminal.flush()


@contextlib.contextmanager
def _silent_hooks() -> Iterator[None]:
    """Replace the interpreter's reports on stderr: they draw over the screen and quote the values of an exception."""
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook, logging.lastResort
    sys.excepthook = lambda kind, error, trace: record(error)
    sys.unraisablehook = lambda fault: record(fault.exc_value or RuntimeError(), Event.UNRAISABLE)
    threading.excepthook = lambda fault: record(fault.exc_value or RuntimeError(), Event.THREAD_FAILED)
    logging.lastResort = None
    try:
        yield
    finally:
        sys.excepthook, sys.unraisablehook, threading.excepthook, logging.lastResort = hooks
