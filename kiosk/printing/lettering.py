"""One line of text in any script: its faces, its measures, where it may break, its ink. No place on a paper."""

import functools
import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import ImageDraw

from kiosk.printing.fonts import JOINER, NBSP, NON_JOINER, NORMAL_WIDTH, Script, drawn_by, font, is_shaped

_CLOSING = frozenset("，。、；：？！）》」』”’…％%)],.;:?!")  # never first on a line of Chinese
_OPENING = frozenset("（《「『“‘([")  # never last


@dataclass(frozen=True, slots=True)
class Style:
    """A size in dots per em (40 dots are 14 pt at 203 dpi), a weight, and a width where the face has several."""

    size: int
    weight: int
    width: int = NORMAL_WIDTH


@dataclass(frozen=True, slots=True)
class Writing:
    """How a language is written."""

    language: str  # BCP 47; some letters differ between languages of one script
    script: Script
    right_to_left: bool = False


FRENCH = Writing("fr", Script.LATIN)


@dataclass(frozen=True, slots=True)
class Extent:
    """Ink around the start of the baseline, in dots; `advance` is where the next letter would start."""

    left: int
    top: int
    right: int
    bottom: int
    advance: int


@functools.lru_cache(maxsize=8192)
def extent(text: str, style: Style, writing: Writing = FRENCH) -> Extent:
    """Measure one line; raise MissingGlyphError for what cannot be drawn."""
    left, top, right, bottom, pen = 0, 0, 0, 0, 0.0
    for number, (script, piece) in enumerate(_runs(text, writing.script)):
        face = font(style.size, style.weight, style.width, script)
        direction, language = _layout(script, writing)
        box = face.getbbox(piece, anchor="ls", direction=direction, language=language)
        left = round(pen + box[0]) if number == 0 else min(left, round(pen + box[0]))
        top, bottom = min(top, int(box[1])), max(bottom, int(box[3]))
        right = max(right, round(pen + box[2]))
        pen += face.getlength(piece, direction=direction, language=language)
    return Extent(left, top, right, bottom, round(pen))


def measure(text: str, style: Style, writing: Writing = FRENCH) -> int:
    """Return how wide the ink and the advance of `text` are, in dots, whichever reaches farther."""
    found = extent(text, style, writing)
    return max(found.right, found.advance) - min(0, found.left)


def write_line(
    pen: ImageDraw.ImageDraw, origin: tuple[int, int], text: str, style: Style, writing: Writing = FRENCH
) -> None:
    """Draw one line from the left end of its baseline, each piece in its own face."""
    x, y = float(origin[0]), origin[1]
    for script, piece in _runs(text, writing.script):
        face = font(style.size, style.weight, style.width, script)
        direction, language = _layout(script, writing)
        pen.text((round(x), y), piece, font=face, fill=0, anchor="ls", direction=direction, language=language)
        x += face.getlength(piece, direction=direction, language=language)


def _layout(script: Script, writing: Writing) -> tuple[str | None, str | None]:
    """Return the direction and the language that raqm is told; basic layout must not be told any."""
    if not is_shaped(script):
        return None, None
    return ("rtl" if writing.right_to_left else "ltr"), writing.language


@functools.lru_cache(maxsize=8192)
def _runs(text: str, script: Script) -> tuple[tuple[Script, str], ...]:
    """Return the pieces of `text` with the script whose face draws them; a blank stays with what it follows."""
    if script is Script.LATIN:
        return ((script, text),)
    faces: list[Script] = []
    for char in text:
        blank = faces and (char.isspace() or unicodedata.combining(char))
        faces.append(faces[-1] if blank else drawn_by(char, script) or script)
    pieces = itertools.groupby(zip(faces, text, strict=True), key=lambda pair: pair[0])
    return tuple((face, "".join(char for _, char in pairs)) for face, pairs in pieces)


