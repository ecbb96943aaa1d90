"""What every screen has: the frame, the keys that never change, and how a step of the journey is answered."""

from collections.abc import Iterable
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from kiosk.booking import french
from kiosk.booking.booking import Booking
from kiosk.booking.journey import Journey, Step
from kiosk.desk.answers import Central, DeskError
from kiosk.desk.desk import Desk
from kiosk.screens.words import FAULT, sentence_for
from kiosk.terminal import HardenedApp
from kiosk.terminal.faults import record
from kiosk.widgets.bars import Hint, KeyBar, TopBar
from kiosk.widgets.sentences import Notice, Question, Sentence

_CENTRAL = {Central.STARTING: "Central …", Central.HERE: "Central ✓", Central.SILENT: "Central ✗"}
HELP = Hint("F1", "aide")
MASK = Hint("F12", "masquer l'écran")
FINISH = Hint("F9", "terminer et effacer")
NEXT = Hint("Entrée", "continuer")
CHOOSE = Hint("Entrée", "choisir")
DIGITS = Hint("1-9", "choisir")
BACK = Hint("Échap", "retour")


class HelpScreen(ModalScreen[None]):
    """What can be done on the screen below, in a few sentences. Any key goes back."""

    CSS_PATH = "help.tcss"

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The sentences, and the way back."""
        with Vertical():
            yield Question("Aide")
            yield Sentence(self._text)
            yield Sentence("Une touche pour revenir.", classes="quiet")

    def on_key(self) -> None:
        """Go back."""
        self.dismiss()


class MaskScreen(ModalScreen[None]):
    """Nothing personal to see while the mediator is away. Any key goes back."""

    CSS_PATH = "help.tcss"

    def compose(self) -> ComposeResult:
        """One sentence."""
        with Vertical():
            yield Question("Écran masqué")
            yield Sentence("Rien n'est perdu. Une touche pour revenir.")

    def on_key(self) -> None:
        """Go back."""
        self.dismiss()


class CounterScreen(Screen[None]):
    """The frame. A screen gives its question, its body, its hints, and the text of its help."""

    app = getters.app(HardenedApp)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,alt+1", "help"),
        Binding("f12,alt+m", "mask"),
    ]
    HELP_TEXT: ClassVar[str] = ""
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (NEXT, HELP)
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (MASK,)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def compose(self) -> ComposeResult:
        """Top bar, body, key bar."""
        yield TopBar(self._status, self.trail(), self.progress())
        with Vertical(id="body"):
            yield from self.body()
        yield KeyBar(self.STEP_HINTS, self.VISIT_HINTS)

    def body(self) -> Iterable[Widget]:
        """Return the widgets between the two rules."""
        return ()

    def trail(self) -> str:
        """Return what is decided so far."""
        return ""

    def progress(self) -> str:
        """Return where we are."""
        return ""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Hear of every worker that failed without a word of its own: a fault of ours, said and written down."""
        if event.state is WorkerState.ERROR and event.worker.error:
            record(event.worker.error)
            for notice in self.query("#notice").results(Notice):
                notice.say(FAULT)

    def action_help(self) -> None:
        """Explain this screen."""
        self.app.push_screen(HelpScreen(self.HELP_TEXT))

    def action_mask(self) -> None:
        """Hide everything."""
        self.app.push_screen(MaskScreen())

    def _status(self) -> tuple[str, str]:
        shift = self.desk.shift
        who = [shift.kiosk, shift.mediator] if shift else ["Rendez-vous"]
        left = " · ".join((["DÉMONSTRATION"] if self.desk.demonstration else []) + who)
        right = ["Papier virtuel"] if self.desk.virtual_printer else []
        return left, "   ".join([_CENTRAL[self.desk.central], *right, french.hour(self.desk.now().time())])


class StepScreen(CounterScreen):
    """One question of the journey. It holds the journey as it was on arrival and posts what the mediator decides."""

    STEP: ClassVar[Step]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back"),
        Binding("f9,alt+9", "finish"),
    ]
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (NEXT, BACK, HELP)
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (FINISH, MASK)

    class Next(Message):
        """This question is answered."""

        def __init__(self, journey: Journey) -> None:
            super().__init__()
            self.journey = journey

    class Back(Message):
        """Return to the question before; nothing is lost."""

        def __init__(self, step: Step, journey: Journey) -> None:
            super().__init__()
            self.step = step
            self.journey = journey

    class Change(Message):
        """Return to one question; `notice` says why when it was not the mediator's wish."""

        def __init__(self, step: Step, journey: Journey, notice: str = "") -> None:
            super().__init__()
            self.step = step
            self.journey = journey
            self.notice = notice

    class Confirm(Message):
        """F10: book it."""

        def __init__(self, journey: Journey) -> None:
            super().__init__()
            self.journey = journey

    class Booked(Message):
        """The central said yes; `copy` is 1 for the first paper of a booking."""

        def __init__(self, booking: Booking, copy: int = 1) -> None:
            super().__init__()
            self.booking = booking
            self.copy = copy

    class Finish(Message):
        """End the visit and erase everything; `again` goes straight to the next person."""

        def __init__(self, journey: Journey | None, *, again: bool = False) -> None:
            super().__init__()
            self.journey = journey
            self.again = again

    def __init__(self, desk: Desk, journey: Journey, notice: str = "") -> None:
        super().__init__(desk)
        self.journey = journey
        self.notice = notice
        self._answered = False

    def trail(self) -> str:
        """Return the journey in one line: Mariam D. · carte de séjour, renouvellement · Bobigny (or when, if held)."""
        journey = self.journey
        parts = [journey.person.short_name() if journey.person else "Nouveau rendez-vous"]
        parts += [journey.service.name] if journey.service else []
        if journey.hold:
            start = journey.hold.slot.start
            parts.append(f"{french.short_date(start.date())} {french.hour(start.time())}")
        elif journey.site:
            parts.append(journey.site.commune)
        return " · ".join(parts)

    def progress(self) -> str:
        """Return étape 2 sur 6."""
        return f"étape {self.STEP.value} sur {len(Step)}"

    def answer(self, message: Message) -> None:
        """Post the one answer of this screen; whatever comes after it, from a held key say, is too late."""
        if not self._answered:
            self._answered = True
            self.post_message(message)

    def so_far(self) -> Journey:
        """Return the journey with what stands on this screen, decided or not."""
        return self.journey

    def action_back(self) -> None:
        """Return to the question before."""
        self.answer(self.Back(self.STEP, self.so_far()))

    def action_finish(self) -> None:
        """End and erase."""
        self.answer(self.Finish(self.so_far()))

    def failed(self, error: DeskError) -> str:
        """Return the sentence for what the desk could not do."""
        return sentence_for(error)
