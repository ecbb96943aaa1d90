"""The lower half of a ticket for whoever reads no language: pictograms and digits, no words."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from kiosk.printing import dates
from kiosk.printing.facts import Named, Ticket
from kiosk.printing.fonts import BOLD, MEDIUM
from kiosk.printing.lettering import Style, extent, measure
from kiosk.printing.pictograms import calendar_page, clock_face, document_pictogram, pictogram, sky
from kiosk.printing.sheet import COMPACT, MARGIN, Column

GAP = 12  # dots
WIDE_LETTERS = 90  # of the `wdth` axis
BODY = Style(40, MEDIUM)


@dataclass(frozen=True, slots=True)
class _Sizes:
    """In dots."""

    calendar: tuple[int, int]
    sky: tuple[int, int]
    pictogram: int  # those that tell a story from left to right
    digits: int  # per em
    box: int
    document: int


WIDE = _Sizes(calendar=(280, 240), sky=(200, 150), pictogram=128, digits=96, box=52, document=116)
NARROW = _Sizes(calendar=(210, 190), sky=(144, 110), pictogram=96, digits=60, box=44, document=96)
WIDE_FROM = 512  # dots of paper


def compose(ticket: Ticket, width: int, top: int) -> Column:
    """Lay out the block that starts at row `top`: the day, when to walk there, when it starts, what to bring."""
    sizes = WIDE if width >= WIDE_FROM else NARROW
    column = Column(width, pitch=COMPACT, y=top)
    column.rule(GAP)
    day = calendar_page(*sizes.calendar, ticket.start.date())
    _spread(column, [("calendar", day), ("sky", sky(*sizes.sky, ticket.start.time()))])
    _moment(column, "arrive", ticket.arrive_at.time(), sizes)
    _moment(column, "desk", ticket.start.time(), sizes)
    if ticket.documents:
        column.rule(GAP)
        _documents(column, ticket.documents, sizes)
    column.rule(GAP)
    last = ("free", "not-for-sale", "no-ticket") if ticket.demonstration else ("free", "not-for-sale")
    _spread(column, [(name, pictogram(name, sizes.pictogram)) for name in last])
    return column


def _spread(column: Column, pictures: list[tuple[str, Image.Image]]) -> None:
    """Put pictures in one row, the space left over between them."""
    space = (column.inside - sum(image.width for _, image in pictures)) // len(pictures)
    left, placed = MARGIN + space // 2, []
    for name, image in pictures:
        placed.append((name, image, left))
        left += image.width + space
    column.row(placed)
    column.gap(GAP)


def _moment(column: Column, name: str, time: dt.time, sizes: _Sizes) -> None:
    """Say when, in a line: what to do, a clock, digits."""
    clock, doing = clock_face(sizes.pictogram, time), pictogram(name, sizes.pictogram)
    middle = column.y + sizes.pictogram // 2
    left = MARGIN + 2 * (sizes.pictogram + 2 * GAP)
    digits = dates.hour(time)
    fitting = (Style(size, BOLD, WIDE_LETTERS) for size in range(sizes.digits, 40, -2))
    style = next(own for own in fitting if left + measure(digits, own) <= column.width - MARGIN)
    ink = extent(digits, style)
    column.line_at(digits, style, left, middle + (ink.bottom - ink.top) // 2 - ink.bottom)
    column.row(((name, doing, MARGIN), ("clock", clock, MARGIN + sizes.pictogram + 2 * GAP)))
    column.gap(GAP)


def _documents(column: Column, documents: Sequence[Named], sizes: _Sizes) -> None:
    """Put a box to tick before each drawing; a document without drawing keeps its French name, for somebody else."""
    box = pictogram("tick-box", sizes.box)
    drawn = [(named, document_pictogram(named.id, named.name)) for named in documents]
    cells = [
        (("tick box", box), (named.id, pictogram(name, sizes.document))) for named, name in drawn if name is not None
    ]
    across = column.inside // (sizes.box + sizes.document + 3 * GAP // 2)
    for first in range(0, len(cells), across):
        row, left = [], MARGIN
        for before, after in cells[first : first + across]:
            row.append((*before, left))
            row.append((*after, left + sizes.box + GAP // 2))
            left += column.inside // across
        column.row(row)
        column.gap(GAP)
    for named, name in drawn:
        if name is None:
            column.beside("tick box", box, (named.name,), BODY)
