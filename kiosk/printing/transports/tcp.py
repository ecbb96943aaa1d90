"""Network printers that take raw bytes, by custom on port 9100."""

import contextlib
import fcntl
import select
import socket
import struct
import termios
from dataclasses import dataclass
from pathlib import Path

from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.transports.base import CHUNK_BYTES, Claim, Deadline, claim, job_name

CONNECT_SECONDS = 3.0
# A large kernel buffer would swallow a whole ticket and call that progress.
SEND_BUFFER_BYTES = 8192
SAID_BYTES = 65_536  # of what nobody has read yet, the newest
_FIN = 1  # the end of a stream takes a place in the sequence, like a byte


@dataclass(frozen=True, slots=True)
class TcpTransport:
    """A printer at a host and port. See base.Transport."""

    address: str
    host: str
    port: int
    state_dir: Path
    bytes_per_second: int | None = None

    def open(self, name: str) -> "TcpChannel":
        """Connect within CONNECT_SECONDS."""
        job_name(name)
        held = claim(f"tcp {self.host} {self.port}", self.state_dir)
        connection = None
        try:
            connection = socket.create_connection((self.host, self.port), timeout=CONNECT_SECONDS)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
        except (OSError, UnicodeError) as error:  # UnicodeError: a host that no name can be made of
            if connection:
                connection.close()
            held.release()
            raise NotSentError("L'imprimante ne répond pas. Rien n'est imprimé.") from error
        return TcpChannel(connection, held)


class TcpChannel:
    """An open connection. See base.Channel."""

    talks = True

    def __init__(self, connection: socket.socket, held: Claim) -> None:
        self._connection = connection
        self._held = held
        self._said = b""  # read while writing: bytes left unread make Linux reset the line when it is closed
        self._sent = 0  # bytes
        self._ended = False  # the printer closed its side

    def write(self, data: bytes, seconds: float) -> int:
        """See base.Channel. What the printer says meanwhile is kept for `read`."""
        deadline = Deadline(seconds)
        while True:
            readable, writable = self._wait(deadline, [self._connection])
            if readable:
                self._listen()
            if self._ended:
                raise self._broken()
            taken = self._send(data) if writable else 0
            if taken or not deadline.left:
                return taken

    def read(self, seconds: float) -> bytes:
        """See base.Channel. After `finish`, what came until the line was closed can still be read."""
        if not self._said and not self._ended and self._wait(Deadline(seconds), [])[0]:
            self._listen()
        if not self._said and self._ended:
            raise self._broken()
        said, self._said = self._said, b""
        return said

    def finish(self, seconds: float) -> Path | None:
        """Close this side, then read to the end of theirs. A printer that keeps its side open is no error."""
        deadline = Deadline(seconds)
        try:
            self._connection.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise self._broken() from error
        while not self._ended and deadline.left:
            if self._wait(deadline, [])[0]:
                self._listen()
        if _unacknowledged(self._connection) > _FIN:
            raise LineError("L'imprimante n'a pas tout pris.")
        return None

    def close(self) -> None:
        """See base.Channel."""
        with contextlib.suppress(OSError):
            self._connection.close()
        self._held.release()

    def _send(self, data: bytes) -> int:
        try:
            taken = self._connection.send(data[:CHUNK_BYTES])
        except BlockingIOError:  # the room that was announced is taken
            return 0
        except OSError as error:
            raise self._broken() from error
        self._sent += taken
        return taken

    def _broken(self) -> LineError:
        return LineError("L'imprimante a coupé.", sent_nothing=not self._sent)

    def _wait(self, deadline: Deadline, writers: list[socket.socket]) -> tuple[bool, bool]:
        readers = [] if self._ended else [self._connection]
        readable, writable, _ = select.select(readers, writers, [], deadline.left)
        return bool(readable), bool(writable)

    def _listen(self) -> None:
        try:
            heard = self._connection.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise self._broken() from error
        self._said = (self._said + heard)[-SAID_BYTES:]
        self._ended = not heard


def _unacknowledged(connection: socket.socket) -> int:
    """Return how many bytes the other end has not confirmed; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        [waiting] = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))
        return int(waiting)
    return 0
