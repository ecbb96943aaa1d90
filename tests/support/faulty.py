"""A server that answers every request in one wrong way, over a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

CUT = b""
DRIP_SECONDS = 0.02

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(status: str, content_type: str, body: bytes, *, length: int | None = None, headers: str = "") -> bytes:
    """Return a raw HTTP answer; `length` may lie about the body."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length or len(body)}\r\n{headers}"
    return head.encode() + b"Connection: close\r\n\r\n" + body


@asynccontextmanager
async def faulty_server(raw: bytes) -> AsyncIterator[str]:
    """Serve `raw` to everybody after the request was read; nothing at all means that the line is cut."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(raw)

    async with _serving(serve) as url:
        yield url


@asynccontextmanager
async def dripping_server() -> AsyncIterator[str]:
    """Give everybody the headers of an answer that has no end, a letter at a time, until they go."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1), DRIP_SECONDS)

    async with _serving(serve) as url:
        yield url


@asynccontextmanager
async def _serving(serve: Serve) -> AsyncIterator[str]:
    served: set[asyncio.Task[None]] = set()

    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            served.add(task)
        await serve(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve_and_close, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    await asyncio.gather(*served)
