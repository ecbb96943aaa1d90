"""A sheet of paper filled from top to bottom: placed items, and those as a 1-bit image. No page of its own."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from kiosk.printing import pictograms
from kiosk.printing.fonts import BOLD, MEDIUM, NORMAL_WIDTH, SEMIBOLD, Script, printable
from kiosk.printing.lettering import (
    FRENCH,
    Style,
    Writing,
    extent,
    measure,
    widest_atom,
    wrap,
    write_line,
)

__all__ = ["Box", "Column", "Page", "Picture", "Style", "Text", "draw", "wrap"]

WIDTHS = (384, 512, 576)  # dots that the heads of 58 mm and of 80 mm printers reach
MARGIN = 4  # dots
GAP = 16  # dots between two groups, above and below the rule that parts them
RULE = 3  # dots
PICTURE_GAP = 14  # dots between a pictogram and its text
LABEL_GAP = 12  # dots between a label and its fact
AIRY, COMPACT = 1.25, 1.1  # from one baseline to the next, of the size
NARROWER = 4  # of the `wdth` axis: one step
LEAST_PITCH = 40  # dots: lines of smaller letters do not come closer
# Where the baseline is, of the size, when nothing on the line reaches higher.
_BASELINE = {Script.LATIN: 0.82, Script.ETHIOPIC: 0.82, Script.ARABIC: 0.8, Script.HAN: 0.88}
_OTHER_BASELINE = 0.84


BODY = Style(40, MEDIUM)
STRONG = Style(40, BOLD)
PLACE = Style(48, SEMIBOLD)
HOUR = Style(48, BOLD)
DIGITS = {384: Style(66, BOLD), 576: Style(96, BOLD)}  # the hour, by width of paper
FOOT = Style(34, MEDIUM)
# From the size wished for down to the smallest body size: the first at which no word is cut is taken.
BANNER_SIZES = (66, 60, 54, 48, 40)
NAME_SIZES = (66, 54, 48)
CODE_SIZES = (60, 54, 48, 40)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in dots; right and bottom are just outside."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text in the order in which it is read; `origin` is the left end of its baseline, `box` its ink."""

    text: str
    style: Style
    origin: tuple[int, int]
    box: Box
    writing: Writing = FRENCH


@dataclass(frozen=True, slots=True)
class Picture:
    """A 1-bit drawing."""

    name: str
    image: Image.Image
    box: Box


@dataclass(frozen=True, slots=True)
class Page:
    """A ticket laid out, in dots; what tests read and what `draw` draws."""

    width: int
    height: int
    items: tuple[Text | Picture, ...]

    def lines(self) -> list[Text]:
        """Return the lines of text, from top to bottom."""
        return [item for item in self.items if isinstance(item, Text)]


def draw(page: Page) -> Image.Image:
    """Return the page as a mode "1" image, black on white."""
    sheet = Image.new("L", (page.width, page.height), pictograms.WHITE)
    pen = ImageDraw.Draw(sheet)
    for item in page.items:
        if isinstance(item, Text):
            write_line(pen, item.origin, item.text, item.style, item.writing)
        else:
            sheet.paste(item.image, (item.box.left, item.box.top))
    return pictograms.crisp(sheet)


