"""What the French papers beside the ticket share: their letters, their short sentences, lists, a struck line."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence

from PIL import Image

from kiosk.booking import french
from kiosk.printing import phrases
from kiosk.printing.errors import TicketError
from kiosk.printing.fonts import BOLD, MEDIUM, NBSP, SEMIBOLD
from kiosk.printing.lettering import Style
from kiosk.printing.pictograms import pictogram
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import AIRY, MARGIN, WIDTHS, Box, Column, Page, Picture, Text

WIDE, NARROW = 90, 76  # of the `wdth` axis: as on the ticket
BODY = Style(40, MEDIUM, WIDE)  # 14 pt
STRONG = Style(40, BOLD, WIDE)
PLACE = Style(44, SEMIBOLD, WIDE)
HOUR = Style(48, BOLD, WIDE)
FOOT = Style(34, MEDIUM, WIDE)
BANNER_SIZES = (60, 54, 48, 44, 40)
NAME_SIZES = (54, 50, 46, 42)
CODE_SIZES = (54, 48, 44, 40)
COIN = 96  # dots
STRIKE = 6  # dots
EXAMPLE = "Ce papier est un exemple."
COME_BACK = "Revenez ici."
FREE = ("C'est gratuit.", "Ne payez jamais.")
BULLET, BULLET_INDENT = "•", 30  # dots


def column_for(form: Form, frame: int = 0, pitch: float = AIRY) -> Column:
    """Return an empty column, `frame` dots from each edge; raise TicketError when no head is so wide."""
    if form.dots not in WIDTHS:
        raise TicketError("Cette largeur de papier n'est pas connue.")
    return Column(form.dots - 2 * frame, pitch=pitch, narrowest=NARROW)


def page(column: Column) -> Page:
    return Page(column.width, column.y, tuple(column.items))


def banner(column: Column, text: str) -> None:
    column.write_whole(text, BANNER_SIZES, BOLD)


def sentences(column: Column, texts: Iterable[str], style: Style = BODY) -> None:
    """Write each on a line of its own, its punctuation held to the word before it."""
    for text in texts:
        column.write(held(text), style)


def demonstration(column: Column, demonstrates: bool) -> None:
    """Say at the top that nothing here is real."""
    if demonstrates:
        banner(column, phrases.DEMONSTRATION)
        column.write(EXAMPLE, STRONG)
        column.rule()


def foot(column: Column, demonstrates: bool, issued_at: dt.datetime) -> None:
    """End the paper; say once more that nothing is real, for whoever cuts the top off."""
    column.rule()
    column.write(phrases.issued(issued_at), FOOT)
    if demonstrates:
        column.write(EXAMPLE, FOOT)
    column.gap()


def person(column: Column, name: str, sizes: Sequence[int] = NAME_SIZES) -> None:
    """Write whose paper it is, an initial at the end never alone on a line."""
    column.write(f"Pour{NBSP}:", BODY)
    column.write_whole(re.sub(r" (?=\S\.$)", NBSP, name), sizes, BOLD)


def place(column: Column, site: str) -> None:
    column.pictured("building", pictogram("building", 72), ((site, PLACE),))


def free(column: Column, texts: Iterable[str] = FREE) -> None:
    column.beside("coin", pictogram("free", COIN), tuple(texts), STRONG)


def bullets(column: Column, texts: Iterable[str], style: Style = BODY) -> None:
    """Write a list, the later lines of each under its first."""
    for text in texts:
        first = len(column.items)
        column.write(text, style, BULLET_INDENT)
        line = column.items[first]
        if isinstance(line, Text):
            column.line_at(BULLET, style, MARGIN, line.origin[1])


def struck(column: Column, text: str, style: Style) -> None:
    """Write a fact that no longer holds, a bar through its letters."""
    first = len(column.items)
    column.write(text, style)
    for line in [item for item in column.items[first:] if isinstance(item, Text)]:
        middle = line.origin[1] - round(line.style.size * 0.28)  # of the small letters
        left, right = max(MARGIN, line.box.left - 10), min(column.width - MARGIN, line.box.right + 10)
        bar = Image.new("1", (right - left, STRIKE), 0)
        column.items.append(Picture("strike", bar, Box(left, middle - STRIKE // 2, right, middle + STRIKE // 2)))


def held(text: str) -> str:
    """Return the sentence with its French punctuation held to the word before it."""
    return re.sub(r" (?=[:?!;])", NBSP, text)


def day(date: dt.date) -> str:
    """Return mercredi 3 février 2027, the date held together: a line breaks after the weekday or nowhere."""
    return f"{french.weekday(date)} {date_alone(date)}"


def date_alone(date: dt.date) -> str:
    """Return 3 février 2027."""
    return f"{french.day_number(date.day)}{NBSP}{french.month(date)}{NBSP}{date.year}"


def at(moment: dt.datetime) -> str:
    """Return à 14 h 05."""
    return f"à{NBSP}{french.hour(moment.time())}"
