"""Pièce d'identité: who shows the ticket, typed where nothing can read the document. It is compared, never kept.

What is scanned here is no typing: none of it is shown.
"""

import datetime as dt
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from kiosk.booking import person
from kiosk.booking.person import BirthDate, PersonError
from kiosk.tickets.identity import Bearer, bearer_of
from kiosk.tickets.scan import Ticket, Unknown, Zone, read_scan
from kiosk.widgets.entry import Entry
from kiosk.widgets.field import Field
from kiosk.widgets.scan_field import BurstField
from kiosk.widgets.sentences import Question, Sentence

FIELDS = {
    "surname": "Nom",
    "given_names": "Prénom (vide s'il n'y en a pas)",
    "birth_date": "Date de naissance       ex. 03/02/1990, ou 1990 si le jour est inconnu",
}
NAMES = tuple(FIELDS)
_NO_DOCUMENT = "Ce scan n'est pas le bas d'une pièce d'identité. Scannez-le encore une fois, ou tapez."


class IdentityScreen(ModalScreen[Bearer | Ticket]):
    """Who shows this ticket? Gives back the letters to compare, or the next ticket; nothing when left by Échap."""

    CSS_PATH = "identity.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f5,alt+5", "dismiss(None)")]
    AUTO_FOCUS = "#surname Field"

    def __init__(self, today: dt.date) -> None:
        super().__init__()
        self._today = today

    def compose(self) -> ComposeResult:
        """Three fields, in the order of the document."""
        with Vertical(id="identity"):
            yield Question("Qui montre ce ticket ? Tapez comme sur la pièce d'identité.")
            for name, label in FIELDS.items():
                yield Entry(label, id=name, field=BurstField(max_length=person.MAX_NAME))
            yield Sentence("Rien n'est gardé.   Entrée continuer   Échap retour", classes="quiet")

    @on(Field.Entered)
    def _entered(self, event: Field.Entered) -> None:
        event.stop()
        place = NAMES.index(self._name_of(event.field))
        if place + 1 < len(NAMES):
            self._entry(NAMES[place + 1]).field.focus()
        elif (bearer := self._bearer()) is not None:
            self.dismiss(bearer)

    @on(BurstField.Scanned)
    def _scanned(self, event: BurstField.Scanned) -> None:
        event.stop()
        match read_scan(event.text):
            case Zone(bearer):
                self.dismiss(bearer)
            case Ticket() as ticket:
                self.dismiss(ticket)
            case Unknown(sentence) if sentence:
                self._entry(self._name_of(event.field)).wrong(sentence)
            case _:
                self._entry(self._name_of(event.field)).wrong(_NO_DOCUMENT)

    def _bearer(self) -> Bearer | None:
        """Return who was typed; say under the first wrong field what is wrong with it."""
        name = NAMES[0]
        try:
            surname = person.surname(self._entry(name).text)
            name = NAMES[1]
            given_names = person.given_names(self._entry(name).text)
            name = NAMES[2]
            born: BirthDate = person.birth_date(self._entry(name).text, self._today)
        except PersonError as error:
            self._entry(name).wrong(str(error))
            return None
        return bearer_of(surname, given_names, born)

    def _name_of(self, field: Field) -> str:
        return next(name for name in NAMES if self._entry(name).field is field)

    def _entry(self, name: str) -> Entry:
        return self.query_one(f"#{name}", Entry)
