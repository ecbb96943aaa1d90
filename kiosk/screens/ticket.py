"""Ticket: the appointment is taken; here is its paper, as it left for the printer."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.booking import Booking
from kiosk.desk.answers import Delivered, Delivery, DeskError, Paper, Progress
from kiosk.desk.desk import Desk
from kiosk.screens.base import FINISH, HELP, LANGUAGE, MASK, CounterScreen
from kiosk.screens.language import LanguageScreen
from kiosk.screens.step import StepScreen
from kiosk.screens.words import printer_sentence
from kiosk.tickets.reference import grouped
from kiosk.widgets.bars import Hint
from kiosk.widgets.facsimile import Facsimile
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken

RETRY_SECONDS = 4.0  # between two tries at a printer that took nothing
PRINTING = "Impression du ticket…"
PRINTED = "Le ticket est imprimé."
UNCONFIRMED = "Le ticket est-il sorti\nen entier\u00a0?\nO : oui     N : non, ou abîmé"
SEEN = "Le ticket est sorti."
VIRTUAL_FAILED = "Le ticket virtuel n'a pas pu être écrit : vérifiez la place sur le disque."
WAITING = "Le ticket attend. Restez ici : il sort\ndès que l'imprimante va bien."
STOPPED = (
    "L'imprimante s'est arrêtée au milieu. Posez un rouleau neuf, ou refermez le capot : le ticket continue tout seul."
)


class TicketScreen(CounterScreen):
    """Has the person their ticket?"""

    CSS_PATH = "ticket.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "again"),
        Binding("f8,alt+8", "reprint"),
        Binding("f2,alt+2", "language"),
        Binding("o,O", "seen(True)"),
        Binding("n,N", "seen(False)"),
        Binding("f9,alt+9", "finish"),
        Binding("up,pageup", "scroll(-1)"),
        Binding("down,pagedown", "scroll(1)"),
    ]
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (
        Hint("Entrée", "personne suivante"),
        Hint("F8", "réimprimer"),
        Hint("↑↓", "voir tout le ticket"),
        HELP,
    )
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (FINISH, LANGUAGE, MASK)
    HELP_TEXT = (
        "Donnez le ticket. Entourez la date et l'heure avec la personne.\n"
        "Demandez : « Montrez-moi le jour. » Une personne qui le montre viendra.\n\n"
        "Le ticket est abîmé ou n'est pas sorti : F8. Le second porte DUPLICATA, avec le même code.\n"
        "F2 : une autre langue en plus du français, puis F8.\n"
        "Rien ne sort ? Recopiez le code en grand sur une feuille, avec le jour, l'heure et le lieu.\n\n"
        "F9 ou Entrée effacent la personne de ce poste."
    )

    def __init__(self, desk: Desk, booking: Booking, *, new: bool, language: str) -> None:
        super().__init__(desk)
        self._booking = booking
        self._new = new
        self._language = language
        self._printing = False
        self._pausing = False  # until the printer is tried again
        self._asked: int | None = None  # the number of the paper that a person must look at

    @property
    def waits_for_answer(self) -> bool:
        """Return whether a paper is on its way; one that waits for a roll is not."""
        return self._printing and not self._pausing

    def trail(self) -> str:
        """Return whose appointment this is."""
        booking = self._booking
        when = f"{french.short_date(booking.start.date())} {french.hour(booking.start.time())}"
        return " · ".join((booking.person.short_name(), booking.service.name, when))

    def body(self) -> Iterable[Widget]:
        """What is certain on the left, the paper on the right."""
        booking = self._booking
        with Horizontal():
            with Vertical(id="words"):
                yield Question("Le rendez-vous est pris.")
                yield Sentence(PRINTING, id="delivery")
                yield Notice(id="notice")
                yield Sentence(f"Code : {grouped(booking.reference)}", id="reference")
                day, hour = french.long_date(booking.start.date()), french.hour(booking.start.time())
                yield Sentence(f"{french.capitalised(day)}\nà {hour}\n{booking.site.label}")
                yield Spoken("Montrez-moi le jour\noù vous venez.")
            yield Facsimile(id="facsimile")

    def on_mount(self) -> None:
        """Print."""
        self.action_reprint()

    def action_again(self) -> None:
        """Erase and go to the next person."""
        self.answer(StepScreen.Finish(None, again=True))

    def action_finish(self) -> None:
        """Erase."""
        self.answer(StepScreen.Finish(None))

    def action_reprint(self) -> None:
        """Print again; whether it is a duplicate, the spool knows. Who asks for it has looked at the one before."""
        if self._asked is not None:
            self.action_seen(False)
        elif not self._printing:
            self._printing = True
            self._print()

    def action_language(self) -> None:
        """Choose in which language the next paper speaks besides French."""
        self.app.push_screen(LanguageScreen(self.desk.papers.languages, self._language), self._speak)

    def action_seen(self, came_out: bool) -> None:
        """Hear what the mediator sees; « non » prints a duplicate at once."""
        if self._asked is not None:
            number, self._asked = self._asked, None
            self._hear(number, came_out)

    def action_scroll(self, direction: int) -> None:
        """Give the paper the whole width and move it; back at its top, the words return."""
        paper = self.query_one(Facsimile)
        if direction < 0 and paper.at_top:
            self.remove_class("-paper")
        elif self.has_class("-paper"):
            paper.move(direction)
        else:
            self.add_class("-paper")

    def _speak(self, language: str | None) -> None:
        if language is not None and language != self._language:
            self._language = language
            if not self._printing:
                self.query_one("#delivery", Sentence).say("F8 imprime un ticket dans cette langue.")

    @work(group="hear", exit_on_error=False)
    async def _hear(self, number: int, came_out: bool) -> None:
        try:
            await self.desk.papers.seen(number, came_out=came_out)
        except DeskError as error:
            self._say(notice=self.sentence_for(error))
            return
        if came_out:
            self._say(SEEN)
        else:
            self.action_reprint()

    @work(group="print", exit_on_error=False)
    async def _print(self) -> None:
        try:
            while await self._print_one() is Delivery.SPOILED:
                pass  # a person said no before the printer was heard: once more, as a duplicate
        except DeskError as error:
            self._say(notice=self.sentence_for(error))
        finally:
            self._printing = False

    async def _print_one(self) -> Delivery:
        self._say(PRINTING)
        language = self._language
        try:
            paper = await self.desk.papers.draw(self._booking, self._language, new=self._new)
        finally:  # stored, or seen on this screen that there is none: nobody needs to be told later
            await self.desk.bookings.heard()
        self.query_one(Facsimile).show(paper.facsimile)
        return await self._send(paper, language)

    async def _send(self, paper: Paper, language: str) -> Delivery:
        """Send until something left; a printer that took nothing is tried again, so that a new roll is enough."""
        while (delivered := await self._sent(paper)).delivery is Delivery.WAITING:
            trouble = VIRTUAL_FAILED if self.desk.virtual_printer else printer_sentence(delivered.printer)
            self._say(WAITING, trouble)
            self._pausing = True
            await asyncio.sleep(RETRY_SECONDS)
            self._pausing = False
            if language != self._language:  # chosen while it waits: nothing of it left, so it is drawn anew
                return await self._print_one()
        if delivered.delivery is Delivery.UNCONFIRMED:
            self._ask(paper.number)
        elif delivered.delivery is Delivery.PRINTED:
            self._asked = None
            self._say(f"Ticket virtuel écrit dans le fichier\n{delivered.place}" if delivered.place else PRINTED)
        return delivered.delivery

    async def _sent(self, paper: Paper) -> Delivered:
        def tell(progress: Progress) -> None:
            if not self.is_attached:
                return  # the visit is over; the first screen asks
            if progress is Progress.ASKING:
                self._ask(paper.number)
            else:
                self._say(notice=STOPPED)

        return await self.desk.papers.send(paper.number, tell)

    def _ask(self, number: int) -> None:
        self._asked = number
        self._say(UNCONFIRMED)

    def _say(self, delivery: str = "", notice: str = "") -> None:
        self.query_one("#delivery", Sentence).say(delivery)
        self.query_one("#notice", Notice).say(notice)
