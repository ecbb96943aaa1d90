"""What every screen has: the frame, and the keys that never change."""

from collections.abc import Iterable
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from kiosk.booking import french
from kiosk.desk.answers import Central, DeskError
from kiosk.desk.desk import Desk
from kiosk.screens.cover import CoverScreen
from kiosk.screens.words import FAULT, sentence_for
from kiosk.terminal import HardenedApp
from kiosk.terminal.faults import record
from kiosk.widgets.bars import Hint, KeyBar, TopBar
from kiosk.widgets.sentences import Notice, Question, Sentence

CENTRAL = {Central.STARTING: "Central …", Central.HERE: "Central ✓", Central.SILENT: "Sans réseau"}
HELP = Hint("F1", "aide")
MASK = Hint("F12", "masquer l'écran")
FINISH = Hint("F9", "terminer et effacer")
NEXT = Hint("Entrée", "continuer")
CHOOSE = Hint("Entrée", "choisir")
DIGITS = Hint("1-9", "choisir")
BACK = Hint("Échap", "retour")
LANGUAGE = Hint("F2", "langue du ticket")
VERIFY = Hint("F7", "vérifier un ticket")


class HelpScreen(CoverScreen[bool]):
    """What can be done on the screen below, in a few sentences. Any key goes back; so does a scan, and says True."""

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

    @on(HardenedApp.ScanLost)
    def _scanned(self) -> None:
        self.dismiss(True)


class MaskScreen(CoverScreen[None]):
    """Nothing personal to see while the mediator is away. Any key goes back."""

    CSS_PATH = "help.tcss"

    def compose(self) -> ComposeResult:
        """One sentence."""
        with Vertical():
            yield Question("Écran masqué")
            yield Sentence("Une touche pour revenir. Une visite laissée là s'efface après un moment.")


class FramedScreen(Screen[None]):
    """The frame. A screen gives its status, its question, its body, its hints, and the text of its help."""

    app = getters.app(HardenedApp)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,alt+1", "help"),
        Binding("f12,alt+m", "mask"),
    ]
    HELP_TEXT: ClassVar[str] = ""
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (NEXT, HELP)
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (MASK,)
    IN_VISIT: ClassVar[bool] = True  # somebody's data may stand here: a screen left alone is masked, then erased

    @property
    def waits_for_answer(self) -> bool:
        """Return whether a write is unanswered or a paper on its way; while keys are held the application knows."""
        return False

    def status(self) -> tuple[str, str]:
        """Return the left and the right of the first line; asked every second."""
        return "", ""

    def compose(self) -> ComposeResult:
        """Top bar, body, key bar."""
        yield TopBar(self.status, self.trail(), self.progress())
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


class CounterScreen(FramedScreen):
    """A screen of the mediator's desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._answered = False

    def answer(self, message: Message) -> bool:
        """Post the one answer of this screen; whatever comes after it, from a held key say, is too late: False."""
        if self._answered:
            return False
        self._answered = True
        self.post_message(message)
        return True

    def sentence_for(self, error: DeskError) -> str:
        """Return what went wrong and what to do, as of now."""
        return sentence_for(error, self.desk.now())

    def status(self) -> tuple[str, str]:
        """Return who serves where, and what is known of the machines."""
        return status_of(self.desk)


def status_of(desk: Desk) -> tuple[str, str]:
    """Return the first line of every screen of a mediator's desk, its left and its right."""
    who = [desk.shift.kiosk, desk.shift.mediator] if desk.shift else ["Rendez-vous"]
    left = " · ".join((["DÉMONSTRATION"] if desk.demonstration else []) + who)
    right = ["Papier virtuel"] if desk.virtual_printer else []
    return left, "   ".join([CENTRAL[desk.central], *right, french.hour(desk.now().time())])
