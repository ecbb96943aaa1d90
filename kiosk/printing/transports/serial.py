"""Printers on a serial port, which say "not now" by their DSR or CTS line or by XOFF; a bare cable says nothing.

None of this is left to the driver of the port: Linux knows no DSR flow control, and three-wire cables have no CTS,
so that RTS/CTS set by default would never send a byte on them.
"""

import contextlib
import os
import select
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.transports.base import CHUNK_BYTES, Claim, Deadline, claim, job_name

BITS_PER_BYTE = 10  # start, eight of data, stop
PIECE_SECONDS = 0.1  # how much of the line the port's own buffer may hold: what is in there cannot be stopped
POLL_SECONDS = 0.02
_XON, _XOFF = 0x11, 0x13  # no byte of a status or process id answer has these values


@dataclass(frozen=True, slots=True)
class SerialTransport:
    """A serial port, at `baud` bits per second, 8N1. See base.Transport."""

    address: str
    path: Path
    baud: int
    state_dir: Path

    @property
    def bytes_per_second(self) -> int:
        """See base.Transport."""
        return self.baud // BITS_PER_BYTE

    def open(self, name: str) -> "SerialChannel":
        """Open the port for this process alone."""
        import serial  # a kiosk without a serial printer does without

        job_name(name)
        held = claim(os.path.realpath(self.path), self.state_dir)
        try:
            # timeout 0: every call returns at once, waiting is done here.
            port = serial.Serial(str(self.path), self.baud, timeout=0, write_timeout=0, exclusive=True)
        except (OSError, termios.error, ValueError) as error:
            held.release()
            raise NotSentError("Le port série de l'imprimante ne s'ouvre pas. Rien n'est imprimé.") from error
        return SerialChannel(port, held, max(16, round(self.bytes_per_second * PIECE_SECONDS)))


class SerialChannel:
    """An open port. See base.Channel."""

    talks = True

    def __init__(self, port: Any, held: Claim, piece_bytes: int) -> None:
        self._port = port
        self._held = held
        self._piece_bytes = piece_bytes
        self._said = b""
        self._sent = 0  # bytes
        self._stopped = False  # by XOFF
        self._lines_seen: frozenset[str] = frozenset()  # those that were up: this cable has them

    def write(self, data: bytes, seconds: float) -> int:
        """See base.Channel. Takes a tenth of a second's worth at most, so that the printer can stop what follows."""
        deadline = Deadline(seconds)
        with self._broken():
            while True:
                self._listen(0)
                taken = self._send(data) if self._may_send() else 0
                if taken or not deadline.left:
                    return taken
                self._listen(min(POLL_SECONDS, deadline.left))

    def read(self, seconds: float) -> bytes:
        """See base.Channel."""
        with self._broken():
            if not self._said:
                self._listen(seconds)
        said, self._said = self._said, b""
        return said

    def finish(self, seconds: float) -> Path | None:
        """Wait until the port's buffer is empty."""
        deadline = Deadline(seconds)
        with self._broken():
            while self._port.out_waiting:
                if not deadline.left:
                    raise LineError("L'imprimante ne prend plus rien.")
                self._listen(min(POLL_SECONDS, deadline.left))
        return None

    def close(self) -> None:
        """See base.Channel. What the port still holds is dropped: the system would wait 30 s for it."""
        with contextlib.suppress(OSError, termios.error):
            self._port.reset_output_buffer()
        with contextlib.suppress(OSError, termios.error):
            self._port.close()
        self._held.release()

    def _may_send(self) -> bool:
        up = self._lines_up()
        self._lines_seen |= up
        return not self._stopped and up == self._lines_seen and self._port.out_waiting < self._piece_bytes

    def _lines_up(self) -> frozenset[str]:
        try:
            return frozenset(line for line in ("dsr", "cts") if getattr(self._port, line))
        except OSError:  # a port without such lines
            return frozenset()

    def _send(self, data: bytes) -> int:
        if not select.select([], [self._port.fileno()], [], 0)[1]:
            return 0
        taken: int = self._port.write(data[: self._piece_bytes])
        self._sent += taken
        return taken

    def _listen(self, seconds: float) -> None:
        if not select.select([self._port.fileno()], [], [], seconds)[0]:
            return
        heard: bytes = self._port.read(CHUNK_BYTES)
        self._said += heard
        stops, goes = heard.rfind(_XOFF), heard.rfind(_XON)
        if stops != goes:  # both -1: it said neither
            self._stopped = stops > goes

    @contextlib.contextmanager
    def _broken(self) -> Iterator[None]:
        try:
            yield
        except (OSError, termios.error) as error:
            raise LineError("L'imprimante n'est plus branchée.", sent_nothing=not self._sent) from error
