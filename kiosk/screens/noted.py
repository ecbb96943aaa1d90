"""Demande notée: it is in the journal, sealed, and leaves by itself. The person has its number on a paper."""

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from kiosk.booking.journey import Journey, Step
from kiosk.desk.answers import Delivered, Delivery, DeskError, Progress, Request
from kiosk.desk.desk import Desk
from kiosk.screens.base import FINISH, HELP, MASK
from kiosk.screens.step import StepScreen
from kiosk.screens.ticket import STOPPED
from kiosk.screens.words import printer_sentence
from kiosk.terminal import KeyHold
from kiosk.widgets.bars import Hint
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken

NOTING = "Nous notons la demande…"
NOTED = "La demande est notée. Ce n'est pas encore un rendez-vous."
PRINTING = "Impression de la feuille…"
PRINTED = "La feuille est imprimée. Donnez-la."
LOOK = "La feuille est-elle sortie en entier ? Sinon, écrivez le numéro de la demande sur un papier."
COPY = "Pas de feuille : écrivez le numéro de la demande sur un papier pour la personne."


class NotedScreen(StepScreen):
    """Has the person the number?"""

    STEP = Step.CHECK
    CSS_PATH = "noted.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "again")]
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (Hint("Entrée", "personne suivante"), HELP)
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (FINISH, MASK)
    HELP_TEXT = (
        "La demande est sur ce poste, fermée : personne ne peut la relire ici, seul le serveur.\n"
        "Elle part toute seule quand le réseau revient. Laissez ce poste allumé.\n\n"
        "La réponse s'affiche sur l'accueil, « À rappeler », avec ce numéro. La personne revient avec sa feuille.\n\n"
        "F9 ou Entrée effacent la personne de ce poste. La demande, elle, reste."
    )

    def __init__(self, desk: Desk, journey: Journey, notice: str = "") -> None:
        super().__init__(desk, journey, notice)
        self._request: Request | None = None

    def body(self) -> Iterable[Widget]:
        """What is certain, and the number."""
        yield Question(NOTING, id="state")
        yield Sentence("", id="request")
        yield Sentence("", id="delivery")
        yield Notice("", id="notice")
        yield Spoken("Ce n'est pas encore un rendez-vous. Gardez cette feuille, et revenez avec elle.")

    def progress(self) -> str:
        """Return nothing: the steps are over."""
        return ""

    def on_mount(self) -> None:
        """Write it down."""
        self._note(self.app.hold_keys())

    def action_back(self) -> None:
        """What is noted is noted."""

    def action_language(self) -> None:
        """Choose nothing: the paper of a request speaks French alone."""

    def action_again(self) -> None:
        """Erase and go to the next person."""
        self._leave(again=True)

    def action_finish(self) -> None:
        """Erase."""
        self._leave(again=False)

    def _leave(self, *, again: bool) -> None:
        if self._request is not None:
            self.answer(self.Finish(None, again=again))

    @work(group="note", exit_on_error=False)
    async def _note(self, keys: KeyHold) -> None:
        with keys:
            try:
                self._request = await self.desk.apply(self.journey)
            except DeskError as error:
                self.answer(self.Change(Step.CHECK, self.journey, self.sentence_for(error)))
                return
        self.query_one("#state", Question).say(NOTED)
        self.query_one("#request", Sentence).say(f"Demande  {self._request.code}")
        await self._print(self._request)

    async def _print(self, request: Request) -> None:
        papers, delivery = self.desk.papers, self.query_one("#delivery", Sentence)
        delivery.say(PRINTING)
        try:
            number = await papers.draw_receipt(self.journey, request, demonstration=self.desk.demonstration)
            delivered = await papers.send(number, self._tell)
        except DeskError as error:
            delivery.say("")
            self.query_one("#notice", Notice).say(f"{COPY} ({self.sentence_for(error)})")
        else:
            delivery.say(_outcome(delivered))
            waits = delivered.delivery is Delivery.WAITING
            self.query_one("#notice", Notice).say(f"{COPY} {printer_sentence(delivered.printer)}" if waits else "")

    def _tell(self, progress: Progress) -> None:
        self.query_one("#notice", Notice).say(STOPPED if progress is Progress.STOPPED else LOOK)


def _outcome(delivered: Delivered) -> str:
    if delivered.place:
        return f"Papier virtuel : {delivered.place}"
    return {Delivery.PRINTED: PRINTED, Delivery.WAITING: ""}.get(delivered.delivery, LOOK)
