"""What every line to a printer promises, and who may hold it: one job of one process at a time."""

import fcntl
import hashlib
import os
import re
import time
from pathlib import Path
from typing import Protocol

from kiosk.printing.errors import NotSentError

CHUNK_BYTES = 4096
_JOB_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")


class Channel(Protocol):
    """An open line to one printer, for one job. All calls block, within bounds, and belong in a worker thread."""

    @property
    def talks(self) -> bool:
        """Return whether an answer can ever come back."""

    def write(self, data: bytes, seconds: float) -> int:
        """Return how many of the first bytes of `data` were taken, as soon as some are; 0 if none within `seconds`.

        Raise LineError when the line is broken.
        """

    def read(self, seconds: float) -> bytes:
        """Return what the printer said, waiting at most `seconds`; nothing if it said nothing. Raise LineError."""

    def finish(self, seconds: float) -> Path | None:
        """Return once all that was taken is out of this machine; the picture, where the paper is one.

        Raise LineError if that is not so after `seconds`. Channels that collect first (CUPS, virtual) send here.
        """

    def close(self) -> None:
        """Let go of the printer, whatever state the line is in. Never raises."""


class Transport(Protocol):
    """The way to one printer."""

    @property
    def address(self) -> str:
        """Return the address as the setting has it."""

    @property
    def bytes_per_second(self) -> int | None:
        """Return the speed of a serial line; None where the line is faster than the paper."""

    def open(self, name: str) -> Channel:
        """Open the line for the job called `name` (letters, digits, hyphens); raise NotSentError: nothing left."""


class Claim:
    """A printer held by one process, until it is released or the process ends."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    def release(self) -> None:
        """Give the printer back; a second call changes nothing."""
        if self._handle is not None:
            handle, self._handle = self._handle, None
            os.close(handle)


def claim(printer: str, state_dir: Path) -> Claim:
    """Hold a printer, by a name of its own, against all other jobs of `state_dir`; raise NotSentError if it is held.

    The file stays behind, empty: to delete a lock that another process waits for would let two in.
    """
    directory = state_dir / "printers"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(directory / _lock_name(printer), flags, 0o600)
    except OSError as error:
        raise NotSentError("Le dossier de l'application n'est pas accessible. Rien n'est imprimé.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise NotSentError("L'imprimante est déjà utilisée par un autre programme. Rien n'est imprimé.") from error
    return Claim(handle)


def _lock_name(printer: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9]+", "-", printer).strip("-")[:60]
    return f"{readable}-{hashlib.sha256(os.fsencode(printer)).hexdigest()[:8]}.lock"


def job_name(name: str) -> str:
    """Return `name` if it can stand in a file's name and on a command line; raise ValueError."""
    if not _JOB_NAME.fullmatch(name):
        raise ValueError("a job's name is letters, digits and hyphens")
    return name


class Deadline:
    """A moment that several waits share."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Return the seconds left, 0 when it has passed."""
        return max(0.0, self._at - time.monotonic())
