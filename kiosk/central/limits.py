"""What one service allows: every bound of the rules, its default, its meaning. Kept per service in the database."""

from dataclasses import dataclass, field, fields
from typing import cast

_TOO_LONG = 10  # digits


def _bound(default: int, least: int, most: int, meaning: str) -> int:
    bound: int = field(default=default, metadata={"least": least, "most": most, "meaning": meaning})
    return bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings of a service. Each is a whole number within the bounds beside it."""

    hold_seconds: int = _bound(300, 60, 900, "how long a slot is kept while identity is checked")
    horizon_days: int = _bound(84, 1, 366, "the last day that can be booked, counted from the site's today")
    hidden_minutes_least: int = _bound(120, 1, 10_080, "a released place stays hidden at least so long")
    hidden_minutes_most: int = _bound(1440, 1, 10_080, "a released place stays hidden at most so long, drawn at random")
    mediator_hour: int = _bound(12, 1, 100_000, "places a mediator may take in a clock hour")
    mediator_day: int = _bound(60, 1, 100_000, "places a mediator may take in a day of Paris")
    kiosk_hour: int = _bound(15, 1, 100_000, "places a kiosk may take in a clock hour")
    rejections_hour: int = _bound(30, 1, 100_000, "numbers of persons that a mediator may have refused in a clock hour")
    site_day: int = _bound(120, 1, 100_000, "places of a site that may be taken in one of its days")
    moves: int = _bound(2, 0, 20, "times an appointment may be moved")
    typo_edits: int = _bound(2, 0, 5, "letters or digits that a correction of the identity may change in all")
    cancels: int = _bound(2, 1, 100, "appointments a person may cancel within cancel_days before a pause")
    cancel_days: int = _bound(90, 1, 366, "how long a cancelled appointment counts")


class BadLimitError(ValueError):
    """No such setting, or a value outside its bounds; the message says which."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One setting as the table of settings shows it."""

    name: str
    default: int
    least: int
    most: int
    meaning: str


BOUNDS = {
    entry.name: Bound(name=entry.name, default=cast(int, entry.default), **entry.metadata) for entry in fields(Limits)
}


def read_limit(text: str) -> tuple[str, int]:
    """Read `mediator_hour=20`; raise BadLimitError."""
    name, _, value = text.partition("=")
    bound = BOUNDS.get(name)
    if bound is None:
        raise BadLimitError(f"no setting is called {name!r}")
    if (
        not (value.isascii() and value.isdigit() and len(value) < _TOO_LONG)
        or not bound.least <= int(value) <= bound.most
    ):
        raise BadLimitError(f"{name} is a whole number from {bound.least} to {bound.most}")
    return name, int(value)
