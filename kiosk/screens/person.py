"""Personne: who comes. Surname and birth date first; a known person is found and read back, a new one is written."""

from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input

from kiosk.booking import french, person
from kiosk.booking.booking import Booking
from kiosk.booking.journey import Journey, Known, Step, Typed
from kiosk.booking.person import BirthDate, Person, PersonError
from kiosk.booking.phone import parse_phone, spoken_phone
from kiosk.desk.answers import CentralSilentError, DeskError
from kiosk.desk.desk import Desk
from kiosk.screens.base import FINISH, HELP, LANGUAGE, MASK, NEXT
from kiosk.screens.step import StepScreen
from kiosk.terminal import KeyHold
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.entry import Entry
from kiosk.widgets.field import Field
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken

NOT_SEARCHED = (
    "Sans réseau, personne ne peut être cherché. Notez le prénom. "
    "Un rendez-vous déjà pris reste pris : le serveur ne le prendra pas deux fois."
)
STILL_ASKED = (
    "Cette personne a déjà une demande sans réponse : {}. Ne recommencez pas. "
    "Quand la réponse arrive, elle est sur l'accueil."
)
FIELDS = ("surname", "birth-date", "given-names", "phone")

_Parsed = TypeVar("_Parsed")


class PersonScreen(StepScreen):
    """Who comes to the appointment?"""

    STEP = Step.PERSON
    CSS_PATH = "person.tcss"
    AUTO_FOCUS = "#surname Field"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f8,alt+8", "reprint")]
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (NEXT, LANGUAGE, HELP)
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (Hint("F8", "réimprimer son ticket"), FINISH, MASK)
    HELP_TEXT = (
        "Prenez la pièce d'identité. Tapez le nom comme il y est écrit, puis Entrée, puis la date de naissance.\n\n"
        "Un seul nom sur la pièce : tapez-le comme nom et laissez le prénom vide.\n"
        "Jour ou mois inconnu : 00/00/1987, ou seulement 1987.\n"
        "Déjà venue : les 4 premières lettres du nom suffisent. Lisez ensuite le prénom à la personne.\n"
        "Pas de téléphone : laissez vide. Le ticket suffit.\n\n"
        "La liste montre aussi ses rendez-vous à venir : F8, ou leur chiffre, réimprime le ticket."
    )

    def __init__(self, desk: Desk, journey: Journey, notice: str = "") -> None:
        super().__init__(desk, journey, notice)
        self._rows: list[Known | Booking | None] = []  # what each row of the list stands for; None for somebody else
        self._searched: tuple[str, str] | None = None

    def body(self) -> Iterable[Widget]:
        """Two fields; below them the persons found, or the fields of a new one."""
        typed = self.journey.typed
        yield Question("Qui vient au rendez-vous ?")
        yield Entry("Nom, comme sur la pièce d'identité", id="surname", value=typed.surname)
        yield Entry(
            "Date de naissance      ex. 03/02/1990, ou 1990 si le jour est inconnu",
            id="birth-date",
            value=typed.birth_date,
            max_length=20,
        )
        with Vertical(id="found"):
            yield Sentence("Déjà venue. Lisez le prénom à la personne : est-ce elle ?")
            yield ChoiceList(id="known")
        with Vertical(id="new"):
            yield Entry("Prénom (rien si la pièce n'en porte pas)", id="given-names", value=typed.given_names)
            yield Entry("Téléphone (facultatif)", id="phone", value=typed.phone, max_length=30)
        yield Notice(self.notice, id="notice")
        yield Spoken("Je note votre nom et votre date de naissance. Ce poste les effacera.")

    def on_mount(self) -> None:
        """Show the fields of a new person only if they were needed before."""
        self._show("new" if self.journey.typed.given_names else "")

    def so_far(self) -> Journey:
        """Keep every field, right or wrong."""
        return self.journey.with_typed(Typed(*(self._entry(name).text for name in FIELDS)))

    def action_back(self) -> None:
        """There is nothing before the first question; only F9 erases."""
        self._say("C'est la première question. Pour arrêter et tout effacer : F9.")

    def action_reprint(self) -> None:
        """Print again the highlighted appointment, or the next one of the highlighted person."""
        rows = self._rows[self.query_one("#known", ChoiceList).highlighted :] if self._shown("found") else []
        booking = next((row for row in rows if isinstance(row, Booking)), None)
        if booking:
            self.answer(self.Booked(booking, new=False, language=self.journey.language))
        else:
            self._say("Aucun rendez-vous à réimprimer ici. Cherchez d'abord la personne par son nom.")

    @on(Input.Changed, "#surname Field, #birth-date Field")
    def _search_again(self) -> None:
        if self._searched and self._searched != self._wanted():
            self._searched = None
            self._show("")

    @on(Field.Entered, "#surname Field")
    def _surname_entered(self) -> None:
        if self._checked("surname", person.surname):
            self._entry("birth-date").field.focus()

    @on(Field.Entered, "#birth-date Field")
    def _birth_date_entered(self) -> None:
        surname, birth_date = self._checked("surname", person.surname), self._checked("birth-date", self._birth_date)
        if surname and birth_date:
            self._search(surname, birth_date, self.app.hold_keys())

    @on(Field.Entered, "#given-names Field")
    def _given_names_entered(self) -> None:
        if self._checked("given-names", person.given_names) is not None:
            self._entry("phone").field.focus()

    @on(Field.Entered, "#phone Field")
    def _phone_entered(self) -> None:
        surname, birth_date = self._checked("surname", person.surname), self._checked("birth-date", self._birth_date)
        given_names = self._checked("given-names", person.given_names)
        try:
            phone = parse_phone(self._entry("phone").text)
        except PersonError as error:
            self._entry("phone").wrong(str(error))
            return
        if surname and birth_date and given_names is not None:
            someone = Person(surname, given_names, birth_date, phone)
            self._decide(self.so_far().for_person(someone))

    @on(ChoiceList.Chosen, "#known")
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        match self._rows[event.index]:
            case Known() as known:
                self._take(known)
            case Booking() as booking:
                self.answer(self.Booked(booking, new=False, language=self.journey.language))
            case None:
                self._ask_new()

    def _take(self, known: Known) -> None:
        someone = known.person
        phone = spoken_phone(someone.phone) if someone.phone else ""
        typed = Typed(someone.surname, someone.birth_date.typed(), someone.given_names, phone)
        self._decide(self.journey.with_typed(typed).for_person(someone, known.numbers))

    @work(group="search", exclusive=True, exit_on_error=False)
    async def _search(self, surname: str, birth_date: BirthDate, hold: KeyHold) -> None:
        self._say("")
        try:
            with hold:
                known = await self.desk.bookings.find(surname, birth_date)
        except CentralSilentError:
            known = ()
            self._say(NOT_SEARCHED)
        except DeskError as error:
            self._say(self.sentence_for(error))
            return
        self._searched = self._wanted()
        if known:
            self._ask_known(known)
        else:
            self._ask_new()

    def _ask_known(self, known: tuple[Known, ...]) -> None:
        self._rows = []
        for one in known:
            self._rows += [one, *one.upcoming]
        self._rows.append(None)
        choices = self.query_one("#known", ChoiceList)
        choices.set_choices(Choice(str(number), (_read_back(row),)) for number, row in enumerate(self._rows))
        self._show("found")
        choices.focus()

    def _decide(self, journey: Journey) -> None:
        asked = journey.person and self.desk.request_of(journey.person)
        if asked:
            self._say(STILL_ASKED.format(asked.code))
        else:
            self.answer(self.Next(journey))

    def _ask_new(self) -> None:
        self._show("new")
        self._entry("given-names").field.focus()

    def _checked(self, name: str, parse: Callable[[str], _Parsed]) -> _Parsed | None:
        try:
            return parse(self._entry(name).text)
        except PersonError as error:
            self._entry(name).wrong(str(error))
            return None

    def _birth_date(self, typed: str) -> BirthDate:
        return person.birth_date(typed, self.desk.now().date())

    def _entry(self, name: str) -> Entry:
        return self.query_one(f"#{name}", Entry)

    def _wanted(self) -> tuple[str, str]:
        return self._entry("surname").text, self._entry("birth-date").text

    def _say(self, sentence: str) -> None:
        self.query_one("#notice", Notice).say(sentence)

    def _show(self, part: str) -> None:
        for name in ("found", "new"):
            self.query_one(f"#{name}").display = name == part

    def _shown(self, part: str) -> bool:
        return bool(self.query_one(f"#{part}").display)


def _read_back(row: Known | Booking | None) -> str:
    match row:
        case Known():
            return row.person.full_name()
        case Booking():
            when = f"{french.short_date(row.start.date())} {french.hour(row.start.time())}"
            return f"  réimprimer : {when}, {row.service.name}"
        case None:
            return "Une autre personne"
