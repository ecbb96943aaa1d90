"""Which languages this machine can print well beside French, why not the others, and what a paper says in them."""

import datetime as dt
import functools
from dataclasses import dataclass
from pathlib import Path

from kiosk.printing import dates, phrases
from kiosk.printing.errors import MissingGlyphError, PhrasesError
from kiosk.printing.fonts import Machine, Script, printable, this_machine
from kiosk.printing.lettering import Writing
from kiosk.printing.phrases import Status, Table

PICTOGRAMS = "pictograms"  # the wish for a second block without words

# In the order in which they are shown: most asked for first.
_WRITINGS = (
    Writing("en", Script.LATIN),
    Writing("ar", Script.ARABIC, right_to_left=True),
    Writing("pt", Script.LATIN),
    Writing("es", Script.LATIN),
    Writing("tr", Script.LATIN),
    Writing("zh-Hans", Script.HAN),
    Writing("ru", Script.LATIN),
    Writing("uk", Script.LATIN),
    Writing("fa-AF", Script.ARABIC, right_to_left=True),
    Writing("ps", Script.ARABIC, right_to_left=True),
    Writing("ta", Script.TAMIL),
    Writing("bn", Script.BENGALI),
    Writing("ti", Script.ETHIOPIC),
)
_FRENCH_NAMES = {
    "en": "anglais",
    "ar": "arabe",
    "pt": "portugais",
    "es": "espagnol",
    "tr": "turc",
    "zh-Hans": "chinois",
    "ru": "russe",
    "uk": "ukrainien",
    "fa-AF": "dari",
    "ps": "pachto",
    "ta": "tamoul",
    "bn": "bengali",
    "ti": "tigrigna",
}


@dataclass(frozen=True, slots=True)
class Language:
    """A language that can be printed."""

    code: str  # BCP 47
    french_name: str
    autonym: str
    right_to_left: bool
    status: Status  # the least of its table


@dataclass(frozen=True, slots=True)
class Missing:
    """A language that cannot be printed here."""

    code: str
    french_name: str
    reason: str  # a French sentence: what to install, or what is not there


@dataclass(frozen=True, slots=True)
class Wording:
    """What a paper says in one language."""

    language: Language
    writing: Writing
    table: Table

    def phrase(self, id_: str) -> str:
        return self.table.phrases[id_].text

    def name_of(self, french_name: str) -> str | None:
        """Return the translation of a name of the central's catalogue; None when it has to stay French."""
        entry = self.table.catalogue.get(french_name)
        return entry.text if entry else None

    def date(self, date: dt.date) -> str:
        return dates.full_date(self.language.code, date)


def offered(least: Status, machine: Machine | None = None, directory: Path = phrases.DIRECTORY) -> tuple[Language, ...]:
    """Return the languages, beside French, of which every text has at least this status and can be drawn well."""
    found = (_wording(writing, machine or this_machine(), directory) for writing in _WRITINGS)
    return tuple(w.language for w in found if isinstance(w, Wording) and w.language.status.reaches(least))


def missing(machine: Machine | None = None, directory: Path = phrases.DIRECTORY) -> tuple[Missing, ...]:
    """Return the languages that cannot be printed here whatever status is asked for, and what is missing."""
    found = (_wording(writing, machine or this_machine(), directory) for writing in _WRITINGS)
    return tuple(m for m in found if isinstance(m, Missing))


def wording(code: str) -> Wording:
    """Return what papers say in a language; raise PhrasesError when it cannot be printed here."""
    for writing in _WRITINGS:
        if writing.language == code:
            found = _wording(writing, this_machine(), phrases.DIRECTORY)
            if isinstance(found, Wording):
                return found
            raise PhrasesError(f"Le ticket ne peut pas être imprimé en {found.french_name}. {found.reason}")
    raise PhrasesError(f"Aucune langue n'a le code {code!a}.")


@functools.lru_cache(maxsize=64)
def _wording(writing: Writing, machine: Machine, directory: Path) -> Wording | Missing:
    code = writing.language
    try:
        table = phrases.load(code, directory)
        return _checked(writing, machine, table)
    except (PhrasesError, MissingGlyphError) as error:
        return Missing(code, _FRENCH_NAMES[code], str(error))


def _checked(writing: Writing, machine: Machine, table: Table) -> Wording:
    """Raise PhrasesError or MissingGlyphError unless everything that a paper could say can be drawn well."""
    code, faults = writing.language, phrases.faults(table)
    if table.language != code or faults:
        raise PhrasesError(f"La traduction est à revoir : {' '.join(faults) or 'elle est dans une autre langue.'}")
    packages = machine.lacks(writing.script)
    if packages:
        plural = "les paquets" if len(packages) > 1 else "le paquet"
        raise PhrasesError(f"Installez {plural} {' et '.join(packages)}.")
    if not dates.words(code):
        raise PhrasesError("Les dates manquent dans cette langue.")
    entries = (*table.phrases.values(), *table.catalogue.values())
    for text in (table.autonym, *dates.words(code), *(entry.text for entry in entries)):
        printable(text, writing.script)
    language = Language(code, table.french_name, table.autonym, writing.right_to_left, table.status())
    return Wording(language, writing, table)
