"""A mediator at the counter: the real application, headless, on a real central over HTTP."""

import datetime as dt
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widget import Widget

from kiosk.app import KioskApp
from kiosk.booking.catalogue import Availability
from kiosk.booking.journey import Journey, Typed
from kiosk.booking.person import BirthDate
from kiosk.desk.answers import Central
from kiosk.desk.desk import Desk
from kiosk.embedded import RemoteCentral
from kiosk.screens.step import StepScreen
from kiosk.settings import Settings
from kiosk.themed_app import ThemedApp
from kiosk.widgets.choice_list import ChoiceList
from kiosk.widgets.sentences import Sentence
from tests.support.central import RunningCentral
from tests.support.pilot import type_fast, until

PARIS = ZoneInfo("Europe/Paris")


class Screen:
    """What a test does and sees at any full-screen program of ours."""

    def __init__(self, app: ThemedApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        """What stands on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, as fast as a hand never will."""
        await type_fast(self.pilot, *keys)

    async def type(self, text: str, then: str = "enter") -> None:
        """Type a text, then one more key."""
        await type_fast(self.pilot, *text, then)

    async def type_by_hand(self, text: str, then: str = "enter") -> None:
        """Type a text as a hand does where a scanner is told from it, then one more key."""
        for letter in text:
            await type_fast(self.pilot, letter)
        await self.press(then)

    async def sees(self, words: str) -> None:
        """Wait until the words are on the screen."""
        try:
            await until(lambda: words in self.text)
        except AssertionError:
            raise AssertionError(f"never saw « {words} » on:\n{self.text}") from None
        await until(lambda: not self.app.busy)
        await self.pilot.pause()

    def clipped(self) -> list[str]:
        """Return what a person cannot read to its end: cut texts, and widgets that leave their frame."""
        width, height = self.app.size
        cut = [line for line in self.text.replace("Central …", "").splitlines() if "…" in line]
        cut += [line for line in self.text.splitlines() if cell_len(line) > width]
        for widget in self.app.screen.walk_children(Widget):
            region, parent = widget.region, widget.parent
            if not widget.display or not region or not isinstance(parent, Widget):
                continue
            if region.bottom > height or region.right > width or not parent.region.contains_region(region):
                cut.append(f"{widget!r} leaves its frame")
            if isinstance(widget, Sentence) and _wanted_height(widget) > widget.content_size.height:
                cut.append(f"{widget!r} is higher than its place")
        return cut


class Counter(Screen):
    """What a test does and sees, in a mediator's words."""

    app: KioskApp

    def __init__(self, app: KioskApp, pilot: Pilot[None], desk: Desk) -> None:
        super().__init__(app, pilot)
        self.desk = desk

    async def sign_in(self) -> None:
        """Open the shift, as if name and code had been typed."""
        await until(lambda: self.desk.central is Central.HERE)
        await self.desk.sign_in("demo", "000000")
        self.app.on_opening_screen_signed_in()
        await self.sees("Que faut-il faire ?")

    async def start(self, surname: str = "DIALLO", birth_date: str = "03021990") -> None:
        """Begin a visit and search the person."""
        await self.press("enter")
        await self.sees("Qui vient")
        await self.type(surname)
        await self.type(birth_date)

    async def up_to_places(self) -> None:
        """Come to the list of places with a person whom the central knows, as if all before had been answered."""
        self._next(await self._journey())
        await self.sees("sur 334")

    async def service(self, digit: str) -> None:
        """Choose a service, read its documents, and come to the list of places."""
        await self.press(digit)
        await self.sees("Que faut-il apporter ?")
        await self.press("enter")
        await self.sees("sur 334")

    async def up_to_days(self) -> None:
        """Come to the days of Bobigny, as if all before had been answered."""
        journey = await self._journey()
        self._next(journey.at_site((await self._offers(journey))[0]))
        await self._sees_days()

    async def first_place(self) -> None:
        """Choose the highlighted place and wait for its days."""
        await self.press("enter")
        await self._sees_days()

    async def _sees_days(self) -> None:
        await until(lambda: bool(self.app.screen.query("#days")) and self._days() > 0)

    def _days(self) -> int:
        return len(self.app.screen.query_one("#days", ChoiceList).choices)

    async def up_to_check(self) -> None:
        """Come to the last question with the first hour of Bobigny, as if all before had been answered."""
        self._next(await self.holding_an_hour())
        await self.sees("Tout est juste ?")

    async def holding_an_hour(self) -> Journey:
        """Keep the first hour of Bobigny for a person whom the central knows."""
        journey, desk = await self._journey(), self.desk.bookings
        offer = (await self._offers(journey))[0]
        service = journey.service
        assert service
        assert offer.next_day
        journey = journey.at_site(offer)
        hold = await desk.hold(journey, (await desk.slots(service, offer.site, offer.next_day))[0])
        return journey.holding(hold, self.desk.new_key())

    async def _journey(self) -> Journey:
        desk, typed = self.desk.bookings, Typed("DIALLO", "03021990")
        [known] = await desk.find(typed.surname, BirthDate(1990, 2, 3))
        journey = Journey(key=self.desk.new_key(), typed=typed).for_person(known.person, known.numbers)
        return journey.for_service(desk.services()[0]).having_read_documents()

    async def _offers(self, journey: Journey) -> Sequence[Availability]:
        assert journey.service
        return await self.desk.bookings.offers(journey.service)

    def _next(self, journey: Journey) -> None:
        self.app.on_step_screen_next(StepScreen.Next(journey))

    async def times(self) -> None:
        """Choose the highlighted day and wait for its hours."""
        await self.press("enter")
        await until(lambda: self.app.screen.query_one("#times", ChoiceList).has_focus)

    async def first_time(self) -> None:
        """Choose the highlighted day, then its first hour."""
        await self.times()
        await self.press("enter")
        await self.sees("Tout est juste ?")


def _wanted_height(sentence: Sentence) -> int:
    width = sentence.content_size.width
    return sentence.get_content_height(sentence.container_size, sentence.app.size, width) if width else 0


def settings_for(central_url: str, state_dir: Path, printer: str = "virtual:") -> Settings:
    """Return the settings of a test kiosk."""
    return Settings(
        central_url=central_url,
        id="demo",
        printer=printer,
        paper="80mm",
        profile=None,
        least_translation="machine",
        state_dir=state_dir,
    )


@asynccontextmanager
async def counter(
    central: RunningCentral,
    state_dir: Path,
    *,
    size: tuple[int, int] = (80, 24),
    printer: str = "virtual:",
    settings: Settings | None = None,
    clock: Callable[[], dt.datetime] | None = None,
    stopwatch: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Counter]:
    """Run the application on that central; the kiosk's clock is the central's unless it has its own, in Paris.

    `stopwatch` tells for how long nobody touched it.
    """
    keys = (f"test-intent-{number:06d}" for number in itertools.count())

    def now() -> dt.datetime:
        return (clock or central.clock)().astimezone(PARIS)

    settings = settings or settings_for(central.base_url, state_dir, printer)
    desk = Desk(
        settings,
        host=RemoteCentral(str(settings.central_url)),
        now=now,
        new_key=lambda: next(keys),
    )
    app = KioskApp(desk, clock=stopwatch)
    async with app.run_test(size=size) as pilot:
        yield Counter(app, pilot, desk)
