"""Full dates in the languages printed, composed from a frozen table: no locale data at run time."""

import datetime as dt
import functools
import json
import re
from collections.abc import Mapping
from typing import TypedDict

from kiosk.printing.phrases import DIRECTORY

_FIELD = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|.", re.DOTALL)  # of a CLDR date pattern


class Names(TypedDict):
    """How one language writes a date: see tools/make_dates.py."""

    pattern: str  # CLDR: EEEE, d MMMM y
    weekdays: list[str]  # Monday first
    months: list[str]  # January first


def full_date(code: str, date: dt.date) -> str:
    """Return Wednesday, 3 February 2027 in the language; raise KeyError for a language that the table lacks."""
    names = _names()[code]
    return "".join(_field(match, names, date) for match in _FIELD.finditer(names["pattern"]))


def words(code: str) -> tuple[str, ...]:
    """Return the names, and the signs between them, that dates of this language can hold; none for no language."""
    if code not in _names():
        return ()
    names = _names()[code]
    return (*names["weekdays"], *names["months"], full_date(code, dt.date(2023, 10, 14)))


def hour(time: dt.time) -> str:
    """Return 14:05: read in every language printed, but French."""
    return f"{time:%H:%M}"


def _field(match: re.Match[str], names: Names, date: dt.date) -> str:
    quoted, field = match[1], match[0]
    match field:
        case "EEEE" | "cccc":
            return names["weekdays"][date.weekday()]
        case "MMMM" | "LLLL":
            return names["months"][date.month - 1]
        case "M" | "L":
            return str(date.month)
        case "d":
            return str(date.day)
        case "y":
            return str(date.year)
        case _:
            return field if quoted is None else quoted.replace("''", "'") or "'"


@functools.cache
def _names() -> Mapping[str, Names]:
    table: Mapping[str, Names] = json.loads((DIRECTORY / "dates.json").read_text(encoding="utf-8"))
    return table
