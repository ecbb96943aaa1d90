"""What a paper is drawn and encoded for: width, resolution, cutter, and how fast the line is.

What is known of printers by name comes from the capability data that python-escpos carries. It is read as a file:
importing that package writes to the root logger, leaves a temporary directory behind and takes a quarter of a second.
"""

import functools
import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from kiosk.printing.errors import ProfileError

Paper = Literal["80mm", "58mm"]

WIDTHS = (384, 512, 576)  # dots for which papers are drawn
USUAL_DPI = 203
MM_PER_INCH = 25.4
PRINTABLE_MM: dict[Paper, float] = {"80mm": 72.5, "58mm": 48.5}
SLOW_BYTES_PER_SECOND = 2_000  # 19,200 baud and less: half a minute and more for a fine ticket


@dataclass(frozen=True, slots=True)
class Form:
    """The facts of one printer that change pixels or bytes."""

    dots: int  # printable width: 384 (58 mm), 512 (80 mm at 180 dpi), 576 (80 mm)
    dpi: int = USUAL_DPI
    cutter: bool = True
    coarse: bool = False  # half the vertical resolution, for a line too slow for all of it
    justified: bool = True  # the print area is exactly `dots` wide: pictures may be put at its centre and right


def form_for(paper: Paper, profile: str | None = None, *, bytes_per_second: int | None = None) -> Form:
    """Return the form for a paper in the printer that `profile` names, on a line of that speed (None: fast).

    A print area that is wider than the widest paper we draw for it is filled from its left edge. Raise ProfileError
    when the profile is not known, or when that printer cannot print our pictures on this paper.
    """
    facts = _Printer(area=None, dpi=USUAL_DPI, cutter=True) if profile is None else _printers().get(profile)
    if facts is None:
        names = ", ".join(profile_names())
        raise ProfileError(f"Le profil d'imprimante « {profile} » n'est pas connu. Profils connus : {names}.")
    dots = _widest(paper, facts.area, facts.dpi)
    if dots is None:
        raise ProfileError(f"L'imprimante « {profile} » ne peut pas imprimer nos tickets sur du papier de {paper}.")
    coarse = bytes_per_second is not None and bytes_per_second <= SLOW_BYTES_PER_SECOND
    return Form(dots, facts.dpi, facts.cutter, coarse, justified=facts.area in (None, dots))


def profile_names() -> tuple[str, ...]:
    """Return the names of all printers that can print our papers, in alphabetical order."""
    printers = _printers()
    papers: tuple[Paper, ...] = ("80mm", "58mm")
    able = (name for name, facts in printers.items() if any(_widest(paper, facts.area, facts.dpi) for paper in papers))
    return tuple(sorted(able, key=str.casefold))


@dataclass(frozen=True, slots=True)
class _Printer:
    """What is known of one model."""

    area: int | None  # dots, when known
    dpi: int
    cutter: bool


@functools.cache
def _printers() -> dict[str, _Printer]:
    """Read the models that print raster pictures; displays and old dot matrix printers do not."""
    path = metadata.distribution("python-escpos").locate_file("escpos/capabilities.json")
    profiles: dict[str, dict[str, Any]] = json.loads(Path(str(path)).read_text(encoding="utf-8"))["profiles"]
    return {name: _printer(facts) for name, facts in profiles.items() if facts["features"].get("bitImageRaster")}


def _printer(facts: dict[str, Any]) -> _Printer:
    media, features = facts["media"], facts["features"]
    return _Printer(
        area=_number(media["width"].get("pixels")),
        dpi=_number(media.get("dpi")) or USUAL_DPI,
        cutter=bool(features.get("paperFullCut") or features.get("paperPartCut")),
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None  # what is not known is the word "Unknown"


def _widest(paper: Paper, area: int | None, dpi: int) -> int | None:
    """Return the widest of our widths that lies within the print area and on the paper."""
    fitting = (
        dots for dots in WIDTHS if (area is None or dots <= area) and dots * MM_PER_INCH / dpi <= PRINTABLE_MM[paper]
    )
    return max(fitting, default=None)
