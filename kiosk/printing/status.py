"""What printers say about themselves: the questions, and a pure parser of the answers, mixed in one stream.

Bit patterns: Epson ESC/POS Command Reference, DLE EOT, GS a (ASB), GS r, GS I and GS ( H; clones follow it in part.
"""

import dataclasses
from dataclasses import dataclass
from enum import Enum, StrEnum

from kiosk.printing.commands import is_process_id

_FLOW_CONTROL = b"\x11\x13"  # XON, XOFF: of the line, not of the printer
_REAL_TIME_MASK, _REAL_TIME = 0x93, 0x12  # fixed bits of an answer to DLE EOT
_ASB_MASK, _ASB, _ASB_BYTES = 0x93, 0x10, 4  # fixed bits of the first of four bytes
_CLEAR = 0x90  # bits that are never set in an answer to GS r, nor in the later bytes of an ASB
_TEXT_HEADERS = b"\x3d\x5f"
_EVENT_HEADER, _EVENTS = 0x37, b"\x22\x23\x25"  # process id, off-line cause, buffer cleared
_PROCESS_DONE = b"\x37\x22"
_MAX_BLOCK_BYTES = 128  # header and text; the NUL that ends a block comes after


class Query(Enum):
    """A question; its value is the only thing beside papers that may be sent to a printer."""

    PRINTER = b"\x10\x04\x01"
    OFFLINE_CAUSE = b"\x10\x04\x02"
    ERROR = b"\x10\x04\x03"
    PAPER = b"\x10\x04\x04"
    PAPER_SENSOR = b"\x1dr\x01"  # answered in its turn: everything sent before has been processed
    IDENTITY = b"\x1dI\x43"  # the model's name, in its turn


@dataclass(frozen=True, slots=True)
class PrinterState:
    """What a printer said of itself; None is what it did not speak of."""

    offline: bool | None = None
    cover_open: bool | None = None
    paper_near_end: bool | None = None
    paper_out: bool | None = None
    cutter_error: bool | None = None
    recoverable: bool | None = None  # a mechanical error that hands can mend
    unrecoverable: bool | None = None
    overheated: bool | None = None  # goes by itself
    error: bool | None = None  # one of the four above, not said which

    def merged(self, other: "PrinterState") -> "PrinterState":
        """Return this state with all that `other`, which is newer, speaks of."""
        said = {field.name: getattr(other, field.name) for field in dataclasses.fields(other)}
        return dataclasses.replace(self, **{name: value for name, value in said.items() if value is not None})


@dataclass(frozen=True, slots=True)
class ProcessDone:
    """Everything before this process id is printed."""

    process_id: bytes


@dataclass(frozen=True, slots=True)
class Processed:
    """Everything sent before Query.PAPER_SENSOR has been processed; whether it is on paper is not said."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The model's name as the printer gives it."""

    text: str


Answer = PrinterState | ProcessDone | Processed | Identity


