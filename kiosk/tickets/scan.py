"""What a scanner "typed": a ticket, a short code, the zone of an identity document, or nothing that is known here.

A scanner is a keyboard. When it believes in another layout than the computer, or Caps Lock is on, other characters
arrive than those it read; each of these mix-ups leaves a trace by which it is undone.
"""

import re
import string
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.tickets import token
from kiosk.tickets.identity import Bearer
from kiosk.tickets.mrz_zone import BadZoneError, read_zone
from kiosk.tickets.reference import BadReferenceError, read_reference

MAX_SCAN = 1000  # characters: several times the longest that is read here

# The same keys in the same order, without and with Shift. The key between Shift and Z/W stands apart, see _FILLERS.
_US = ("1234567890-=qwertyuiop]asdfghjkl;'\\zxcvbnm,./ ", '!@#$%^&*()_+QWERTYUIOP}ASDFGHJKL:"|ZXCVBNM<>? ')
_FR = ("&é\"'(-è_çà)=azertyuiop$qsdfghjklmù*wxcvbn,;:! ", "1234567890°+AZERTYUIOP£QSDFGHJKLM%µWXCVBN?./§ ")


def _undo(scanner: tuple[str, str], computer: tuple[str, str]) -> dict[int, int]:
    """Return what a scanner meant by each character that the computer made of its keys."""
    return {
        ord(seen): ord(meant)
        for computer_row, scanner_row in zip(computer, scanner, strict=True)
        for seen, meant in zip(computer_row, scanner_row, strict=True)
    }


_NOTHING: dict[int, int] = {}
_US_ON_FR = _undo(_US, _FR)
_US_ON_SHIFTED_FR = _undo(_US, (_FR[1], _FR[0]))  # where Caps Lock turns the digit row as well
_FR_ON_US = _undo(_FR, _US)
_MIX_UPS = (_NOTHING, _US_ON_FR, _US_ON_SHIFTED_FR, _FR_ON_US)
# The French key `<` is a key that keyboards of the United States lack: `<` or `\` arrives. No zone has `.` or `*`.
_FILLERS = str.maketrans(".*", "<<")

_SMALL, _LARGE = string.ascii_lowercase + "éèçàù", string.ascii_uppercase + "ÉÈÇÀÙ"
_CAPITALS = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
_CAPS_LOCK = str.maketrans(_SMALL + _LARGE, _LARGE + _SMALL)
# ISO/IEC 15424: `]Q1` before a QR. A French scanner types `]` with AltGr, which may arrive as `-` or not at all.
_SYMBOLOGY = re.compile(rf"\A(?:\][A-Z][0-9A-Z]|\)?[A-Z][0-9A-Z](?={token.PREFIX}))")
_ZONE = re.compile(r"[A-Z0-9<\s]*")
_TYPED = re.compile(r"[A-Za-z0-9\s\-‐–]*")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A text that begins as our tickets do, as it was printed; whether it is good is another question."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """The short code under the QR: 12 characters, its check character is right."""

    reference: str


@dataclass(frozen=True, slots=True)
class Zone:
    """An identity document."""

    bearer: Bearer


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything else. `sentence`, in French, says what is wrong with what may be an identity document, or nothing."""

    sentence: str = ""


Scan = Ticket | Code | Zone | Unknown


def read_scan(text: str) -> Scan:
    """Return what was scanned or typed. Never raises, whatever it is."""
    text = _trimmed(text)
    if not text or len(text) > MAX_SCAN:
        return Unknown()
    readings = list(_readings(text))
    return _ticket(readings) or _zone(readings) or _code(text, readings) or Unknown()


def _ticket(readings: list["_Reading"]) -> Ticket | None:
    return next((Ticket(reading.text) for reading in readings if reading.text.startswith(token.PREFIX)), None)


def _zone(readings: list["_Reading"]) -> Zone | Unknown | None:
    sentence = None
    for reading in readings:
        if "<<" in reading.zone and _ZONE.fullmatch(reading.zone):
            try:
                return Zone(read_zone(reading.zone))
            except BadZoneError as error:
                sentence = sentence or str(error)
    return Unknown(sentence) if sentence else None


def _code(text: str, readings: list["_Reading"]) -> Code | None:
    # A hand that mistypes one letter must not be given the code that another keyboard would have made of it.
    for reading in readings[:1] if _TYPED.fullmatch(text) else readings:
        try:
            return Code(read_reference(reading.text))
        except BadReferenceError:
            pass
    return None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What may have been meant, in capitals: as a ticket or a code, and as a zone."""

    text: str
    zone: str


def _readings(text: str) -> Iterator[_Reading]:
    """Return what each mix-up would explain, the simplest one first."""
    for mix_up in _MIX_UPS:
        for seen in (text, text.translate(_CAPS_LOCK)):
            meant = _SYMBOLOGY.sub("", seen.translate(mix_up).translate(_CAPITALS))
            yield _Reading(meant, meant.translate(_FILLERS) if mix_up is _FR_ON_US else meant)


def _trimmed(text: str) -> str:
    """Return the text without the blanks and control characters around it: what a scanner adds. No ticket has any."""
    inside = [place for place, char in enumerate(text) if not (char.isspace() or unicodedata.category(char) == "Cc")]
    return text[inside[0] : inside[-1] + 1] if inside else ""
