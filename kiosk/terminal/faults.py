"""How a fault is written down: its type and its place in the code, never its message or its values."""

import logging
from pathlib import PurePath
from traceback import walk_tb

from textual.worker import WorkerFailed

FRAMES_KEPT = 3

log = logging.getLogger("kiosk.terminal")


def describe(error: BaseException) -> str:
    """Return `ValueError at screens/search.py:42 < textual/app.py:10`: a message or a local could name a person."""
    cause = error.error if isinstance(error, WorkerFailed) else error
    frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(cause.__traceback__)]
    places = [f"{'/'.join(PurePath(file).parts[-2:])}:{line}" for file, line in reversed(frames[-FRAMES_KEPT:])]
    return f"{type(cause).__name__} at {' < '.join(places) or 'an unknown place'}"


def record(error: BaseException, what: str = "crash") -> None:
    """Log that `what` happened because of `error`."""
    log.error("%s: %s", what, describe(error))
