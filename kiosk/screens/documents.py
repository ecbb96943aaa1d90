"""Pièces à apporter: read one by one with the person, so that one visit is enough."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.catalogue import Document, IdentifierKind
from kiosk.booking.identifiers import NAMES
from kiosk.booking.journey import Journey, Step
from kiosk.desk.desk import Desk
from kiosk.screens.base import BACK, HELP, NEXT
from kiosk.screens.step import StepScreen
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken


class DocumentsScreen(StepScreen):
    """Which documents has the person already?"""

    STEP = Step.DOCUMENTS
    CSS_PATH = "documents.tcss"
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (NEXT, Hint("1-9", "cocher, décocher"), BACK, HELP)
    HELP_TEXT = (
        "Lisez chaque ligne à la personne. Tapez son chiffre si elle a déjà ce papier : [x].\n\n"
        "Rien n'est bloqué si un papier manque : il sera sur le ticket, à cocher.\n"
        "Quand un papier demande du temps, choisissez un rendez-vous après ce délai.\n"
        "Cette liste est une aide. Ce poste ne vérifie pas si le dossier est complet."
    )

    def __init__(self, desk: Desk, journey: Journey, notice: str = "") -> None:
        super().__init__(desk, journey, notice)
        self._at_hand = set(journey.at_hand)

    def body(self) -> Iterable[Widget]:
        """One line per document, ticked by its digit."""
        service = self.journey.service
        yield Question("Que faut-il apporter ?  Cochez ce que la personne a déjà.")
        yield ChoiceList(self._choices(), widths=(3, 34), toggles=True, id="choices")
        numbers = " ; ".join(_number(kind) for kind in service.identifiers) if service else ""
        yield Sentence(f"Et aussi : {numbers}." if numbers else "", id="identifiers")
        yield Notice(self.notice, id="notice")
        yield Spoken("Il faut apporter ces papiers le jour du rendez-vous. Les avez-vous ?")

    def so_far(self) -> Journey:
        """Keep the ticks."""
        return self.journey.ticked(frozenset(self._at_hand))

    @on(ChoiceList.Toggled)
    def _toggled(self, event: ChoiceList.Toggled) -> None:
        self._at_hand ^= {event.key}
        self.query_one(ChoiceList).set_choices(self._choices())

    @on(ChoiceList.Chosen)
    def _chosen(self) -> None:
        self.answer(self.Next(self.so_far().having_read_documents()))

    def _choices(self) -> tuple[Choice, ...]:
        documents = self.journey.service.documents if self.journey.service else ()
        return tuple(Choice(d.id, self._cells(d)) for d in documents)

    def _cells(self, document: Document) -> tuple[str, str, str]:
        ticked = document.id in self._at_hand
        delay = french.counted(document.lead_days, "jour", "jours")
        lead = "à préparer" if document.lead_days == 0 else f"à préparer, environ {delay}"
        return "[x]" if ticked else "[ ]", french.capitalised(document.name), "" if ticked else lead


def _number(kind: IdentifierKind) -> str:
    name = NAMES[kind]
    return f"le {name.name}, {name.place}" if name.place else f"le {name.name}"
