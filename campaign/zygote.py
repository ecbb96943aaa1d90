"""A process that has imported everything, and of which lives are forked: a life then costs milliseconds."""

import contextlib
import gc
import importlib
import os
import pickle
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Generic, TypeVar

from campaign.wire import Wire

MOST_BYTES = 262_144
IMPORTED_LATE = (  # by whoever uses them first
    "certifi",
    "concurrent.futures.thread",
    "httpcore._backends.anyio",
    "kiosk.desk.tickets",
    "uvicorn.lifespan.off",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
)
LONGEST_LIFE_SECONDS = 120  # then the system ends it: nothing stays behind, whatever happened to the run

Told = TypeVar("Told")


class Zygote(Generic[Told]):
    """Made before its maker has any thread. `live` runs in each child, told what to do, with a wire to the run."""

    def __init__(self, live: Callable[[Told, Wire], None]) -> None:
        """Fork; the imports and objects of this moment are those of every life."""
        self._orders, orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._orders.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_BYTES)
        self.pid = os.fork()
        if self.pid == 0:
            self._orders.close()
            _serve(orders, live)
        orders.close()

    def start(self, told: Told) -> tuple[int, socket.socket]:
        """Begin a life; return its process id and our end of its wire, which ends when the life does."""
        ours, its = socket.socketpair()
        with its:
            socket.send_fds(self._orders, [pickle.dumps(told)], [its.fileno()])
        return int(self._orders.recv(64)), ours

    def close(self) -> None:
        """End the zygote; lives end with their own wires."""
        self._orders.close()
        os.waitpid(self.pid, 0)


def _serve(orders: socket.socket, live: Callable[[Told, Wire], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, _bury)
    for module in IMPORTED_LATE:
        importlib.import_module(module)
    gc.disable()  # lives are short
    gc.freeze()
    while True:
        order, descriptors, _, _ = socket.recv_fds(orders, MOST_BYTES, 1)
        if not order:
            _bury()
            os._exit(0)
        child = os.fork()
        if child == 0:
            orders.close()
            _live(order, socket.socket(fileno=descriptors[0]), live)
        os.close(descriptors[0])
        orders.send(str(child).encode())


def _bury(*_: object) -> None:
    """Wait for the dead, so that the time they used is known."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _live(order: bytes, connection: socket.socket, live: Callable[[Told, Wire], None]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.alarm(LONGEST_LIFE_SECONDS)
    wire = Wire(connection)
    try:
        live(pickle.loads(order), wire)  # noqa: S301 (our own)
    except SystemExit:
        pass
    except BaseException:  # noqa: BLE001 (a life that crashes is a finding)
        wire.announce("crashed", trace=traceback.format_exc(limit=-8))
    finally:
        sys.stderr.flush()
        os._exit(0)
