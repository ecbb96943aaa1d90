"""Noto Sans at any size and weight, and the gate that keeps boxes (.notdef glyphs) off the paper."""

import functools
import unicodedata

import fontpkg
from PIL import ImageFont

from kiosk.printing.errors import MissingGlyphError

REGULAR, MEDIUM, SEMIBOLD, BOLD = 400, 500, 600, 700  # values of the font's `wght` axis
NORMAL_WIDTH = 100  # value of its `wdth` axis
NBSP = "\u00a0"

_PROBE_SIZE = 32
_NO_CHARACTER = "\U0010ffff"  # never assigned: always drawn as .notdef


@functools.lru_cache(maxsize=64)
def font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    """Return Noto Sans at `size` dots per em.

    Basic layout and not raqm: raqm loads a system library (fribidi) that may be missing, and Latin needs no shaping.
    """
    loaded = ImageFont.truetype(fontpkg.path("Noto Sans"), size, layout_engine=ImageFont.Layout.BASIC)
    loaded.set_variation_by_axes([weight, NORMAL_WIDTH])
    return loaded


def printable(text: str) -> str:
    """Return `text` in characters that the font can draw, accents given up where it must; raise MissingGlyphError."""
    return "".join(_drawable(char) for char in unicodedata.normalize("NFC", text))


def _drawable(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Zs":
        return " " if char == " " else NBSP
    if category == "Cf":
        return ""  # joiners and direction marks have no ink in Latin text
    if has_glyph(char):
        return char
    base = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    if base and base != char and all(has_glyph(c) for c in base):
        return base
    raise MissingGlyphError(f"La police du ticket n'a pas le caractère {char!a} (U+{ord(char):04X}).")


@functools.lru_cache(maxsize=4096)
def has_glyph(char: str) -> bool:
    """Tell whether the font draws `char` with something else than its .notdef box."""
    probe = font(_PROBE_SIZE, REGULAR)
    return bytes(probe.getmask(char)) != bytes(probe.getmask(_NO_CHARACTER))
