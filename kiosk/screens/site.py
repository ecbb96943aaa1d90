"""Lieu: where. The kiosk's department first, then its region, then the rest; typed letters narrow the list."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual import events, on, work
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.catalogue import SITE_KINDS, Availability, Service, search_keys
from kiosk.booking.journey import Journey, Step
from kiosk.booking.text import fold
from kiosk.desk.answers import Central, CentralSilentError, DeskError
from kiosk.desk.desk import Desk
from kiosk.screens.base import BACK, CHOOSE, DIGITS, HELP
from kiosk.screens.step import StepScreen
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.field import Field
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken

MOVES = {"up": -1, "down": 1, "pageup": -9, "pagedown": 9}
LOOK_SECONDS = 1.0
SEEN = "Sans réseau : places vues {}, elles ont pu changer. Entrée sur un lieu : noter une demande."
NEVER_SEEN = "Sans réseau, personne ne sait où il reste de la place. Entrée sur un lieu : noter une demande."
NOT_WITHOUT = (
    "Cette démarche ne peut pas être demandée sans réseau : son numéro doit être vérifié. "
    "Rien n'est réservé. Donnez la liste des papiers, et revenez quand le réseau est là."
)
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
        self._alone = False  # what is listed was seen earlier

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
        self.set_interval(LOOK_SECONDS, self._look_for_central)
        self._load()

    def _look_for_central(self) -> None:
        if self._alone and self.desk.central is Central.HERE:
            self._load()

    @work(group="offers", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        if self.journey.service is None:
            return
        try:
            self._offers = await self.desk.bookings.offers(self.journey.service)
        except CentralSilentError:
            await self._recall(self.journey.service)
            return
        except DeskError as error:
            self.query_one("#notice", Notice).say(f"{self.sentence_for(error)} Entrée : essayer de nouveau.")
            return
        self._alone = False
        self.query_one("#notice", Notice).say(self.notice)
        self._show(_promise)
        if soonest := _soonest(self._offers, 9):
            self.query_one("#spoken", Spoken).say(
                f"Le plus tôt près d'ici, c'est {soonest.site.commune}, le {french.day_and_month(soonest.next_day)}."
                if soonest.next_day
                else ""
            )

    async def _recall(self, service: Service) -> None:
        """List what was seen before, and say when: nothing of it is promised."""
        self._alone = True
        self._offers = await self.desk.bookings.offers_last_seen(service)
        today = self.desk.now().date()
        self._show(lambda offer: _memory(offer, today))
        seen = [offer.checked_at for offer in self._offers if offer.known]
        said = SEEN.format(_moment(max(seen), self.desk.now())) if seen else NEVER_SEEN
        self.query_one("#notice", Notice).say(said if service.takes_applications else NOT_WITHOUT)

    def _show(self, promise: Callable[[Availability], str]) -> None:
        self._rows = [(*search_keys(offer.site), _choice(offer, promise(offer))) for offer in self._offers]
        self._list([choice for *_, choice in self._rows], jump=True)

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
        if not self._alone:
            self.answer(self.Next(self.journey.at_site(offer)))
        elif self.journey.service and self.journey.service.takes_applications:
            self.answer(self.Next(self.journey.applying_at(offer)))
        else:
            self.query_one("#notice", Notice).say(NOT_WITHOUT)

    def _list(self, choices: Sequence[Choice], *, jump: bool) -> None:
        # Only the untouched list goes to the first place with room: what was typed names a town, full or not.
        first_free = next((choice.key for choice in choices if not choice.dim), None)
        self.query_one(ChoiceList).set_choices(choices, selected=first_free if jump else None)


def _soonest(offers: Sequence[Availability], among: int) -> Availability | None:
    free = [offer for offer in offers[:among] if offer.next_day]
    return min(free, key=lambda offer: offer.next_day or offer.checked_at.date(), default=None)


def _choice(offer: Availability, promise: str) -> Choice:
    site = offer.site
    cells = (f"{site.commune} ({site.department})", SITE_KINDS[site.kind], promise)
    return Choice(site.id, cells, dim=offer.next_day is None)


def _promise(offer: Availability) -> str:
    if not offer.known:
        return "? source injoignable"
    if offer.next_day is None:
        return "aucune place libre"
    return f"dès le {french.short_date(offer.next_day)}"


def _memory(offer: Availability, today: dt.date) -> str:
    if not offer.known or (offer.next_day and offer.next_day < today):
        return "? sans réseau"
    return f"vu : {french.short_date(offer.next_day)}" if offer.next_day else "vu : aucune place"


def _moment(seen: dt.datetime, now: dt.datetime) -> str:
    local = seen.astimezone(now.tzinfo)
    hour = french.hour(local.time())
    if local.date() == now.date():
        return f"aujourd'hui à {hour}"
    return f"le {french.day_and_month(local.date())} à {hour}"
