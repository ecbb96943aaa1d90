"""Ticket à vérifier: a paper of an earlier visit that nobody saw come out. The code is known here, no name is."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from kiosk.booking import french
from kiosk.desk.answers import Delivered, Delivery, DeskError, OpenPaper
from kiosk.desk.desk import Desk
from kiosk.screens.base import BACK, CHOOSE, DIGITS, HELP, CounterScreen
from kiosk.screens.words import printer_sentence
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.sentences import Notice, Question, Sentence

_ASKED = (Choice("yes", ("Oui, en entier",)), Choice("no", ("Non, ou il est abîmé",)))
_WAITING = (Choice("print", ("L'imprimer maintenant",)), Choice("drop", ("Ne pas l'imprimer",)))
_NUMBER = "Pas de feuille ? Écrivez le numéro de la demande sur un papier. La personne revient avec lui."
_LOST = (
    "Si la personne revient : tapez son nom, puis F8. "
    "Le rendez-vous est toujours pris ; le nouveau ticket portera DUPLICATA."
)


class PaperScreen(CounterScreen):
    """Did this ticket come out?"""

    CSS_PATH = "paper.tcss"
    IN_VISIT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave")]
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (CHOOSE, DIGITS, BACK, HELP)
    HELP_TEXT = (
        "Un ticket est parti vers l'imprimante, et personne n'a dit s'il est sorti.\n\n"
        "Regardez l'imprimante et la table. Si vous ne savez pas : Échap, la question reste.\n"
        "Le rendez-vous, lui, est pris dans tous les cas."
    )

    class Left(Message):
        """Back to the first screen."""

    def __init__(self, desk: Desk, paper: OpenPaper) -> None:
        super().__init__(desk)
        self._paper = paper
        self._busy = False

    def body(self) -> Iterable[Widget]:
        """The one question, and what follows from « non »."""
        hour = french.hour(self._paper.since.astimezone(self.desk.now().tzinfo).time())
        if not self._paper.is_ticket:
            yield from self._about_receipt(hour)
        elif self._paper.waiting:
            yield Question(f"Le ticket {self._paper.code} n'est pas encore imprimé. L'imprimer ?")
            yield ChoiceList(_WAITING, id="choices")
        else:
            yield Question(f"Le ticket {self._paper.code}, de {hour}, est-il sorti en entier ?")
            yield ChoiceList(_ASKED, id="choices")
        yield Notice(id="notice")
        yield Sentence(_LOST if self._paper.is_ticket else _NUMBER, classes="quiet")

    def _about_receipt(self, hour: str) -> Iterable[Widget]:
        if self._paper.waiting:
            yield Question(f"La feuille de la demande {self._paper.code} n'est pas encore imprimée. L'imprimer ?")
            yield ChoiceList(_WAITING, id="choices")
        else:
            yield Question(f"La feuille de la demande {self._paper.code}, de {hour}, est-elle sortie en entier ?")
            yield ChoiceList(_ASKED, id="choices")

    def action_leave(self) -> None:
        """Decide nothing."""
        self.answer(self.Left())

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        if not self._busy:
            self._busy = True
            self._decide(event.key)

    @work(group="decide", exit_on_error=False)
    async def _decide(self, key: str) -> None:
        try:
            if key == "print":
                self._delivered(await self.desk.papers.send(self._paper.number, lambda _: None))
                return
            if key == "drop":
                await self.desk.papers.drop(self._paper.number)
            else:
                await self.desk.papers.seen(self._paper.number, came_out=key == "yes")
        except DeskError as error:
            self.query_one("#notice", Notice).say(self.sentence_for(error))
        else:
            self.answer(self.Left())
        finally:
            self._busy = False

    def _delivered(self, delivered: Delivered) -> None:
        if delivered.delivery is Delivery.WAITING:
            self.query_one("#notice", Notice).say(printer_sentence(delivered.printer))
        else:
            self.answer(self.Left())
