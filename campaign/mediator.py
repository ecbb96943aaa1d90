"""What a mediator does at the kiosk, call for call as the screens do it; each statement is told first."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from campaign.plan import Kind, Visit
from campaign.steps import Steps
from campaign.wire import Wire
from campaign.world import CODE, MEDIATOR
from kiosk.booking.booking import Booking, Hold
from kiosk.booking.journey import Journey
from kiosk.booking.person import BirthDate, Person
from kiosk.desk.answers import (
    CentralRefusedError,
    Delivery,
    DeskError,
    JournalError,
    OpeningError,
    OpenPaper,
    Progress,
    Refusal,
)
from kiosk.desk.desk import Desk
from kiosk.desk.sending import Booked, Refused

PERSONS = (
    Person("DIALLO", "Mariam", BirthDate(1990, 2, 3)),
    Person("N'GUESSAN", "Éléonore", BirthDate(1987, 5), "+33612345678"),
    Person("KONÉ", "Awa", BirthDate(1987)),
)
TRIES = 4  # of whatever a mediator does again
SIGN_IN_TRIES = 40
CLOSING_SECONDS = 20.0  # everything is settled by then, or never
SETTLING_SECONDS = 0.8  # then all that is open waits for time to pass
MOMENT = 0.03
LOOK_SECONDS = 0.4  # at the printer, before one says that nothing came out
_CODES_COUNT_FOR = 16 * 60.0  # seconds
_HOLD_IS_OVER = 6 * 60.0
_CHOOSE_ANEW = {Refusal.SLOT_TAKEN, Refusal.HOLD_EXPIRED}

_T = TypeVar("_T")


class Mediator:
    """Somebody at one kiosk, for one life of it."""

    def __init__(self, desk: Desk, wire: Wire, steps: Steps, *, patience: float) -> None:
        """Sit down at the desk."""
        self._desk = desk
        self._wire = wire
        self._steps = steps
        self._patience = patience
        self._may_be_booked = True  # as far as the screen says
        self._told: set[str] = set()  # news
        self._background: set[asyncio.Task[None]] = set()

    async def works(self, visits: Sequence[Visit], first: int, *, closing: bool, alone: bool) -> None:
        """Open the kiosk, receive everybody, close it; when `closing`, settle all that is open before."""
        await self._opened()
        watch = asyncio.create_task(self._desk.keep_watch())
        if (alone and await self._opens_alone()) or await self._signed_in():
            for number, visit in enumerate(visits, first):
                if not await self._home(self._patience, decides=visit.notes_news):
                    break
                self._wire.tell("visit", number=number)
                await self._receives(visit)
            if closing:
                await self._settles()
            else:
                await self._stays()
        if self._background:
            await asyncio.wait(self._background)
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch
        await self._desk.close()
        self._wire.tell("over")

    async def _opened(self) -> None:
        while True:
            try:
                await self._desk.open()
            except OpeningError:  # the life before is not quite gone
                await asyncio.sleep(MOMENT)
            else:
                return

    async def _signed_in(self) -> bool:
        for _ in range(SIGN_IN_TRIES):
            try:
                await self._desk.sign_in(MEDIATOR, CODE)
            except CentralRefusedError as refused:
                if refused.refusal is Refusal.TOO_MANY:
                    self._wire.tell("waits", seconds=_CODES_COUNT_FOR)
            except DeskError:
                pass
            else:
                return True
            await asyncio.sleep(MOMENT)
        return False

    async def _opens_alone(self) -> bool:
        """Open as without network; whether name and code are right is asked as soon as the central is heard of."""
        try:
            await self._desk.sign_in_alone(MEDIATOR, CODE)
        except DeskError:  # a kiosk that never was in touch
            return False
        return True

    async def _home(self, patience: float, *, decides: bool) -> bool:
        """Look at the first screen until a visit may begin; return whether it may."""
        deadline = time.monotonic() + patience
        while True:
            await self._hears_news(notes=decides)
            if decides:
                await self._decides_papers()
            if not self._desk.must_wait:
                return True
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(MOMENT)

    async def _stays(self) -> None:
        """Sit at the first screen while something may still be answered, as long as a mediator is patient."""
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline and await self._desk.bookings._outgoing.open_intents():
            await self._home(MOMENT, decides=True)
            await asyncio.sleep(MOMENT)

    async def _settles(self) -> None:
        deadline, later = time.monotonic() + CLOSING_SECONDS, time.monotonic() + SETTLING_SECONDS
        while (now := time.monotonic()) < deadline:
            if now > later:  # what waits for a hold of somebody who is gone waits for its end
                later = now + SETTLING_SECONDS
                self._wire.tell("waits", seconds=_HOLD_IS_OVER)
            await self._home(MOMENT, decides=True)
            left = await self._desk.bookings._outgoing.open_intents()
            if not (left or self._is_to_tell()):
                return
            await asyncio.sleep(MOMENT)

    def _is_to_tell(self) -> bool:
        """Return whether the desk shows anything: what was answered is news only when it has looked."""
        desk = self._desk
        return bool(desk.settled or desk.unresolved or desk.noted or desk.papers.to_decide)

    async def _hears_news(self, *, notes: bool) -> None:
        for settled in self._desk.settled:
            if settled.key not in self._told:
                self._told.add(settled.key)
                self._say("news", key=settled.key, reference=settled.reference)
            if notes:
                await self._desk.take_note(settled)

    async def _decides_papers(self) -> None:
        for paper in self._desk.papers.to_decide:
            with contextlib.suppress(DeskError):
                await self._decides(paper)

    async def _decides(self, paper: OpenPaper) -> None:
        if not paper.waiting:
            await self._sees(paper.number)
            return
        self._wire.tell("to-printer")
        delivered = await self._desk.papers.send(paper.number, lambda _: None)
        self._says_delivery(paper.number, delivered.delivery)

    async def _receives(self, visit: Visit) -> None:
        person = PERSONS[visit.person]
        service = self._desk.bookings.service(visit.service)
        if service is None:
            return
        if self._desk.request_of(person):
            return  # it has no answer yet, and the screen says so
        journey = Journey(key=self._desk.new_key()).for_person(person).for_service(service).having_read_documents()
        if visit.kind is Kind.APPLICATION:
            await self._applies(journey, visit)
            return
        found = await self._tried(lambda: self._desk.bookings.find(person.surname, person.birth_date))
        known = [one for each in found or () for one in each.upcoming if one.service == service]
        for booking in known:
            self._say("known", reference=booking.reference)
        if known and visit.reprints:
            await self._prints(known[0], visit, new=False)
            self._desk.leave()
            return
        await self._books(journey, visit)

    async def _applies(self, journey: Journey, visit: Visit) -> None:
        """Ask for a place as without network: it is noted, its paper is printed, and it leaves by itself."""
        if journey.service is None:
            return
        offers = await self._desk.bookings.offers_last_seen(journey.service)
        offer = next(one for one in offers if one.site.id == visit.site)
        journey = journey.applying_at(offer).from_day(self._desk.now().date(), self._desk.new_key())
        with contextlib.suppress(DeskError):
            request = await self._desk.apply(journey)
            self._say("applied", key=journey.intent_key)
            paper = await self._desk.papers.draw_receipt(journey, request, demonstration=self._desk.demonstration)
            self._says_delivery(paper, await self._delivered(paper))

    async def _books(self, journey: Journey, visit: Visit) -> None:
        for _ in range(TRIES):
            held = await self._holds(journey, visit)
            if held is None:
                break
            journey = held
            if visit.dawdles:
                self._wire.tell("waits", seconds=_HOLD_IS_OVER)
            if visit.abandons:
                break
            answer = await self._sends(journey, visit)
            if answer is None:
                return
            if isinstance(answer, Booked):
                await self._prints(answer.booking, visit, new=True)
                self._desk.leave()
                return
            if answer.error.refusal not in _CHOOSE_ANEW:
                break
            journey = journey.without_hold()
        await self._finishes(journey.hold)

    async def _finishes(self, hold: Hold | None) -> None:
        if hold:
            self._behind(self._desk.release(hold))
        self._desk.leave()

    async def _holds(self, journey: Journey, visit: Visit) -> Journey | None:
        """Choose place and hour; return None when there is nothing for this person."""
        service = journey.service
        site = self._desk.bookings.site(visit.site)
        if service is None or site is None:
            return None
        for _ in range(TRIES):
            try:
                offer = await self._desk.bookings.offer(service, site)
                if offer.next_day is None:
                    return None
                slots = await self._desk.bookings.slots(service, site, offer.next_day)
                if not slots:
                    continue
                journey = journey.at_site(offer)
                hold = await self._desk.bookings.hold(journey, slots[visit.slot % len(slots)])
                return journey.holding(hold, self._desk.new_key())
            except CentralRefusedError as refused:
                if refused.refusal not in _CHOOSE_ANEW:
                    return None
            except DeskError:
                await asyncio.sleep(MOMENT)
        return None

    async def _sends(self, journey: Journey, visit: Visit) -> Booked | Refused | None:
        """Press F10 and look at the screen until there is an answer; None when the mediator left before."""
        self._may_be_booked = True
        patience = self._patience if visit.leaves_after is None else visit.leaves_after
        while True:
            asking = asyncio.create_task(self._asks(journey))
            await asyncio.wait({asking}, timeout=patience)
            if asking.done():
                return asking.result()
            if self._may_be_booked:
                if await self._takes_receipt(journey):
                    await _stopped(asking)
                    self._desk.leave()
                    return None
                return await asking  # the answer is here
            await _stopped(asking)
            if await self._withdraws(journey):
                await self._finishes(journey.hold)
                return None
            patience = self._patience

    async def _asks(self, journey: Journey) -> Booked | Refused:
        key = journey.intent_key
        answer: Booked | Refused | None = None
        async for said in self._desk.sending(journey):
            match said:
                case Booked(booking):
                    answer = said
                    self._say("booked", key=key, reference=booking.reference)
                case Refused(error):
                    answer = said
                    self._say("refused", key=key, why=error.refusal)
                case _:
                    self._may_be_booked = said.may_be_booked
                    self._say("waiting", key=key, may_be_booked=said.may_be_booked, why=type(said.why).__name__)
        if answer is None:
            raise AssertionError("there is always an answer in the end")
        return answer

    async def _takes_receipt(self, journey: Journey) -> bool:
        """Press F9 while nobody knows; return whether the person can leave."""
        try:
            paper = await self._desk.receipt(journey)
        except DeskError:  # the number is on the screen, and is copied by hand
            self._say("receipt", key=journey.intent_key, number=None)
            return True
        if paper is None:
            return False
        self._say("receipt", key=journey.intent_key, number=paper)
        self._behind(self._sends_receipt(paper))
        return True

    async def _sends_receipt(self, paper: int) -> None:
        self._wire.tell("to-printer")
        with contextlib.suppress(DeskError):
            delivered = await self._desk.papers.send(paper, lambda _: None)
            self._says_delivery(paper, delivered.delivery)

    async def _withdraws(self, journey: Journey) -> bool:
        try:
            withdrawn = await self._desk.bookings.withdraw()
        except JournalError:
            withdrawn = False
        if withdrawn:
            self._say("left", key=journey.intent_key)
        return withdrawn

    async def _prints(self, booking: Booking, visit: Visit, *, new: bool) -> None:
        with contextlib.suppress(DeskError):
            for _ in range(TRIES):
                if await self._printed_one(booking, visit, new=new):
                    return

    async def _printed_one(self, booking: Booking, visit: Visit, *, new: bool) -> bool:
        """Print one paper; return whether nobody wants another."""
        try:
            paper = await self._desk.papers.draw(booking, "", new=new)
        finally:
            await self._desk.bookings.heard()
        delivery = await self._delivered(paper.number)
        self._says_delivery(paper.number, delivery)
        if delivery is Delivery.UNCONFIRMED and not visit.leaves_paper:
            return await self._sees(paper.number)
        return delivery is not Delivery.SPOILED

    async def _delivered(self, number: int) -> Delivery:
        def tell(progress: Progress) -> None:
            if progress is Progress.ASKING:
                self._behind(self._answers_early(number))
            else:
                self._wire.tell("mend")

        for _ in range(TRIES):
            self._wire.tell("to-printer")
            delivered = await self._desk.papers.send(number, tell)
            if delivered.delivery is not Delivery.WAITING:
                return delivered.delivery
            self._says_delivery(number, Delivery.WAITING)
            self._wire.tell("mend")
            await asyncio.sleep(MOMENT)
        return Delivery.WAITING

    async def _answers_early(self, number: int) -> None:
        with contextlib.suppress(DeskError):
            await self._sees(number)

    async def _sees(self, number: int) -> bool:
        """Look whether a paper came out, and say so to the kiosk."""
        deadline = time.monotonic() + LOOK_SECONDS
        while not (came_out := bool(self._wire.tell("look", number=number)["came_out"])):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(MOMENT)
        await self._desk.papers.seen(number, came_out=came_out)
        return came_out

    def _says_delivery(self, number: int, delivery: Delivery) -> None:
        self._say(
            {
                Delivery.PRINTED: "printed",
                Delivery.WAITING: "waiting-paper",
                Delivery.UNCONFIRMED: "unconfirmed",
                Delivery.SPOILED: "spoiled",
            }[delivery],
            number=number,
        )

    def _say(self, what: str, **facts: object) -> None:
        """State something to the mediator: told first, heeded then."""
        self._wire.tell("said", what=what, **facts)
        self._steps.at(f"said.{what}")

    def _behind(self, work: Awaitable[None]) -> None:
        async def done() -> None:
            await work

        task = asyncio.create_task(done())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _tried(self, work: Callable[[], Awaitable[_T]]) -> _T | None:
        for _ in range(TRIES):
            try:
                return await work()
            except DeskError:
                await asyncio.sleep(MOMENT)
        return None


async def _stopped(task: asyncio.Task[Booked | Refused]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
