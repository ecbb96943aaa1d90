"""The door of this room: facts become a checked payload, and its picture for a screen."""

from dataclasses import dataclass

from PIL import Image

from kiosk.printing import escpos, lettering, pages, qr, sheet
from kiosk.printing.facts import Facts
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import Picture

CONTRAST = 1.4  # darkens the thin strokes that the reduction for a screen turns grey


@dataclass(frozen=True, slots=True)
class Rendered:
    """A paper ready to be stored and sent: its bytes passed the gate, its QR code (if it has one) reads as it must."""

    image: Image.Image  # mode "1"
    payload: bytes


def render(facts: Facts, form: Form, second: str | None = None) -> Rendered:
    """Draw, verify and encode a paper; raise a PrintingError before anything could be printed wrong.

    `second` is the wish for a ticket's second block: the code of a language offered, or PICTOGRAMS.
    What is measured for a paper is forgotten with it.
    """
    try:
        page = pages.compose(facts, form, second)
        drawn = sheet.draw(page)
    finally:
        lettering.forget()
    codes = [(item.box.top, item.box.bottom) for item in page.items if isinstance(item, Picture) and item.name == "qr"]
    image = escpos.as_printed(drawn, form, codes)
    expected = pages.scanned(facts)
    if expected is not None:
        qr.verify(image, expected)
    return Rendered(image, escpos.encode(image, form, codes))


def facsimile(image: Image.Image, columns: int) -> list[list[tuple[int, int]]]:
    """Return, per row of terminal cells, the grey levels (0 black, 255 white) of each cell's upper and lower half."""
    rows = max(1, round(image.height * columns / image.width / 2))
    small = image.convert("L").resize((columns, 2 * rows), Image.Resampling.BOX)
    levels = small.point(lambda level: max(0, round(255 - (255 - level) * CONTRAST))).tobytes()
    halves = [levels[start : start + columns] for start in range(0, len(levels), columns)]
    return [list(zip(upper, lower, strict=True)) for upper, lower in zip(halves[::2], halves[1::2], strict=True)]
