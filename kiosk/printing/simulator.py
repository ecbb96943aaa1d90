"""A network printer for trials: takes ESC/POS as real ones do, leaves papers as pictures, and fails on demand."""

import contextlib
import dataclasses
import re
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from PIL import Image

from kiosk.printing.commands import parse
from kiosk.printing.errors import PayloadError
from kiosk.printing.paper import HEAD_DOTS, drawn

BUFFER_BYTES = 4096  # what a printer off line still takes
WAIT_SECONDS = 10.0
GARBAGE = bytes.fromhex("ff ee 80 c5")  # no byte of it has the fixed bits of an answer
FLOOD_PACKETS = 64
STEPS_PER_SECOND = 20  # how finely a slow line is cut up

# Executed wherever they are received: DLE EOT (status), DLE ENQ (recover, clear buffers), DLE DC4 (drawer, power).
_REAL_TIME = re.compile(rb"\x10(?:\x04[\x01-\x04]|\x05[\x00-\x02]|\x14[\x01\x02\x08])")
_DC4_LENGTHS = {1: 5, 2: 5, 8: 10}
_CLEAR = b"\x10\x05\x02"

_RESET, _JUSTIFY, _LINES, _CUT = b"\x1b@", b"\x1ba", b"\x1bd", b"\x1dV"
_RASTER, _BLOCK = b"\x1dv0", b"\x1d("
_SENSOR, _IDENTITY, _AUTOMATIC = b"\x1dr", b"\x1dI", b"\x1da"
_QUERIES = (_SENSOR, _IDENTITY, _AUTOMATIC)
_PROCESS_ID = b"\x1d(H\x06\x0000"
_END = b""  # in the queue: here a connection ended
_LENGTHS = {_RESET: 2, b"\x1bJ": 3, _LINES: 3, _JUSTIFY: 3, _SENSOR: 3, _IDENTITY: 3, _AUTOMATIC: 3}
_TEXTS = {65: b"_1.00\x00", 66: b"_KIOSK\x00", 67: b"_SIMULATOR\x00", 68: b"_0\x00"}


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong. Byte counts are of one connection and leave status queries out."""

    refuses: bool = False  # nobody listens
    paper_out: bool = False
    paper_out_after: int | None = None  # once; the roll is changed with set(paper_out=False)
    paper_near_end: bool = False
    cover_open: bool = False
    cover_open_after: int | None = None  # once
    cutter_stuck: bool = False  # stops at the next cut
    closes_after: int | None = None  # FIN, later bytes are read and lost
    resets_after: int | None = None  # RST
    stalls_after: int | None = None  # nothing more is read nor answered
    bytes_per_second: int | None = None
    silent: bool = False  # answers nothing at all
    silent_offline: bool = False  # answers nothing while paper or cover stop it
    wrong_answers: bool = False  # garbage for a status, another job's number for a process id
    asb_flood: bool = False  # status packets unasked: at the start, with every piece received, at the end
    process_id: Literal["yes", "late", "missing"] = "yes"
    process_id_delay: float = 0.0  # seconds after the cut, when late
    resumes: bool = True  # keeps what it could not print until the roll is changed; else throws the job away

    @property
    def offline(self) -> bool:
        """Return whether the printer has stopped until somebody sees to it."""
        return self.paper_out or self.cover_open or self.cutter_stuck


@dataclass(slots=True)
class Reader:
    """Frames commands out of a stream that comes in pieces; a raster comes out in as many pieces as it came."""

    held: bytes = b""  # a command not yet whole
    payload: bytearray = field(default_factory=bytearray)  # all that was whole and no query
    rubbish: bytearray = field(default_factory=bytearray)  # no command of ours: a real printer prints these as text
    _at: int = 0  # where `held` starts in the stream
    _tail: bytes = b""
    _head: bytes = b""  # GS v 0 m width, while rows of that picture are to come
    _rows: int = 0
    _asked: set[int] = field(default_factory=set)  # where queries stand that are no look-alikes

    def feed(self, data: bytes) -> list[bytes]:
        """Return the commands that are whole now."""
        self.held += data
        commands: list[bytes] = []
        while length := self._length():
            command, self.held = self.held[:length], self.held[length:]
            commands += self._as_command(command)
            self._at += length
        return commands

    def immediate(self, data: bytes) -> list[tuple[bytes, bool]]:
        """Return the real-time commands that end in `data`, fed just before, and whether each hid in other bytes."""
        stream = self._tail + data
        start = self._at + len(self.held) - len(stream)
        self._tail = stream[-2:]
        return [(hit[0], start + hit.start() not in self._asked) for hit in _REAL_TIME.finditer(stream)]

    def forget(self) -> None:
        """Drop what is half read, as a printer whose buffers are cleared."""
        self._at += len(self.held)
        self.held = self._head = b""
        self._rows = 0

    @property
    def brought(self) -> bytes:
        """Return all bytes that are no queries, nor the beginning of one."""
        asking = not self._rows and self.held[:1] == b"\x10"
        return bytes(self.payload) + (b"" if asking else self.held)

    @property
    def count(self) -> int:
        """Return how many these are."""
        asking = not self._rows and self.held[:1] == b"\x10"
        return len(self.payload) + (0 if asking else len(self.held))

    def _length(self) -> int:
        """Return how many bytes make the next piece; 0 if they are not all here."""
        if self._rows:
            width = self._width
            return min(self._rows, len(self.held) // width) * width
        length = _length_of(self.held)
        return length if length <= len(self.held) else 0

    @property
    def _width(self) -> int:
        return self._head[4] + 256 * self._head[5]

    def _as_command(self, command: bytes) -> list[bytes]:
        if self._rows:
            self.payload += command
            rows = len(command) // self._width
            self._rows -= rows
            return [self._head + rows.to_bytes(2, "little") + command]
        if command[:1] == b"\x10" and len(command) > 1:
            self._asked.add(self._at)
            return []
        if command[:2] in _QUERIES:
            return [command]
        self.payload += command
        if command[:3] == _RASTER:
            self._head, rows = command[:6], int.from_bytes(command[6:8], "little")
            self._rows = rows if self._width else 0
            return []
        if len(command) == 1:
            self.rubbish += command
            return []
        return [command]


def _length_of(stream: bytes) -> int:
    """Return the length of the command that `stream` starts with, 1 if it is none, more than there is if unknown."""
    if not stream or (stream[:1] in b"\x10\x1b\x1d" and len(stream) < 2):
        return 2
    if stream[:1] == b"\x10":
        return _real_time_length(stream)
    if stream[:2] == _RASTER[:2]:
        return 8
    if stream[:2] == _CUT:
        return 3 if stream[2:3] in (b"\x00", b"\x01", b"0", b"1") else 4
    if stream[:2] == _BLOCK:
        return 5 + int.from_bytes(stream[3:5], "little") if len(stream) >= 5 else 5
    return _LENGTHS.get(stream[:2], 1)


def _real_time_length(stream: bytes) -> int:
    if stream[1] == 0x14:
        return _DC4_LENGTHS.get(stream[2], 3) if len(stream) > 2 else 3
    return 3 if stream[1] in (4, 5) else 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """One paper: its picture, the bytes that made it, and whether it was cut."""

    image: Image.Image
    code: bytes
    whole: bool


@dataclass(slots=True)
class _Mechanism:
    """Head, roll and blade: executes commands in their order, as far as paper and cover allow."""

    dots: int
    cutter: bool
    queue: deque[bytes] = field(default_factory=deque)
    sheets: list[Sheet] = field(default_factory=list)
    rubbish: bytearray = field(default_factory=bytearray)
    answers: list[bytes] = field(default_factory=list)  # to queries that wait for their turn
    process_id: tuple[bytes, float] | None = None  # only the last one is ever sent; when its paper was done
    automatic: bool = False  # ASB was asked for
    _strip: list[bytes] = field(default_factory=list)  # commands since the paper before this one
    _lost: bool = False  # a job that could not go on: the rest of it is thrown away

    @property
    def waiting_bytes(self) -> int:
        """Return how much is taken and not printed."""
        return sum(map(len, self.queue))

    def run(self, faults: Faults) -> None:
        """Print what can be printed now."""
        while self.queue:
            command = self.queue[0]
            stopped = command != _END and _stops(command, faults)
            if stopped and faults.resumes and not self._lost:
                return
            self.queue.popleft()
            if stopped and command[:2] not in _QUERIES:
                self._keep(whole=False)
                self._lost = True
            if command == _END or not (stopped or self._lost):
                self._execute(command, faults)

    def _execute(self, command: bytes, faults: Faults) -> None:
        if command == _END:
            self._tear_off()
            self._lost = False
        elif command[:2] == _RESET:
            self._tear_off()
            self.automatic = False
            self._strip.append(command)
        elif command[:2] == _CUT and self.cutter:
            self._strip.append(command)
            self._keep(whole=True)
        elif command.startswith(_PROCESS_ID):
            self.process_id = command[len(_PROCESS_ID) :], time.monotonic()
        elif command[:2] == _BLOCK:
            self.rubbish += command
        elif command[:2] in _QUERIES:
            self._answer(command, faults)
        else:
            self._strip.append(command)

    def _answer(self, command: bytes, faults: Faults) -> None:
        if command[:2] == _SENSOR:
            self.answers.append(b"\x03" if faults.paper_near_end and command[2] in b"\x011" else b"\x00")
        elif command[:2] == _IDENTITY:
            self.answers.append(_TEXTS.get(command[2], b"\x20"))
        else:
            self.automatic = command[2] != 0
            self.answers += [automatic_status(faults)] * self.automatic

    def _tear_off(self) -> None:
        """End a paper by hand: without a cutter, a feed in lines brings it to the edge; all others were not done."""
        self._keep(whole=not self.cutter and bool(self._strip) and self._strip[-1][:2] == _LINES)

    def _keep(self, *, whole: bool) -> None:
        printed = any(command[:2] not in (_RESET, _JUSTIFY) for command in self._strip)
        code = b"".join(self._strip)
        self._strip.clear()
        if printed:
            try:
                self.sheets.append(Sheet(drawn(parse(code), self.dots), code, whole))
            except PayloadError:  # not our commands, or wider than this head
                self.rubbish += code


def _stops(command: bytes, faults: Faults) -> bool:
    return faults.paper_out or faults.cover_open or (faults.cutter_stuck and command[:2] == _CUT)


def status(faults: Faults, n: int) -> bytes:
    """Return the answer to DLE EOT n."""
    bits = {
        1: 0x08 * faults.offline,
        2: 0x04 * faults.cover_open | 0x20 * faults.paper_out | 0x40 * faults.cutter_stuck,
        3: 0x08 * faults.cutter_stuck,
        4: 0x0C * (faults.paper_near_end or faults.paper_out) | 0x60 * faults.paper_out,
    }
    return bytes([0x12 | bits[n]])


def automatic_status(faults: Faults) -> bytes:
    """Return the four bytes of an automatic status (ASB)."""
    first = 0x10 | 0x08 * faults.offline | 0x20 * faults.cover_open
    paper = 0x03 * (faults.paper_near_end or faults.paper_out) | 0x0C * faults.paper_out
    return bytes([first, 0x08 * faults.cutter_stuck, paper, 0])


class _Call:
    """One connection, and what was said on it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.reader = Reader()
        self.received = bytearray()
        self.outbox = bytearray()
        self.ended = False  # the other side sent its last byte
        connection.setblocking(False)

    def take(self, at_most: int) -> bytes:
        """Return the next bytes, if there are any."""
        try:
            data = self.connection.recv(at_most)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        self.ended = not data
        self.received += data
        return data

    def say(self) -> None:
        """Send what is to be said, as far as there is room."""
        with contextlib.suppress(OSError):
            while self.outbox:
                del self.outbox[: self.connection.send(self.outbox)]


