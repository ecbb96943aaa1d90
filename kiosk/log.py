"""What happened and when, one line of JSON each; never to whom.

An event is one of a list, with numbers, words of our own enums and the codes of requests: a text cannot be passed. What
other libraries log is their name and the fault, without their message, which could quote anything.
"""

import datetime as dt
import json
import logging
import os
import re
import sys
from dataclasses import dataclass
from enum import Enum, StrEnum
from logging.handlers import RotatingFileHandler
from pathlib import Path, PurePath
from traceback import walk_tb
from typing import TextIO

EVENTS = "kiosk.events"  # the one logger whose lines are ours
FILE_BYTES = 1_000_000
OLD_FILES = 2
FRAMES_KEPT = 3
JOURNAL = "JOURNAL_STREAM"  # systemd.exec(5): device and inode of the stream that journald reads
REFUSED = "refused"
_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}")
_WORD = re.compile(r"[a-z0-9_-]{1,40}")
_LOGGER = re.compile(r"[A-Za-z0-9_.]{1,80}")


class Event(StrEnum):
    """Everything that is ever logged by us."""

    STARTED = "started"
    STOPPED = "stopped"
    SHIFT_OPENED = "shift-opened"
    SHIFT_CLOSED = "shift-closed"
    CENTRAL_HERE = "central-here"
    CENTRAL_SILENT = "central-silent"
    INTENT_WRITTEN = "intent-written"
    INTENT_SENT = "intent-sent"
    INTENT_NOT_SENT = "intent-not-sent"
    INTENT_UNKNOWN = "intent-unknown"
    INTENT_CONFIRMED = "intent-confirmed"
    INTENT_REFUSED = "intent-refused"
    INTENT_WITHDRAWN = "intent-withdrawn"
    INTENT_FORGOTTEN = "intent-forgotten"
    PAPER_DELIVERED = "paper-delivered"
    FILE_PUT_ASIDE = "file-put-aside"
    CRASH = "crash"
    OPENING_FAILED = "opening-failed"
    UNRAISABLE = "unraisable"
    THREAD_FAILED = "thread-failed"
    TASK_FORGOTTEN = "task-forgotten"
    TERMINAL_GONE = "terminal-gone"
    INPUT_UNREADABLE = "input-unreadable"
    ANSWER_FAILED = "answer-failed"  # of the central, to one request


@dataclass(frozen=True, slots=True)
class RequestCode:
    """The code of a request, `K7M4-2QXP`: what papers and lists call it, and lines about one intent have in common."""

    text: str


Field = bool | int | float | Enum | RequestCode


def event(what: Event, **fields: Field) -> None:
    """Log that something happened."""
    logging.getLogger(EVENTS).info("", extra={"what": what, "fields": fields})


def fault(what: Event, error: BaseException) -> None:
    """Log that something went wrong: the type of the error and its place in the code."""
    logging.getLogger(EVENTS).error("", extra={"what": what, "fault": describe(error)})


def describe(error: BaseException) -> str:
    """Return `ValueError at screens/search.py:42 < textual/app.py:10`: a message or a local could name a person."""
    frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    places = [f"{'/'.join(PurePath(file).parts[-2:])}:{line}" for file, line in reversed(frames[-FRAMES_KEPT:])]
    return f"{type(error).__name__} at {' < '.join(places) or 'an unknown place'}"


class Lines(logging.Formatter):
    """Turns a record into its line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line of JSON: `at` (UTC), `level`, `event`, then what else is known."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        ours = record.name == EVENTS
        line: dict[str, object] = {"at": at, "level": record.levelname.lower()}
        line |= _of_ours(record) if ours else {"event": "other", "logger": _matching(_LOGGER, record.name)}
        error = record.exc_info[1] if record.exc_info else None
        said = getattr(record, "fault", None) if ours else error and describe(error)
        return json.dumps(line | ({"fault": said} if said else {}))


def to_file(path: Path) -> None:
    """Log to a file that is kept small, or to journald where systemd reads our stderr. A disk that is full is no error.

    Never to a terminal: a line on stderr would be drawn over the screen.
    """
    if _is_read_by_journald(sys.stderr):
        _log_by(logging.StreamHandler(sys.stderr), logging.INFO)
    else:
        _log_by(RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8"), logging.INFO)


def to_stderr() -> None:
    """Log what went wrong to stderr, of a program that has no screen."""
    _log_by(logging.StreamHandler(sys.stderr), logging.WARNING)


def _log_by(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(Lines())
    logging.raiseExceptions = False  # what cannot be written is not reported over the screen either
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(EVENTS).setLevel(level)


def _of_ours(record: logging.LogRecord) -> dict[str, object]:
    fields: dict[str, Field] = getattr(record, "fields", {})
    return {"event": _written(getattr(record, "what", None))} | {name: _written(each) for name, each in fields.items()}


def _written(value: object) -> object:
    """Return what a field looks like; a text that got past the types says only that it was refused."""
    match value:
        case Enum():
            return _matching(_WORD, value.value if isinstance(value.value, str) else value.name.lower())
        case bool() | int() | float():
            return value
        case RequestCode():
            return _matching(_CODE, value.text)
    return REFUSED


def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else REFUSED


def _is_read_by_journald(stream: TextIO) -> bool:
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get(JOURNAL) == f"{found.st_dev}:{found.st_ino}"
