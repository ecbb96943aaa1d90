"""Ouverture: the mediator says who they are. The first screen, complete before the central is there."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.message import Message
from textual.widget import Widget

from kiosk.desk.answers import Central, DeskError
from kiosk.screens.base import HELP, CounterScreen
from kiosk.widgets.bars import Hint
from kiosk.widgets.entry import Entry
from kiosk.widgets.field import Field
from kiosk.widgets.sentences import Notice, Question, Sentence

DEMONSTRATION = "Démonstration : rien n'est réservé pour de vrai.\nMédiateur : demo     Code : 000000"

LOOK_SECONDS = 0.1
WAITING = {
    Central.STARTING: "Le serveur démarre. Le poste s'ouvrira tout seul.",
    Central.SILENT: "Le serveur ne répond pas. Le poste s'ouvrira tout seul dès qu'il répond.",
}

UNREADABLE = (
    "Ce poste ne peut pas lire ou écrire ses propres fichiers. Le serveur n'y est pour rien.\n"
    "Appelez la personne qui l'a installé : « kiosk doctor » dit quel fichier."
)


class OpeningScreen(CounterScreen):
    """Who serves today?"""

    CSS_PATH = "opening.tcss"
    AUTO_FOCUS = "#mediator Field"
    IN_VISIT = False
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (Hint("Entrée", "ouvrir le poste"), HELP)
    HELP_TEXT = (
        "Tapez votre nom de médiateur, puis Entrée. Tapez votre code, puis Entrée.\n\n"
        "Le code ne s'affiche pas. Après cinq erreurs, attendez un quart d'heure.\n\n"
        "Ce poste enregistre seulement l'heure et le lieu de ce que vous faites, jamais la personne après F9."
    )

    class SignedIn(Message):
        """The shift is open."""

    def body(self) -> Iterable[Widget]:
        """The question, what to know in a demonstration, two fields."""
        yield Question("Bonjour. Qui tient ce poste ?")
        yield Sentence(DEMONSTRATION if self.desk.demonstration else "", id="demonstration")
        yield Entry("Médiateur", id="mediator", max_length=40)
        yield Entry("Code", id="code", max_length=40, secret=True)
        yield Sentence("", id="waiting")
        yield Notice(id="notice")

    @on(Field.Entered)
    def _entered(self) -> None:
        mediator, code = self.query_one("#mediator", Entry), self.query_one("#code", Entry)
        if not mediator.text:
            mediator.wrong("Tapez votre nom de médiateur.")
        elif not code.text:
            code.field.focus()
        else:
            self._sign_in()

    @work(group="sign-in", exclusive=True, exit_on_error=False)
    async def _sign_in(self) -> None:
        entry, waiting = self.query_one("#code", Entry), self.query_one("#waiting", Sentence)
        mediator, code = self.query_one("#mediator", Entry).text, entry.text  # a worker keeps its arguments
        while self.desk.central is not Central.HERE:
            waiting.say(UNREADABLE if self.desk.files_unreadable else WAITING[self.desk.central])
            await asyncio.sleep(LOOK_SECONDS)
        waiting.say("")
        hold = self.app.hold_keys()
        try:
            with hold:
                await self.desk.sign_in(mediator, code)
        except DeskError as error:
            entry.field.value = ""
            entry.wrong(self.sentence_for(error))
        else:
            entry.field.value = ""  # this screen may be kept for as long as the program runs
            self.post_message(self.SignedIn())
