"""1-bit image to printer bytes; and the gate that every payload passes before it is sent."""

from collections.abc import Sequence

from PIL import Image

from kiosk.printing import bands
from kiosk.printing.bands import image_of, rows_of
from kiosk.printing.coarse import coarsen
from kiosk.printing.commands import (
    DOTS_PER_LINE,
    LOOK_ALIKE,
    AutomaticStatus,
    Command,
    Cut,
    FeedDots,
    FeedLines,
    Initialise,
    ProcessId,
    Raster,
    as_bytes,
    is_process_id,
    parse,
)
from kiosk.printing.errors import PayloadError
from kiosk.printing.profiles import WIDTHS, Form

END_LINES = 3  # after the ink: some clones cut at once where Epson's GS V 66 first feeds to the blade
TEAR_LINES = 6  # after the ink of a paper that a person tears off
MAX_LENGTH_DOTS = 8000  # 1 m at 203 dpi: no payload of ours empties a roll


def scrub(image: Image.Image) -> Image.Image:
    """Return the image with no real-time command hidden in a row of its raster.

    Byte 10 is one black dot alone between white ones in its row: it is wiped. A QR module is at least six dots wide,
    so no dot of a QR code is ever touched. What one row's end and the next row's start would form, `encode` parts.
    """
    rows = [LOOK_ALIKE.sub(b"\0", row) for row in rows_of(image)]
    return image_of(rows, image.width)


def as_printed(image: Image.Image, form: Form, unbroken: Sequence[tuple[int, int]] = ()) -> Image.Image:
    """Return the image as it will lie on paper: scrubbed, and before that coarsened for a slow line.

    `unbroken` are ranges of rows (first, one after the last) that hold a QR code: they are never coarsened.
    Raise PayloadError when it is no 1-bit image as wide as the form.
    """
    if image.mode != "1" or image.width != form.dots or form.dots not in WIDTHS:
        raise PayloadError("Cette image n'est pas un ticket.")
    return scrub(coarsen(image, unbroken) if form.coarse else image)


def encode(image: Image.Image, form: Form, unbroken: Sequence[tuple[int, int]] = ()) -> bytes:
    """Return the whole paper as bytes: ESC @, bands and feeds, then feed and cut; what comes out is `as_printed`.

    White rows are fed past, except in the ranges of rows `unbroken`: the unit of ESC J differs between printers, and a
    QR code must not be squeezed. Raise PayloadError when the image is not one of ours or the gate refuses the bytes.
    """
    printed = as_printed(image, form, unbroken)
    pictures = bands.commands(printed, unbroken, justified=form.justified)
    end = (FeedLines(END_LINES), Cut(0)) if form.cutter else (FeedLines(TEAR_LINES),)
    commands: tuple[Command, ...] = (Initialise(), *pictures, *end)
    payload = b"".join(as_bytes(command) for command in commands)
    check(payload)
    return payload


def with_process_id(payload: bytes, process_id: bytes) -> bytes:
    """Return `payload` followed by the request to say these four characters (of 32 to 126) once all is printed."""
    if not is_process_id(process_id):
        raise PayloadError("Ce numéro de suivi d'impression n'est pas permis.")
    asking = payload + as_bytes(ProcessId(process_id))
    check(asking)
    return asking


def with_automatic_status(payload: bytes) -> bytes:
    """Return `payload` with the request to say unasked when paper or cover stop it: a full line takes no question."""
    reset = as_bytes(Initialise())
    telling = reset + as_bytes(AutomaticStatus()) + payload.removeprefix(reset)
    check(telling)
    return telling


def check(payload: bytes) -> None:
    """Raise PayloadError unless `payload` is whole papers in the few commands we use, without look-alikes.

    A paper starts with ESC @ and ends with a cut, or with the feed to the edge where a person tears it off; only then
    may a process id be asked for, once. No picture is wider than any head, and all together is at most 1 m long.
    """
    if LOOK_ALIKE.search(payload):
        raise PayloadError("Une commande immédiate est cachée dans le ticket.")
    commands = list(parse(payload))
    if commands[1:2] == [AutomaticStatus()]:
        del commands[1]
    if commands and isinstance(commands[-1], ProcessId):
        commands.pop()
    fresh = True
    for command in commands:
        if isinstance(command, Initialise) != fresh:
            raise PayloadError("Un ticket commence par une remise à zéro, et par une seule.")
        if isinstance(command, AutomaticStatus):
            raise PayloadError("L'état de l'imprimante est demandé au début du ticket.")
        if isinstance(command, ProcessId):
            raise PayloadError("La confirmation est demandée une fois, après la dernière coupe.")
        fresh = isinstance(command, Cut) or command == FeedLines(TEAR_LINES)
    if not commands or not fresh:
        raise PayloadError("Le ticket n'est pas complet.")
    length = sum(_length(command) for command in commands)
    if length > MAX_LENGTH_DOTS:
        raise PayloadError("Le ticket est trop long.")


def _length(command: Command) -> int:
    """Return how far a command moves the paper, in dots; raise PayloadError for a picture that no head can print."""
    match command:
        case Raster():
            width, height = command.dots
            if width > WIDTHS[-1]:
                raise PayloadError("Une image est plus large que le papier.")
            return height
        case FeedDots(dots) | Cut(dots):
            return dots
        case FeedLines(lines):
            return lines * DOTS_PER_LINE
        case _:
            return 0
