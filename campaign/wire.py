"""What a life tells the run that watches it: one line each, and one line back before it goes on."""

import json
import socket
import threading
from typing import Any

Facts = dict[str, Any]


class Wire:
    """The life's end. What was told is known even if the next instruction is the last; threads share it."""

    def __init__(self, connection: socket.socket) -> None:
        """Speak over a connected socket."""
        self._connection = connection
        self._answers = connection.makefile("rb")
        self._mutex = threading.Lock()

    def tell(self, kind: str, **facts: object) -> Facts:
        """Say something and wait for what is said to it."""
        with self._mutex:
            self._send(kind, facts)
            line = self._answers.readline()
        if not line:
            raise SystemExit(0)  # nobody watches any more
        answer: Facts = json.loads(line)
        return answer

    def announce(self, kind: str, **facts: object) -> None:
        """Say the last thing, which nobody answers."""
        self._send(kind, facts)

    def _send(self, kind: str, facts: Facts) -> None:
        try:
            self._connection.sendall(json.dumps({"kind": kind} | facts).encode() + b"\n")
        except BrokenPipeError:
            raise SystemExit(0) from None  # nobody watches any more
