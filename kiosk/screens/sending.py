"""Between F10 and the central's word: taken, refused, or not known yet. Never a guess."""

import contextlib
from collections.abc import Iterable
from time import monotonic
from typing import ClassVar

from textual import work
from textual.message import Message
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.journey import Journey, Step
from kiosk.desk.answers import (
    CentralRefusedError,
    CentralSilentError,
    DeskError,
    JournalError,
    OutcomeUnknownError,
    Refusal,
    Request,
)
from kiosk.desk.desk import Desk
from kiosk.desk.sending import Booked, Refused, Waiting
from kiosk.screens.base import FINISH, HELP, LANGUAGE, MASK
from kiosk.screens.step import StepScreen
from kiosk.terminal import KeyHold
from kiosk.widgets.bars import Hint
from kiosk.widgets.sentences import Notice, Question, Sentence

ASKING = "Nous prenons le rendez-vous…"
NOT_SENT = "Le rendez-vous n'est pas encore pris : le serveur ne répond pas."
UNKNOWN = "Nous ne savons pas encore si le rendez-vous est pris."
NO_PAPER = "Pas de papier : écrivez le numéro de la demande pour la personne, puis F9."
LEAVING_NOT_SENT = "Échap : revenir à la dernière question. Tout ce que vous avez tapé y est."
LEAVING_UNKNOWN = (
    "Si la personne doit partir : F9. La demande continue, sans son nom sur\n"
    "ce poste, et un papier lui dit comment connaître la réponse."
)
TICK_SECONDS = 1.0
_BACK_TO = {
    Refusal.SLOT_TAKEN: Step.SLOT,
    Refusal.HOLD_EXPIRED: Step.SLOT,
    Refusal.NOT_A_TYPO: Step.SLOT,
    Refusal.SOURCE_UNAVAILABLE: Step.SITE,
}


class SendingScreen(StepScreen):
    """Is the appointment taken? The mediator decides nothing here but to leave."""

    STEP = Step.CHECK
    CSS_PATH = "sending.tcss"
    waits_for_answer = True
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (Hint("Échap", "revenir (si rien n'est parti)"), HELP)
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (FINISH, LANGUAGE, MASK)
    HELP_TEXT = (
        "La demande est partie. Tant que le serveur n'a pas répondu, personne ne sait si le rendez-vous est pris.\n\n"
        "Ne recommencez pas ailleurs : ce poste redemande tout seul, et rien ne peut être pris deux fois.\n\n"
        "Si la personne doit partir : F9. Une feuille sort, avec le numéro de la demande.\n"
        "La réponse s'affichera sur l'accueil, sous ce numéro, sans le nom."
    )

    def __init__(self, desk: Desk, journey: Journey, notice: str = "") -> None:
        super().__init__(desk, journey, notice)
        self._since = monotonic()  # the clock on the wall may be put right meanwhile
        self._may_be_booked = True
        self._is_told = False  # that no paper comes, and the number must be copied
        self._known = False  # whether anything is known to be said about time

    def body(self) -> Iterable[Widget]:
        """What is known, and for how long nothing more."""
        yield Question(ASKING, id="state")
        yield Sentence("", id="elapsed")
        yield Sentence("", id="request")
        yield Notice("", id="notice")
        yield Sentence("", id="leaving", classes="quiet")

    def trail(self) -> str:
        """Return for whom, what for and when: what was asked."""
        person, service, hold = self.journey.person, self.journey.service, self.journey.hold
        if person is None or service is None or hold is None:
            return ""
        start = hold.slot.start
        when = f"{french.short_date(start.date())} {french.hour(start.time())}"
        return " · ".join((person.short_name(), service.name, when))

    def progress(self) -> str:
        """Return nothing: the steps are over."""
        return ""

    def on_mount(self) -> None:
        """Ask, and show how long it takes."""
        self.set_interval(TICK_SECONDS, self._tick)
        self._ask()

    def action_back(self) -> None:
        """Return to the check only when it is certain that nothing left."""
        if not self._may_be_booked:
            self._leave(self.Change(Step.CHECK, self.journey))

    def action_finish(self) -> None:
        """Leave; while nobody knows, the slot is not given back, for the request may still be on its way to it."""
        if self._may_be_booked:
            self._leave_unanswered(self.app.hold_keys())
        else:
            self._leave(self.Finish(self.journey))

    @work(group="leave", exit_on_error=False)
    async def _leave_unanswered(self, keys: KeyHold) -> None:
        """Give the person a paper with the number of the request; without one the number is to be copied first."""
        with keys:
            if self._is_told:
                self.answer(self.Finish(None))
                return
            try:
                paper = await self.desk.receipt(self.journey)
            except DeskError as error:
                self._is_told = True
                self.query_one("#notice", Notice).say(f"{NO_PAPER} ({self.sentence_for(error)})")
                return
            if paper is not None and not self.answer(self.Finish(None, paper=paper)):
                await self._drop(paper)  # the answer came while it was drawn

    async def _drop(self, paper: int) -> None:
        with contextlib.suppress(DeskError):  # then the first screen offers to print it
            await self.desk.papers.drop(paper)

    @work(group="leave", exit_on_error=False)
    async def _leave(self, message: Message) -> None:
        """Take the request back before anything else happens: a journal that keeps it would send it later."""
        self.workers.cancel_group(self, "ask")
        try:
            withdrawn = await self.desk.bookings.withdraw()
        except JournalError:
            withdrawn = False
        if withdrawn:
            self.answer(message)
        else:  # it left in this very moment
            self._ask()

    @work(group="ask", exit_on_error=False)
    async def _ask(self) -> None:
        async for said in self.desk.sending(self.journey):
            match said:
                case Booked(booking):
                    self.answer(self.Booked(booking, new=True, language=self.journey.language))
                case Refused(error):
                    if not self._refused(error):
                        return  # F9 came first: the first screen tells it
                case Waiting():
                    self._wait(said)

    def _refused(self, error: CentralRefusedError) -> bool:
        step = _BACK_TO.get(error.refusal, Step.CHECK)
        journey = self.journey.without_hold() if step is Step.SLOT else self.journey
        return self.answer(self.Change(step, journey, self.sentence_for(error)))

    def _wait(self, said: Waiting) -> None:
        self._may_be_booked = said.may_be_booked
        self._known = True
        self.query_one("#state", Question).say(self._state(said.why))
        self.query_one("#leaving", Sentence).say(LEAVING_UNKNOWN if said.may_be_booked else LEAVING_NOT_SENT)
        self.query_one("#request", Sentence).say(self._described(said.request) if said.request else "")
        self._tick()

    def _state(self, why: DeskError) -> str:
        match why:
            case OutcomeUnknownError():
                return UNKNOWN
            case CentralSilentError():
                return NOT_SENT
            case _:
                return self.sentence_for(why)

    def _described(self, request: Request) -> str:
        if not request.may_be_done:
            return f"Demande  {request.code}    pas encore partie"
        asked = request.asked_at.astimezone(self.desk.now().tzinfo)
        return f"Demande  {request.code}    envoyée à {asked:%H:%M:%S}    essais {request.tries}"

    def _tick(self) -> None:
        if self._known:
            seconds = int(monotonic() - self._since)
            since = french.counted(seconds, "seconde", "secondes")
            self.query_one("#elapsed", Sentence).say(
                f"Ne recommencez pas : nous vérifions. Sans réponse depuis {since}.\nRien ne peut être pris deux fois."
            )
