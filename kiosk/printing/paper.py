"""The inverse of the encoder: what a printer would leave on paper for these bytes, one picture per paper."""

from collections.abc import Iterable

from PIL import Image

from kiosk.printing.bands import image_of
from kiosk.printing.commands import (
    DOTS_PER_LINE,
    AutomaticStatus,
    Command,
    Cut,
    FeedDots,
    FeedLines,
    Initialise,
    Justify,
    ProcessId,
    Raster,
    Side,
    parse,
)
from kiosk.printing.errors import PayloadError

HEAD_DOTS = 576  # the widest head, and the usual one


def papers(payload: bytes, dots: int = HEAD_DOTS) -> list[Image.Image]:
    """Return the papers as mode "1" images, black on white, as wide as a head of `dots`.

    A paper ends where it is cut; one to be torn off ends with a feed in lines. Raise PayloadError on what is not whole
    papers, or is wider than the head.
    """
    strips: list[list[Command]] = []
    for command in parse(payload):
        if isinstance(command, Initialise):
            strips.append([])
        if not strips:
            raise PayloadError("Un ticket commence par une remise à zéro.")
        if not isinstance(command, ProcessId):
            strips[-1].append(command)
    if not all(isinstance(strip[-1], Cut | FeedLines) for strip in strips):
        raise PayloadError("La fin du ticket manque : il n'est ni coupé ni avancé.")
    return [drawn(strip, dots) for strip in strips]


def drawn(commands: Iterable[Command], dots: int = HEAD_DOTS) -> Image.Image:
    """Return what these commands leave on a paper, whole or not, under a head of `dots`; ESC J feeds 1/203 inch.

    Raise PayloadError when a picture is wider than the head, or when no paper came out at all.
    """
    side = Side.LEFT
    white = bytes(dots // 8)
    rows: list[bytes] = []
    for command in commands:
        match command:
            case Initialise():
                side = Side.LEFT
            case Justify(asked):
                side = asked
            case Raster():
                rows += _printed(command, side, dots)
            case FeedDots(fed) | Cut(fed):
                rows += [white] * fed
            case FeedLines(lines):
                rows += [white] * lines * DOTS_PER_LINE
            case AutomaticStatus() | ProcessId():
                pass
    if not rows:
        raise PayloadError("Ce ticket est vide.")
    return image_of(rows, dots)


def _printed(raster: Raster, side: Side, dots: int) -> list[bytes]:
    """Return the rows of a picture as wide as the head, 1 is black."""
    width, height = raster.dots
    if width > dots:
        raise PayloadError("Une image est plus large que la tête d'impression.")
    picture = Image.frombytes("1", (8 * raster.width_bytes, raster.rows), raster.data)
    paper = Image.new("1", (dots, height), 0)
    left = (0, (dots - width) // 2, dots - width)[side]
    paper.paste(picture.resize((width, height), Image.Resampling.NEAREST), (left, 0))
    ink = paper.tobytes()
    return [ink[start : start + dots // 8] for start in range(0, len(ink), dots // 8)]
