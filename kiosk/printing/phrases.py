"""The closed tables of what a ticket may say, one per language, and the French sentences that are made with facts."""

import datetime as dt
import functools
import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from kiosk.booking import french as writing
from kiosk.booking.clock import was_set
from kiosk.printing.errors import PhrasesError
from kiosk.printing.facts import Ticket
from kiosk.printing.fonts import NBSP

DIRECTORY = Path(__file__).parent.parent / "assets" / "phrases"
HASH_DIGITS = 12
COLONS = (":", "：", "፡", "፦")  # of the scripts printed; a fact follows
DEMONSTRATION = "DÉMONSTRATION"
CLOCK_NOT_SET = "L'horloge de ce poste n'est pas à l'heure."


class Status(StrEnum):
    """How far a translation has come, from the least to the most."""

    MACHINE = "machine"  # nobody has read it
    TRANSLATED = "translated"  # a person wrote or corrected it
    REVIEWED = "reviewed"  # a second person, a native reader, has read it
    TESTED = "tested"  # people for whom it is meant have said back what it says

    def reaches(self, least: "Status") -> bool:
        """Tell whether this is `least` or more."""
        ladder = list(Status)
        return ladder.index(self) >= ladder.index(least)


@dataclass(frozen=True, slots=True)
class Entry:
    """One translation."""

    text: str
    back: str  # what it says, in French, for whoever checks it without reading the language
    status: Status
    source: str  # the first digits of the SHA-256 of the French that it translates; empty in the catalogue


@dataclass(frozen=True, slots=True)
class Table:
    """All translations of one language."""

    language: str  # BCP 47
    french_name: str
    autonym: str
    phrases: Mapping[str, Entry]  # by id
    catalogue: Mapping[str, Entry]  # by French name: a name that changes has no translation any more

    def status(self) -> Status:
        """Return the least status of its entries."""
        ladder = list(Status)
        return min((entry.status for entry in (*self.phrases.values(), *self.catalogue.values())), key=ladder.index)


def load(code: str, directory: Path = DIRECTORY) -> Table:
    """Read the table of a language; raise PhrasesError, in French, when there is none or it does not hold."""
    path = directory / f"{code}.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return Table(
            raw["language"],
            raw["french_name"],
            raw["autonym"],
            {id_: _entry(row, row["source"]) for id_, row in raw["phrases"].items()},
            {name: _entry(row, "") for name, row in raw["catalogue"].items()},
        )
    except FileNotFoundError:
        raise PhrasesError("La traduction n'existe pas.") from None
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise PhrasesError(f"La table {path.name} ne se lit pas : {error!r}.") from error


def _entry(row: Mapping[str, Any], source: str) -> Entry:
    return Entry(row["text"], row["back"], Status(row["status"]), source)


def faults(table: Table) -> tuple[str, ...]:
    """Return why a table cannot be printed, in French sentences; none when it can be."""
    found = [f"{id_} manque." for id_ in _french() if id_ not in table.phrases]
    for id_, entry in table.phrases.items():
        if id_ not in _french():
            found.append(f"{id_} n'existe pas en français.")
        elif entry.source != source_of(id_):
            found.append(f"{id_} traduit un texte français qui a changé.")
        elif _french()[id_].endswith(":") != entry.text.endswith(COLONS):
            found.append(f"{id_} finit par deux points en français et ici, ou ni là ni ici.")
    for key, entry in (*table.phrases.items(), *table.catalogue.items()):
        source = key if key in table.catalogue else _french().get(key, "")
        if not _is_plain(entry.text) or not entry.back.strip():
            found.append(f"{key} est vide, ou contient un caractère interdit.")
        if re.findall(r"\d+", entry.text) != re.findall(r"\d+", source):
            found.append(f"{key} n'a pas les chiffres du texte français.")
    return tuple(found)


def _is_plain(text: str) -> bool:
    """Tell whether a text is one line of letters, marks, digits, signs and blanks; joiners are letters' business."""
    refused = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
    categories = {unicodedata.category(char) for char in text if char not in "\u200c\u200d"}
    return bool(text.strip()) and text == text.strip() and not categories & {*refused, "Cf"}


def ids() -> tuple[str, ...]:
    """Return the ids that every table must hold."""
    return tuple(_french())


def source_of(id_: str) -> str:
    """Return what the `source` of a translation of this phrase must be."""
    return hashlib.sha256(_french()[id_].encode()).hexdigest()[:HASH_DIGITS]


def french(id_: str) -> str:
    """Return a French phrase, its punctuation held to the word before it."""
    return re.sub(r" (?=[:?!;])", NBSP, _french()[id_])


@functools.cache
def _french() -> Mapping[str, str]:
    raw = tomllib.loads((DIRECTORY / "fr.toml").read_text(encoding="utf-8"))
    return {id_: row["text"] for id_, row in raw["phrases"].items()}


def name(ticket: Ticket) -> str:
    """Return the person's name, an initial at its end never alone on a line."""
    return re.sub(r" (?=\S\.$)", NBSP, ticket.person)


def duplicate(ticket: Ticket) -> str:
    """Return DUPLICATA n° 2, whatever the number."""
    return f"DUPLICATA{NBSP}n°{NBSP}{ticket.copy}"


def reprinted(ticket: Ticket) -> str:
    """Return Réimprimé le 23 novembre 2026 à 12 h 03."""
    moment = ticket.issued_at
    if not was_set(moment):
        return f"Réimprimé. {CLOCK_NOT_SET}"
    day = f"{writing.day_number(moment.day)}{NBSP}{writing.month(moment)} {moment.year}"
    return f"Réimprimé le {day} à{NBSP}{writing.hour(moment.time())}."


def issued(moment: dt.datetime) -> str:
    """Return Imprimé le 23/11/2026 à 12 h 03."""
    return f"Imprimé le {_moment(moment)}" if was_set(moment) else f"Imprimé. {CLOCK_NOT_SET}"


def asked(moment: dt.datetime) -> str:
    """Return Demande faite le 23/11/2026 à 12 h 03."""
    return f"Demande faite le {_moment(moment)}" if was_set(moment) else f"Demande faite. {CLOCK_NOT_SET}"


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%d/%m/%Y} à{NBSP}{writing.hour(moment.time())}"
