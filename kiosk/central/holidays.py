"""Days on which no prefecture opens: weekends and the public holidays of article L3133-1 of the code du travail."""

import datetime as dt
from functools import lru_cache

_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER = (1, 39, 50)  # Easter Monday, Ascension, Whit Monday
_SATURDAY = 5


def is_open(date: dt.date) -> bool:
    """Return whether counters open that day; holidays of a single region do not count."""
    return date.weekday() < _SATURDAY and date not in holidays(date.year)


@lru_cache(maxsize=8)
def holidays(year: int) -> frozenset[dt.date]:
    """Return the eleven public holidays of a year."""
    fixed = {dt.date(year, month, day) for month, day in _FIXED}
    return frozenset(fixed | {easter(year) + dt.timedelta(days=days) for days in _AFTER_EASTER})


def easter(year: int) -> dt.date:
    """Return Easter Sunday of the Gregorian calendar (anonymous algorithm, Nature 1876, as given by Meeus)."""
    golden, century, of_century = year % 19, year // 100, year % 100
    leap, shift = divmod(century, 4)
    moon = (19 * golden + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * shift + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)
