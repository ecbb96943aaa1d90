"""Who comes: names as on the document, a birth date as far as it is known, and the form in which both are compared."""

import calendar
import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

from kiosk.booking import french
from kiosk.booking.clock import WRITTEN
from kiosk.booking.private import Private
from kiosk.booking.text import clean

MAX_NAME = 100
MAX_AGE_YEARS = 120
TYPO_EDITS = 2  # more is another person
EXAMPLE_DATE = "Exemple : 03/02/1990."

# ICAO Doc 9303 part 3, section 6: letters that do not become their own base letter.
_MRZ = {
    "Ä": "AE",
    "Å": "AA",
    "Æ": "AE",
    "Ð": "D",
    "Đ": "D",
    "Ħ": "H",
    "ı": "I",
    "Ĳ": "IJ",
    "ĸ": "Q",
    "Ł": "L",
    "Ŀ": "L",
    "Ŋ": "N",
    "Ö": "OE",
    "Ø": "OE",
    "Œ": "OE",
    "ẞ": "SS",
    "ß": "SS",
    "Þ": "TH",
    "Ŧ": "T",
    "Ü": "UE",
}
_APOSTROPHES = "'’ʼ‘`´ʻʿ·"
_SEPARATORS = " -‐‑–."
_PIECES = re.compile(r"[\s/.\-]+")


class PersonError(ValueError):
    """What is typed cannot be right; the message is a French sentence for the screen."""


@dataclass(frozen=True, slots=True, repr=False)
class BirthDate(Private):
    """A birth date as far as known: some documents give only the year, or the month and the year."""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        """Refuse dates that do not exist."""
        if self.day is not None and self.month is None:
            raise PersonError(f"Le mois manque. {EXAMPLE_DATE}")
        if not 1000 <= self.year <= 9999 or (self.month is not None and not 1 <= self.month <= 12):
            raise PersonError(f"Cette date n'existe pas. Écrivez le jour, le mois, l'année. {EXAMPLE_DATE}")
        if self.day is not None and not 1 <= self.day <= calendar.monthrange(self.year, self.month or 1)[1]:
            raise PersonError(f"Ce jour n'existe pas dans ce mois. {EXAMPLE_DATE}")

    @classmethod
    def from_iso(cls, text: str) -> "BirthDate":
        """Read the wire form `1987-05-03`, `1987-05` or `1987`; raise PersonError."""
        if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", text):
            raise PersonError(f"Cette date n'est pas lisible. {EXAMPLE_DATE}")
        return cls(*(int(part) for part in text.split("-")))

    def iso(self) -> str:
        """Return the wire form."""
        parts = [f"{self.year:04d}"]
        parts += [f"{part:02d}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)

    def typed(self) -> str:
        """Return the form in which it is typed: 03/02/1990, 00/00/1987 when day and month are unknown."""
        return f"{self.day or 0:02d}/{self.month or 0:02d}/{self.year:04d}"

    def read_aloud(self) -> str:
        """Return `le 3 février 1990`, `en février 1990` or `en 1990`."""
        if self.month is None:
            return f"en {self.year}"
        month = french.MONTHS[self.month - 1]
        if self.day is None:
            return f"en {month} {self.year}"
        return f"le {french.day_number(self.day)} {month} {self.year}"


@dataclass(frozen=True, slots=True, repr=False)
class Person(Private):
    """Who comes to the appointment; built from what `surname`, `given_names` and `birth_date` below accept."""

    surname: str
    given_names: str
    birth_date: BirthDate
    phone: str | None = None  # E.164

    def full_name(self) -> str:
        """Return `Mariam DIALLO`, or the only name there is."""
        return f"{self.given_names} {self.surname.upper()}".strip()

    def short_name(self) -> str:
        """Return `Mariam D.`: enough to tell a family's tickets apart, of little use to a thief."""
        if not self.given_names:
            return self.surname
        return f"{self.given_names.split()[0]} {self.surname[0].upper()}."

    def mrz_name(self) -> str:
        """Return the name in the form of a machine-readable zone: `DIALLO<<MARIAM`."""
        return f"{mrz(self.surname)}<<{mrz(self.given_names)}".rstrip("<")

    def identity(self) -> str:
        """Return what never changes but for a typing error: `DIALLO<<MARIAM/1990-02-03`."""
        return f"{self.mrz_name()}/{self.birth_date.iso()}"


def surname(typed: str) -> str:
    """Return the surname, cleaned; raise PersonError if it cannot be one."""
    name = _name(typed, "le nom")
    if not name:
        raise PersonError("Écrivez le nom, comme sur la pièce d'identité. Exemple : DIALLO.")
    return name


def given_names(typed: str) -> str:
    """Return the given names, cleaned; empty when the document has one name only. Raise PersonError."""
    return _name(typed, "le prénom")


def _name(typed: str, what: str) -> str:
    name = clean(typed, MAX_NAME + 1)
    if len(name) > MAX_NAME:
        raise PersonError(f"C'est trop long pour {what} : {MAX_NAME} lettres au plus.")
    if any(c.isdigit() for c in name):
        raise PersonError(f"Il y a un chiffre dans {what}. Écrivez seulement des lettres.")
    try:
        letters = mrz(name)
    except PersonError:
        raise PersonError(f"Écrivez {what} en lettres latines, comme en bas de la pièce d'identité.") from None
    if len(letters) > 2 * MAX_NAME:  # one sign may stand for four letters
        raise PersonError(f"C'est trop long pour {what} : {MAX_NAME} lettres au plus.")
    if name and not letters.strip("<"):
        raise PersonError(f"Il n'y a pas de lettre dans {what}.")
    return name


def mrz(name: str) -> str:
    """Return the name in the letters A-Z and `<` of ICAO Doc 9303; raise PersonError if a letter has no such form."""
    out: list[str] = []
    for char in unicodedata.normalize("NFC", name):
        upper = char.upper() if char not in _MRZ else char
        if "A" <= upper <= "Z" and len(upper) == 1:
            out.append(upper)
            continue
        if char in _APOSTROPHES:
            continue
        if char in _SEPARATORS or char.isspace():
            out.append("<")
        elif upper in _MRZ:
            out.append(_MRZ[upper])
        else:
            out.append(_base_letters(upper))
    return re.sub("<+", "<", "".join(out)).strip("<")


def _base_letters(char: str) -> str:
    base = "".join(c for c in unicodedata.normalize("NFKD", char) if unicodedata.category(c) != "Mn")
    if not re.fullmatch("[A-Z]*", base):
        raise PersonError("Cette lettre n'existe pas dans l'alphabet latin.")
    return base


def is_same_person(one: Person, other: Person) -> bool:
    """Return whether nothing but a typing error tells them apart."""
    return edits(one.identity(), other.identity()) <= TYPO_EDITS


def edits(before: str, after: str) -> int:
    """Return how many letters and digits must be added, removed or replaced between two identities."""
    return sum(_distance(old, new) for old, new in zip(before.split("/"), after.split("/"), strict=True))


def _distance(before: str, after: str) -> int:
    if before == after:
        return 0
    # Levenshtein, a row at a time.
    row = list(range(len(after) + 1))
    for line, old in enumerate(before, 1):
        diagonal, row[0] = row[0], line
        for column, new in enumerate(after, 1):
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, diagonal + (old != new))
    return row[-1]


