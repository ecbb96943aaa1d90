"""Numéro: what the service wants to know of the person, copied from a paper; asked only if it is missing."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.catalogue import IdentifierKind
from kiosk.booking.identifiers import MAX_TYPED, NAMES, IdentifierError, IdentifierName, identifier
from kiosk.booking.journey import Journey, Step
from kiosk.screens.step import StepScreen
from kiosk.widgets.entry import Entry
from kiosk.widgets.field import Field
from kiosk.widgets.sentences import Question, Sentence, Spoken

_WITHOUT = "Sans ce numéro, cette démarche ne peut pas être réservée. Échap : autre démarche. F9 : arrêter."
_CHECKED = "Le serveur vérifie le numéro quand vous choisissez l'heure. S'il n'est pas bon, vous revenez ici."
_REMEMBERED = "Le serveur le retient : à la prochaine visite, personne ne le tape de nouveau."


class NumberScreen(StepScreen):
    """What is the number that this service needs?"""

    KIND: ClassVar[IdentifierKind]
    ALOUD: ClassVar[str]
    AUTO_FOCUS = "#number Field"

    def body(self) -> Iterable[Widget]:
        """One field."""
        name = NAMES[self.KIND]
        yield Question(f"Quel est son {name.name} ?")
        yield Entry(
            _label(name), id="number", value=self.journey.numbers_typed.get(self.KIND, ""), max_length=MAX_TYPED
        )
        yield Sentence("La personne ne l'a pas ?  Échap : autre démarche.", classes="quiet")
        yield Spoken(self.ALOUD)

    def on_mount(self) -> None:
        """Say under the field why the number is asked for again."""
        if self.notice:
            self.query_one(Entry).wrong(self.notice)

    def so_far(self) -> Journey:
        """Keep the field, right or wrong."""
        return self.journey.with_number_typed(self.KIND, self.query_one(Entry).text)

    @on(Field.Entered)
    def _entered(self, event: Field.Entered) -> None:
        try:
            number = identifier(self.KIND, event.value)
        except IdentifierError as error:
            self.query_one(Entry).wrong(str(error))
        else:
            self.answer(self.Next(self.so_far().with_number(self.KIND, number)))


class AgdrefScreen(NumberScreen):
    """The number of a foreigner, on the residence permit."""

    STEP = Step.AGDREF
    KIND = "agdref"
    ALOUD = "Montrez-moi un papier de la préfecture. Je recopie le numéro étranger."
    HELP_TEXT = (
        "Le numéro étranger est sur la carte de séjour. Il a 10 chiffres, parfois 9.\n"
        "Tapez-le comme vous le lisez : les espaces et les points ne gênent pas.\n\n"
        f"{_CHECKED}\n{_REMEMBERED}\n\n{_WITHOUT}"
    )


class AntsScreen(NumberScreen):
    """The number of a pre-application for an identity card or a passport."""

    STEP = Step.ANTS
    KIND = "ants"
    ALOUD = "Montrez-moi la feuille de la pré-demande. Je recopie le numéro."
    HELP_TEXT = (
        "Le numéro de pré-demande est sur la feuille de la pré-demande. Il a 10 lettres ou chiffres.\n"
        "Tapez-le comme vous le lisez : majuscules ou minuscules, c'est pareil.\n\n"
        f"{_CHECKED}\nUne pré-demande sert une seule fois.\n\n{_WITHOUT}"
    )


class NephScreen(NumberScreen):
    """The number of a driving-licence file."""

    STEP = Step.NEPH
    KIND = "neph"
    ALOUD = "Avez-vous votre numéro NEPH ? Montrez-le-moi, je le recopie."
    HELP_TEXT = (
        "Le numéro NEPH est celui du dossier de permis. Il a entre 10 et 19 chiffres.\n"
        "Tapez-le comme vous le lisez : les espaces ne gênent pas.\n\n"
        f"{_REMEMBERED}\n\n{_WITHOUT}"
    )


def _label(name: IdentifierName) -> str:
    where = f"{name.place} : {name.form}" if name.place else name.form
    return f"{french.capitalised(where)}   ex. {name.example}"
