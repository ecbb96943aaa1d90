"""The few ESC/POS commands that a ticket is made of, read back from bytes; anything else is an error."""

from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.printing.errors import PayloadError

MAX_BAND_ROWS = 256  # more rows per GS v 0 overflow the buffer of small printers


@dataclass(frozen=True, slots=True)
class Initialise:
    """ESC @."""


@dataclass(frozen=True, slots=True)
class Raster:
    """GS v 0, normal density: rows of `width_bytes` bytes, 1 is black."""

    width_bytes: int
    rows: int
    data: bytes


@dataclass(frozen=True, slots=True)
class FeedDots:
    """ESC J n."""

    dots: int


@dataclass(frozen=True, slots=True)
class FeedLines:
    """ESC d n."""

    lines: int


@dataclass(frozen=True, slots=True)
class Cut:
    """GS V 66 n: feed to the blade and `dots` more, then cut."""

    dots: int


Command = Initialise | Raster | FeedDots | FeedLines | Cut


def parse(payload: bytes) -> Iterator[Command]:
    """Yield the commands of a payload; raise PayloadError at the first byte that is not one of ours."""
    at = 0
    while at < len(payload):
        command, length = _command(payload, at)
        yield command
        at += length


def _command(payload: bytes, at: int) -> tuple[Command, int]:
    head = payload[at : at + 3]
    if head[:2] == b"\x1b@":
        return Initialise(), 2
    if head == b"\x1dv0":
        return _raster(payload, at)
    if len(head) == 3 and head[:2] == b"\x1bJ":
        return FeedDots(head[2]), 3
    if len(head) == 3 and head[:2] == b"\x1bd":
        return FeedLines(head[2]), 3
    if head == b"\x1dV\x42" and len(payload) > at + 3:
        return Cut(payload[at + 3]), 4
    raise PayloadError(f"Octet {at} : cette commande n'est pas permise ({head.hex(' ')}).")


def _raster(payload: bytes, at: int) -> tuple[Raster, int]:
    header = payload[at : at + 8]
    if len(header) < 8 or header[3] != 0:
        raise PayloadError(f"Octet {at} : image mal annoncée.")
    width_bytes, rows = header[4] + 256 * header[5], header[6] + 256 * header[7]
    data = payload[at + 8 : at + 8 + width_bytes * rows]
    if not width_bytes or not 1 <= rows <= MAX_BAND_ROWS or len(data) != width_bytes * rows:
        raise PayloadError(f"Octet {at} : image de taille fausse.")
    return Raster(width_bytes, rows, data), 8 + len(data)