class Simulator:
    """A printer on 127.0.0.1, alive from `start` (or `with`) to `stop`. One connection at a time, others wait."""

    def __init__(
        self,
        faults: Faults | None = None,
        *,
        port: int = 0,
        dots: int = HEAD_DOTS,
        cutter: bool = True,
        wait: Callable[[float], object] | None = None,
        on_sheet: Callable[[Sheet], None] | None = None,
    ) -> None:
        """Take `port`, or any free one; raise OSError. The head is `dots` wide.

        `wait` passes the seconds that a slow line takes; `on_sheet` is called in the thread of the printer.
        """
        self._faults = faults or Faults()
        self._listener = _bound(port)
        self._port: int = self._listener.getsockname()[1]
        self.url = f"tcp://127.0.0.1:{self._port}"
        self._stopped = threading.Event()
        self._pass = wait or self._stopped.wait
        self._on_sheet = on_sheet
        self._listening = False
        self._mechanism = _Mechanism(dots, cutter)
        self._told = b""  # the last automatic status
        self._sheets: list[Sheet] = []
        self._taken = 0
        self._payloads: list[bytes] = []
        self._received: list[bytes] = []
        self._queries: list[bytes] = []
        self._look_alikes: list[bytes] = []
        self._rubbish = bytearray()
        self._callers_waiting = 0
        self._news = threading.Condition()
        self._alarm, self._bell = socket.socketpair()
        self._bell.setblocking(False)
        self._thread = threading.Thread(target=self._serve, name="printer simulator")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Switch on: listen, unless told to refuse."""
        self._obey_refusal()
        self._thread.start()

    def stop(self) -> None:
        """Switch off: let go of the port and of who is still connected."""
        self._stopped.set()
        self._wake()
        self._thread.join(WAIT_SECONDS)
        for end in (self._listener, self._alarm, self._bell):
            end.close()

    def set(self, **changes: object) -> None:
        """Change faults while running: set(paper_out=False) is a new roll."""
        with self._news:
            self._faults = dataclasses.replace(self._faults, **changes)  # type: ignore[arg-type]
            self._news.notify_all()
        self._wake()

    @property
    def faults(self) -> Faults:
        """Return what goes wrong at this moment."""
        with self._news:
            return self._faults

    @property
    def papers(self) -> list[Image.Image]:
        """Return every paper that came out whole, in the order of cutting, as mode "1" images."""
        with self._news:
            return [sheet.image for sheet in self._sheets if sheet.whole]

    @property
    def torn(self) -> list[Image.Image]:
        """Return every paper that was begun and never cut."""
        with self._news:
            return [sheet.image for sheet in self._sheets if not sheet.whole]

    @property
    def payloads(self) -> list[bytes]:
        """Return, of each connection that ended, what it brought besides queries, if anything."""
        with self._news:
            return list(self._payloads)

    @property
    def received(self) -> list[bytes]:
        """Return every byte of each connection that ended."""
        with self._news:
            return list(self._received)

    @property
    def queries(self) -> list[bytes]:
        """Return the real-time commands that stood between others, in order."""
        with self._news:
            return list(self._queries)

    @property
    def look_alikes(self) -> list[bytes]:
        """Return the real-time commands that hid inside other bytes; they were executed like any."""
        with self._news:
            return list(self._look_alikes)

    @property
    def rubbish(self) -> bytes:
        """Return the bytes that are no command of ours: a real printer prints them as text."""
        with self._news:
            return bytes(self._rubbish)

    @property
    def callers_waiting(self) -> int:
        """Return how many connections came while another was open."""
        with self._news:
            return self._callers_waiting

    @property
    def holds(self) -> int:
        """Return how many bytes were taken and wait for paper, cover or cutter."""
        with self._news:
            return self._mechanism.waiting_bytes

    def wait_until(self, condition: Callable[[Self], bool], timeout: float = WAIT_SECONDS) -> None:
        """Return once `condition` holds of this simulator; raise TimeoutError if it does not come to that."""
        with self._news:
            if not self._news.wait_for(lambda: condition(self), timeout):
                raise TimeoutError("this printer never came to that")

    def wait_for_paper(self, timeout: float = WAIT_SECONDS) -> Image.Image:
        """Return the next whole paper that nobody took yet; raise TimeoutError if none comes out."""
        self.wait_until(lambda _: len(self.papers) > self._taken, timeout)
        self._taken += 1
        return self.papers[self._taken - 1]

    def wait_for_payload(self, timeout: float = WAIT_SECONDS) -> bytes:
        """Return what the first connection with more than queries brought, whole or not; raise TimeoutError."""
        self.wait_until(lambda _: bool(self.payloads), timeout)
        return self.payloads[0]

    def listens(self, timeout: float = WAIT_SECONDS) -> bool:
        """Return whether anybody can connect, once a change of `refuses` has come into force; raise TimeoutError."""
        self.wait_until(lambda _: self._listening != self._faults.refuses, timeout)
        return self._listening

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # rung already, or over
            self._bell.send(b"!")

    def _serve(self) -> None:
        while not self._stopped.is_set():
            self._obey_refusal()
            self._print(None)
            readers = [self._alarm, self._listener] if self._listening else [self._alarm]
            readable, _, _ = select.select(readers, [], [])
            self._hush(readable)
            if self._listener in readable:
                self._answer_call()

    def _obey_refusal(self) -> None:
        refuses = self.faults.refuses  # read once: if it changes meanwhile, the next turn obeys
        if refuses and self._listening:
            self._listener.close()
            self._listener = _bound(self._port)
        elif not refuses and not self._listening:
            self._listener.listen()
        with self._news:
            self._listening = not refuses
            self._news.notify_all()

    def _hush(self, readable: list[socket.socket]) -> None:
        if self._alarm in readable:
            self._alarm.recv(BUFFER_BYTES)

    def _answer_call(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:  # it hung up before
            return
        with connection:
            call = _Call(connection)
            self._converse(call)
            self._mechanism.queue.append(_END)
            self._print(None)
            self._file(call)

    def _file(self, call: _Call) -> None:
        with self._news:
            self._callers_waiting += len(select.select([self._listener], [], [], 0)[0]) if self._listening else 0
            self._received.append(bytes(call.received))
            if payload := call.reader.brought:
                self._payloads.append(payload)
            self._news.notify_all()

    def _converse(self, call: _Call) -> None:
        self._flood(call, FLOOD_PACKETS)
        while not self._stopped.is_set():
            self._print(call)
            if self._limit_reached(call):
                return
            if call.ended:
                self._flood(call, 1)
                call.say()
                return
            self._listen(call)

    def _limit_reached(self, call: _Call) -> bool:
        """Let the faults happen whose byte has come; return whether the connection is over."""
        faults, count = self.faults, call.reader.count
        if _reached(faults.paper_out_after, count):
            self.set(paper_out=True, paper_out_after=None)
        if _reached(faults.cover_open_after, count):
            self.set(cover_open=True, cover_open_after=None)
        if _reached(faults.resets_after, count):
            call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return True
        if _reached(faults.closes_after, count):
            self._hang_up(call)
            return True
        return False

    def _hang_up(self, call: _Call) -> None:
        lost = _Call(call.connection)
        with contextlib.suppress(OSError):
            call.connection.shutdown(socket.SHUT_WR)
        while not lost.ended and not self._stopped.is_set():
            readable, _, _ = select.select([self._alarm, call.connection], [], [])
            self._hush(readable)
            lost.take(BUFFER_BYTES)

    def _listen(self, call: _Call) -> None:
        """Wait for bytes, room or a change of faults, and take what has come."""
        faults = self.faults
        stalled = _reached(faults.stalls_after, call.reader.count)
        room = 0 if stalled else self._room(call, faults)
        readers = [self._alarm, call.connection] if room > 0 else [self._alarm]
        writers = [call.connection] if call.outbox and not stalled else []
        readable, _, _ = select.select(readers, writers, [], self._seconds_to_process_id(faults))
        self._hush(readable)
        if call.connection in readable:
            self._receive(call, call.take(room))

    def _room(self, call: _Call, faults: Faults) -> int:
        limits = (
            faults.paper_out_after,
            faults.cover_open_after,
            faults.closes_after,
            faults.resets_after,
            faults.stalls_after,
        )
        rooms = [limit - call.reader.count for limit in limits if limit is not None]
        if faults.bytes_per_second:
            rooms.append(max(1, faults.bytes_per_second // STEPS_PER_SECOND))
        return min([BUFFER_BYTES - self._mechanism.waiting_bytes, *rooms])

    def _receive(self, call: _Call, data: bytes) -> None:
        faults = self.faults
        with self._news:
            before = len(call.reader.rubbish)
            self._mechanism.queue += call.reader.feed(data)
            self._rubbish += call.reader.rubbish[before:]
            for command, hidden in call.reader.immediate(data):
                self._obey(call, command, hidden=hidden)
            self._news.notify_all()
        self._flood(call, 1)
        if faults.bytes_per_second and data:
            self._pass(len(data) / faults.bytes_per_second)

    def _obey(self, call: _Call, command: bytes, *, hidden: bool) -> None:
        (self._look_alikes if hidden else self._queries).append(command)
        if command[1] == 0x04:
            self._tell(call, status(self._faults, command[2]))
        elif command == _CLEAR:
            self._mechanism.queue.clear()
            call.reader.forget()

    def _print(self, call: _Call | None) -> None:
        """Print what can be printed, and say what that brings with it."""
        with self._news:
            done = len(self._mechanism.sheets)
            self._mechanism.run(self._faults)
            fresh = self._mechanism.sheets[done:]
            self._sheets += fresh
            self._rubbish += self._mechanism.rubbish
            self._mechanism.rubbish.clear()
            if call:
                self._tell_news(call)
            else:
                self._mechanism.process_id = None  # nobody is there to hear it
            self._mechanism.answers.clear()
            self._news.notify_all()
        for sheet in fresh:
            if self._on_sheet:
                self._on_sheet(sheet)

    def _tell_news(self, call: _Call) -> None:
        if _reached(self._faults.stalls_after, call.reader.count):
            return
        if self._mechanism.automatic and self._told != automatic_status(self._faults):
            self._mechanism.answers.append(automatic_status(self._faults))
        self._told = automatic_status(self._faults)
        for answer in self._mechanism.answers:
            self._tell(call, answer)
        self._tell_process_id(call)
        call.say()

    def _tell_process_id(self, call: _Call) -> None:
        if self._mechanism.process_id is None or self._seconds_to_process_id(self._faults):
            return
        process_id, _ = self._mechanism.process_id
        self._mechanism.process_id = None
        if self._faults.process_id != "missing":
            number = _another(process_id) if self._faults.wrong_answers else process_id
            self._tell(call, b'7"' + number + b"\x00", as_it_is=True)

    def _seconds_to_process_id(self, faults: Faults) -> float | None:
        """Return how long the process id is still to be kept back; None: nothing to wait for."""
        if self._mechanism.process_id is None or faults.process_id != "late":
            return None
        return max(0.0, self._mechanism.process_id[1] + faults.process_id_delay - time.monotonic())

    def _tell(self, call: _Call, answer: bytes, *, as_it_is: bool = False) -> None:
        faults = self._faults
        if not (faults.silent or (faults.silent_offline and faults.offline)):
            call.outbox += answer if as_it_is or not faults.wrong_answers else GARBAGE

    def _flood(self, call: _Call, packets: int) -> None:
        if self.faults.asb_flood:
            self._tell(call, automatic_status(self.faults) * packets)
            call.say()


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise
    return listener


def _reached(limit: int | None, count: int) -> bool:
    return limit is not None and count >= limit


def _another(process_id: bytes) -> bytes:
    """Return a process id that is not this one."""
    return process_id[:-1] + bytes([32 + (process_id[-1] - 31) % 95])
