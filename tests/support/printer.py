"""A network printer for tests: a real TCP listener that keeps what it receives, and can fail as real ones do."""

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from kiosk.printing.errors import PayloadError
from kiosk.printing.paper import papers

STATUS = bytes.fromhex("10000000")  # GS a: what a printer says unasked
_BUFFER_BYTES = 4096
_WAIT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong; byte counts are of one connection."""

    refuses: bool = False
    closes_after: int | None = None  # FIN, later bytes are read and lost
    resets_after: int | None = None  # RST
    deaf_after: int | None = None  # nothing more is read
    talks: bool = False  # sends status bytes at once, and again after the ticket


class PrinterSimulator:
    """Paper as pictures, in the order in which it was cut."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._listener.bind(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.payloads: list[bytes] = []
        self.callers_waiting = 0  # connections that came while another was open
        self._papers: list[Image.Image] = []
        self._taken = 0
        self._news = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="printer simulator")

    @property
    def papers(self) -> list[Image.Image]:
        """Return all tickets so far, as mode "1" images."""
        with self._news:
            return list(self._papers)

    def wait_for_ticket(self, timeout: float = _WAIT_SECONDS) -> Image.Image:
        """Return the next ticket that nobody took yet; raise TimeoutError if none comes out."""
        with self._news:
            if not self._news.wait_for(lambda: len(self._papers) > self._taken, timeout):
                raise TimeoutError("no ticket came out of the printer")
            self._taken += 1
            return self._papers[self._taken - 1]

    def wait_for_payload(self, timeout: float = _WAIT_SECONDS) -> bytes:
        """Return what the first connection brought, whole or not; raise TimeoutError if none ends."""
        with self._news:
            if not self._news.wait_for(lambda: bool(self.payloads), timeout):
                raise TimeoutError("no connection ended")
            return self.payloads[0]

    def start(self) -> None:
        """Listen, unless this printer is switched off."""
        if self._faults.refuses:
            self._listener.close()
            return
        self._listener.listen()
        self._thread.start()

    def stop(self) -> None:
        """Let go of the port and of who is still connected."""
        self._stopped.set()
        if self._thread.is_alive():
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            self._thread.join(_WAIT_SECONDS)
        self._listener.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                received = self._receive(connection)
                self.callers_waiting += len(select.select([self._listener], [], [], 0)[0])
            self._keep(received)

    def _receive(self, connection: socket.socket) -> bytes:
        faults, received = self._faults, b""
        if faults.talks:
            connection.sendall(STATUS)
        while True:
            limit = _first(faults.closes_after, faults.resets_after, faults.deaf_after)
            if limit is not None and len(received) >= limit:
                self._fail(connection)
                return received
            room = _BUFFER_BYTES if limit is None else min(_BUFFER_BYTES, limit - len(received))
            try:
                chunk = connection.recv(room)
            except OSError:
                return received
            if not chunk:
                if faults.talks:
                    connection.sendall(STATUS)
                return received
            received += chunk

    def _fail(self, connection: socket.socket) -> None:
        if self._faults.deaf_after is not None:
            self._stopped.wait(_WAIT_SECONDS)
        elif self._faults.resets_after is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while connection.recv(_BUFFER_BYTES):
                    pass

    def _keep(self, received: bytes) -> None:
        try:
            images = papers(received)
        except PayloadError:
            images = []  # a torn ticket: no clean paper
        with self._news:
            self.payloads.append(received)
            self._papers += images
            self._news.notify_all()


def _first(*limits: int | None) -> int | None:
    return next((limit for limit in limits if limit is not None), None)


@contextlib.contextmanager
def printer_simulator(faults: Faults | None = None) -> Iterator[PrinterSimulator]:
    """Run a printer on a free port for the length of a test."""
    simulator = PrinterSimulator(faults or Faults())
    simulator.start()
    try:
        yield simulator
    finally:
        simulator.stop()
