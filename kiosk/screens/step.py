"""A question of the journey: what it is given, and the one answer that it posts."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from kiosk.booking.booking import Booking
from kiosk.booking.journey import Journey, Step
from kiosk.desk.desk import Desk
from kiosk.screens.base import BACK, FINISH, HELP, LANGUAGE, MASK, NEXT, CounterScreen
from kiosk.screens.language import LanguageScreen
from kiosk.widgets.bars import Hint


class StepScreen(CounterScreen):
    """One question of the journey. It holds the journey as it was on arrival and posts what the mediator decides."""

    STEP: ClassVar[Step]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back"),
        Binding("f9,alt+9", "finish"),
        Binding("f2,alt+2", "language"),
    ]
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (NEXT, BACK, HELP)
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (FINISH, LANGUAGE, MASK)

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
        """The central said yes; `new`: just now, so that no paper of it can be anywhere yet."""

        def __init__(self, booking: Booking, *, new: bool, language: str) -> None:
            super().__init__()
            self.booking = booking
            self.new = new
            self.language = language

    class Finish(Message):
        """End the visit and erase everything; `again` goes straight to the next person, `paper` is still to be sent."""

        def __init__(self, journey: Journey | None, *, again: bool = False, paper: int | None = None) -> None:
            super().__init__()
            self.journey = journey
            self.again = again
            self.paper = paper

    def __init__(self, desk: Desk, journey: Journey, notice: str = "") -> None:
        super().__init__(desk)
        self.journey = journey
        self.notice = notice

    def trail(self) -> str:
        """Return the journey in one line: Mariam D. · carte de séjour, renouvellement · Bobigny."""
        journey = self.journey
        parts = [journey.person.short_name() if journey.person else "Nouveau rendez-vous"]
        parts += [journey.service.name] if journey.service else []
        parts += [journey.site.commune] if journey.site else []
        return " · ".join(parts)

    def progress(self) -> str:
        """Return étape 2 sur 6."""
        return f"étape {self.STEP.stage} sur {Step.CHECK.stage}"

    def so_far(self) -> Journey:
        """Return the journey with what stands on this screen, decided or not."""
        return self.journey

    def action_back(self) -> None:
        """Return to the question before."""
        self.answer(self.Back(self.STEP, self.so_far()))

    def action_language(self) -> None:
        """Ask in which language the ticket speaks besides French."""
        languages = self.desk.papers.languages
        self.app.push_screen(LanguageScreen(languages, self.journey.language), self.spoken_in)

    def spoken_in(self, language: str | None) -> None:
        """Keep the language chosen; None when nobody chose."""
        if language is not None:
            self.journey = self.journey.with_ticket_in(language)

    def action_finish(self) -> None:
        """End and erase."""
        self.answer(self.Finish(self.so_far()))