def birth_date(typed: str, today: dt.date) -> BirthDate:
    """Read what a mediator types: 03/02/1990, 3/2/90, 03021990, 00/00/1987, 02/1987, 1987; raise PersonError."""
    today = max(today, WRITTEN)  # else nobody younger than a clock that was never set could come
    pieces = _date_pieces(clean(typed, 40))
    day, month = ([None, None] + [int(piece) for piece in pieces[:-1]])[-2:]
    if day and not month:
        raise PersonError(f"Le mois manque. Si le jour et le mois sont inconnus : 00/00/1990. {EXAMPLE_DATE}")
    found = BirthDate(_full_year(pieces[-1], today), month or None, day or None)
    first_day = dt.date(found.year, found.month or 1, found.day or 1)
    if first_day > today:
        raise PersonError(f"Cette date est dans le futur. {EXAMPLE_DATE}")
    if today.year - found.year > MAX_AGE_YEARS:
        raise PersonError(f"Vérifiez l'année : la personne aurait plus de {MAX_AGE_YEARS} ans. {EXAMPLE_DATE}")
    return found


def _date_pieces(typed: str) -> list[str]:
    if re.fullmatch(r"\d{8}", typed):
        return [typed[:2], typed[2:4], typed[4:]]
    pieces = [piece for piece in _PIECES.split(typed) if piece]
    if not pieces:
        raise PersonError(f"Écrivez la date de naissance. {EXAMPLE_DATE}")
    if len(pieces) > 3 or not all(re.fullmatch(r"\d{1,4}", piece) for piece in pieces):
        raise PersonError(f"Écrivez le jour, le mois, l'année, en chiffres. {EXAMPLE_DATE}")
    if any(len(piece) > 2 for piece in pieces[:-1]):
        raise PersonError(f"Écrivez le jour d'abord, puis le mois, puis l'année. {EXAMPLE_DATE}")
    return pieces


def _full_year(piece: str, today: dt.date) -> int:
    if len(piece) == 4:
        return int(piece)
    # 90 can only be 1990; 19 could be 1919 or 2019, and nobody guesses an age.
    if len(piece) == 2 and int(piece) > today.year % 100:
        return today.year // 100 * 100 - 100 + int(piece)
    missing = {3: "Il manque un chiffre", 2: "Il manque deux chiffres"}.get(len(piece), "Il manque des chiffres")
    raise PersonError(f"{missing} à l'année. {EXAMPLE_DATE}")