@functools.lru_cache(maxsize=4096)
def wrap(text: str, style: Style, width: int, writing: Writing = FRENCH) -> tuple[str, ...]:
    """Break `text` into lines of at most `width` dots, as few and as even as can be, in the order in which it is read.

    Lines break at spaces, and between Chinese characters but for their punctuation; what no line can hold also breaks
    at no-break spaces, after hyphens, at last between letters.
    """
    if measure(text, style, writing) <= width:
        return (text,)
    setting = _Setting(style, width, writing)
    atoms = [atom for word in text.split(" ") for atom in setting.atoms(word)]
    lines = setting.lines(atoms, width)
    narrow, wide = max(setting.measure(piece) for _, piece in atoms), width
    while narrow < wide:
        middle = (narrow + wide) // 2
        if len(setting.lines(atoms, middle)) > len(lines):
            narrow = middle + 1
        else:
            wide = middle
    return tuple(setting.lines(atoms, wide))


def forget() -> None:
    """Let go of every text that was measured: names are among them."""
    for cache in (extent, _runs, wrap):
        cache.cache_clear()


def widest_atom(text: str, style: Style, width: int, writing: Writing = FRENCH) -> int:
    """Return how wide the widest piece is that a line of `width` dots would not part."""
    setting = _Setting(style, width, writing)
    return max(setting.measure(piece) for word in text.split(" ") for _, piece in setting.atoms(word))


@dataclass(frozen=True, slots=True)
class _Setting:
    """A style in a column of `width` dots."""

    style: Style
    width: int
    writing: Writing

    def measure(self, text: str) -> int:
        return measure(text, self.style, self.writing)

    def lines(self, atoms: Sequence[tuple[str, str]], width: int) -> list[str]:
        lines: list[str] = []
        for glue, piece in atoms:
            if lines and self.measure(lines[-1] + glue + piece) <= width:
                lines[-1] += glue + piece
            else:
                lines.append(piece)
        return lines

    def atoms(self, word: str) -> list[tuple[str, str]]:
        """Return what a line break never parts, each with what joins it to the one before."""
        if self.writing.script is Script.HAN:
            pieces = [cut for piece in _han_pieces(word) for cut in self._cut(piece)] or [""]
        elif self.measure(word) <= self.width:
            pieces = [word]
        elif NBSP in word:
            return [atom for part in word.split(NBSP) for atom in self.atoms(part)]
        else:
            pieces = [piece for part in word.replace("-", "-\n").split("\n") for piece in self._cut(part)]
        return [("" if number else " ", piece) for number, piece in enumerate(pieces)]

    def _cut(self, part: str) -> list[str]:
        """Cut between letters what is wider than a line, losing nothing; a hyphen takes its letter along."""
        if self.measure(part) <= self.width:
            return [part] if part else []
        pieces: list[str] = []
        for letter in _letters(part):
            if pieces and self.measure(pieces[-1] + letter) <= self.width:
                pieces[-1] += letter
            else:
                pieces.append(letter)
        return pieces


def _letters(part: str) -> list[str]:
    """Return what even a cut word keeps whole: a letter with its marks, and with the hyphen after it."""
    letters: list[str] = []
    for char in part:
        hangs = unicodedata.category(char).startswith("M") or char in (JOINER, NON_JOINER)
        if letters and (hangs or letters[-1][-1] == JOINER or (char == "-" and letters[-1][-1] != "-")):
            letters[-1] += char
        else:
            letters.append(char)
    return letters


def _han_pieces(word: str) -> Iterator[str]:
    """Yield a Chinese text in the pieces between which a line may break."""
    piece = ""
    for char in word:
        between = bool(piece) and (_is_han(char) or _is_han(piece[-1]))
        if between and char not in _CLOSING and piece[-1] not in _OPENING and NBSP not in (char, piece[-1]):
            yield piece
            piece = ""
        piece += char
    yield piece


def _is_han(char: str) -> bool:
    return "\u2e80" <= char <= "\uffef"  # ideographs, their punctuation, and full-width forms
