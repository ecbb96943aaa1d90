"""Drives the real program in a real pseudo-terminal: what it shows, how it reacts, what it leaves behind."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

import pyte

KEYS: Final[Mapping[str, str]] = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "space": " ",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "delete": "\x1b[3~",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f7": "\x1b[18~",
    "f8": "\x1b[19~",
    "f9": "\x1b[20~",
    "f10": "\x1b[21~",
    "f11": "\x1b[23~",
    "f12": "\x1b[24~",
}
QUERY, ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"  # a modern terminal has synchronized output
# pyte prints these instead of ignoring them: queries with "$", and sequences with a private "<", "=" or ">".
PRIVATE = re.compile(rb"\x1b\[\??[0-9;]*\$[a-z]|\x1b\[[<=>][0-9;:]*[A-Za-z]|\x1b\[[0-9]* q")
# The start of a sequence whose end is still on its way.
UNFINISHED = re.compile(rb"\x1b(?:\[[0-9;:?<=>$ ]*)?$")
PATIENCE_SECONDS = 10.0
QUIET_SECONDS = 0.012  # emulation waits for this much silence, so that it never stands inside a measured time
PRESS_GAP_SECONDS = 0.025  # nobody presses keys closer together; scanners do, and `send` is for them
SCAN_OVER_SECONDS = 0.15  # longer than the program waits for the end of a scan

Wanted = str | re.Pattern[str] | Callable[[str], bool]


class Terminal:
    """A program on its own pseudo-terminal, with an emulated screen. A context manager: it always reaps."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        rows: int = 24,
        columns: int = 80,
        cwd: str | os.PathLike[str] | None = None,
    ) -> None:
        self.keys = 0
        self.output = bytearray()
        self.returncode: int | None = None
        self.started_at = time.perf_counter()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._chunks: list[tuple[float, bytes]] = []
        self._rest = b""
        self._pressed_at = 0.0
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            _become(command, {**os.environ, "TERM": "xterm-256color", **(env or {})}, cwd, rows, columns)
        self._set_size(rows, columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the program if it still runs, reap it, and give the pseudo-terminal back."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._reap()
        os.close(self._fd)

    @property
    def text(self) -> str:
        """The lines of the screen as they stand now."""
        self._read(0.0)
        self._emulate()
        return self._shown()

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the terminal's own cursor, from 0."""
        return self._screen.cursor.x, self._screen.cursor.y

    def wait_for(self, wanted: Wanted, timeout: float = PATIENCE_SECONDS) -> float:
        """Return when the byte after which the screen is as `wanted` arrived; fail with the screen otherwise."""
        matches = _matcher(wanted)
        deadline = time.perf_counter() + timeout
        while True:
            if (stamp := self._emulate(matches)) is not None:
                return stamp
            if matches(self._shown()):
                return time.perf_counter()
            if time.perf_counter() > deadline or not self._read_until_quiet(deadline):
                raise AssertionError(f"never shown: {wanted!r}\n{self._shown()}")

    def send(self, data: bytes | str) -> float:
        """Write `data` in one go, as a burst, counting no key; return when it was written."""
        self._write(data.encode() if isinstance(data, str) else data)
        return time.perf_counter()

    def press(self, *names: str) -> float:
        """Press keys one after another, counting them: a name of `KEYS`, one character, or alt+ or ctrl+ and one."""
        stamp = time.perf_counter()
        for name in names:
            self._read_for(self._pressed_at + PRESS_GAP_SECONDS - time.perf_counter())
            stamp = self.send(_bytes_of(name))
            self._pressed_at = stamp
            self.keys += 1
        return stamp

    def type(self, text: str) -> float:
        """Press the keys of `text`, counting them."""
        return self.press(*text)

    def scan(self, text: str, seconds_per_key: float) -> None:
        """Type as a scanner does, at its pace, and wait until what it typed can have no effect any more."""
        for character in text:
            self._write(character.encode())
            self._read_for(seconds_per_key)
        self._read_for(SCAN_OVER_SECONDS)
        self.settle()

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size, as a user dragging the window."""
        self._emulate()
        self._screen.resize(rows, columns)
        self._set_size(rows, columns)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def hang_up(self) -> None:
        """Take the terminal away, as a closed window does: the other side of the pseudo-terminal is gone."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, self._fd)
        os.close(nowhere)

    def wait_exit(self, timeout: float = PATIENCE_SECONDS) -> int:
        """Return the exit code (negative: killed by that signal), everything written read and emulated."""
        deadline = time.perf_counter() + timeout
        while self.returncode is None:
            self._read(0.01)
            self._reap(os.WNOHANG)
            if time.perf_counter() > deadline:
                raise AssertionError(f"still running\n{self.text}")
        while self._read(0.0):
            pass
        self._emulate()
        return self.returncode

    def settle(self) -> None:
        """Read until the program has been silent for a moment, so that a measure starts from rest."""
        self._read_until_quiet(time.perf_counter() + PATIENCE_SECONDS, required=False)
        self._emulate()

    def alive(self) -> bool:
        """Is the program still running?"""
        if self.returncode is None:
            self._reap(os.WNOHANG)
        return self.returncode is None

    def lflags(self) -> int:
        """The local modes of the line: echo and canonical input are off while a full-screen program runs."""
        flags = termios.tcgetattr(self._fd)[3]
        assert isinstance(flags, int)
        return flags

    def _set_size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]

    def _read(self, wait: float) -> bool:
        """Stamp and keep what has arrived; emulate nothing."""
        ready, _, _ = select.select([self._fd], [], [], max(wait, 0.0))
        if not ready:
            return False
        try:
            chunk = os.read(self._fd, 65536)
        except OSError:  # the program closed its side
            return False
        self._chunks.append((time.perf_counter(), chunk))
        self.output += chunk
        if QUERY in chunk:
            self._write(ANSWER)
        return bool(chunk)

    def _read_for(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def _read_until_quiet(self, deadline: float, *, required: bool = True) -> bool:
        """Read something, then until silence; False if nothing came before `deadline` or the program has gone."""
        while required and not self._read(0.05):
            if time.perf_counter() > deadline or not self.alive():
                return False
        while self._read(QUIET_SECONDS) and time.perf_counter() < deadline:
            pass
        return True

    def _emulate(self, matches: Callable[[str], bool] | None = None) -> float | None:
        """Interpret the chunks kept; return the stamp of the first one after which the screen matches."""
        chunks, self._chunks = self._chunks, []
        for index, (stamp, chunk) in enumerate(chunks):
            data = self._rest + chunk
            tail = UNFINISHED.search(data)
            self._rest = data[tail.start() :] if tail else b""
            self._stream.feed(PRIVATE.sub(b"", data[: len(data) - len(self._rest)]))
            if matches is not None and matches(self._shown()):
                self._chunks = chunks[index + 1 :]
                return stamp
        return None

    def _shown(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def _reap(self, options: int = 0) -> None:
        pid, status = os.waitpid(self.pid, options)
        if pid:
            self.returncode = os.waitstatus_to_exitcode(status)


def _become(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: str | os.PathLike[str] | None,
    rows: int,
    columns: int,
) -> None:
    """In the child: be the program. Nothing may return from here into the test runner."""
    try:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if cwd is not None:
            os.chdir(cwd)
        os.execvpe(command[0], list(command), dict(env))  # noqa: S606 - running the program is the point
    finally:
        os._exit(127)


def _matcher(wanted: Wanted) -> Callable[[str], bool]:
    if callable(wanted):
        return wanted
    pattern = re.compile(wanted)
    return lambda text: pattern.search(text) is not None


def _bytes_of(name: str) -> str:
    modifier, plus, key = name.partition("+")
    if name in KEYS:
        return KEYS[name]
    if modifier == "alt" and plus:
        return "\x1b" + _bytes_of(key)
    if modifier == "ctrl" and plus and len(key) == 1:
        return chr(ord(key.upper()) & 0x1F)
    assert len(name) == 1, f"unknown key {name!r}"
    return name
