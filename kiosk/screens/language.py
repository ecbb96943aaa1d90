"""Langue du ticket: what the paper says besides French. It lies over the screen that asked, which loses nothing."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from kiosk.desk.answers import TicketLanguage
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.sentences import Question, Sentence


class LanguageScreen(ModalScreen[str]):
    """In which language does the person read? Gives back the key of a language; nothing when left by Échap."""

    CSS_PATH = "language.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f2,alt+2", "dismiss(None)")]

    def __init__(self, languages: Sequence[TicketLanguage], chosen: str) -> None:
        super().__init__()
        self._languages = languages
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """One row per language, French alone first."""
        with Vertical():
            yield Question("En plus du français, le ticket parle quelle langue ?")
            yield ChoiceList(
                tuple(Choice(language.key, (language.name,)) for language in self._languages),
                selected=self._chosen,
                id="languages",
            )
            yield Sentence("Entrée choisir   ↑↓ voir les autres   Échap ne rien changer", classes="quiet")

    @on(ChoiceList.Chosen)
    def _take(self, event: ChoiceList.Chosen) -> None:
        event.stop()
        self.dismiss(event.key)
