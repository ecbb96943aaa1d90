"""Vérifier un ticket: scan or type, one big answer, the next. The screen of F7, and the base of the welcome desk's."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widget import Widget

from kiosk.desk.answers import DeskError
from kiosk.desk.checks import Check, Checker
from kiosk.desk.desk import Desk
from kiosk.screens.base import BACK, HELP, MASK, FramedScreen, HelpScreen, status_of
from kiosk.screens.identity import IdentityScreen
from kiosk.screens.verdict import shown
from kiosk.screens.words import sentence_for
from kiosk.tickets.identity import Bearer
from kiosk.tickets.reference import LENGTH, BadReferenceError, grouped, read_reference
from kiosk.tickets.scan import Code, Ticket, Zone, read_scan
from kiosk.tickets.verify import Person
from kiosk.widgets.banner import Banner
from kiosk.widgets.bars import Hint
from kiosk.widgets.scan_field import ScanField
from kiosk.widgets.sentences import Notice, Question, Sentence

IDENTITY = Hint("F5", "taper le nom")
NEXT_TICKET = Hint("Entrée", "ticket suivant")
TYPED_CODE = 2 * LENGTH  # longer than that, nobody typed it
_TICKET_FIRST = "Scannez d'abord le ticket, ensuite la pièce d'identité."
_SCAN_AGAIN = "L'aide était ouverte : le poste n'a rien lu. Scannez encore une fois."
_WHOSE = "Code {}.\nScannez le bas de la pièce d'identité. Ou F5 : tapez le nom et la date de naissance."


class VerifyScreen(FramedScreen):
    """Is this ticket good? One field that is always ready, and what became of the last scan under it."""

    CSS_PATH = "verify.tcss"
    AUTO_FOCUS = "#scan"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f5,alt+5", "identity")]
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (NEXT_TICKET, IDENTITY, BACK, HELP)

    def __init__(self, checker: Checker) -> None:
        super().__init__()
        self._checker = checker
        self.in_turn = asyncio.Lock()
        self._asked: Ticket | Code | None = None  # what was scanned last
        self._checked: Ticket | Code | None = None  # what `check` is about: answers come after scans
        self.check: Check | None = None

    def body(self) -> Iterable[Widget]:
        """The field, then the answer."""
        yield Question("Scannez le carré du ticket, ou tapez les 12 lettres et chiffres du code.")
        yield ScanField(id="scan")
        yield Notice(id="notice")
        yield Banner(id="banner")
        yield Sentence(id="facts")
        yield Sentence(id="advice")
        yield Sentence(id="knowledge")

    def on_mount(self) -> None:
        """Say nothing yet."""
        self.say("")

    @on(ScanField.Scanned)
    def _scanned(self, event: ScanField.Scanned) -> None:
        event.stop()
        scan = read_scan(event.text)
        if not event.text:
            self.forget()
        elif isinstance(scan, Zone):
            self._compare(scan.bearer)
        elif isinstance(scan, Ticket):
            self._ask(scan)
        elif isinstance(scan, Code):
            self._ask_whose(scan)
        elif scan.sentence:  # a document that was read badly: the ticket before it still counts
            self.say(scan.sentence)
        elif len(event.text) <= TYPED_CODE:
            self.forget()
            self.say(_wrong_code(event.text))
        else:
            self._ask(Ticket(event.text))

    def _ask(self, ticket: Ticket) -> None:
        self.begin(ticket)  # or the answer about another ticket would stand there meanwhile
        self._look(ticket)

    def _ask_whose(self, code: Code) -> None:
        self.begin(code)
        self.query_one("#advice", Sentence).say(_WHOSE.format(grouped(code.reference)))

    def _compare(self, bearer: Bearer) -> None:
        if self._asked is None:
            self.say(_TICKET_FIRST)
        else:
            self._look(self._asked, bearer)

    def _identified(self, found: Bearer | Ticket | None) -> None:
        if isinstance(found, Ticket):
            self._ask(found)
        elif found is not None:
            self._compare(found)

    def action_identity(self) -> None:
        """Type who shows the ticket."""
        if self._asked is None:
            self.say(_TICKET_FIRST)
        else:
            self.app.push_screen(IdentityScreen(self._checker.now().date()), self._identified)

    def action_help(self) -> None:
        """Explain this screen; whoever scans meanwhile is told that the scan was for nothing."""
        self.app.push_screen(HelpScreen(self.HELP_TEXT), self._back_from_help)

    def _back_from_help(self, scanned: bool | None) -> None:
        if scanned:
            self.say(_SCAN_AGAIN)

    @work(group="verify", exit_on_error=False)
    async def _look(self, scan: Ticket | Code, bearer: Bearer | None = None) -> None:
        async with self.in_turn:  # a scanner may be faster than the answer
            again = scan is self._checked
            try:
                if again and self.check is not None and bearer is not None:
                    check = await self._checker.identify(self.check, scan, bearer)
                else:
                    check = await self._checker.check(scan, bearer)
            except DeskError as error:
                self.say(self.sentence_for(error))
                return
            self._checked, self.check = scan, check
            if check.person is Person.MATCH and self._asked is scan:
                self._asked = None  # the next document belongs to the next ticket
            self._show(check)

    def _show(self, check: Check) -> None:
        found = shown(check, self._checker.now())
        self.say("")
        self.query_one("#banner", Banner).say(found.words)
        self.query_one("#facts", Sentence).say("\n".join(found.facts))
        self.query_one("#advice", Sentence).say(found.advice)
        self.query_one("#knowledge", Sentence).say(found.knowledge)

    def sentence_for(self, error: DeskError) -> str:
        """Return why there is no answer, and what to do."""
        return sentence_for(error, self._checker.now())

    @property
    def is_idle(self) -> bool:
        """Return whether there is no ticket on the screen, and none that is waited for."""
        return self._asked is None and self.check is None

    def say(self, sentence: str) -> None:
        """Say under the field what is wrong."""
        notice = self.query_one("#notice", Notice)
        notice.say(sentence)
        notice.display = bool(sentence)  # an empty line is one that the answer lacks

    def forget(self) -> None:
        """Make room for the next ticket."""
        self.begin(None)

    def begin(self, asked: Ticket | Code | None) -> None:
        """Make room for the answer about this ticket."""
        self._asked, self._checked, self.check = asked, None, None
        self.say("")
        self.query_one("#banner", Banner).clear()
        for name in ("facts", "advice", "knowledge"):
            self.query_one(f"#{name}", Sentence).say("")


def _wrong_code(typed: str) -> str:
    try:
        return grouped(read_reference(typed))
    except BadReferenceError as error:
        return str(error)


class VerifyTicketScreen(VerifyScreen, ModalScreen[None]):
    """F7 of a mediator's kiosk: lies over what it was asked from, which loses nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f7,alt+7", "dismiss")]
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (MASK,)
    HELP_TEXT = (
        "Quelqu'un montre un ticket ? Scannez son carré, ou tapez le code écrit en dessous.\n\n"
        "Le poste dit si le rendez-vous tient toujours, où et quand. Il ne dit jamais à qui il est.\n"
        "Pour savoir s'il est à la personne : scannez le bas de sa pièce d'identité, ou F5.\n\n"
        "Un ticket faux, annulé ou au nom d'un autre ? La personne a peut-être été trompée. "
        "Restez aimable : F6, sur le premier écran, imprime qui peut l'aider."
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.tickets)
        self._desk = desk

    def status(self) -> tuple[str, str]:
        """Return who serves where, as on the screen below."""
        return status_of(self._desk)

    def trail(self) -> str:
        """Return what this is."""
        return "Vérifier un ticket"
