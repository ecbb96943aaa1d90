"""Which font draws which script on this machine, and the gate that keeps boxes (.notdef glyphs) off the paper."""

import functools
import os
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import fontpkg
from PIL import ImageFont, features

from kiosk.printing.errors import MissingGlyphError

REGULAR, MEDIUM, SEMIBOLD, BOLD = 400, 500, 600, 700  # values of the font's `wght` axis
NORMAL_WIDTH = 100  # value of its `wdth` axis; 62 is the narrowest
NBSP = "\u00a0"
NON_JOINER, JOINER = "\u200c", "\u200d"  # they shape Persian and Indic words, and have no ink of their own

_PROBE_SIZE = 32
_NO_CHARACTER = "\U0010ffff"  # never assigned: always drawn as .notdef
_SHAPING_PACKAGE = "libfribidi0"  # Pillow brings raqm and harfbuzz, and loads the system's fribidi


class Script(StrEnum):
    """A script, and with it a face."""

    LATIN = "latin"  # Cyrillic too: the same face holds both
    ARABIC = "arabic"
    TAMIL = "tamil"
    BENGALI = "bengali"
    ETHIOPIC = "ethiopic"
    HAN = "han"


@dataclass(frozen=True, slots=True)
class _Family:
    """Where the face of a script comes from."""

    name: str  # as its files call it
    shaped: bool = False  # letters join, change or change places: BASIC layout would draw them wrong
    package: str = ""  # Debian's; empty for what is installed with the kiosk
    regular: str = ""  # names of Debian's files
    bold: str = ""


_FAMILIES = {
    Script.LATIN: _Family("Noto Sans"),
    Script.ARABIC: _Family("Noto Sans Arabic", shaped=True),
    Script.TAMIL: _Family("Noto Sans Tamil", shaped=True),
    Script.BENGALI: _Family(
        "Noto Sans Bengali", True, "fonts-noto-core", "NotoSansBengali-Regular.ttf", "NotoSansBengali-Bold.ttf"
    ),
    Script.ETHIOPIC: _Family(
        "Noto Sans Ethiopic", False, "fonts-noto-core", "NotoSansEthiopic-Regular.ttf", "NotoSansEthiopic-Bold.ttf"
    ),
    Script.HAN: _Family("Noto Sans CJK SC", False, "fonts-noto-cjk", "NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
}


def is_shaped(script: Script) -> bool:
    """Tell whether the script is drawn by raqm."""
    return _FAMILIES[script].shaped


@dataclass(frozen=True, slots=True)
class Machine:
    """What a computer can draw with, besides the fonts installed with the kiosk."""

    font_directories: tuple[Path, ...]
    shaping: bool

    def lacks(self, script: Script) -> tuple[str, ...]:
        """Return the Debian packages to install before `script` can be drawn; none when it can be."""
        family = _FAMILIES[script]
        lacking = []
        if family.package and not all(_found(self.font_directories, name) for name in (family.regular, family.bold)):
            lacking.append(family.package)
        if family.shaped and not self.shaping:
            lacking.append(_SHAPING_PACKAGE)
        return tuple(lacking)


@functools.cache
def this_machine() -> Machine:
    """Return what this computer has. Without fribidi raqm is not there, and joined letters would come out apart."""
    directories = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")
    return Machine(directories, bool(features.check("raqm") and features.version("fribidi")))


@functools.cache
def _found(directories: tuple[Path, ...], name: str) -> Path | None:
    for directory in directories:
        for folder, _, files in os.walk(directory):
            if name in files:
                return Path(folder) / name
    return None


@functools.lru_cache(maxsize=256)
def font(size: int, weight: int, width: int = NORMAL_WIDTH, script: Script = Script.LATIN) -> ImageFont.FreeTypeFont:
    """Return the face of a script at `size` dots per em; raise MissingGlyphError when this machine has none.

    Basic layout where no shaping is needed: it draws the same dots on every machine. A face without axes has two
    weights and one width.
    """
    family = _FAMILIES[script]
    layout = ImageFont.Layout.RAQM if family.shaped else ImageFont.Layout.BASIC
    if this_machine().lacks(script):
        raise MissingGlyphError(f"La police {family.name} manque sur cette machine.")
    if not family.package:
        loaded = ImageFont.truetype(fontpkg.path(family.name), size, layout_engine=layout)
        loaded.set_variation_by_axes([weight, width])
        return loaded
    path = _found(this_machine().font_directories, family.bold if weight >= SEMIBOLD else family.regular)
    assert path is not None  # noqa: S101 lacks() has just said so
    return ImageFont.truetype(path, size, index=_index(path, family.name), layout_engine=layout)


@functools.cache
def _index(path: Path, family: str) -> int:
    """Return which face of a collection is the family's; raise MissingGlyphError when none is."""
    for index in range(64):
        try:
            name, _ = ImageFont.truetype(path, _PROBE_SIZE, index=index).getname()
        except OSError:
            break
        if name == family:
            return index
    raise MissingGlyphError(f"La police {family} n'est pas dans {path.name}.")


def printable(text: str, script: Script = Script.LATIN) -> str:
    """Return `text` in characters that can be drawn, accents given up where it must; raise MissingGlyphError."""
    return "".join(_drawable(char, script) for char in unicodedata.normalize("NFC", text))


@functools.lru_cache(maxsize=4096)
def _drawable(char: str, script: Script) -> str:
    category = unicodedata.category(char)
    if category == "Zs":
        return " " if char == " " else NBSP
    if char in (NON_JOINER, JOINER) and _FAMILIES[script].shaped:
        return char
    if category == "Cf":
        return ""  # joiners and direction marks have no ink in Latin text
    if drawn_by(char, script):
        return char
    base = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    if base and base != char and all(drawn_by(c, script) for c in base):
        return base
    raise MissingGlyphError(f"La police du ticket n'a pas le caractère {char!a} (U+{ord(char):04X}).")


def drawn_by(char: str, script: Script) -> Script | None:
    """Return the script whose face draws `char` in a text of `script`: its own, or Latin beside it; None for neither.

    Nothing is borrowed from right to left: pieces of such a line would be drawn in the wrong order.
    """
    if char in (NON_JOINER, JOINER) or has_glyph(char, script):
        return script
    return Script.LATIN if script is not Script.ARABIC and has_glyph(char) else None


@functools.lru_cache(maxsize=8192)
def has_glyph(char: str, script: Script = Script.LATIN) -> bool:
    """Tell whether the face draws `char` with something else than its .notdef box."""
    return _ink(char, script) != _ink(_NO_CHARACTER, script)


def _ink(char: str, script: Script) -> bytes:
    return bytes(_probe(script).getmask(char))


@functools.cache
def _probe(script: Script) -> ImageFont.FreeTypeFont:
    """Return the face in basic layout: one character, one glyph, no help from a shaper."""
    face = font(_PROBE_SIZE, REGULAR, NORMAL_WIDTH, script)
    return face.font_variant(layout_engine=ImageFont.Layout.BASIC)
