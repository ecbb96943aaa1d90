"""The machine-readable zone of an identity document: ICAO Doc 9303 parts 4 (TD3), 5 (TD1) and 6 (TD2).

Names carry no check digit there: a misread letter of a name shows only when the ticket does not match.
"""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.tickets.identity import FILLER, Bearer

_AGAIN = "Passez le document encore une fois, ou tapez le nom et la date de naissance."
_TYPE = "Tapez le nom et la date de naissance."
_DIGITS = {char: value for value, char in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {FILLER: 0}
_WEIGHTS = (7, 3, 1)
_NAMES = "[A-Z]+(?:<[A-Z]+)*"
_NAME_FIELD = re.compile(f"({_NAMES})(?:<<({_NAMES}))?<*")
_PRINCIPAL = 9  # characters of a document number that have a place of their own
_VISA = "V"
_OLD_FRENCH_CARD = "IDFRA"


class BadZoneError(ValueError):
    """Not a zone, or misread; the message is a French sentence for the screen."""


@dataclass(frozen=True, slots=True)
class _Field:
    """Characters in a row: the index of their line, from, to, and what is said when their check digit is wrong."""

    line: int
    start: int
    stop: int
    error: str = ""

    def of(self, lines: Sequence[str]) -> str:
        """Return them."""
        return lines[self.line][self.start : self.stop]

    @property
    def check(self) -> "_Field":
        """The check digit, which always follows."""
        return _Field(self.line, self.stop, self.stop + 1)


@dataclass(frozen=True, slots=True)
class _Format:
    """Where things stand in one size of document."""

    lines: int
    width: int
    name: _Field
    number: _Field
    rest: _Field | None  # of a long document number, at the start of the optional data
    birth_date: _Field
    expiry: _Field
    optional: _Field | None  # with a check digit of its own
    whole: tuple[_Field, ...]  # what the composite check digit covers
    composite: _Field


_NUMBER = "le numéro du document est mal lu"
_BORN = "la date de naissance est mal lue"
_EXPIRY = "la date de fin est mal lue"
_OPTIONAL = "le numéro personnel est mal lu"
_WHOLE = "un signe est mal lu"


def _two_lines(width: int, rest: _Field | None, optional: _Field | None) -> _Format:
    """Return a format of two lines: these differ only in their width and in the optional data, which come last."""
    last = width - 1
    return _Format(
        2,
        width,
        _Field(0, 5, width),
        _Field(1, 0, 9, _NUMBER),
        rest,
        _Field(1, 13, 19, _BORN),
        _Field(1, 21, 27, _EXPIRY),
        optional,
        (_Field(1, 0, 10), _Field(1, 13, 20), _Field(1, 21, last)),
        _Field(1, last, width, _WHOLE),
    )


_TD3 = _two_lines(44, None, _Field(1, 28, 42, _OPTIONAL))
_TD2 = _two_lines(36, _Field(1, 28, 35), None)
_TD1 = _Format(
    3,
    30,
    _Field(2, 0, 30),
    _Field(0, 5, 14, _NUMBER),
    _Field(0, 15, 30),
    _Field(1, 0, 6, _BORN),
    _Field(1, 8, 14, _EXPIRY),
    None,
    (_Field(0, 5, 30), _Field(1, 0, 7), _Field(1, 8, 15), _Field(1, 18, 29)),
    _Field(1, 29, 30, _WHOLE),
)
_FORMATS = (_TD3, _TD2, _TD1)


def read_zone(text: str) -> Bearer:
    """Return who the document names; raise BadZoneError.

    Lines are separated by line breaks or not at all; spaces and case do not matter. Every check digit is verified.
    The birth date keeps the two digits of its year.
    """
    lines = _lines(text)
    layout, lines = _layout(lines)
    if lines[0].startswith(_VISA):
        raise BadZoneError(
            "C'est un visa. Passez la page du passeport qui a la photo, ou tapez le nom et la date de naissance."
        )
    if layout is _TD2 and lines[0].startswith(_OLD_FRENCH_CARD):
        raise BadZoneError(f"C'est une ancienne carte d'identité française : elle ne se lit pas ici. {_TYPE}")
    _check_digits(lines, layout)
    surname, given_names = _names(layout.name.of(lines), layout.name.line)
    return Bearer(
        surname.replace(FILLER, ""),
        given_names.split(FILLER)[0],
        _birth_date(layout.birth_date.of(lines), layout.birth_date.line),
        may_be_cut=not layout.name.of(lines).endswith(FILLER),  # a letter in the last place: Doc 9303 part 3
    )


def _lines(text: str) -> list[str]:
    lines = ["".join(line.split()) for line in text.splitlines()]
    lines = [line for line in lines if line]
    for number, line in enumerate(lines, 1):
        # Before capitals are made: some foreign letters have a capital in A-Z.
        if not re.fullmatch("[A-Za-z0-9<]*", line):
            raise BadZoneError(f"Ligne {number} : un signe n'existe pas en bas d'un document d'identité. {_AGAIN}")
    return [line.upper() for line in lines]


def _layout(lines: list[str]) -> tuple[_Format, list[str]]:
    if not lines:
        raise BadZoneError(f"Rien n'a été lu. {_AGAIN}")
    lengths = [len(line) for line in lines]
    for layout in _FORMATS:
        width = layout.width
        if lengths == [width * layout.lines]:
            return layout, [lines[0][start : start + width] for start in range(0, len(lines[0]), width)]
        if lengths == [width] * layout.lines:
            return layout, lines
    for layout in _FORMATS:
        if len(lines) == layout.lines and lengths.count(layout.width) == layout.lines - 1:
            [wrong] = [number for number, length in enumerate(lengths, 1) if length != layout.width]
            raise BadZoneError(f"Ligne {wrong} : {lengths[wrong - 1]} signes au lieu de {layout.width}. {_AGAIN}")
    raise BadZoneError(f"Ce n'est pas le bas d'un document d'identité, ou il en manque un morceau. {_AGAIN}")


def _check_digits(lines: list[str], layout: _Format) -> None:
    _check_number(lines, layout)
    for field in (layout.birth_date, layout.expiry):
        _verify(field.of(lines), field.check.of(lines), field)
    if (optional := layout.optional) is not None:
        digit = optional.check.of(lines)
        if not (digit == FILLER and not optional.of(lines).strip(FILLER)):  # TD3 without personal number: 0 or <
            _verify(optional.of(lines), digit, optional)
    _verify("".join(field.of(lines) for field in layout.whole), layout.composite.of(lines), layout.composite)


def _check_number(lines: list[str], layout: _Format) -> None:
    number, digit = layout.number.of(lines), layout.number.check.of(lines)
    if digit == FILLER and layout.rest is not None:
        # A number longer than its place goes on in the optional data, its check digit last, and ends with a filler.
        rest = layout.rest.of(lines).split(FILLER)[0]
        if len(number.rstrip(FILLER)) == _PRINCIPAL and len(rest) > 1:
            number, digit = number + rest[:-1], rest[-1]
    _verify(number, digit, layout.number)


def _verify(covered: str, digit: str, field: _Field) -> None:
    total = sum(_DIGITS[char] * _WEIGHTS[place % len(_WEIGHTS)] for place, char in enumerate(covered))
    if digit != str(total % 10):
        raise BadZoneError(f"Ligne {field.line + 1} : {field.error}. {_AGAIN}")


def _names(field: str, line: int) -> tuple[str, str]:
    found = _NAME_FIELD.fullmatch(field)
    if found is None:
        raise BadZoneError(f"Ligne {line + 1} : le nom est mal lu. {_AGAIN}")
    return found[1], found[2] or ""


def _birth_date(field: str, line: int) -> str:
    if not re.fullmatch(r"\d\d(?:\d\d(?:\d\d|<<)|<<<<)|<{6}", field):
        raise BadZoneError(f"Ligne {line + 1} : la date de naissance est mal lue. {_AGAIN}")
    year, month, day = field[:2], field[2:4], field[4:]
    if year == FILLER * 2:
        raise BadZoneError(f"L'année de naissance n'est pas sur ce document. {_TYPE}")
    if month != FILLER * 2:
        if not 1 <= int(month) <= 12:
            raise BadZoneError(f"Ligne {line + 1} : ce mois de naissance n'existe pas. {_AGAIN}")
        # 2000 had a 29 February and 1900 had none, but nobody born in 1900 stands here.
        if day != FILLER * 2 and not 1 <= int(day) <= calendar.monthrange(2000 + int(year), int(month))[1]:
            raise BadZoneError(f"Ligne {line + 1} : ce jour de naissance n'existe pas. {_AGAIN}")
    return field
