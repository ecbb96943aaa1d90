"""A coordination API over real sockets: one that speaks as published, and every manner of failing to."""

import contextlib
import json
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import trustme

from tests.support.faulty import answer

_DRIP_SECONDS = 0.01
_PATIENCE_SECONDS = 10.0
_CHUNK = 65_536

Manner = Callable[[socket.socket, str], None]  # what is done to a connection once the head of its request was read


class Coordination:
    """Treats every caller in one `manner`, which a test may change; keeps the heads of the requests."""

    def __init__(self, manner: Manner, tls: ssl.SSLContext | None) -> None:
        """Take a free port."""
        self.manner = manner
        self.requests: list[str] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        """Listen."""
        self._run(self._accept)

    def stop(self) -> None:
        """Hang up on everybody and wait for the threads."""
        for line in [self._listener, *self._connections]:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)
            assert not thread.is_alive()
        for line in [self._listener, *self._connections]:
            line.close()

    def _run(self, function: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=function, args=arguments, name="coordination")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                self._connections.append(line)
                self._run(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        # A caller that hangs up, at any moment, is what these tests are about.
        with contextlib.suppress(OSError), self._wrapped(line) as connection:
            head = connection.recv(_CHUNK).decode("latin-1")
            self.requests.append(head)
            self.manner(connection, head)

    def _wrapped(self, line: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(line, server_side=True) if self._tls else line


@contextlib.contextmanager
def coordination(manner: Manner, *, tls: bool = False) -> Iterator[Coordination]:
    """Run one on a free port for the length of a test; with `tls`, under a certificate that nobody trusts."""
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _authority().issue_cert("127.0.0.1").configure_cert(context)
    server = Coordination(manner, context)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def write_authority(path: Path) -> None:
    """Write the certificate of who signed the server's, for a test that trusts it."""
    _authority().cert_pem.write_to_path(path)


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


def published(statuses: Mapping[str, str], token: str) -> Manner:
    """Answer as RDV Service Public's spec/support/ants_stubs.rb shows it."""

    def manner(connection: socket.socket, head: str) -> None:
        request_line, *headers = head.splitlines()
        method, target, _ = request_line.split(" ")
        url = urlsplit(target)
        if f"x-rdv-opt-auth-token: {token}" not in headers:
            raw = answer("401 Unauthorized", "application/json", b"{}")
        elif (method, url.path) != ("GET", "/api/status"):
            raw = answer("404 Not Found", "application/json", b"{}")
        else:
            [number] = parse_qs(url.query)["application_ids"]
            found = {number: {"status": statuses.get(number, "unknown"), "appointments": []}}
            raw = answer("200 OK", "application/json", json.dumps(found).encode())
        connection.sendall(raw)

    return manner


def says(raw: bytes) -> Manner:
    """Send these bytes, whatever is asked, and hang up."""

    def manner(connection: socket.socket, head: str) -> None:
        connection.sendall(raw)

    return manner


def says_nothing(connection: socket.socket, head: str) -> None:
    """Take the request and never answer."""
    connection.recv(1)


def drips(start: bytes, drop: bytes) -> Manner:
    """Send `start`, then a drop now and then, for ever: each one in time, the whole never."""

    def manner(connection: socket.socket, head: str) -> None:
        connection.sendall(start)
        while not select.select([connection], [], [], _DRIP_SECONDS)[0]:
            connection.sendall(drop)

    return manner


def resets(connection: socket.socket, head: str) -> None:
    """Cut the line without a goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
