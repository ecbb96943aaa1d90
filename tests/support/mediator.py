"""A mediator at the real program: keys into a real terminal, questions read from its screen."""

import contextlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import zxingcpp
from PIL import Image

from tests.support.pty import Terminal

ROOT = Path(__file__).parents[2]
KIOSK = (sys.executable, "-m", "kiosk")
START_SECONDS = 30.0  # an embedded central fills its demonstration data first
HOUR_LISTED = r"\d+ h \d\d \d+ place"
RESIDENCE_PERMIT, DRIVING_LICENCE = "1", "7"  # the first wants a number, the second none


@dataclass(frozen=True)
class Somebody:
    """Who sits on the other side of the desk, as typed and as the central writes it."""

    surname: str
    born: str  # as typed
    birth_date: str  # as on the wire
    given_names: str = ""
    phone: str = ""
    number: str = ""  # of the residence permit


NEW = Somebody("DURAND", "05051985", "1985-05-05", "Amadou", "0612345678", "9900000003")
KNOWN = Somebody("DIALLO", "03021990", "1990-02-03", "Mariam")


class Mediator:
    """What a mediator does, one question at a time; each step ends when the next question is on the screen."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def sees(self, words: str, timeout: float = 15.0) -> None:
        """Wait until the screen shows the words (a regex), wherever lines break and whichever blank stands there."""
        wanted = re.compile(words)
        self.terminal.wait_for(lambda text: wanted.search(" ".join(text.split())) is not None, timeout)

    def sign_in(self) -> None:
        """Open the shift and stand before the home screen; the count of keys starts there."""
        self.sees("Central ✓", START_SECONDS)
        self.terminal.type("demo")
        self.terminal.press("enter")
        self.terminal.type("000000")
        self.terminal.press("enter")
        self.sees("Que faut-il faire")
        self.terminal.keys = 0

    def begin(self, somebody: Somebody, letters: int | None = None) -> None:
        """Start a visit and type surname (or its first letters) and birth date, not yet entered."""
        self.terminal.press("enter")
        self.sees("Qui vient au rendez-vous")
        self.terminal.type(somebody.surname[:letters])
        self.terminal.press("enter")
        self.terminal.type(somebody.born)

    def search(self) -> None:
        """Ask who that is."""
        self.terminal.press("enter")

    def writes_new_person(self, somebody: Somebody) -> None:
        """Answer what is asked of somebody unknown."""
        self.sees("Prénom")
        self.terminal.type(somebody.given_names)
        self.terminal.press("enter")
        self.terminal.type(somebody.phone)
        self.terminal.press("enter")
        self.sees("Pour quelle démarche")

    def writes_new_person_who_waits(self, somebody: Somebody) -> None:
        """Answer the same, and be told that this person's request has no answer yet."""
        self.sees("Prénom")
        self.terminal.type(somebody.given_names)
        self.terminal.press("enter")
        self.terminal.press("enter")
        self.sees("a déjà une demande sans réponse")

    def recognises_known_person(self) -> None:
        """Take the first person found."""
        self.sees("est-ce elle")
        self.terminal.press("enter")
        self.sees("Pour quelle démarche")

    def chooses_service_and_documents(self, digit: str = DRIVING_LICENCE) -> None:
        """Take a service that wants nothing more to be typed, read the documents, and come to the list of places."""
        self.terminal.press(digit)
        self.reads_documents()

    def gives_number(self, somebody: Somebody) -> None:
        """Take the service that wants the number of the residence permit, and copy it."""
        self.terminal.press(RESIDENCE_PERMIT)
        self.sees("Quel est son numéro étranger")
        self.terminal.type(somebody.number)
        self.terminal.press("enter")

    def reads_documents(self) -> None:
        """Read the documents, and come to the list of places."""
        self.sees("Que faut-il apporter")
        self.terminal.press("enter")
        self.sees("sur 334")

    def chooses_place(self) -> None:
        """Take the nearest place with something free, and come to its days."""
        self.terminal.press("enter")
        self.sees(r"Quel jour.* \d+ place")

    def chooses_day(self, key: str = "enter") -> None:
        """Take the highlighted day, or that with a digit, and come to its hours."""
        self.terminal.press(key)
        self.sees(HOUR_LISTED)

    def chooses_hour(self) -> None:
        """Take the first hour, and come to the last question."""
        self.terminal.press("enter")
        self.sees("Tout est juste")

    def goes_to_places(self, somebody: Somebody) -> None:
        """Answer everything up to the list of places."""
        self.begin(somebody)
        self.search()
        self.writes_new_person(somebody)
        self.chooses_service_and_documents()

    def goes_to_days(self, somebody: Somebody) -> None:
        """Answer everything up to the list of days."""
        self.goes_to_places(somebody)
        self.chooses_place()

    def goes_to_hours(self, somebody: Somebody) -> None:
        """Answer everything up to the list of hours."""
        self.goes_to_days(somebody)
        self.chooses_day()

    def goes_to_check(self, somebody: Somebody) -> None:
        """Answer everything up to F10."""
        self.goes_to_hours(somebody)
        self.chooses_hour()

    def sees_ticket(self) -> None:
        """Wait for the appointment and its paper."""
        self.sees("Le rendez-vous est pris")
        self.sees("est imprimé|Ticket virtuel")

    def finishes(self) -> None:
        """End the visit and erase."""
        self.terminal.press("f9")
        self.sees("Que faut-il faire")


@contextlib.contextmanager
def kiosk(
    state_dir: Path, settings: Mapping[str, str] | None = None, command: Sequence[str] = KIOSK
) -> Iterator[Mediator]:
    """Run the real program with nothing configured but these settings, and nobody's own configuration."""
    home = state_dir.parent / "home"
    home.mkdir(exist_ok=True)
    with Terminal(command, environment(state_dir, home, settings or {}), cwd=home) as terminal:
        yield Mediator(terminal)


def environment(state_dir: Path, home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a kiosk that is set up by `settings` only."""
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "KIOSK_STATE_DIR": str(state_dir),
        **settings,
    }


def read_code(paper: Image.Image) -> str:
    """Return what a scanner reads on a paper with one code."""
    [code] = codes_on(paper)
    return code


def codes_on(paper: Image.Image) -> list[str]:
    """Return what a scanner reads on a paper."""
    # Of QR codes only: by chance, some rows of one look like a code of bars.
    only = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return [code.text for code in zxingcpp.read_barcodes(paper.convert("L"), formats=only)]
