"""The few ESC/POS commands that a paper is made of, written as bytes and read back; anything else is an error."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from kiosk.printing.errors import PayloadError

MAX_BAND_ROWS = 256  # more rows per GS v 0 overflow the buffer of small printers
MAX_FEED_DOTS = 255  # of one ESC J
DOTS_PER_LINE = 34  # ESC d: 1/6 inch at 203 dpi
# DLE EOT (status), DLE ENQ (clear buffer) and DLE DC4 (drawer, power off) are executed wherever they are received,
# even inside image data.
LOOK_ALIKE = re.compile(rb"\x10(?=[\x04\x05\x14])")
_AUTOMATIC_STATUS = b"\x1da\x0e"
_PROCESS_ID = b"\x1d(H\x06\x00\x30\x30"


class Side(IntEnum):
    """Where ESC a puts pictures that are narrower than the print area."""

    LEFT = 0
    CENTRE = 1
    RIGHT = 2


@dataclass(frozen=True, slots=True)
class Initialise:
    """ESC @: everything as when switched on, pictures at the left."""


@dataclass(frozen=True, slots=True)
class Justify:
    """ESC a n: where the pictures that follow stand."""

    side: Side


@dataclass(frozen=True, slots=True)
class Raster:
    """GS v 0: `rows` rows of `width_bytes` bytes, 1 is black; every dot may be printed twice as wide, or as tall."""

    width_bytes: int
    rows: int
    data: bytes
    wide: bool = False
    tall: bool = False

    @property
    def dots(self) -> tuple[int, int]:
        """Return how wide and how tall it is on paper."""
        return 8 * self.width_bytes * (2 if self.wide else 1), self.rows * (2 if self.tall else 1)


@dataclass(frozen=True, slots=True)
class FeedDots:
    """ESC J n, in the printer's own unit: 1/203, 1/180 or 1/360 inch."""

    dots: int


@dataclass(frozen=True, slots=True)
class FeedLines:
    """ESC d n: n sixths of an inch, on every printer."""

    lines: int


@dataclass(frozen=True, slots=True)
class Cut:
    """GS V 66 n: feed to the blade and `dots` more, then cut."""

    dots: int


@dataclass(frozen=True, slots=True)
class AutomaticStatus:
    """GS a 14: from now on the printer says unasked when it stops or goes on: errors, cover, paper. ESC @ ends it."""


@dataclass(frozen=True, slots=True)
class ProcessId:
    """GS ( H fn 48: asks the printer to say these four characters once everything before is printed."""

    process_id: bytes


Command = Initialise | AutomaticStatus | Justify | Raster | FeedDots | FeedLines | Cut | ProcessId


def as_bytes(command: Command) -> bytes:
    """Return what a printer is sent for `command`; `parse` is the inverse."""
    match command:
        case Initialise():
            return b"\x1b@"
        case AutomaticStatus():
            return _AUTOMATIC_STATUS
        case Justify(side):
            return bytes((0x1B, 0x61, side))
        case Raster():
            mode = command.wide + 2 * command.tall
            return b"\x1dv0" + bytes((mode, *_two(command.width_bytes), *_two(command.rows))) + command.data
        case FeedDots(dots):
            return bytes((0x1B, 0x4A, dots))
        case FeedLines(lines):
            return bytes((0x1B, 0x64, lines))
        case Cut(dots):
            return bytes((0x1D, 0x56, 0x42, dots))
        case ProcessId(process_id):
            return _PROCESS_ID + process_id


def parse(payload: bytes) -> Iterator[Command]:
    """Yield the commands of a payload; raise PayloadError at the first byte that is not one of ours."""
    at = 0
    while at < len(payload):
        command = _command(payload, at)
        yield command
        at += len(as_bytes(command))


def is_process_id(process_id: bytes) -> bool:
    """Tell whether a printer can be asked to say this: four characters of 32 to 126."""
    return len(process_id) == 4 and process_id.isascii() and process_id.decode("ascii").isprintable()


def _command(payload: bytes, at: int) -> Command:
    head = payload[at : at + 3]
    if head[:2] == b"\x1b@":
        return Initialise()
    if head == b"\x1dv0":
        return _raster(payload, at)
    if len(head) == 3 and head[:2] == b"\x1ba" and head[2] in tuple(Side):
        return Justify(Side(head[2]))
    if len(head) == 3 and head[:2] == b"\x1bJ":
        return FeedDots(head[2])
    if len(head) == 3 and head[:2] == b"\x1bd":
        return FeedLines(head[2])
    if head == b"\x1dV\x42" and len(payload) > at + 3:
        return Cut(payload[at + 3])
    if head == _AUTOMATIC_STATUS:
        return AutomaticStatus()
    process_id = payload[at + len(_PROCESS_ID) : at + len(_PROCESS_ID) + 4]
    if payload.startswith(_PROCESS_ID, at) and is_process_id(process_id):
        return ProcessId(process_id)
    raise PayloadError(f"Octet {at} : cette commande n'est pas permise ({head.hex(' ')}).")


def _raster(payload: bytes, at: int) -> Raster:
    header = payload[at : at + 8]
    if len(header) < 8 or header[3] > 3:
        raise PayloadError(f"Octet {at} : image mal annoncée.")
    width_bytes, rows = header[4] + 256 * header[5], header[6] + 256 * header[7]
    data = payload[at + 8 : at + 8 + width_bytes * rows]
    if not width_bytes or not 1 <= rows <= MAX_BAND_ROWS or len(data) != width_bytes * rows:
        raise PayloadError(f"Octet {at} : image de taille fausse.")
    return Raster(width_bytes, rows, data, wide=bool(header[3] & 1), tall=bool(header[3] & 2))


def _two(number: int) -> tuple[int, int]:
    return number % 256, number // 256
