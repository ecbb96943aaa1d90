"""Ouverture: the mediator says who they are. The first screen, complete before the central is there."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.message import Message
from textual.widget import Widget

from kiosk.desk.answers import Central, CentralSilentError, DeskError
from kiosk.desk.desk import Desk
from kiosk.screens.base import HELP, CounterScreen
from kiosk.widgets.bars import Hint
from kiosk.widgets.entry import Entry
from kiosk.widgets.field import Field
from kiosk.widgets.sentences import Notice, Question, Sentence

DEMONSTRATION = "Démonstration : rien n'est réservé pour de vrai.\nMédiateur : demo     Code : 000000"

LOOK_SECONDS = 0.1
ALONE = (
    "Pas de réseau : le serveur ne répond pas. Le poste s'ouvrira tout seul dès qu'il répond.\n"
    "Entrée encore une fois : ouvrir sans réseau, pour lire les papiers à apporter et noter une demande."
)
NEVER_OPENED = (
    "Ce poste n'a encore jamais parlé au serveur : il ne connaît ni démarche ni lieu.\n"
    "Il s'ouvrira tout seul dès que le serveur répond."
)

WAITING = {
    Central.STARTING: "Le serveur démarre. Le poste s'ouvrira tout seul.",
    Central.SILENT: ALONE,
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
        "Le code ne s'affiche pas. Après cinq erreurs, attendez un quart d'heure.\n"
        "Pas de réseau : Entrée une seconde fois. Le code est vérifié quand le réseau revient.\n\n"
        "Ce poste enregistre seulement l'heure et le lieu de ce que vous faites, jamais la personne après F9."
    )

    class SignedIn(Message):
        """The shift is open."""

    def __init__(self, desk: Desk, notice: str = "") -> None:
        super().__init__(desk)
        self._notice = notice
        self._alone_offered = False

    def body(self) -> Iterable[Widget]:
        """The question, what to know in a demonstration, two fields."""
        yield Question("Bonjour. Qui tient ce poste ?")
        yield Sentence(DEMONSTRATION if self.desk.demonstration else "", id="demonstration")
        yield Entry("Médiateur", id="mediator", max_length=40)
        yield Entry("Code", id="code", max_length=40, secret=True)
        yield Sentence("", id="waiting")
        yield Notice(self._notice, id="notice")

    @on(Field.Entered)
    def _entered(self) -> None:
        mediator, code = self.query_one("#mediator", Entry), self.query_one("#code", Entry)
        if not mediator.text:
            mediator.wrong("Tapez votre nom de médiateur.")
        elif not code.text:
            code.field.focus()
        elif self._alone_offered and self.desk.central is Central.SILENT:
            self._sign_in_alone()
        else:
            self._sign_in()

    @work(group="sign-in", exclusive=True, exit_on_error=False)
    async def _sign_in_alone(self) -> None:
        mediator, code = self._typed()
        try:
            await self.desk.sign_in_alone(mediator, code)
        except CentralSilentError:
            self.query_one("#waiting", Sentence).say(NEVER_OPENED)
            await self._when_it_answers()
        except DeskError as error:
            self.query_one("#waiting", Sentence).say(self.sentence_for(error))
        else:
            self._signed_in()

    @work(group="sign-in", exclusive=True, exit_on_error=False)
    async def _sign_in(self) -> None:
        waiting = self.query_one("#waiting", Sentence)
        while self.desk.central is not Central.HERE:
            self._alone_offered = self.desk.central is Central.SILENT and not self.desk.files_unreadable
            waiting.say(UNREADABLE if self.desk.files_unreadable else WAITING[self.desk.central])
            await asyncio.sleep(LOOK_SECONDS)
        await self._when_it_answers()

    async def _when_it_answers(self) -> None:
        entry, waiting = self.query_one("#code", Entry), self.query_one("#waiting", Sentence)
        mediator, code = self._typed()
        while self.desk.central is not Central.HERE:
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
            self._signed_in()

    def _typed(self) -> tuple[str, str]:
        """Return name and code: a worker would keep its arguments."""
        return self.query_one("#mediator", Entry).text, self.query_one("#code", Entry).text

    def _signed_in(self) -> None:
        self.query_one("#code", Entry).field.value = ""  # this screen may be kept for as long as the program runs
        self.post_message(self.SignedIn())
