"""Vérifier: everything read aloud to the person, one line per fact, each changeable; F10 books."""

import asyncio
import datetime as dt
import textwrap
from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.booking import ARRIVE_EARLY_MINUTES
from kiosk.booking.catalogue import IdentifierKind, Site
from kiosk.booking.identifiers import NAMES
from kiosk.booking.journey import NUMBER_STEPS, Journey, Step
from kiosk.booking.phone import spoken_phone
from kiosk.screens.base import BACK, FINISH, HELP, MASK
from kiosk.screens.step import StepScreen
from kiosk.screens.words import printer_sentence
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken

PRINTER_SECONDS = 4.0  # between two looks at a printer in trouble
TICKET = "TICKET"  # the one line that is no step
FACT_CELLS = 58  # of 80, less the margins, the number and the label
CONSENTS = {
    "present": "F10 dit aussi : la personne est d'accord.     R : un parent ou tuteur décide",
    "legal_representative": "F10 dit aussi : le parent ou tuteur est d'accord.     R : la personne décide",
}


class CheckScreen(StepScreen):
    """Is everything right?"""

    STEP = Step.CHECK
    CSS_PATH = "check.tcss"
    AUTO_FOCUS = "#facts"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f10,alt+0", "confirm"),
        Binding("r,R", "consent"),
    ]
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (Hint("1-9", "changer une ligne"), BACK, HELP)
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (
        FINISH,
        Hint("F10", "confirmer", commits=True),
        Hint("F2", "langue"),
        MASK,
    )
    QUESTION: ClassVar[str] = "Tout est juste ?  Lisez à voix haute, puis F10."
    HELP_TEXT = (
        "Lisez chaque ligne à voix haute. La personne dit oui.\n\n"
        "Une ligne est fausse : tapez son chiffre, corrigez, et revenez ici.\n"
        "Tout est juste : F10 prend le rendez-vous et imprime le ticket. Aucune autre touche ne le fait.\n\n"
        "R : si un parent ou un tuteur décide pour la personne.\n"
        "F2 : la langue du ticket, en plus du français. Une imprimante en panne n'empêche pas F10."
    )

    def body(self) -> Iterable[Widget]:
        """The facts, the consent, and the words to say."""
        yield Question(self.QUESTION)
        yield ChoiceList(self.facts(), widths=(10,), toggles=True, id="facts")
        yield Sentence(CONSENTS[self.journey.consent], id="consent")
        yield Notice(self.notice, id="notice")
        yield Sentence(id="printer")
        yield Spoken(self.aloud())

    def aloud(self) -> str:
        """Return what is said when everything was read."""
        return _aloud(self.journey)

    def trail(self) -> str:
        """Return whom and what for; the lines below say the rest."""
        person, service = self.journey.person, self.journey.service
        return f"{person.short_name()} · {service.name}" if person and service else ""

    def progress(self) -> str:
        """Return until when the hour is kept."""
        hold = self.journey.hold
        return (
            f"réservé jusqu'à {french.hour(hold.expires_at.astimezone(self.desk.now().tzinfo).time())}" if hold else ""
        )

    def on_mount(self) -> None:
        """Ask the printer how it is, before anything is booked."""
        self._look_at_printer()

    @work(group="printer", exit_on_error=False)
    async def _look_at_printer(self) -> None:
        """Say what it needs until it needs nothing: the appointment does not depend on it, the paper does."""
        while sentence := printer_sentence(await self.desk.papers.printer()):
            self.query_one("#printer", Sentence).say(f"! {sentence}")
            await asyncio.sleep(PRINTER_SECONDS)
        self.query_one("#printer", Sentence).say("")

    def action_confirm(self) -> None:
        """Book. The screen is left at once, so that a second F10 finds nobody."""
        self.answer(self.Confirm(self.journey))

    def action_consent(self) -> None:
        """Say who agrees."""
        present = self.journey.consent == "present"
        self.journey = self.journey.agreed("legal_representative" if present else "present")
        self.query_one("#consent", Sentence).say(CONSENTS[self.journey.consent])

    @on(ChoiceList.Chosen, "#facts")
    def _entered(self) -> None:
        self.query_one("#notice", Notice).say("Tout est juste : F10. Une ligne est fausse : tapez son chiffre.")

    @on(ChoiceList.Toggled, "#facts")
    def _change(self, event: ChoiceList.Toggled) -> None:
        if event.key == TICKET:
            self.action_language()
        else:
            self.answer(self.Change(Step[event.key], self.journey))

    def spoken_in(self, language: str | None) -> None:
        """Show the language of the ticket among the facts."""
        super().spoken_in(language)
        self.query_one(ChoiceList).set_choices(self.facts())

    def facts(self) -> tuple[Choice, ...]:
        """Return one line per fact, and what the ticket speaks."""
        names = {language.key: language.name for language in self.desk.papers.languages}
        return (*facts(self.journey), Choice(TICKET, ("Ticket", names.get(self.journey.language, ""))))


def facts(journey: Journey) -> tuple[Choice, ...]:
    """Return one line per fact; the key of a line is the step that changes it."""
    person, service, site = journey.person, journey.service, journey.site
    if person is None or service is None or site is None:
        return ()
    missing = [d for d in service.documents if d.id not in journey.at_hand]
    ready = french.counted(len(service.documents) - len(missing), "papier déjà là", "papiers déjà là")
    return (
        *(Choice("PERSON", cells) for cells in _on_lines("Qui", person.full_name())),
        Choice("PERSON", ("Naissance", person.birth_date.read_aloud())),
        Choice("SERVICE", ("Pour", service.purpose)),
        *(_number(kind, number) for kind, number in journey.numbers_to_give.items()),
        Choice("SLOT", ("Quand", _when(journey, site))),
        *(Choice("SITE", cells) for cells in _on_lines("Où", _place(site))),
        Choice("DOCUMENTS", ("Apporter", f"{ready}, {len(missing)} à préparer")),
        Choice("PERSON", ("Téléphone", spoken_phone(person.phone) if person.phone else "aucun : le ticket suffit")),
    )


def _when(journey: Journey, site: Site) -> str:
    if journey.hold is not None:
        start = journey.hold.slot.start
        return f"{french.capitalised(french.long_date(start.date()))} à {_hour(site, start)}"
    return f"Première place à partir du {french.long_date(journey.not_before)}" if journey.not_before else ""


def _on_lines(label: str, text: str) -> Iterator[tuple[str, str]]:
    """Spread a long text over as many rows as it needs: nothing that is read aloud may be cut."""
    for number, part in enumerate(textwrap.wrap(text, FACT_CELLS)):
        yield ("" if number else label), part


def _number(kind: IdentifierKind, number: str) -> Choice:
    return Choice(NUMBER_STEPS[kind].name, ("Numéro", f"{number} ({NAMES[kind].name})"))


def _place(site: Site) -> str:
    return f"{site.label}, {site.postcode} {site.commune} ({site.department_name})"


def _hour(site: Site, start: dt.datetime) -> str:
    hour = french.hour(start.time())
    return f"{hour} ({site.zone_note})" if site.zone_note else hour


def _aloud(journey: Journey) -> str:
    if journey.hold is None or journey.site is None:
        return ""
    start = journey.hold.slot.start
    label = journey.site.label[0].lower() + journey.site.label[1:]
    return (
        f"{french.capitalised(french.day_and_month(start.date()))}, à {_hour(journey.site, start)}, à la {label}. "
        f"Arrivez {ARRIVE_EARLY_MINUTES} minutes avant. C'est gratuit."
    )
