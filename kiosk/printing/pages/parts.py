"""What several papers say in the same words; French only."""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Sequence

from kiosk.booking import french
from kiosk.printing import pictures
from kiosk.printing.fonts import BOLD, NBSP
from kiosk.printing.sheet import (
    BANNER_SIZES,
    BODY,
    FOOT,
    MARGIN,
    NAME_SIZES,
    STRONG,
    Box,
    Column,
    Picture,
    Text,
)

DEMONSTRATION = "DÉMONSTRATION"
EXAMPLE = "Ce papier est un exemple."
FREE = ("C'est gratuit.", "Ne payez jamais.")
COME_BACK = "Revenez ici."
BULLET = "•"
BULLET_INDENT = 30  # dots


def demonstration_at_top(column: Column, demonstration: bool) -> None:
    if demonstration:
        column.write_whole(DEMONSTRATION, BANNER_SIZES, BOLD)
        column.write(EXAMPLE, STRONG)
        column.rule()


def demonstration_at_foot(column: Column, demonstration: bool) -> None:
    """Say it again, for whoever cuts the top off."""
    if demonstration:
        column.write_whole(DEMONSTRATION, BANNER_SIZES, BOLD)


def free(column: Column) -> None:
    column.beside("coin", pictures.crossed_out_coin(96), FREE, STRONG)


def person(column: Column, name: str) -> None:
    """Write whose paper it is, an initial at the end never alone on a line."""
    column.write(f"Pour{NBSP}:", BODY)
    column.write_whole(re.sub(r" (?=\S\.$)", NBSP, name), NAME_SIZES, BOLD)


def bullets(column: Column, texts: Iterable[str]) -> None:
    """Write a list, its second lines under its first."""
    for text in texts:
        top, baseline = column.y, round(BODY.size * 0.96)
        column.write(text, BODY, BULLET_INDENT)
        column.line_at(BULLET, BODY, MARGIN, top + baseline)


def printed_on(column: Column, moment: dt.datetime) -> None:
    """Write Imprimé le 23/11/2026 à 12 h 03, for the foot."""
    column.write(f"Imprimé le {moment:%d/%m/%Y} à{NBSP}{french.hour(moment.time())}", FOOT)


def day(date: dt.date) -> str:
    """Return mercredi 3 février 2027, the date held together: a line breaks after the weekday or nowhere."""
    return f"{french.weekday(date)} {french.day_number(date.day)}{NBSP}{french.month(date)}{NBSP}{date.year}"


def hour(moment: dt.datetime) -> str:
    """Return à 14 h 05."""
    return f"à{NBSP}{french.hour(moment.time())}"


def shifted(items: Sequence[Text | Picture], right: int) -> list[Text | Picture]:
    """Return the items as many dots to the right."""
    return [_shifted(item, right) for item in items]


def _shifted(item: Text | Picture, right: int) -> Text | Picture:
    box = Box(item.box.left + right, item.box.top, item.box.right + right, item.box.bottom)
    if isinstance(item, Picture):
        return dataclasses.replace(item, box=box)
    return dataclasses.replace(item, box=box, origin=(item.origin[0] + right, item.origin[1]))
