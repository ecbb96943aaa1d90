"""A light client: requests made by hand, answers read by their length, connections kept.

It runs in a process of its own, and says how much of one core it used: near 1, it would have measured itself.
"""

import asyncio
import itertools
import json
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol

from bench.measure import MS_PER_SECOND, Times
from bench.slots import token_of

OK, CREATED = 200, 201
HOST = "127.0.0.1"
_DIGITS = "ABCDEFGHIJ"


@dataclass(frozen=True)
class Load:
    """So many clients, spread over the servers, each asking one thing after the other for some seconds."""

    ports: Sequence[int]
    clients: int
    seconds: float


@dataclass(frozen=True)
class Heard:
    """How long each turn took, how many were done per second, and the share of a core that the client used."""

    times: Times
    per_second: float
    client_share: float


class Line:
    """A kept connection of one kiosk."""

    def __init__(self, kiosk: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak for `kiosk`."""
        self._kiosk, self._reader, self._writer = kiosk, reader, writer

    @classmethod
    async def open(cls, port: int, kiosk: int) -> "Line":
        """Connect."""
        return cls(kiosk, *await asyncio.open_connection(HOST, port))

    async def get(self, path: str) -> None:
        """Ask for what is there."""
        await self._exchange(f"GET {path}", b"", OK)

    async def post(self, path: str, body: dict[str, Any], headers: str = "") -> Any:
        """Ask for what is to be made."""
        return json.loads(await self._exchange(f"POST {path}", json.dumps(body).encode(), CREATED, headers))

    async def _exchange(self, call: str, body: bytes, wanted: int, headers: str = "") -> bytes:
        token, size = f"Authorization: Bearer {token_of(self._kiosk)}\r\n", f"Content-Length: {len(body)}\r\n"
        head = f"{call} HTTP/1.1\r\nHost: {HOST}\r\n{token}{size}Content-Type: application/json\r\n{headers}\r\n"
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        content = await self._reader.readexactly(int(answer.split("content-length: ")[1].split("\r\n")[0]))
        assert int(answer.split()[1]) == wanted, f"{call}: {answer}{content.decode()}"
        return content

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


class Work(Protocol):
    """What a client does in a turn; turns are numbered over all clients."""

    async def __call__(self, line: Line, turn: int) -> None:
        """Do it."""


@dataclass(frozen=True)
class Reads:
    """One path after the other, over and over."""

    paths: Sequence[str]

    async def __call__(self, line: Line, turn: int) -> None:
        """Ask for one."""
        await line.get(self.paths[turn % len(self.paths)])


@dataclass(frozen=True)
class Bookings:
    """A slot held for somebody new, then booked; each slot once."""

    slots: Sequence[str]

    async def __call__(self, line: Line, turn: int) -> None:
        """Book one."""
        person = somebody("HTTP", turn)
        hold = await line.post("/v1/holds", {"slot": self.slots[turn], "persons": [person]})
        wanted = {"hold": hold["id"], "persons": [person], "consent": {"mode": "present"}}
        await line.post("/v1/bookings", wanted, f"Idempotency-Key: {uuid.uuid4()}\r\n")


def somebody(family: str, number: int) -> dict[str, str]:
    """Return a person unlike any other of the family."""
    given_names = "".join(_DIGITS[int(digit)] for digit in str(number))
    return {"surname": family, "given_names": given_names, "birth_date": "1987-05-03", "phone": "+33612345678"}


def client_process() -> ProcessPoolExecutor:
    """Return the process of the clients."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def load(process: Executor, how: Load, work: Work) -> Heard:
    """Let all clients work at once."""
    return process.submit(_load, how, work).result()


def in_turn(process: Executor, ports: Sequence[int], works: Sequence[Work], rounds: int) -> list[list[Times]]:
    """Let one client do each work at each server, one after the other, `rounds` times; per work, times per server."""
    return process.submit(_in_turn, ports, works, rounds).result()


def _load(how: Load, work: Work) -> Heard:
    return asyncio.run(_work(how, work))


async def _work(how: Load, work: Work) -> Heard:
    lines = [await Line.open(how.ports[number % len(how.ports)], number) for number in range(how.clients)]
    turns = itertools.count()
    samples: list[float] = []
    busy, began = time.process_time(), time.perf_counter()

    async def keep_working(line: Line) -> None:
        while (asked := time.perf_counter()) < began + how.seconds:
            await work(line, next(turns))
            samples.append((time.perf_counter() - asked) * MS_PER_SECOND)

    await asyncio.gather(*(keep_working(line) for line in lines))
    took = time.perf_counter() - began
    for line in lines:
        line.close()
    return Heard(Times(samples), len(samples) / took, (time.process_time() - busy) / took)


def _in_turn(ports: Sequence[int], works: Sequence[Work], rounds: int) -> list[list[Times]]:
    return asyncio.run(_alternate(ports, works, rounds))


async def _alternate(ports: Sequence[int], works: Sequence[Work], rounds: int) -> list[list[Times]]:
    lines = [await Line.open(port, 0) for port in ports]
    samples: list[list[list[float]]] = [[[] for _ in lines] for _ in works]
    for turn in range(rounds):
        for work, times in zip(works, samples, strict=True):
            for line, mine in zip(lines, times, strict=True):
                asked = time.perf_counter()
                await work(line, turn)
                mine.append((time.perf_counter() - asked) * MS_PER_SECOND)
    for line in lines:
        line.close()
    return [[Times(mine) for mine in times] for times in samples]
