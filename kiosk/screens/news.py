"""À rappeler: what became of a request that its person could not wait for. Its number is known here, no name is."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.clock import was_set
from kiosk.desk.answers import Settled
from kiosk.desk.desk import Desk
from kiosk.screens.base import BACK, CHOOSE, DIGITS, HELP, CounterScreen
from kiosk.tickets.reference import grouped
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.sentences import Question, Sentence, Spoken

_CHOICES = (Choice("later", ("Garder sur la liste",)), Choice("heard", ("C'est dit à la personne : ôter de la liste",)))


class NewsScreen(CounterScreen):
    """Does the person know?"""

    CSS_PATH = "news.tcss"
    IN_VISIT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave")]
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (CHOOSE, DIGITS, BACK, HELP)
    HELP_TEXT = (
        "Une personne est partie avant la réponse, avec une feuille « Demande en cours » qui porte ce numéro.\n\n"
        "Ce poste n'a pas gardé son nom. Quand elle revient avec sa feuille, dites-lui la réponse.\n"
        "Si le rendez-vous est pris : tapez son nom, puis F8, et donnez-lui le ticket."
    )

    class Left(Message):
        """Back to the first screen."""

    def __init__(self, desk: Desk, settled: Settled) -> None:
        super().__init__(desk)
        self._settled = settled

    def body(self) -> Iterable[Widget]:
        """The number on the person's paper, the answer, and what to do with it."""
        settled = self._settled
        asked = settled.asked_at.astimezone(self.desk.now().tzinfo)
        when = f", du {french.day_and_month(asked.date())} à {french.hour(asked.time())}" if was_set(asked) else ""
        yield Question(f"Demande {settled.code}{when}")
        if settled.reference is None:
            yield Sentence("Rien n'est réservé. La personne peut recommencer.")
            yield Spoken("Le rendez-vous n'a pas pu être pris. Nous pouvons recommencer.")
        else:
            yield Sentence(f"Le rendez-vous est pris. Code : {grouped(settled.reference)}")
            yield Sentence("La personne revient : nouveau rendez-vous, son nom, puis F8. Son ticket sort.")
            yield Spoken("Votre rendez-vous est pris. Je vous donne le ticket.")
        yield ChoiceList(_CHOICES, id="choices")

    def action_leave(self) -> None:
        """Keep it on the list."""
        self.answer(self.Left())

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        if event.key == "heard":
            self._take_note()
        else:
            self.action_leave()

    @work(group="note", exit_on_error=False)
    async def _take_note(self) -> None:
        await self.desk.take_note(self._settled)
        self.answer(self.Left())
