"""The door of this room: a ticket becomes a checked payload, and its picture for a screen."""

from dataclasses import dataclass
from typing import Literal

from PIL import Image

from kiosk.printing import escpos, qr, sheet
from kiosk.printing.facts import Ticket
from kiosk.printing.pages import ticket as ticket_page
from kiosk.printing.profiles import Form

Paper = Literal["80mm", "58mm"]
DOTS_OF_PAPER: dict[Paper, int] = {"80mm": 576, "58mm": 384}
CONTRAST = 1.4  # darkens the thin strokes that the reduction for a screen turns grey


@dataclass(frozen=True, slots=True)
class Rendered:
    """A ticket ready to be stored and sent: its bytes passed the gate, its QR code reads as its token."""

    image: Image.Image  # mode "1"
    payload: bytes


def render(ticket: Ticket, paper: Paper) -> Rendered:
    """Draw, verify and encode the ticket; raise a PrintingError before anything could be printed wrong."""
    image = escpos.scrub(sheet.draw(ticket_page.compose(ticket, DOTS_OF_PAPER[paper])))
    qr.verify(image, ticket.token)
    return Rendered(image, escpos.encode(image, Form(image.width)))


def facsimile(image: Image.Image, columns: int) -> list[list[tuple[int, int]]]:
    """Return, per row of terminal cells, the grey levels (0 black, 255 white) of each cell's upper and lower half."""
    rows = max(1, round(image.height * columns / image.width / 2))
    small = image.convert("L").resize((columns, 2 * rows), Image.Resampling.BOX)
    levels = small.point(lambda level: max(0, round(255 - (255 - level) * CONTRAST))).tobytes()
    halves = [levels[start : start + columns] for start in range(0, len(levels), columns)]
    return [list(zip(upper, lower, strict=True)) for upper, lower in zip(halves[::2], halves[1::2], strict=True)]
