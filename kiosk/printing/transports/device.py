"""Printers that are a file: /dev/usb/lp0, or a plain file that grows. It must exist: none is made up."""

import contextlib
import errno
import fcntl
import os
import select
import stat
import struct
import termios
import time
import tty
from dataclasses import dataclass
from pathlib import Path

from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.transports.base import CHUNK_BYTES, Claim, Deadline, claim, job_name

POLL_SECONDS = 0.02
_STALE_READS = 16  # a device without end, like /dev/zero, must not be read for ever
_FLAGS = os.O_NONBLOCK | os.O_NOCTTY | os.O_APPEND | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class DeviceTransport:
    """A device or file. See base.Transport."""

    address: str
    path: Path
    state_dir: Path
    bytes_per_second: int | None = None

    def open(self, name: str) -> "DeviceChannel":
        """Open it for both directions where it is a device that allows so, else to write only."""
        job_name(name)
        held = claim(os.path.realpath(self.path), self.state_dir)
        device = None
        try:
            device = _open(self.path)
            if os.isatty(device):
                tty.setraw(device)  # a terminal line would turn some bytes of a picture into others
            return DeviceChannel(device, held, talks=_answers(device))
        except (OSError, termios.error) as error:
            if device is not None:
                os.close(device)
            held.release()
            raise NotSentError(_reason(error)) from error


def _open(path: Path) -> int:
    if stat.S_ISCHR(path.stat().st_mode):
        with contextlib.suppress(PermissionError):
            return os.open(path, os.O_RDWR | _FLAGS)
    return os.open(path, os.O_WRONLY | _FLAGS)


def _answers(device: int) -> bool:
    """Drop what was said before this job; return whether the device can be read at all.

    Linux usblp: EINVAL for a printer of one direction only.
    """
    try:
        for _ in range(_STALE_READS):
            if not os.read(device, CHUNK_BYTES):
                return False
    except BlockingIOError:
        return True
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EBADF):
            return False
        raise
    return False


def _reason(error: OSError | termios.error) -> str:
    if isinstance(error, PermissionError):
        return "L'application n'a pas le droit d'utiliser l'imprimante. Rien n'est imprimé."
    if isinstance(error, OSError) and error.errno == errno.EBUSY:
        return "L'imprimante est déjà utilisée par un autre programme. Rien n'est imprimé."
    return "L'imprimante n'est pas branchée. Rien n'est imprimé."


class DeviceChannel:
    """An open device. See base.Channel."""

    def __init__(self, device: int, held: Claim, *, talks: bool) -> None:
        self._device: int | None = device
        self._held = held
        self.talks = talks

    def write(self, data: bytes, seconds: float) -> int:
        """See base.Channel."""
        deadline = Deadline(seconds)
        while self._has_room(deadline):
            try:
                return os.write(self._open_device(), data[:CHUNK_BYTES])
            except BlockingIOError:  # a pipe that has room, but not for all of this
                if not deadline.left:
                    return 0
            except OSError as error:
                raise LineError("L'imprimante a coupé.") from error
        return 0

    def read(self, seconds: float) -> bytes:
        """See base.Channel."""
        if not self.talks or not select.select([self._open_device()], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self._open_device(), CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LineError("L'imprimante a coupé.") from error

    def finish(self, seconds: float) -> Path | None:
        """Wait for the last block: Linux usblp writes it in the background, and closing throws it away."""
        deadline = Deadline(seconds)
        while not self._has_room(deadline) or self._unsent():
            if not deadline.left:
                raise LineError("L'imprimante ne prend plus rien.")
            time.sleep(min(POLL_SECONDS, deadline.left))
        return None

    def close(self) -> None:
        """See base.Channel."""
        if self._device is not None:
            device, self._device = self._device, None
            with contextlib.suppress(termios.error):  # no terminal line: for one, the system would wait 30 s
                termios.tcflush(device, termios.TCOFLUSH)
            with contextlib.suppress(OSError):
                os.close(device)
        self._held.release()

    def _has_room(self, deadline: Deadline) -> bool:
        return bool(select.select([], [self._open_device()], [], deadline.left)[1])

    def _unsent(self) -> int:
        """Return how many bytes a terminal line still holds; 0 for all other devices, which do not tell."""
        with contextlib.suppress(OSError):
            [unsent] = struct.unpack("i", fcntl.ioctl(self._open_device(), termios.TIOCOUTQ, bytes(4)))
            return int(unsent)
        return 0

    def _open_device(self) -> int:
        if self._device is None:
            raise LineError("L'imprimante n'est plus ouverte.")
        return self._device
