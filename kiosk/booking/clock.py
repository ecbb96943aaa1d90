"""Clocks that were never set: without a battery a machine begins in 1970, and nobody should read or count with that."""

import datetime as dt

WRITTEN = dt.date(2026, 11, 23)  # this program; no clock that is right was ever earlier since


def was_set(moment: dt.datetime) -> bool:
    """Return whether a clock that says this was ever set."""
    return moment.date() >= WRITTEN
