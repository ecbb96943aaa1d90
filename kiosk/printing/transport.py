"""How bytes leave for a printer. All calls block and belong in a worker thread; success means sent, never printed."""

import datetime as dt
import errno
import functools
import os
import re
import select
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kiosk.printing.address import DeviceAddress, TcpAddress, VirtualAddress, parse_address
from kiosk.printing.errors import MaybeSentError, NotSentError
from kiosk.printing.escpos import check
from kiosk.printing.paper import papers

CONNECT_SECONDS = 3.0
PROGRESS_SECONDS = 10.0  # without one byte more accepted, the printer is deaf: cover open, paper out, cable
GOODBYE_SECONDS = 1.0  # for the printer to close its side after the last byte
CHUNK_BYTES = 4096
# A large kernel buffer would swallow a whole ticket and call that progress.
SEND_BUFFER_BYTES = 16_384

_JOB_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")


class Printer(Protocol):
    """One printer, used by one job at a time."""

    def send(self, payload: bytes, *, name: str) -> Path | None:
        """Send one payload, called `name` (letters, digits, hyphens); return its picture where the paper is one.

        A normal return means that all bytes were handed over: sent, not printed. Raise PayloadError or NotSentError
        when nothing left, MaybeSentError when only a person can tell.
        """


def printer_from_url(url: str, state_dir: Path) -> Printer:
    """Return the printer that a setting names; raise AddressError."""
    match parse_address(url):
        case TcpAddress(host, port):
            return TcpPrinter(host, port)
        case DeviceAddress(path):
            return DevicePrinter(path)
        case VirtualAddress():
            return VirtualPrinter(state_dir / "tickets")


class _Sender:
    """Writes a payload in chunks to something that may stop listening, and tells the two kinds of failure apart."""

    def __init__(self, payload: bytes) -> None:
        self._left = memoryview(payload)
        self._total = len(payload)

    @property
    def sent(self) -> int:
        return self._total - len(self._left)

    def run(self, write: Callable[[memoryview], int], wait: Callable[[], bool]) -> None:
        """Alternate `wait` (True when there is room) and `write` until all is out."""
        try:
            while self._left:
                if not wait():
                    raise self.failure("L'imprimante ne prend plus rien.")
                self._left = self._left[write(self._left[:CHUNK_BYTES]) :]
        except OSError as error:
            raise self.failure("L'imprimante a coupé.") from error

    def failure(self, what: str) -> NotSentError | MaybeSentError:
        if self.sent:
            return MaybeSentError(f"{what} Nous ne savons pas si le ticket est sorti.")
        return NotSentError(f"{what} Rien n'est imprimé.")


class TcpPrinter:
    """A network printer that takes raw bytes, by custom on port 9100."""

    def __init__(self, host: str, port: int, *, progress_seconds: float = PROGRESS_SECONDS) -> None:
        """Remember where; nothing is opened before `send`."""
        self.address = (host, port)
        self._progress_seconds = progress_seconds
        self._owner = threading.Lock()

    def send(self, payload: bytes, *, name: str) -> Path | None:
        """Send on a connection of its own. See Printer.send."""
        _checked(payload, name)
        with self._owner, self._connected() as connection:
            connection.setblocking(False)
            sender = _Sender(payload)
            sender.run(connection.send, lambda: self._room(connection))
            self._say_goodbye(connection, sender)
        return None

    def _connected(self) -> socket.socket:
        connection = None
        try:
            connection = socket.create_connection(self.address, timeout=CONNECT_SECONDS)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        except OSError as error:
            if connection:
                connection.close()
            raise NotSentError("L'imprimante ne répond pas. Rien n'est imprimé.") from error
        return connection

    def _room(self, connection: socket.socket) -> bool:
        """Wait for room to write; read meanwhile what the printer says of itself, or closing would reset the line."""
        deadline = time.monotonic() + self._progress_seconds
        while (left := deadline - time.monotonic()) > 0:
            readable, writable, _ = select.select([connection], [connection], [], left)
            if readable and not connection.recv(CHUNK_BYTES):
                raise ConnectionResetError(errno.ECONNRESET, "closed by the printer")
            if writable:
                return True
        return False

    def _say_goodbye(self, connection: socket.socket, sender: _Sender) -> None:
        """Close our side, then read to the end of theirs: bytes left unread would make Linux reset the line."""
        try:
            connection.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + GOODBYE_SECONDS
            while (left := deadline - time.monotonic()) > 0:
                readable, _, _ = select.select([connection], [], [], left)
                if readable and not connection.recv(CHUNK_BYTES):
                    return
        except OSError as error:
            raise sender.failure("L'imprimante a coupé.") from error


class DevicePrinter:
    """A printer that is a file: /dev/usb/lp0, or a plain file that grows. It must exist: none is made up."""

    def __init__(self, path: Path, *, progress_seconds: float = PROGRESS_SECONDS) -> None:
        """Remember which; nothing is opened before `send`."""
        self.path = path
        self._progress_seconds = progress_seconds
        self._owner = threading.Lock()

    def send(self, payload: bytes, *, name: str) -> Path | None:
        """Write it all without ever blocking for long. See Printer.send."""
        _checked(payload, name)
        with self._owner:
            device = self._open()
            try:
                sender = _Sender(payload)
                sender.run(lambda chunk: os.write(device, chunk), lambda: self._room(device))
                # Linux usblp: write returns while the last block is under way, and closing throws that block away.
                if not self._room(device):
                    raise sender.failure("L'imprimante ne prend plus rien.")
            finally:
                os.close(device)
        return None

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_WRONLY | os.O_NONBLOCK | os.O_APPEND | os.O_NOCTTY)
        except OSError as error:
            raise NotSentError("L'imprimante n'est pas branchée. Rien n'est imprimé.") from error

    def _room(self, device: int) -> bool:
        return bool(select.select([], [device], [], self._progress_seconds)[1])


class VirtualPrinter:
    """Paper as a picture in a directory that only this user reads: for demonstrations and trials."""

    def __init__(self, directory: Path) -> None:
        """Remember where; the directory is made at the first ticket."""
        self.directory = directory
        self._owner = threading.Lock()

    def send(self, payload: bytes, *, name: str) -> Path | None:
        """Write `<stamp>-<name>.bin`, and `.png` as a printer would have drawn it. See Printer.send."""
        _checked(payload, name)
        images = papers(payload)
        stem = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}-{name}"
        with self._owner:
            try:
                self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                self.directory.chmod(0o700)
                _write_whole(self.directory / f"{stem}.bin", lambda path: path.write_bytes(payload))
                for number, image in enumerate(images):
                    picture = self.directory / (f"{stem}-{number}.png" if number else f"{stem}.png")
                    _write_whole(picture, functools.partial(image.save, format="PNG"))
            except OSError as error:
                raise NotSentError("Le dossier des tickets n'est pas accessible. Rien n'est imprimé.") from error
        return self.directory / f"{stem}.png"


def _write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that only this user reads, and that nobody ever sees half written."""
    handle, hidden = tempfile.mkstemp(dir=path.parent, prefix=".")  # mode 0600
    os.close(handle)
    try:
        write(Path(hidden))
        Path(hidden).replace(path)
    except OSError:
        Path(hidden).unlink(missing_ok=True)
        raise


def _checked(payload: bytes, name: str) -> None:
    """Hold the egress gate: no byte goes out that the room did not make."""
    check(payload)
    if not _JOB_NAME.fullmatch(name):
        raise ValueError("a job's name is letters, digits and hyphens")
