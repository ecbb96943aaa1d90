"""Démarche: what the person comes for."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.widget import Widget

from kiosk.booking.journey import Step
from kiosk.screens.base import BACK, CHOOSE, DIGITS, HELP
from kiosk.screens.step import StepScreen
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.sentences import Notice, Question, Spoken


class ServiceScreen(StepScreen):
    """What does the person come for?"""

    STEP = Step.SERVICE
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (CHOOSE, DIGITS, BACK, HELP)
    HELP_TEXT = (
        "Demandez à la personne de montrer sa carte ou son papier : c'est souvent la réponse.\n\n"
        "Tapez le chiffre de la démarche, ou allez dessus avec les flèches, puis Entrée.\n"
        "Une lettre dit que la carte de séjour est prête : c'est « Recevoir votre carte de séjour »."
    )

    def body(self) -> Iterable[Widget]:
        """One line per service."""
        services = self.desk.bookings.services()
        yield Question("Pour quelle démarche ?")
        yield ChoiceList(
            tuple(Choice(service.id, (service.purpose,)) for service in services),
            selected=self.journey.service.id if self.journey.service else None,
            id="choices",
        )
        yield Notice(self.notice, id="notice")
        yield Spoken("Pour quoi venez-vous ? Montrez-moi votre carte, ou votre lettre.")

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        service = next(s for s in self.desk.bookings.services() if s.id == event.key)
        self.answer(self.Next(self.journey.for_service(service)))
