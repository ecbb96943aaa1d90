"""Créneau: the days that have room, then the hours. Nothing free and nobody knows are different sentences."""

import datetime as dt
from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.containers import Horizontal
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.catalogue import Availability, Day, IdentifierKind, Slot
from kiosk.booking.journey import NUMBER_STEPS, Journey, Step
from kiosk.desk.answers import CentralRefusedError, CentralSilentError, DeskError, Refusal
from kiosk.desk.desk import Desk
from kiosk.screens.base import BACK, CHOOSE, DIGITS, HELP
from kiosk.screens.step import StepScreen
from kiosk.terminal import KeyHold
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.sentences import Notice, Question, Spoken

KEPT = "kept"
WITHOUT_NETWORK = (
    "Sans réseau, les heures libres ne se voient pas. Rien n'est perdu.\n"
    "Échap : revenir aux lieux, pour essayer de nouveau ou noter une demande."
)


class SlotScreen(StepScreen):
    """When can the person come?"""

    STEP = Step.SLOT
    CSS_PATH = "slot.tcss"
    AUTO_FOCUS = "#days"
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (CHOOSE, DIGITS, Hint("↑↓", "parcourir"), BACK, HELP)
    HELP_TEXT = (
        "Choisissez un jour, puis une heure. Les heures sont celles de l'horloge du lieu.\n\n"
        "L'heure choisie est gardée quelques minutes pour la personne, le temps de tout relire.\n"
        "Une heure que vous laissez ne revient pas tout de suite dans la liste, pour que personne ne la revende.\n"
        "Échap revient aux jours, puis au lieu."
    )

    def __init__(self, desk: Desk, journey: Journey, notice: str = "") -> None:
        super().__init__(desk, journey, notice)
        self._days: tuple[Day, ...] = ()
        self._slots: tuple[Slot, ...] = ()

    def body(self) -> Iterable[Widget]:
        """Days on the left, hours of the chosen day on the right."""
        yield Question("Quel jour ?  Puis à quelle heure ?")
        with Horizontal(id="lists"):
            yield ChoiceList((), widths=(22,), id="days")
            yield ChoiceList((), widths=(12,), id="times")
        yield Notice(self.notice, id="notice")
        yield Spoken("", id="spoken")

    def on_mount(self) -> None:
        """Ask the site again: what the list of places said may be old."""
        self._load(self.notice)

    def action_back(self) -> None:
        """From the hours to the days, from the days to the places."""
        days = self.query_one("#days", ChoiceList)
        if self.query_one("#times", ChoiceList).has_focus:
            days.focus()
        else:
            super().action_back()

    @work(group="days", exclusive=True, exit_on_error=False)
    async def _load(self, because: str = "") -> None:
        journey, notice = self.journey, self.query_one("#notice", Notice)
        if journey.service is None or journey.site is None:
            return
        self.query_one("#times", ChoiceList).set_choices(())  # now, not later: a day may be chosen meanwhile
        try:
            offer = await self.desk.bookings.offer(journey.service, journey.site)
        except CentralSilentError:
            notice.say(WITHOUT_NETWORK)
            return
        except DeskError as error:
            notice.say(f"{self.sentence_for(error)} Échap, puis Entrée : essayer de nouveau.")
            return
        self.journey = journey.at_site(offer)
        notice.say(f"{because} {_what_is_missing(offer)}".strip())
        self.query_one("#spoken", Spoken).say(_what_is_offered(offer))
        self._days = offer.days
        self._list_days()

    def _list_days(self) -> None:
        free = (
            Choice(day.date.isoformat(), (french.short_date(day.date), french.counted(day.free, "place", "places")))
            for day in self._days
        )
        self.query_one("#days", ChoiceList).set_choices((*self._kept(), *free))

    @on(ChoiceList.Chosen, "#days")
    def _day_chosen(self, event: ChoiceList.Chosen) -> None:
        if event.key == KEPT:
            self.answer(self.Next(self.journey))
            return
        self.query_one("#notice", Notice).say("")
        self._load_times(dt.date.fromisoformat(event.key))

    def _kept(self) -> tuple[Choice, ...]:
        """Return the hour that is already kept for this person, which the lists of free hours cannot show."""
        if self.journey.hold is None:
            return ()
        start = self.journey.hold.slot.start
        return (Choice(KEPT, (f"{french.short_date(start.date())} {french.hour(start.time())}", "déjà gardé")),)

    @work(group="times", exclusive=True, exit_on_error=False)
    async def _load_times(self, date: dt.date, because: str = "") -> None:
        journey = self.journey
        if journey.service is None or journey.site is None:
            return
        try:
            self._slots = await self.desk.bookings.slots(journey.service, journey.site, date)
        except DeskError as error:
            self.query_one("#notice", Notice).say(self.sentence_for(error))
            return
        times = self.query_one("#times", ChoiceList)
        times.set_choices(
            tuple(
                Choice(slot.id, (french.hour(slot.start.time()), french.counted(slot.free, "place", "places")))
                for slot in self._slots
            )
        )
        if self._slots:
            times.focus()
        else:
            self.query_one("#days", ChoiceList).focus()
            self._load(because or "Ce jour n'a plus d'heure libre.")

    @on(ChoiceList.Chosen, "#times")
    def _time_chosen(self, event: ChoiceList.Chosen) -> None:
        self._hold(next(slot for slot in self._slots if slot.id == event.key), self.app.hold_keys())

    @work(group="hold", exit_on_error=False)
    async def _hold(self, slot: Slot, keys: KeyHold) -> None:
        try:
            with keys:
                hold = await self.desk.bookings.hold(self.journey, slot)
        except CentralRefusedError as error:
            self._refused(error, slot)
        except DeskError as error:
            # The request may have arrived: then the hour that was kept before is not any more.
            self.journey = self.journey.without_hold()
            self._list_days()
            self.query_one("#notice", Notice).say(self.sentence_for(error))
        else:
            self.answer(self.Next(self.journey.holding(hold, self.desk.new_key())))

    def _refused(self, error: CentralRefusedError, slot: Slot) -> None:
        sentence = self.sentence_for(error)
        if kind := _number_at_fault(error.refusal):
            self.answer(self.Change(NUMBER_STEPS[kind], self.journey.without_number(kind), sentence))
            return
        sentence = f"{sentence} {self._what_is_kept()}".strip()
        self.query_one("#notice", Notice).say(sentence)
        if error.refusal is Refusal.SLOT_TAKEN:
            self._load_times(slot.start.date(), sentence)

    def _what_is_kept(self) -> str:
        hold = self.journey.hold
        if hold is None or hold.expires_at <= self.desk.now():
            return ""
        until = french.hour(hold.expires_at.astimezone(self.desk.now().tzinfo).time())
        return f"L'heure choisie avant reste gardée jusqu'à {until}."


def _number_at_fault(refusal: Refusal) -> IdentifierKind | None:
    return next((kind for kind in NUMBER_STEPS if refusal.startswith(f"{kind}-")), None)


def _what_is_missing(offer: Availability) -> str:
    if not offer.known:
        return f"{offer.site.label} ne répond pas : personne ne sait s'il reste de la place. Échap : autre lieu."
    if offer.next_day is None:
        return f"{offer.site.label} : aucun rendez-vous libre dans les 12 semaines. Échap : autre lieu."
    return ""


def _what_is_offered(offer: Availability) -> str:
    if offer.next_day is None:
        return ""
    return f"Le premier rendez-vous est le {french.day_and_month(offer.next_day)}. Cela vous va ?"
