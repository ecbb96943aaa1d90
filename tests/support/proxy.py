"""A TCP proxy in front of a central: it can let a request through and lose the answer, as a bad line does."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

_CHUNK = 65_536
_PATIENCE_SECONDS = 10.0


class CuttingProxy:
    """Passes bytes both ways; while `cuts` names a request line, its answer is read and thrown away."""

    def __init__(self, target: str) -> None:
        """Stand in front of `target`, a base URL."""
        parts = urlsplit(target)
        assert parts.hostname
        assert parts.port
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._cuts: bytes | None = None
        self._unplugged = False
        self._lost = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []

    def cut_answers_to(self, request_line: str | None) -> None:
        """From now on lose the answers to requests that start so; None repairs the line."""
        self._cuts = request_line.encode() if request_line else None

    def unplug(self) -> None:
        """Hang up on everybody, and on whoever comes, until `plug_in`: the network is cut."""
        self._unplugged = True
        for connection in list(self._connections):
            _hang_up(connection)

    def plug_in(self) -> None:
        """Repair the network."""
        self._unplugged = False

    def wait_for_lost_answer(self) -> None:
        """Return once the central has answered and nobody heard it."""
        assert self._lost.acquire(timeout=_PATIENCE_SECONDS), "no answer was lost"

    def start(self) -> None:
        """Listen."""
        self._run(self._serve)

    def stop(self) -> None:
        """Hang up on everybody and wait for the threads."""
        _hang_up(self._listener)
        for connection in list(self._connections):
            _hang_up(connection)
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)
        for connection in [self._listener, *self._connections]:
            connection.close()

    def _run(self, function: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=function, args=arguments, name="cutting proxy")
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._connections.append(client)
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        if self._unplugged:
            _hang_up(client)
            return
        try:
            central = socket.create_connection(self._target)
        except OSError:
            _hang_up(client)
            return
        self._connections.append(central)
        cut = threading.Event()  # the answer now awaited on this connection is to be lost
        self._run(self._forward_requests, client, central, cut)
        self._run(self._forward_answers, client, central, cut)

    def _forward_requests(self, client: socket.socket, central: socket.socket, cut: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while chunk := client.recv(_CHUNK):
                if self._cuts and chunk.startswith(self._cuts):
                    cut.set()
                central.sendall(chunk)
        _hang_up(central)

    def _forward_answers(self, client: socket.socket, central: socket.socket, cut: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while chunk := central.recv(_CHUNK):
                if cut.is_set():
                    self._lost.release()
                    break
                client.sendall(chunk)
        _hang_up(client)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def cutting_proxy(target: str) -> Iterator[CuttingProxy]:
    """Run a proxy on a free port for the length of a test."""
    proxy = CuttingProxy(target)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
