"""A server that answers every request in one wrong way, over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CUT = b""


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
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
