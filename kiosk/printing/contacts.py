"""Who helps when somebody sells an appointment: the table in assets/contacts.toml, and how old its checks are."""

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kiosk.printing.errors import ContactsError
from kiosk.printing.facts import Contact

FILE = Path(__file__).parent.parent / "assets" / "contacts.toml"
FRESH_DAYS = 180


def load(path: Path = FILE) -> tuple[Contact, ...]:
    """Read the contacts in the order in which they are printed; raise ContactsError, in French."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["contact"]
        contacts = tuple(_contact(row) for row in rows)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ContactsError(f"{path.name} ne se lit pas : {error!r}.") from error
    if not contacts:
        raise ContactsError(f"{path.name} ne contient aucun contact.")
    return contacts


def _contact(row: Mapping[str, Any]) -> Contact:
    reach, checked_on = tuple(row["reach"]), row["checked_on"]
    texts = (row["name"], row["purpose"], *reach)
    if not reach or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError("un texte manque")
    if isinstance(checked_on, dt.datetime) or not isinstance(checked_on, dt.date):
        raise TypeError("checked_on n'est pas une date")
    return Contact(row["name"], reach, row["purpose"], checked_on)


def stale(contacts: Sequence[Contact], today: dt.date) -> tuple[Contact, ...]:
    """Return the contacts that nobody has checked for more than FRESH_DAYS."""
    return tuple(contact for contact in contacts if (today - contact.checked_on).days > FRESH_DAYS)