class Column:
    """A pen that goes down the paper, in one writing; from right to left everything is mirrored.

    `pitch` is from one baseline to the next, of the size. Where a narrower face of the same size, down to `narrowest`
    of the `wdth` axis, saves a line, it is taken.
    """

    def __init__(
        self,
        width: int,
        writing: Writing = FRENCH,
        *,
        pitch: float = AIRY,
        narrowest: int = NORMAL_WIDTH,
        y: int = GAP,
    ) -> None:
        self.width = width
        self.writing = writing
        self.pitch = pitch
        self.narrowest = narrowest
        self.inside = width - 2 * MARGIN
        self.y = y
        self.items: list[Text | Picture] = []

    def gap(self, dots: int = GAP) -> None:
        self.y += dots

    def rule(self, gap: int = GAP, thickness: int = RULE) -> None:
        """Part two groups of facts by a line."""
        self.gap(gap)
        self.picture("rule", Image.new("1", (self.inside, thickness), 0), MARGIN)
        self.gap(gap)

    def write(self, text: str, style: Style, indent: int = 0, *, writing: Writing | None = None) -> None:
        """Write `text`, as many lines as it takes, `indent` dots from the side where lines start.

        `writing` is that of the text where it is not the column's: a French name stays French in any column.
        """
        own = writing or self.writing
        text, room = printable(text, own.script), self.inside - indent
        lines = wrap(text, style, room, own)
        for narrow in self._narrower(style) if len(lines) > 1 else ():
            if len(set_out := wrap(text, narrow, room, own)) < len(lines):
                lines, style = set_out, narrow
        for line in lines:
            self._line(line, style, indent, own)

    def write_whole(self, text: str, sizes: Sequence[int], weight: int) -> None:
        """Write `text` at the first size at which no word has to be cut, or at the last."""
        text = printable(text, self.writing.script)
        fitting = (size for size in sizes if self._widest_word(text, Style(size, weight)) <= self.inside)
        self.write(text, Style(next(fitting, sizes[-1]), weight))

    def labelled(self, label: str, fact: str, style: Style, fact_styles: Sequence[Style]) -> None:
        """Write a label and the fact that it announces, each in its own writing: side by side, or one below the other.

        The fact is always in Latin letters or digits. It takes the first of its styles at which it fits beside the
        label; below it, the first at which no word has to be cut.
        """
        label, fact = printable(label, self.writing.script), printable(fact)
        for own in fact_styles:
            for narrow in self._narrower(style):
                used = measure(label, narrow, self.writing) + LABEL_GAP
                if used + measure(fact, own) <= self.inside:
                    self._pair(label, fact, narrow, own)
                    return
        self.write(label, style)
        whole = (own for own in fact_styles if widest_atom(fact, own, self.inside) <= self.inside)
        self.write(fact, next(whole, fact_styles[-1]), writing=self._fact_writing())

    def _pair(self, label: str, fact: str, style: Style, fact_style: Style) -> None:
        pieces = ((label, style, self.writing), (fact, fact_style, self._fact_writing()))
        baseline, indent = self._baseline(pieces), measure(label, style, self.writing) + LABEL_GAP
        self._place_line(label, style, 0, baseline, self.writing)
        self._place_line(fact, fact_style, indent, baseline, self._fact_writing())
        self._advance(baseline, pieces)

    def _fact_writing(self) -> Writing:
        return Writing(self.writing.language, Script.LATIN)

    def flow(self, sentences: Sequence[str], style: Style, *, dense: bool = False) -> None:
        """Write sentences, each on a line of its own unless it is short enough to end the line of the one before.

        `dense` lets a line break anywhere between two words, where that saves a line.
        """
        narrowest = self._narrower(style)[-1]
        packed: list[str] = []
        for sentence in (printable(text, self.writing.script) for text in sentences):
            joined = self._glue().join((*packed[-1:], sentence))
            if packed and measure(joined, narrowest, self.writing) <= self.inside:
                packed[-1] = joined
            else:
                packed.append(sentence)
        running = self._glue().join(packed)
        if dense and self._count(running, style) < sum(self._count(text, style) for text in packed):
            packed = [running]
        for text in packed:
            self.write(text, style)

    def _count(self, text: str, style: Style) -> int:
        """Return how many lines `text` takes."""
        return min(len(wrap(text, narrow, self.inside, self.writing)) for narrow in self._narrower(style))

    def _glue(self) -> str:
        return "" if self.writing.script is Script.HAN else " "

    def ends(self, first: str, last: str, style: Style) -> None:
        """Write two short texts at the two ends of one line, or below each other where they are too long."""
        first, last = (printable(text, self.writing.script) for text in (first, last))
        for narrow in self._narrower(style):
            widths = [measure(text, narrow, self.writing) for text in (first, last)]
            if sum(widths) + 2 * LABEL_GAP <= self.inside:
                self._at_both_ends(first, last, widths[1], narrow)
                return
        self.write(first, style)
        self.write(last, style)

    def _at_both_ends(self, first: str, last: str, width: int, style: Style) -> None:
        pieces = [(text, style, self.writing) for text in (first, last)]
        baseline = self._baseline(pieces)
        self._place_line(first, style, 0, baseline, self.writing)
        self._place_line(last, style, self.inside - width, baseline, self.writing)
        self._advance(baseline, pieces)

    def ticks(self, name: str, box: Image.Image, things: Sequence[tuple[str, Writing]], style: Style) -> None:
        """Write a list with a box before each thing; short things share a line."""
        drawn = [(printable(text, own.script), own) for text, own in things]
        style = min(self._narrower(style), key=lambda narrow: len(self._tick_rows(drawn, box.width, narrow)))
        for row in self._tick_rows(drawn, box.width, style):
            self._tick_row(name, box, row, style)

    def _tick_rows(
        self, things: Sequence[tuple[str, Writing]], box_width: int, style: Style
    ) -> list[list[tuple[str, Writing]]]:
        rows: list[list[tuple[str, Writing]]] = []
        end = 0
        for text, writing in things:
            width = box_width + PICTURE_GAP + measure(text, style, writing)
            if rows and end + width <= self.inside:
                rows[-1].append((text, writing))
            else:
                rows.append([(text, writing)])
                end = 0
            end += width + 2 * PICTURE_GAP
        return rows

    def _tick_row(self, name: str, box: Image.Image, row: Sequence[tuple[str, Writing]], style: Style) -> None:
        if len(row) == 1:
            self.pictured(name, box, ((row[0][0], style),), writing=row[0][1])
            return
        pieces = [(text, style, writing) for text, writing in row]
        baseline, top, indent = self._baseline(pieces), self.y, 0
        self._advance(baseline, pieces)
        down = max(0, (self.y - top - box.height) // 2)
        for text, _, writing in pieces:
            self._place(name, box, self._from_start(indent, box.width), top + down)
            indent += box.width + PICTURE_GAP
            self._place_line(text, style, indent, baseline, writing)
            indent += measure(text, style, writing) + 2 * PICTURE_GAP

    def beside(self, name: str, image: Image.Image, texts: Sequence[str], style: Style) -> None:
        """Put a pictogram before its text, or above it where a word would have to be cut."""
        self.pictured(name, image, [(text, style) for text in texts])

    def pictured(
        self,
        name: str,
        image: Image.Image,
        lines: Sequence[tuple[str, Style]],
        *,
        writing: Writing | None = None,
    ) -> None:
        """Put a pictogram before lines of several styles, or above them where a word would have to be cut."""
        own = writing or self.writing
        indent = image.width + PICTURE_GAP
        room = self.inside - indent
        if any(widest_atom(printable(text, own.script), style, self.inside, own) > room for text, style in lines):
            self._place(name, image, self._from_start(0, image.width), self.y)
            self.y += image.height
            self.gap(8)
            indent = 0
        top, first = self.y, len(self.items)
        for text, style in lines:
            self.write(text, style, indent, writing=own)
        if indent:
            self._centre(name, image, top, first)

    def _centre(self, name: str, image: Image.Image, top: int, first: int) -> None:
        """Place a pictogram level with the lines written since item number `first`, or with the first of many."""
        written = len(self.items) - first
        pitch = (self.y - top) // written
        level = written if written * pitch < 1.7 * image.height else 1 if image.height <= pitch else 2
        down = max(0, (level * pitch - image.height) // 2)
        self._place(name, image, self._from_start(0, image.width), top + down)
        self.y = max(self.y, top + image.height)

    def aside(self, other: "Column", left: int, top: int) -> None:
        """Put all that another column holds at a place of this one, leaving the pen where it is."""
        self.items.extend(_moved(item, left, top) for item in other.items)

    def picture(self, name: str, image: Image.Image, left: int) -> None:
        self._place(name, image, left, self.y)
        self.y += image.height

    def row(self, placed: Sequence[tuple[str, Image.Image, int]]) -> None:
        """Put pictures side by side, each at its left edge, their middles on one line."""
        height = max(image.height for _, image, _ in placed)
        for name, image, left in placed:
            self._place(name, image, left, self.y + (height - image.height) // 2)
        self.y += height

    def line_at(self, text: str, style: Style, left: int, baseline: int, writing: Writing = FRENCH) -> None:
        """Write one line at a given place, leaving the pen where it is."""
        ink = extent(text, style, writing)
        x = left - min(0, ink.left)
        box = Box(x + ink.left, baseline + ink.top, x + ink.right, baseline + ink.bottom)
        self.items.append(Text(text, style, (x, baseline), box, writing))

    def _narrower(self, style: Style) -> list[Style]:
        """Return the style and, from wide to narrow, what may stand for it."""
        widths = range(style.width, self.narrowest - 1, -NARROWER)
        return [style, *(dataclasses.replace(style, width=width) for width in widths[1:])]

    def _line(self, text: str, style: Style, indent: int, writing: Writing) -> None:
        baseline = self._baseline(((text, style, writing),))
        self._place_line(text, style, indent, baseline, writing)
        self._advance(baseline, ((text, style, writing),))

    def _baseline(self, pieces: Sequence[tuple[str, Style, Writing]]) -> int:
        """Return where the baseline of a line with these pieces must be for all of them to stay below the pen."""
        airy = (self.pitch - COMPACT) / 2
        usual = max(round((_BASELINE.get(w.script, _OTHER_BASELINE) + airy) * s.size) for _, s, w in pieces)
        return self.y + max(usual, *(-extent(*piece).top for piece in pieces))

    def _advance(self, baseline: int, pieces: Sequence[tuple[str, Style, Writing]]) -> None:
        pitch = max(LEAST_PITCH, *(round(style.size * self.pitch) for _, style, _ in pieces))
        self.y = max(self.y + pitch, *(baseline + extent(*piece).bottom for piece in pieces))

    def _place_line(self, text: str, style: Style, indent: int, baseline: int, writing: Writing) -> None:
        self.line_at(text, style, self._from_start(indent, measure(text, style, writing)), baseline, writing)

    def _from_start(self, indent: int, width: int) -> int:
        """Return the left edge of what is `width` dots wide and `indent` dots from the side where lines start."""
        if self.writing.right_to_left:
            return self.width - MARGIN - indent - width
        return MARGIN + indent

    def _place(self, name: str, image: Image.Image, left: int, top: int) -> None:
        self.items.append(Picture(name, image, Box(left, top, left + image.width, top + image.height)))

    def _widest_word(self, text: str, style: Style) -> int:
        return max(measure(word, style, self.writing) for word in text.split(" "))


def _moved(item: Text | Picture, right: int, down: int) -> Text | Picture:
    box = Box(item.box.left + right, item.box.top + down, item.box.right + right, item.box.bottom + down)
    if isinstance(item, Picture):
        return dataclasses.replace(item, box=box)
    return dataclasses.replace(item, box=box, origin=(item.origin[0] + right, item.origin[1] + down))
