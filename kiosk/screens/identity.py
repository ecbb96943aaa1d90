"""Pièce d'identité: who shows the ticket, typed where nothing can read the document. It is compared, never kept."""

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
from kiosk.widgets.entry import Entry
from kiosk.widgets.field import Field
from kiosk.widgets.sentences import Question, Sentence

FIELDS = ("surname", "given_names", "birth_date")


class IdentityScreen(ModalScreen[Bearer]):
    """Who shows this ticket? Gives back the letters to compare; nothing when left by Échap."""

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
            yield Entry("Nom", id="surname", max_length=person.MAX_NAME)
            yield Entry("Prénom (vide s'il n'y en a pas)", id="given_names", max_length=person.MAX_NAME)
            yield Entry("Date de naissance       ex. 03/02/1990, ou 1990 si le jour est inconnu", id="birth_date")
            yield Sentence("Rien n'est gardé.   Entrée continuer   Échap retour", classes="quiet")

    @on(Field.Entered)
    def _entered(self, event: Field.Entered) -> None:
        event.stop()
        name = next(name for name in FIELDS if self._entry(name).field is event.field)
        if name != FIELDS[-1]:
            self._entry(FIELDS[FIELDS.index(name) + 1]).field.focus()
        elif (bearer := self._bearer()) is not None:
            self.dismiss(bearer)

    def _bearer(self) -> Bearer | None:
        """Return who was typed; say under the first wrong field what is wrong with it."""
        name = FIELDS[0]
        try:
            surname = person.surname(self._entry(name).text)
            name = FIELDS[1]
            given_names = person.given_names(self._entry(name).text)
            name = FIELDS[2]
            born: BirthDate = person.birth_date(self._entry(name).text, self._today)
        except PersonError as error:
            self._entry(name).wrong(str(error))
            return None
        return bearer_of(surname, given_names, born)

    def _entry(self, name: str) -> Entry:
        return self.query_one(f"#{name}", Entry)
