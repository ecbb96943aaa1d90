"""The one door for text from outside (network, file, keyboard, scanner), and the folding used to compare it."""

import unicodedata

MAX_TEXT = 200
MAX_MARKS_IN_A_ROW = 3

_DROPPED = {"Cc", "Zl", "Zp", "Cs", "Co", "Cn", "Cf"}
_JOINERS = {"\u200c", "\u200d"}  # meaningful inside Persian, Tamil, Bengali words
_FOLDED = str.maketrans(
    {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "đ": "d", "ł": "l", "ı": "i"} | dict.fromkeys("'’ʼ`-‐‑–.", " ")
)


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text` as NFC, on one line, without control, format or unassigned characters, at most `limit` characters.

    Escape bytes, C1 codes, bidi overrides and piled-up marks do not pass; every screen and paper relies on it.
    """
    composed = unicodedata.normalize("NFC", text[: 8 * limit])
    kept: list[str] = []
    marks = 0
    for char in composed:
        category = unicodedata.category(char)
        if char in "\t\n\r\v\f" or category in {"Zl", "Zp"}:
            char, category = " ", "Zs"
        if category in _DROPPED and char not in _JOINERS:
            continue
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks <= MAX_MARKS_IN_A_ROW:
            kept.append(char)
    return " ".join("".join(kept).split())[:limit].rstrip()


def fold(text: str) -> str:
    """Return `text` without accents, case, hyphens or apostrophes: the form in which names are searched."""
    lowered = text.casefold().translate(_FOLDED)
    stripped = "".join(c for c in unicodedata.normalize("NFKD", lowered) if unicodedata.category(c) != "Mn")
    return " ".join(stripped.split())
