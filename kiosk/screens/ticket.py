"""Ticket: the appointment is taken; here is its paper, as it left for the printer."""

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.booking import Booking
from kiosk.desk.answers import Delivery, DeskError, Paper
from kiosk.desk.desk import Desk
from kiosk.screens.base import FINISH, HELP, MASK, CounterScreen
from kiosk.screens.step import StepScreen
from kiosk.tickets.reference import grouped
from kiosk.widgets.bars import Hint
from kiosk.widgets.facsimile import Facsimile
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken

VIRTUAL_FAILED = "Le ticket virtuel n'a pas pu être écrit : vérifiez la place sur le disque, puis F8."
_DELIVERIES = {
    Delivery.SENT: "Le ticket est parti vers l'imprimante.\nRegardez s'il est sorti en entier.",
    Delivery.NOT_SENT: "Le ticket n'est pas sorti : l'imprimante ne répond pas. Vérifiez-la, puis F8.",
    Delivery.UNKNOWN: "Nous ne savons pas si le ticket est sorti en entier. Regardez. Sinon, F8.",
}


class TicketScreen(CounterScreen):
    """Has the person their ticket?"""

    CSS_PATH = "ticket.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "again"),
        Binding("f8,alt+8", "reprint"),
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
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (FINISH, MASK)
    HELP_TEXT = (
        "Donnez le ticket. Entourez la date et l'heure avec la personne.\n"
        "Demandez : « Montrez-moi le jour. » Une personne qui le montre viendra.\n\n"
        "Le ticket est abîmé ou n'est pas sorti : F8. Le second porte DUPLICATA, avec le même code.\n"
        "Rien ne sort ? Recopiez le code en grand sur une feuille, avec le jour, l'heure et le lieu.\n\n"
        "F9 ou Entrée effacent la personne de ce poste."
    )

    def __init__(self, desk: Desk, booking: Booking, copy: int) -> None:
        super().__init__(desk)
        self._booking = booking
        self._copy = copy
        self._printing = False

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
                yield Sentence("Impression du ticket…", id="delivery")
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
        """Print again, marked as a duplicate unless the first never left; not while a paper is on its way."""
        if not self._printing:
            self._printing = True
            self._print()

    def action_scroll(self, direction: int) -> None:
        """Give the paper the whole width and move it; back at its top, the words return."""
        paper = self.query_one(Facsimile)
        if direction < 0 and paper.at_top:
            self.remove_class("-paper")
        elif self.has_class("-paper"):
            paper.move(direction)
        else:
            self.add_class("-paper")

    @work(group="print", exit_on_error=False)
    async def _print(self) -> None:
        try:
            paper = await self.desk.papers.print_ticket(self._booking, self._copy)
        except DeskError as error:
            self.query_one("#notice", Notice).say(self.sentence_for(error))
            return
        finally:
            self._printing = False
        if paper.delivery is not Delivery.NOT_SENT:
            self._copy += 1
        self._show(paper)

    def _show(self, paper: Paper) -> None:
        sent = paper.delivery is Delivery.SENT
        said = VIRTUAL_FAILED if self.desk.virtual_printer else _DELIVERIES[paper.delivery]
        said = f"Ticket virtuel écrit dans le fichier\n{paper.place}" if paper.place else said
        self.query_one("#delivery", Sentence).say(said if sent else "")
        self.query_one("#notice", Notice).say("" if sent else said)
        self.query_one(Facsimile).show(paper.facsimile)
