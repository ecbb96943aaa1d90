"""How the server listens: a loopback socket bound before anything else, and an end that is clean."""

import logging
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

HOST = "127.0.0.1"
MAX_HEAD_BYTES = 16 * 1024
KEEP_ALIVE_SECONDS = (
    75  # longer than clients keep idle connections: they close first, so no request meets a closed door
)
GRACE_SECONDS = 5


def bind(port: int) -> socket.socket:
    """Return a socket bound on the loopback; 0 takes any free port. Raise OSError when the port is in use."""
    # Naming TCP makes asyncio turn the delay of small packets off: 40 ms per answer otherwise.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
    except OSError:
        listening.close()
        raise
    return listening


def base_url(listening: socket.socket) -> str:
    """Return the address that clients use."""
    return f"http://{HOST}:{listening.getsockname()[1]}"


class Listener(uvicorn.Server):
    """A server that says when it is ready, and for which SIGTERM and SIGINT are a normal end."""

    def __init__(self, app: FastAPI, on_ready: Callable[[], None]) -> None:
        """Serve `app`; call `on_ready` when connections are accepted."""
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                log_level=logging.WARNING,
                server_header=False,
                proxy_headers=False,
                h11_max_incomplete_event_size=MAX_HEAD_BYTES,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets=sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to whoever runs the process: uvicorn would raise them again at the end."""
        yield

    def end_on_signals(self) -> None:
        """Make SIGTERM and SIGINT end the server; to be called in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self.should_exit = True
