"""Between F10 and the central's word: taken, refused, or not known yet. Never a guess."""

import asyncio
import datetime as dt
import random
from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.message import Message
from textual.widget import Widget

from kiosk.booking import french
from kiosk.booking.journey import Journey, Step
from kiosk.desk.answers import CentralRefusedError, CentralSilentError, JournalError, OutcomeUnknownError, Refusal
from kiosk.desk.desk import Desk
from kiosk.desk.pace import pause_seconds
from kiosk.screens.base import FINISH, HELP, LANGUAGE, MASK
from kiosk.screens.step import StepScreen
from kiosk.widgets.bars import Hint
from kiosk.widgets.sentences import Question, Sentence

ASKING = "Nous prenons le rendez-vous…"
NOT_SENT = "Le rendez-vous n'est pas encore pris : le serveur ne répond pas."
UNKNOWN = "Nous ne savons pas encore si le rendez-vous est pris."
LEAVING_NOT_SENT = "Échap : revenir à la dernière question. Tout ce que vous avez tapé y est."
LEAVING_UNKNOWN = (
    "Si la personne doit partir : F9. Son nom est effacé de ce poste,\n"
    "et la réponse s'affichera sur l'accueil dès qu'elle est connue."
)
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
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (Hint("Échap", "revenir (si rien n'est parti)"), HELP)
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (FINISH, LANGUAGE, MASK)
    HELP_TEXT = (
        "La demande est partie. Tant que le serveur n'a pas répondu, personne ne sait si le rendez-vous est pris.\n\n"
        "Ne recommencez pas ailleurs : ce poste redemande tout seul, et rien ne peut être pris deux fois.\n\n"
        "Si la personne doit partir : F9. La réponse s'affichera sur l'accueil, sans son nom."
    )

    def __init__(self, desk: Desk, journey: Journey, notice: str = "") -> None:
        super().__init__(desk, journey, notice)
        self._since: dt.datetime = desk.now()
        self._may_be_booked = True

    def body(self) -> Iterable[Widget]:
        """What is known, and for how long nothing more."""
        yield Question(ASKING, id="state")
        yield Sentence("", id="elapsed")
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
        """Ask."""
        self._ask()

    def action_back(self) -> None:
        """Return to the check only when it is certain that nothing left."""
        if not self._may_be_booked:
            self._leave(self.Change(Step.CHECK, self.journey))

    def action_finish(self) -> None:
        """Leave; while nobody knows, the slot is not given back, for the request may still be on its way to it."""
        if self._may_be_booked:
            self.answer(self.Finish(None))
        else:
            self._leave(self.Finish(self.journey))

    @work(group="leave", exit_on_error=False)
    async def _leave(self, message: Message) -> None:
        """Take the request back before anything else happens: a journal that keeps it would send it later."""
        self.workers.cancel_group(self, "ask")
        await self.desk.bookings.withdraw()
        self.answer(message)

    @work(group="ask", exit_on_error=False)
    async def _ask(self) -> None:
        tries = 0
        while True:
            tries += 1
            wait: int | None = None
            try:
                booking = await self.desk.bookings.book(self.journey)
            except CentralRefusedError as error:
                self._refused(error)
                return
            except CentralSilentError:
                self._wait(NOT_SENT, may_be_booked=False)
            except JournalError as error:
                self._wait(self.sentence_for(error), may_be_booked=False)
            except OutcomeUnknownError as unknown:
                wait = unknown.retry_after_seconds
                self._wait(UNKNOWN, may_be_booked=True)
            else:
                self.answer(self.Booked(booking, new=True, language=self.journey.language))
                return
            await asyncio.sleep(pause_seconds(tries, wait, random.random))

    def _refused(self, error: CentralRefusedError) -> None:
        step = _BACK_TO.get(error.refusal, Step.CHECK)
        journey = self.journey.without_hold() if step is Step.SLOT else self.journey
        self.answer(self.Change(step, journey, self.sentence_for(error)))

    def _wait(self, state: str, *, may_be_booked: bool) -> None:
        self._may_be_booked = may_be_booked
        seconds = int((self.desk.now() - self._since).total_seconds())
        self.query_one("#state", Question).say(state)
        self.query_one("#elapsed", Sentence).say(
            f"Ne recommencez pas : nous vérifions toutes les quelques secondes ({seconds} s).\n"
            "Rien ne peut être pris deux fois."
        )
        self.query_one("#leaving", Sentence).say(LEAVING_UNKNOWN if may_be_booked else LEAVING_NOT_SENT)