class Parser:
    """Cuts what comes from one printer into answers, however the line splits it; what it cannot read is left out."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._query: Query | None = None

    def expect(self, query: Query) -> None:
        """Read the next answer of one byte as the answer to `query`.

        One question at a time: a byte does not say what it answers. After a silence nothing more should be asked on
        the same line, or a late answer would be taken for another.
        """
        self._query = query

    @property
    def awaiting(self) -> bool:
        """Return whether the answer to the last question is still to come."""
        return self._query is not None

    def feed(self, data: bytes) -> list[Answer]:
        """Return the answers that `data` completes, in their order."""
        self._pending += data.translate(None, _FLOW_CONTROL)
        answers: list[Answer] = []
        while self._pending:
            length, found = self._first()
            if not length:
                break
            del self._pending[:length]
            answers += found
        return answers

    def _first(self) -> tuple[int, list[Answer]]:
        """Return how many bytes to take off the front, none when more must come, and the answers in them."""
        first = self._pending[0]
        if first & _ASB_MASK == _ASB:
            return self._asb()
        if first in _TEXT_HEADERS:
            return self._block()
        if first == _EVENT_HEADER:
            return self._event()
        return 1, self._single(first)

    def _asb(self) -> tuple[int, list[Answer]]:
        frame = bytes(self._pending[:_ASB_BYTES])
        broken_at = next((at for at in range(1, len(frame)) if frame[at] & _CLEAR), None)
        if broken_at:
            return broken_at, []
        return (_ASB_BYTES, [_asb_state(frame)]) if len(frame) == _ASB_BYTES else (0, [])

    def _event(self) -> tuple[int, list[Answer]]:
        if len(self._pending) > 1 and self._pending[1] not in _EVENTS:
            return 1, []
        return self._block()

    def _block(self) -> tuple[int, list[Answer]]:
        for at, byte in enumerate(self._pending[1:_MAX_BLOCK_BYTES], 1):
            if byte == 0:
                return at + 1, self._meaning(bytes(self._pending[:at]))
            if not 0x20 <= byte <= 0x7E:
                return at, []
        return (_MAX_BLOCK_BYTES, []) if len(self._pending) >= _MAX_BLOCK_BYTES else (0, [])

    def _meaning(self, block: bytes) -> list[Answer]:
        if block.startswith(_PROCESS_DONE):
            return [ProcessDone(block[2:])] if is_process_id(block[2:]) else []
        if block[0] in _TEXT_HEADERS and self._query is Query.IDENTITY:
            self._query = None
            return [Identity(block[1:].decode("ascii").strip())]
        return []

    def _single(self, byte: int) -> list[Answer]:
        query = self._query
        if query is Query.PAPER_SENSOR and not byte & _CLEAR:
            self._query = None
            return [PrinterState(paper_near_end=bool(byte & 0x03)), Processed()]
        if query in _REAL_TIME_STATES and byte & _REAL_TIME_MASK == _REAL_TIME:
            self._query = None
            return [_REAL_TIME_STATES[query](byte)]
        return []


class Health(StrEnum):
    """What the mediator is told before a booking is confirmed."""

    READY = "ready"
    NEAR_END = "near-end"  # prints, the roll is to be changed soon
    PAPER_OUT = "paper-out"
    COVER_OPEN = "cover-open"
    CUTTER = "cutter"
    FAULT = "fault"
    OFFLINE = "offline"  # no cause known
    SILENT = "silent"  # answered before, says nothing now
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"  # never answers: nobody can tell


def health(state: PrinterState) -> Health:
    """Return the worst that `state` speaks of; UNKNOWN when it says neither that it is on line nor that it has paper.

    The cover comes before the paper: with the cover open many printers feel no paper either.
    """
    found = (
        (state.unrecoverable, Health.FAULT),
        (state.cutter_error, Health.CUTTER),
        (state.cover_open, Health.COVER_OPEN),
        (state.paper_out, Health.PAPER_OUT),
        (state.recoverable or state.overheated or state.error, Health.FAULT),
        (state.offline, Health.OFFLINE),
        (state.offline is None and state.paper_out is None, Health.UNKNOWN),
        (state.paper_near_end, Health.NEAR_END),
    )
    return next((verdict for true, verdict in found if true), Health.READY)


def _asb_state(frame: bytes) -> PrinterState:
    printer, errors, paper, _ = frame
    return dataclasses.replace(
        _error_state(errors),
        offline=bool(printer & 0x08),
        cover_open=bool(printer & 0x20),
        paper_near_end=bool(paper & 0x03),
        paper_out=bool(paper & 0x0C),
    )


def _printer_state(byte: int) -> PrinterState:
    return PrinterState(offline=bool(byte & 0x08))


def _offline_cause(byte: int) -> PrinterState:
    stopped = True if byte & 0x20 else None  # clear, it only says that paper is not why it stopped
    return PrinterState(cover_open=bool(byte & 0x04), paper_out=stopped, error=bool(byte & 0x40))


def _error_state(byte: int) -> PrinterState:
    return PrinterState(
        recoverable=bool(byte & 0x04),
        cutter_error=bool(byte & 0x08),
        unrecoverable=bool(byte & 0x20),
        overheated=bool(byte & 0x40),
    )


def _paper_state(byte: int) -> PrinterState:
    return PrinterState(paper_near_end=bool(byte & 0x0C), paper_out=bool(byte & 0x60))


_REAL_TIME_STATES = {
    Query.PRINTER: _printer_state,
    Query.OFFLINE_CAUSE: _offline_cause,
    Query.ERROR: _error_state,
    Query.PAPER: _paper_state,
}
