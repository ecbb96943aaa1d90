"""The identity tag: a keyed fingerprint that answers "is it this person?" and can be asked nothing else.

`HMAC-SHA256(key, "rdv1|" surname "|" given name "|" date "|" code)`, its first 10 bytes. The key belongs to one site
and one quarter of a year: a counter that is stolen confirms guesses about one site and the quarters it had keys of.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.booking.person import BirthDate, mrz
from kiosk.booking.private import Private
from kiosk.tickets.reference import to_bytes
from kiosk.tickets.token import TAG_BYTES

KEY_BYTES = 32
FILLER = "<"


@dataclass(frozen=True, slots=True, repr=False)
class Bearer(Private):
    """Who shows a ticket, in the letters of a machine-readable zone (ICAO Doc 9303 part 3)."""

    surname: str  # A-Z only: spaces and hyphens are typed differently by everybody
    given_name: str  # the first one; empty where the document has one name only
    birth_date: str  # YYMMDD, `<` for what is not known
    may_be_cut: bool = False  # the document had no room for the whole name


def bearer_of(surname: str, given_names: str, birth_date: BirthDate) -> Bearer:
    """Return the person as typed; raise PersonError for a name without a Latin form."""
    return Bearer(mrz(surname).replace(FILLER, ""), mrz(given_names).split(FILLER)[0], mrz_date(birth_date))


def mrz_date(date: BirthDate) -> str:
    """Return YYMMDD, with `<<` for a month or a day that is not known."""
    parts = (f"{part:02d}" if part else FILLER * 2 for part in (date.month, date.day))
    return f"{date.year % 100:02d}{''.join(parts)}"


def quarter_of(start: dt.datetime) -> str:
    """Return the quarter of an appointment, `2027-Q1`: of its start in UTC, so that nobody needs a time zone."""
    utc = start.astimezone(dt.UTC)
    return f"{utc.year}-Q{(utc.month + 2) // 3}"


def tag(key: bytes, bearer: Bearer, reference: str) -> bytes:
    """Return the 10 bytes that stand for the person in this one ticket."""
    text = f"rdv1|{bearer.surname}|{bearer.given_name}|{bearer.birth_date}|"
    return hmac.new(key, text.encode() + to_bytes(reference), hashlib.sha256).digest()[:TAG_BYTES]


def is_bearer(key: bytes, expected: bytes, bearer: Bearer, reference: str) -> bool:
    """Return whether the ticket was made for that person; less of the birth date may have been known then."""
    forms = (Bearer(bearer.surname, bearer.given_name, date) for date in _as_far_as_known(bearer.birth_date))
    return any(hmac.compare_digest(tag(key, form, reference), expected) for form in forms)


def _as_far_as_known(date: str) -> Iterator[str]:
    yield date
    for known in (4, 2):
        less = date[:known].ljust(6, FILLER)
        if less != date and FILLER not in date[:known]:
            yield less
