"""The numbers that some services need: what is typed or scanned, brought into the one form that registers know."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.booking.catalogue import IdentifierKind
from kiosk.booking.text import clean

MAX_TYPED = 60  # the longest number is 19 digits, and may be typed with a space after each

# Agdref: no checksum is published, none is made up; some cards carry 9 digits. Ants: RDV Service Public's
# validate_ants_pre_demande_number.rb. Neph: CandilibV2's server/src/util/regex.js.
PATTERNS: Mapping[IdentifierKind, str] = {
    "agdref": r"^[0-9]{9,10}$",
    "ants": r"^[A-Z0-9]{10}$",
    "neph": r"^[0-9]{10,19}$",
}
_SEPARATORS: Mapping[IdentifierKind, str] = {"agdref": " -‐‑–.", "ants": " ", "neph": " "}


@dataclass(frozen=True, slots=True)
class IdentifierName:
    """What the number is called, and what it looks like."""

    name: str
    place: str  # where it stands: sur la carte de séjour; nothing where no source says it
    form: str
    example: str


NAMES: Mapping[IdentifierKind, IdentifierName] = {
    "agdref": IdentifierName("numéro étranger", "sur la carte de séjour", "10 chiffres, parfois 9", "9912345678"),
    "ants": IdentifierName(
        "numéro de pré-demande", "sur la feuille de la pré-demande", "10 lettres ou chiffres", "A1B2C3D4E5"
    ),
    "neph": IdentifierName("numéro NEPH", "", "entre 10 et 19 chiffres", "123456789012"),
}


class IdentifierError(ValueError):
    """What is typed cannot be that number; the message is a French sentence to show under the field."""


def identifier(kind: IdentifierKind, typed: str) -> str:
    """Return the number without separators, in upper case, matching PATTERNS[kind]; raise IdentifierError.

    The form alone is checked here: whether the number exists is for its register to say.
    """
    kept = "".join(char for char in clean(typed, MAX_TYPED) if char not in _SEPARATORS[kind])
    # Cutting a long text could leave a right number; and `ß` in upper case would be two letters.
    if len(typed) > MAX_TYPED or not kept.isascii() or not re.fullmatch(PATTERNS[kind], kept.upper()):
        name = NAMES[kind]
        raise IdentifierError(f"Le {name.name} a {name.form}. Exemple : {name.example}.")
    return kept.upper()
