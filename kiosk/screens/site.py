"""Lieu: where. The kiosk's department first, then its region, then the rest; typed letters narrow the list."""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual import events, on, work
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.catalogue import SITE_KINDS, Availability, search_keys
from kiosk.booking.journey import Journey, Step
from kiosk.booking.text import fold
from kiosk.desk.answers import DeskError
from kiosk.desk.desk import Desk
from kiosk.screens.base import BACK, CHOOSE, DIGITS, HELP
from kiosk.screens.step import StepScreen
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.field import Field
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken

MOVES = {"up": -1, "down": 1, "pageup": -9, "pagedown": 9}
NO_SUCH_TOWN = "Aucune préfecture ni sous-préfecture dans une ville de ce nom. Effacez des lettres."
DIGIT_KEYS = frozenset("123456789")


class FilterField(Field):
    """A field for letters: arrows and digits are left to the list below it."""

    def __init__(self, narrow: Callable[[str], None], *, id: str) -> None:
        super().__init__(max_length=40, id=id)
        self._narrow = narrow

    def watch_value(self, value: str) -> None:
        """Narrow the list at once: by way of a message it would be painted one frame after the letter."""
        if self.is_mounted:
            self._narrow(value)

    async def _on_key(self, event: events.Key) -> None:
        if event.key in DIGIT_KEYS or event.key in MOVES:
            event.prevent_default()  # neither typed nor stopped: it goes on to the screen


class SiteScreen(StepScreen):
    """Where can the person go?"""

    STEP = Step.SITE
    CSS_PATH = "site.tcss"
    AUTO_FOCUS = "#filter"
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (CHOOSE, DIGITS, Hint("↑↓", "parcourir"), BACK, HELP)
    HELP_TEXT = (
        "« Dès le » : la première date avec une place libre.\n"
        "Les lieux du département viennent d'abord, puis ceux de la région, puis toute la France.\n"
        "Tapez les premières lettres d'une ville ou d'un département pour la trouver.\n\n"
        "« Aucune place libre » : le lieu a répondu, il n'y a rien.\n"
        "« Source injoignable » : le lieu n'a pas répondu, personne ne sait. Essayez plus tard."
    )

    def __init__(self, desk: Desk, journey: Journey, notice: str = "") -> None:
        super().__init__(desk, journey, notice)
        self._offers: tuple[Availability, ...] = ()
        self._rows: list[tuple[str, str, Choice]] = []  # found by its town, found by its department, shown

    def body(self) -> Iterable[Widget]:
        """The type-ahead field and the list it narrows."""
        yield Question("Où ?")
        yield Sentence("Premières lettres de la ville ou du département")
        yield FilterField(self._narrow, id="filter")
        yield ChoiceList((), widths=(33, 15), id="choices", classes="-active")
        yield Notice(self.notice, id="notice")
        yield Spoken("Où pouvez-vous aller ?", id="spoken")

    def on_mount(self) -> None:
        """Ask every site."""
        self._load()

    @work(group="offers", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        if self.journey.service is None:
            return
        try:
            self._offers = await self.desk.bookings.offers(self.journey.service)
        except DeskError as error:
            self.query_one("#notice", Notice).say(f"{self.sentence_for(error)} Entrée : essayer de nouveau.")
            return
        self.query_one("#notice", Notice).say(self.notice)
        self._rows = [(*search_keys(offer.site), _choice(offer)) for offer in self._offers]
        self._list([choice for *_, choice in self._rows], jump=True)
        if soonest := _soonest(self._offers, 9):
            self.query_one("#spoken", Spoken).say(
                f"Le plus tôt près d'ici, c'est {soonest.site.commune}, le {french.day_and_month(soonest.next_day)}."
                if soonest.next_day
                else ""
            )

    def _narrow(self, typed: str) -> None:
        wanted = f" {fold(typed)}"
        by_town = [choice for town, _, choice in self._rows if wanted in town]
        others = [choice for town, department, choice in self._rows if wanted in department and wanted not in town]
        self._list(by_town + others, jump=not typed)
        self.query_one("#notice", Notice).say("" if by_town or others else NO_SUCH_TOWN)

    @on(Field.Entered, "#filter")
    def _entered(self) -> None:
        if self._offers:
            self.query_one(ChoiceList).choose()
        else:
            self._load()

    async def on_key(self, event: events.Key) -> None:
        """Arrows and digits act on the list while letters go to the field."""
        choices = self.query_one(ChoiceList)
        if event.key in MOVES:
            choices.move(MOVES[event.key])
        elif event.key in DIGIT_KEYS:
            choices.press_digit(int(event.key))

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        offer = next(offer for offer in self._offers if offer.site.id == event.key)
        self.answer(self.Next(self.journey.at_site(offer)))

    def _list(self, choices: Sequence[Choice], *, jump: bool) -> None:
        # Only the untouched list goes to the first place with room: what was typed names a town, full or not.
        first_free = next((choice.key for choice in choices if not choice.dim), None)
        self.query_one(ChoiceList).set_choices(choices, selected=first_free if jump else None)


def _soonest(offers: Sequence[Availability], among: int) -> Availability | None:
    free = [offer for offer in offers[:among] if offer.next_day]
    return min(free, key=lambda offer: offer.next_day or offer.checked_at.date(), default=None)


def _choice(offer: Availability) -> Choice:
    site = offer.site
    cells = (f"{site.commune} ({site.department})", SITE_KINDS[site.kind], _promise(offer))
    return Choice(site.id, cells, dim=offer.next_day is None)


def _promise(offer: Availability) -> str:
    if not offer.known:
        return "? source injoignable"
    if offer.next_day is None:
        return "aucune place libre"
    return f"dès le {french.short_date(offer.next_day)}"
