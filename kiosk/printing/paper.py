"""The inverse of the encoder: what a printer would leave on paper for these bytes, one picture per cut."""

from PIL import Image

from kiosk.printing.commands import Command, Cut, FeedDots, FeedLines, Initialise, Raster, parse
from kiosk.printing.errors import PayloadError

DOTS_PER_LINE = 34  # ESC d: 1/6 inch at 203 dpi


def papers(payload: bytes) -> list[Image.Image]:
    """Return the tickets as mode "1" images, black on white; raise PayloadError on anything that is not a ticket."""
    cut: list[Image.Image] = []
    strip: list[Command] = []
    for command in parse(payload):
        if isinstance(command, Cut):
            cut.append(_paper(strip))
            strip = []
        else:
            strip.append(command)
    if strip:
        raise PayloadError("La fin du ticket manque : il n'est pas coupé.")
    return cut


def _paper(strip: list[Command]) -> Image.Image:
    widths = {command.width_bytes for command in strip if isinstance(command, Raster)}
    if len(widths) != 1:
        raise PayloadError("Un ticket a des images d'une seule largeur.")
    white_row = b"\x00" * widths.pop()
    rows = b"".join(_rows(command, white_row) for command in strip)
    inverted = bytes(byte ^ 0xFF for byte in rows)
    return Image.frombytes("1", (8 * len(white_row), len(rows) // len(white_row)), inverted)


def _rows(command: Command, white_row: bytes) -> bytes:
    match command:
        case Raster():
            return command.data
        case FeedDots():
            return white_row * command.dots
        case FeedLines():
            return white_row * command.lines * DOTS_PER_LINE
        case Initialise() | Cut():
            return b""
