"""A sheet of paper filled from top to bottom: placed items, and those as a 1-bit image. No page of its own."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from kiosk.printing import pictograms
from kiosk.printing.fonts import BOLD, MEDIUM, NBSP, SEMIBOLD, font, printable

WIDTHS = (384, 576)  # dots that a 58 mm and an 80 mm printer can reach, at 8 dots per mm
MARGIN = 4  # dots
GAP = 16  # dots between two groups, above and below the rule that parts them
RULE = 3  # dots
PICTURE_GAP = 14  # dots between a pictogram and its text
LINE_PITCH, BASELINE = 1.25, 0.96  # of the size


@dataclass(frozen=True, slots=True)
class Style:
    """A size in dots per em (40 dots are 14 pt at 203 dpi) and a weight."""

    size: int
    weight: int


BODY = Style(40, MEDIUM)
STRONG = Style(40, BOLD)
PLACE = Style(48, SEMIBOLD)
HOUR = Style(48, BOLD)
DIGITS = {384: Style(66, BOLD), 576: Style(96, BOLD)}  # the hour, by width of paper
FOOT = Style(34, MEDIUM)
# From the size wished for down to the smallest body size: the first at which no word is cut is taken.
BANNER_SIZES = (66, 60, 54, 48, 40)
NAME_SIZES = (66, 54, 48)
DATE_SIZES = (48, 44, 40)
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
    """One line of text; `origin` is where its baseline starts, `box` where its ink is."""

    text: str
    style: Style
    origin: tuple[int, int]
    box: Box


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
            pen.text(item.origin, item.text, font=font(item.style.size, item.style.weight), fill=0, anchor="ls")
        else:
            sheet.paste(item.image, (item.box.left, item.box.top))
    return pictograms.crisp(sheet)


class Column:
    """A pen that goes down the paper."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.inside = width - 2 * MARGIN
        self.y = GAP
        self.items: list[Text | Picture] = []

    def gap(self, dots: int = GAP) -> None:
        self.y += dots

    def rule(self) -> None:
        """Part two groups of facts by a line."""
        self.gap()
        self._place("rule", Image.new("1", (self.inside, RULE), 0), MARGIN, self.y)
        self.y += RULE
        self.gap(GAP - 4)

    def write(self, text: str, style: Style, indent: int = 0) -> None:
        """Write `text`, over as many lines as it takes."""
        for line in wrap(printable(text), style, self.inside - indent):
            self._line(line, style, MARGIN + indent)

    def write_whole(self, text: str, sizes: Sequence[int], weight: int) -> None:
        """Write `text` at the first of `sizes` at which none of its words is cut."""
        fitting = (size for size in sizes if _widest_word(printable(text), Style(size, weight)) <= self.inside)
        self.write(text, Style(next(fitting, sizes[-1]), weight))

    def beside(self, name: str, image: Image.Image, texts: Sequence[str], style: Style) -> None:
        """Put a pictogram at the left of its text, or above it where a word would have to be cut."""
        indent = image.width + PICTURE_GAP
        if any(_widest_atom(printable(text), style, self.inside) > self.inside - indent for text in texts):
            self.picture(name, image, MARGIN)
            self.gap(8)
            indent = 0
        top, first = self.y, len(self.items)
        for text in texts:
            self.write(text, style, indent)
        if indent:
            self._centre(name, image, top, first)

    def _centre(self, name: str, image: Image.Image, top: int, first: int) -> None:
        """Place a pictogram level with the lines written since item number `first`: with one, or two if it is tall."""
        written = len(self.items) - first
        pitch = (self.y - top) // written
        beside = min(written, 1 if image.height <= pitch else 2) * pitch
        self._place(name, image, MARGIN, top + max(0, (beside - image.height) // 2))
        self.y = max(self.y, top + image.height)

    def picture(self, name: str, image: Image.Image, left: int) -> None:
        self._place(name, image, left, self.y)
        self.y += image.height

    def row(self, placed: Sequence[tuple[str, Image.Image, int]]) -> None:
        """Put pictures side by side, each at its left edge, their middles on one line."""
        height = max(image.height for _, image, _ in placed)
        for name, image, left in placed:
            self._place(name, image, left, self.y + (height - image.height) // 2)
        self.y += height

    def line_at(self, text: str, style: Style, left: int, baseline: int) -> None:
        """Write one line at a given place, leaving the pen where it is."""
        box = font(style.size, style.weight).getbbox(text, anchor="ls")
        x = left - min(0, int(box[0]))
        ink = Box(x + int(box[0]), baseline + int(box[1]), x + int(box[2]), baseline + int(box[3]))
        self.items.append(Text(text, style, (x, baseline), ink))

    def _line(self, text: str, style: Style, left: int) -> None:
        _, above, _, below = font(style.size, style.weight).getbbox(text, anchor="ls")
        baseline = self.y + max(round(style.size * BASELINE), -int(above))
        self.line_at(text, style, left, baseline)
        self.y = max(self.y + round(style.size * LINE_PITCH), baseline + int(below))

    def _place(self, name: str, image: Image.Image, left: int, top: int) -> None:
        self.items.append(Picture(name, image, Box(left, top, left + image.width, top + image.height)))


def wrap(text: str, style: Style, width: int) -> list[str]:
    """Break `text` into lines of at most `width` dots, as few and as even as can be.

    Lines break at spaces; what no line can hold also breaks at no-break spaces, after hyphens, at last between letters.
    """
    atoms = [atom for word in text.split(" ") for atom in _atoms(word, style, width)]
    lines = _greedy(atoms, style, width)
    narrow, wide = max(_measure(piece, style) for _, piece in atoms), width
    while narrow < wide:
        middle = (narrow + wide) // 2
        if len(_greedy(atoms, style, middle)) > len(lines):
            narrow = middle + 1
        else:
            wide = middle
    return _greedy(atoms, style, wide)


def _greedy(atoms: Sequence[tuple[str, str]], style: Style, width: int) -> list[str]:
    lines: list[str] = []
    for glue, piece in atoms:
        if lines and _measure(lines[-1] + glue + piece, style) <= width:
            lines[-1] += glue + piece
        else:
            lines.append(piece)
    return lines


def _atoms(word: str, style: Style, width: int) -> list[tuple[str, str]]:
    """Return what a line break never parts, each with what joins it to the one before."""
    if _measure(word, style) <= width:
        return [(" ", word)]
    if NBSP in word:
        return [atom for part in word.split(NBSP) for atom in _atoms(part, style, width)]
    pieces = [piece for part in word.replace("-", "-\n").split("\n") for piece in _cut(part, style, width)]
    return [("" if number else " ", piece) for number, piece in enumerate(pieces)]


def _cut(part: str, style: Style, width: int) -> list[str]:
    """Cut between letters what is wider than a line, losing nothing; a hyphen takes its letter along."""
    pieces: list[str] = []
    for letter in re.findall(r"[^-]-|.", part):
        if pieces and _measure(pieces[-1] + letter, style) <= width:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


@functools.lru_cache(maxsize=4096)
def _measure(text: str, style: Style) -> int:
    """Return how wide the ink and the advance of `text` are, in dots, whichever reaches farther."""
    drawn = font(style.size, style.weight)
    left, _, right, _ = drawn.getbbox(text, anchor="ls")
    return int(max(right, drawn.getlength(text)) - min(0, left))


def _widest_atom(text: str, style: Style, width: int) -> int:
    """Return how wide the widest piece is that a line of `width` dots would not part."""
    return max(_measure(piece, style) for word in text.split(" ") for _, piece in _atoms(word, style, width))


def _widest_word(text: str, style: Style) -> int:
    return max(_measure(word, style) for word in text.split(" "))
