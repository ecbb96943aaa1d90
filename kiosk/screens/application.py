"""Demande sans réseau: nobody can see the hours, so the first free place is asked for. It is no appointment yet."""

import datetime as dt
from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.journey import Step
from kiosk.screens.base import BACK, CHOOSE, DIGITS, FINISH, HELP, MASK
from kiosk.screens.check import CheckScreen, facts
from kiosk.screens.step import StepScreen
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken

WEEKS = (1, 2, 3, 4, 6, 8)  # from now, between which a first day is offered


class FirstDayScreen(StepScreen):
    """From which day on can the person come?"""

    STEP = Step.SLOT
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (FINISH, MASK)
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (CHOOSE, DIGITS, BACK, HELP)
    HELP_TEXT = (
        "Sans réseau, ce poste ne voit pas les heures libres. Il note une demande.\n\n"
        "Quand le réseau revient, le serveur prend la première place libre à partir de ce jour, à n'importe quelle "
        "heure. Un papier demande du temps ? Choisissez un jour après ce délai.\n\n"
        "La personne repart avec une feuille « Demande en cours ». Ce n'est pas un rendez-vous."
    )

    def body(self) -> Iterable[Widget]:
        """One line per day."""
        today = self.desk.now().date()
        yield Question("À partir de quel jour ?")
        yield Sentence("Le serveur prendra la première place libre, à n'importe quelle heure.")
        yield ChoiceList(tuple(_days(today)), widths=(22,), id="choices")
        yield Notice(self.notice, id="notice")
        yield Spoken("À partir de quel jour pouvez-vous venir ? Ce sera la première place libre.")

    def action_language(self) -> None:
        """Choose nothing: the paper of a request speaks French alone."""

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.answer(self.Next(self.journey.from_day(dt.date.fromisoformat(event.key), self.desk.new_key())))


class ReadBackScreen(CheckScreen):
    """Is everything right, and does the person know that this is no appointment?"""

    QUESTION = "Noter cette demande ?  Lisez à voix haute, puis F10."
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (FINISH, Hint("F10", "noter la demande", commits=True), MASK)
    HELP_TEXT = (
        "Lisez chaque ligne à voix haute. La personne dit oui.\n\n"
        "F10 note la demande sur ce poste, sans que personne puisse la relire ici, et imprime une feuille.\n"
        "Elle part toute seule quand le réseau revient. Ce n'est pas encore un rendez-vous : dites-le.\n\n"
        "La réponse s'affiche sur l'accueil, « À rappeler », avec le numéro de la feuille.\n"
        "R : si un parent ou un tuteur décide pour la personne."
    )

    def aloud(self) -> str:
        """Return that it is not yet an appointment."""
        return "Ce n'est pas encore un rendez-vous. Je demande la première place libre. Gardez la feuille."

    def facts(self) -> tuple[Choice, ...]:
        """Return one line per fact: the paper of a request speaks French alone."""
        return facts(self.journey)

    def action_language(self) -> None:
        """Choose nothing: the paper of a request speaks French alone."""


def _days(today: dt.date) -> Iterable[Choice]:
    yield Choice((today + dt.timedelta(days=1)).isoformat(), ("Dès que possible", "à partir de demain"))
    for weeks in WEEKS:
        day = today + dt.timedelta(weeks=weeks)
        cells = (f"Dans {french.counted(weeks, 'semaine', 'semaines')}", f"à partir du {french.long_date(day)}")
        yield Choice(day.isoformat(), cells)
