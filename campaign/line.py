"""The line between kiosk and central: it passes requests on, one by one, and spoils those that the plan names."""

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import cast

from campaign.plan import LineFault
from campaign.requests import READ, classed

DELAY_SECONDS = 0.1
LITTLE_LATER_SECONDS = 0.3
UNPLUGGED_SECONDS = 0.25
BLACK_HOLE_SECONDS = 2.0  # longer than any client here waits
CENTRAL_SECONDS = 10.0
_RESET = struct.pack("ii", 1, 0)
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    % (len(_PAGE), _PAGE)
)
_HOSTILE = (
    b"null",
    b"[]",
    b'{"bookings": []}',
    b'{"bookings": null, "action": "book"}',
    b'{"action": "book", "bookings": [{"id": "\\u202e[@click=x]"}]}',
    b"[" * 20_000,
    b'{"id": 1e999}',
    b"\xff\xfe\x00",
)
_BEFORE = {
    LineFault.CUT_BEFORE,
    LineFault.BAD_GATEWAY,
    LineFault.BLACK_HOLE,
    LineFault.HELD,
    LineFault.HELD_LATE,
    LineFault.UNPLUGGED,
}


class _CutError(Exception):
    """The conversation is over."""


@dataclass(frozen=True, slots=True)
class _Message:
    """A request or an answer, as it stood on the line."""

    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        """Return all of it."""
        return self.head + self.body


class Line:
    """A proxy on 127.0.0.1 in front of a central that may be dead or elsewhere at any moment."""

    def __init__(
        self,
        faults: dict[str, tuple[LineFault, ...]],
        central: Callable[[], int | None],
        at: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        """`central` returns the port of the central, `at` passes a labelled step, `note` hears what was done."""
        self._faults = {kind: list(row) for kind, row in faults.items()}
        self._central = central
        self._at = at
        self._note = note
        self._late: list[bytes] = []
        self._server: asyncio.Server | None = None
        self._held_port = held_port()
        self._port: int = self._held_port.getsockname()[1]
        self._work: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self.injected: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """Return where the kiosk finds the central."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listen, unless somebody has seen to it."""
        if self._server:
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def stop(self) -> None:
        """Hang up on everybody."""
        await self._unplug()
        for task in list(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await self._unplug()
        self._held_port.close()

    def heal(self) -> None:
        """Spoil nothing any more."""
        self._faults = {}

    async def deliver_late(self) -> None:
        """Let the copies arrive that were held back until now."""
        while self._late:
            await self._deliver(self._late.pop(0))

    async def _unplug(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast(asyncio.Task[None], asyncio.current_task())
        self._work.add(task)
        self._open.add(writer)
        try:
            while request := await _read(reader):
                await self._pass_on(request, writer)
        except (_CutError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            self._work.discard(task)
            writer.close()

    async def _pass_on(self, request: _Message, writer: asyncio.StreamWriter) -> None:
        method, path = request.head.split(b" ", 2)[:2]
        kind = classed(method.decode(), path.decode().partition("?")[0])
        waiting = self._faults.get(kind)
        fault = waiting.pop(0) if waiting else LineFault.NONE
        if fault is not LineFault.NONE:
            self.injected[fault] += 1
            self._note(f"{kind}: {fault}")
        elif kind != READ and kind != "health":
            self._note(f"{kind}: passed on")
        self._at(f"line.{kind}.asked")
        if fault in _BEFORE:
            await self._spoil_before(fault, request, writer)
        if fault is LineFault.DELAY:
            await asyncio.sleep(DELAY_SECONDS)
        if fault is LineFault.CUT_MIDWAY:
            await self._deliver_half(request)
            raise _CutError
        if fault is LineFault.TWICE:
            await self._deliver(request.raw)
        answer = await self._ask(request.raw)
        self._at(f"line.{kind}.answered")
        if fault is LineFault.TWICE_LATE:
            self._late.append(request.raw)
        await self._answer(fault, answer, writer)

    async def _spoil_before(self, fault: LineFault, request: _Message, writer: asyncio.StreamWriter) -> None:
        match fault:
            case LineFault.BAD_GATEWAY:
                await _write(writer, _BAD_GATEWAY)
            case LineFault.BLACK_HOLE:
                await asyncio.sleep(BLACK_HOLE_SECONDS)
            case LineFault.HELD:
                self._behind(self._deliver_soon(request.raw))
            case LineFault.HELD_LATE:
                self._late.append(request.raw)
            case LineFault.UNPLUGGED:
                self._behind(self._plug_in_soon())
                await self._unplug()
        raise _CutError

    async def _answer(self, fault: LineFault, answer: _Message, writer: asyncio.StreamWriter) -> None:
        match fault:
            case LineFault.CUT_AFTER:
                raise _CutError
            case LineFault.HALF_ANSWER:
                await _write(writer, answer.raw[: len(answer.raw) // 2])
                raise _CutError
            case LineFault.RESET:
                connection: socket.socket = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                raise _CutError
            case LineFault.BAD_GATEWAY_AFTER:
                await _write(writer, _BAD_GATEWAY)
                raise _CutError
            case LineFault.BLACK_HOLE_AFTER:
                await asyncio.sleep(BLACK_HOLE_SECONDS)
                raise _CutError
            case LineFault.TRUNCATED:
                await _write(writer, _with_body(answer, answer.body[: len(answer.body) // 2]))
            case LineFault.HOSTILE:
                await _write(writer, _with_body(answer, _HOSTILE[len(answer.body) % len(_HOSTILE)]))
            case _:
                await _write(writer, answer.raw)

    async def _ask(self, raw: bytes) -> _Message:
        port = self._central()
        if port is None:
            raise _CutError
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(raw)
            answer = await asyncio.wait_for(_read(reader), CENTRAL_SECONDS)
        finally:
            writer.close()
        if answer is None:
            raise _CutError
        return answer

    async def _deliver(self, raw: bytes) -> None:
        with contextlib.suppress(_CutError, OSError, asyncio.IncompleteReadError, TimeoutError):
            await self._ask(raw)
            self._note("another copy arrived")

    async def _deliver_half(self, request: _Message) -> None:
        port = self._central()
        if port is None:
            raise _CutError
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request.head + request.body[: len(request.body) // 2])
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    async def _deliver_soon(self, raw: bytes) -> None:
        await asyncio.sleep(LITTLE_LATER_SECONDS)
        await self._deliver(raw)

    async def _plug_in_soon(self) -> None:
        await asyncio.sleep(UNPLUGGED_SECONDS)
        await self.start()

    def _behind(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


def held_port() -> socket.socket:
    """Return a socket that keeps a port from everybody else, and on which nobody is answered."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


async def _read(reader: asyncio.StreamReader) -> _Message | None:
    """Return the next message; None when the other side has nothing more to say."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    length = next(
        (int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    return _Message(head, await reader.readexactly(length))


async def _write(writer: asyncio.StreamWriter, raw: bytes) -> None:
    writer.write(raw)
    await writer.drain()


def _with_body(answer: _Message, body: bytes) -> bytes:
    lines = [
        line for line in answer.head.rstrip(b"\r\n").split(b"\r\n") if not line.lower().startswith(b"content-length:")
    ]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])
