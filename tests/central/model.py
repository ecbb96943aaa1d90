"""What the central promises, written a second time, in memory and without any database: a siege compares both.

Persons are compared by identities that stand in a table beside the way they are written, distances by another
algorithm, windows by calendar dates: nothing here calls the code that it judges.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from kiosk.api.problems import ProblemName

PARIS = ZoneInfo("Europe/Paris")
MANY = "sejour-premiere"  # up to three persons, no number wanted
NUMBERED = "permis-medical"  # one person, with a number that no register can be asked about
LARGEST_PARTY = {MANY: 3, NUMBERED: 1}
LEAST_HIDDEN, MOST_HIDDEN = 120, 1440  # minutes
TYPO_EDITS = 2
FINAL = {
    ProblemName.SLOT_TAKEN,
    ProblemName.PERSON_HAS_BOOKING,
    ProblemName.COOLING_OFF,
    ProblemName.NO_PLACE,
    ProblemName.NOT_ACTIVE,
    ProblemName.MOVES_USED_UP,
    ProblemName.HOLD_EXPIRED,
    ProblemName.STALE,
    ProblemName.INVALID,
    ProblemName.NOT_A_TYPO,
    ProblemName.NOT_FOUND,
}

Windows = dict[tuple[str, str, dt.date | dt.datetime], int]


@dataclass(frozen=True)
class Limits:
    """What the siege sets for every service."""

    mediator_hour: int
    mediator_day: int
    kiosk_hour: int
    site_day: int
    hold_seconds: int = 300
    horizon_days: int = 20
    moves: int = 2
    cancels: int = 2
    cancel_days: int = 3


@dataclass(frozen=True)
class Client:
    """Somebody who acts: one of several mediators at one of several kiosks."""

    kiosk: str
    mediator: str


@dataclass(frozen=True)
class Who:
    """A person as written, and who that is; `number` and `document` are given with a request for a slot."""

    surname: str
    given_names: str
    birth_date: str
    identity: str
    number: str
    document: str | None = None

    def marks(self, service: str) -> frozenset[str]:
        """Return by what, beside the name, the person is recognised."""
        numbers = {f"neph {self.number}"} if service == NUMBERED else set()
        return frozenset(numbers | ({f"document {self.document}"} if self.document else set()))

    @property
    def written(self) -> tuple[str, str, str]:
        """Return what stands on a ticket."""
        return self.surname, self.given_names, self.birth_date


@dataclass(frozen=True)
class Slot:
    """A slot as it was opened; its places change only by what happens to holds, appointments and releases."""

    id: str
    service: str
    site: str
    zone: ZoneInfo
    start: dt.datetime
    minutes: int
    capacity: int

    @property
    def date(self) -> dt.date:
        """Return the day on the site's calendar."""
        return self.start.astimezone(self.zone).date()


@dataclass(frozen=True)
class Hold:
    """Places kept."""

    id: str
    client: Client
    slot: Slot
    people: tuple[Who, ...]
    expires_at: dt.datetime


@dataclass(frozen=True)
class Take:
    """Ask to keep a slot."""

    client: Client
    slot: Slot
    people: tuple[Who, ...]


@dataclass(frozen=True)
class GiveBack:
    """Ask to end a hold."""

    client: Client
    hold: str


@dataclass(frozen=True)
class Book:
    """Ask to turn a hold into bookings."""

    client: Client
    key: str
    hold: str
    people: tuple[Who, ...]

    def payload(self) -> object:
        """Return what must not differ under one key."""
        return self.hold, [who.written for who in self.people]


@dataclass(frozen=True)
class Apply:
    """Ask for the first place of a site from a day on."""

    client: Client
    key: str
    service: str
    site: str
    not_before: dt.date
    who: Who

    def payload(self) -> object:
        """Return what must not differ under one key."""
        return "apply", self.service, self.site, self.not_before, self.who


@dataclass(frozen=True)
class Move:
    """Ask for another slot."""

    client: Client
    key: str
    booking: str
    revision: int
    slot: Slot

    def payload(self) -> object:
        """Return what must not differ under one key."""
        return "move", self.booking, self.slot.id


@dataclass(frozen=True)
class Cancel:
    """Ask to give an appointment up."""

    client: Client
    key: str
    booking: str
    revision: int
    reason: str

    def payload(self) -> object:
        """Return what must not differ under one key."""
        return "cancel", self.booking, self.reason


@dataclass(frozen=True)
class Correct:
    """Ask to put a typing error right."""

    client: Client
    key: str
    booking: str
    revision: int
    who: Who

    def payload(self) -> object:
        """Return what must not differ under one key."""
        return "correct", self.booking, self.who.written


Change = Move | Cancel | Correct
Keyed = Book | Apply | Change
Wish = Take | GiveBack | Keyed


@dataclass(frozen=True)
class Answer:
    """What the central said to a wish."""

    problem: ProblemName | None
    replayed: bool
    body: dict[str, Any]


@dataclass(frozen=True)
class Act:
    """One event of a kiosk's chain; `made`: the booking of an application."""

    chain: str
    mediator: str
    action: str
    subject: str
    made: str | None = None


@dataclass
class Appointment:
    """A booking; `spoken_for` are all names and marks under which its person cannot be taken a second time."""

    id: str
    hold: str
    position: int
    slot: Slot
    first: str
    who: Who  # as the ticket has it
    spoken_for: set[str]
    revision: int = 1
    moves: int = 0
    cancelled: bool = False
    over: bool = False

    @property
    def ends_at(self) -> dt.datetime:
        """Return when the person leaves."""
        return self.slot.start + dt.timedelta(minutes=self.slot.minutes)

    @property
    def status(self) -> str:
        """Return the word of the wire."""
        return "cancelled" if self.cancelled else "booked"

    @property
    def stands(self) -> bool:
        """Return whether it blocks another one for the same person."""
        return not (self.cancelled or self.over)


@dataclass
class Release:
    """Places given up."""

    slot: Slot
    seats: int
    client: Client
    returns_at: dt.datetime
    back: bool = False


@dataclass
class Model:
    """All that is true of the besieged central."""

    limits: Limits
    slots: list[Slot]
    now: dt.datetime
    luck: int = LEAST_HIDDEN  # minutes for which what is given up next stays hidden, as far as its bounds allow
    holds: dict[str, Hold] = field(default_factory=dict)  # by kiosk
    appointments: dict[str, Appointment] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    windows: Windows = field(default_factory=Counter)
    cancels: list[tuple[set[str], str, dt.datetime]] = field(default_factory=list)  # whose, for what, when
    # By kiosk and key: what was decided, None for done.
    decided: dict[tuple[str, str], tuple[Keyed, ProblemName | None]] = field(default_factory=dict)

    def let_time_pass(self) -> None:
        """End what is over, give back what was hidden long enough. What once ended stays so if clocks go back."""
        for hold in [hold for hold in self.holds.values() if hold.expires_at <= self.now]:
            self.end_hold(hold.client, hold.expires_at)
        for release in self.releases:
            release.back |= release.returns_at <= self.now
        for appointment in self.appointments.values():
            appointment.over |= appointment.ends_at <= self.now

    # What must be answered.

    def expected(self, wish: Wish) -> ProblemName | None:
        """Return why the central must say no; None when it must not."""
        match wish:
            case Take():
                return self._expected_of_take(wish)
            case GiveBack():
                return None
        before = self.decided.get((wish.client.kiosk, wish.key))
        if before is not None:
            request, problem = before
            return problem if request.payload() == wish.payload() else ProblemName.IDEMPOTENCY_MISMATCH
        match wish:
            case Book():
                return self._expected_of_book(wish)
            case Apply():
                return self._expected_of_application(wish)
        return self._expected_of_change(wish)

    def replays(self, wish: Keyed) -> bool:
        """Return whether it was decided before."""
        before = self.decided.get((wish.client.kiosk, wish.key))
        return before is not None and before[0].payload() == wish.payload()

    def repeats(self, wish: Take) -> bool:
        """Return whether the kiosk has just this hold."""
        mine = self.holds.get(wish.client.kiosk)
        return mine is not None and _asked(mine.slot, mine.people) == _asked(wish.slot, wish.people)

    def _expected_of_take(self, wish: Take) -> ProblemName | None:
        service, seats = wish.slot.service, len(wish.people)
        if seats > LARGEST_PARTY[service]:
            return ProblemName.INVALID
        if not self.is_open(wish.slot):
            return ProblemName.SLOT_TAKEN
        if self.repeats(wish):
            return None
        mine = self.holds.get(wish.client.kiosk)
        return (
            self._rival(service, wish.people, mine)
            or (ProblemName.COOLING_OFF if self.pauses(service, wish.people) else None)
            or self.over_cap(wish.client, wish.slot, seats)
            or (ProblemName.SLOT_TAKEN if seats > self.free(wish.client, wish.slot) else None)
        )

    def _rival(self, service: str, people: Iterable[Who], mine: Hold | None) -> ProblemName | None:
        wanted = [name for who in people for name in {who.identity} | who.marks(service)]
        others = {name: kept for name, (hold, _), kept in self.spoken_for(service) if mine is None or hold != mine.id}
        if any(others.get(name) for name in wanted):
            return ProblemName.PERSON_HAS_HOLD
        twice = len(set(wanted)) < len(wanted)
        return ProblemName.PERSON_HAS_BOOKING if twice or any(name in others for name in wanted) else None

    def _expected_of_book(self, wish: Book) -> ProblemName | None:
        hold = self.holds.get(wish.client.kiosk)
        if hold is None or hold.id != wish.hold:
            return ProblemName.HOLD_EXPIRED
        if len(wish.people) != len(hold.people):
            return ProblemName.INVALID
        pairs = list(zip(hold.people, wish.people, strict=True))
        if any(apart(kept.identity, who.identity) > TYPO_EDITS for kept, who in pairs):
            return ProblemName.NOT_A_TYPO
        owners = {name: owner for name, owner, _ in self.spoken_for(hold.slot.service)}
        for position, (kept, who) in enumerate(pairs):
            owner = (hold.id, position)
            if who.identity == kept.identity:
                continue
            if owners.setdefault(who.identity, owner) != owner:
                return ProblemName.PERSON_HAS_BOOKING
            if self.pauses(hold.slot.service, [who]):
                return ProblemName.COOLING_OFF
        return None

    def _expected_of_application(self, wish: Apply) -> ProblemName | None:
        if wish.service != MANY:
            return ProblemName.INVALID
        there = next(slot for slot in self.slots if slot.site == wish.site)
        return (
            self._rival(wish.service, [wish.who], None)
            or (ProblemName.COOLING_OFF if self.pauses(wish.service, [wish.who]) else None)
            or self.over_cap(wish.client, there, 1)
            or (None if self.first_free(wish) else ProblemName.NO_PLACE)
        )

    def first_free(self, wish: Apply) -> Slot | None:
        """Return the slot that the application gets."""
        free = (
            slot
            for slot in self.slots
            if (slot.service, slot.site) == (wish.service, wish.site)
            and slot.date >= wish.not_before
            and self.is_open(slot)
            and self.free(wish.client, slot) > 0
        )
        return min(free, key=lambda slot: slot.start, default=None)

    def _expected_of_change(self, wish: Change) -> ProblemName | None:
        one = self.appointments.get(wish.booking)
        if one is None:
            return ProblemName.NOT_FOUND
        if wish.revision != one.revision:
            return ProblemName.STALE
        if one.cancelled or one.ends_at <= self.now:
            return ProblemName.NOT_ACTIVE
        match wish:
            case Move():
                return self._expected_of_move(wish, one)
            case Correct():
                return self._expected_of_correction(wish, one)
            case Cancel():
                return None

    def _expected_of_move(self, wish: Move, one: Appointment) -> ProblemName | None:
        if wish.slot == one.slot or wish.slot.service != one.slot.service:
            return ProblemName.INVALID
        if one.moves >= self.limits.moves:
            return ProblemName.MOVES_USED_UP
        if not self.is_open(wish.slot):
            return ProblemName.SLOT_TAKEN
        full = ProblemName.SLOT_TAKEN if self.free(wish.client, wish.slot) < 1 else None
        return self.over_cap(wish.client, wish.slot, 1) or full

    def _expected_of_correction(self, wish: Correct, one: Appointment) -> ProblemName | None:
        if apart(one.first, wish.who.identity) > TYPO_EDITS:
            return ProblemName.NOT_A_TYPO
        owner = (one.hold, one.position)
        owners = {name: owner for name, owner, _ in self.spoken_for(one.slot.service)}
        if wish.who.identity == one.first:
            return None
        if owners.get(wish.who.identity, owner) != owner:
            return ProblemName.PERSON_HAS_BOOKING
        return ProblemName.COOLING_OFF if self.pauses(one.slot.service, [wish.who]) else None

    # What happened.

    def absorb(self, asked: list[tuple[Wish, Answer]], acts: list[Act]) -> None:
        """Take over what was answered, in the order in which each kiosk's chain has it; no answer without its act."""
        fresh = [(wish, answer) for wish, answer in asked if answer.problem is None and not answer.replayed]
        for wish, answer in asked:
            if isinstance(wish, Book | Apply | Move | Cancel | Correct):
                self._decide(wish, answer)
        changes = [(wish, answer.body) for wish, answer in fresh if isinstance(wish, Move | Cancel | Correct)]
        for wish, body in sorted(changes, key=lambda change: int(change[1]["revision"])):
            self._change(wish, body)
        takes = {(answer.body["id"], wish.client): wish for wish, answer in fresh if isinstance(wish, Take)}
        books = {wish.hold: (wish, answer.body) for wish, answer in fresh if isinstance(wish, Book)}
        applications = {answer.body["bookings"][0]["id"]: wish for wish, answer in fresh if isinstance(wish, Apply)}
        known = {hold.id for hold in self.holds.values()}
        promised = Counter(_act(wish, wish.booking) for wish, _ in changes)
        promised += Counter(_act(wish, hold) for hold, (wish, _) in books.items())
        assert len(books) == sum(isinstance(wish, Book) for wish, _ in fresh), "one hold became bookings twice"
        assert promised == Counter(act for act in acts if act.action not in {"hold", "release", "application"})
        assert Counter(list(applications)) == Counter(act.made for act in acts if act.action == "application")
        assert {hold for hold, _ in takes} - known == {act.subject for act in acts if act.action == "hold"}
        for act in acts:
            self._replay(act, takes, books, asked)
            if act.made is not None:
                self._apply(applications[act.made], act, asked)

    def _decide(self, wish: Keyed, answer: Answer) -> None:
        """What was said first under a key is said for good, and once only as something new."""
        at = (wish.client.kiosk, wish.key)
        if answer.replayed or not (answer.problem is None or answer.problem in FINAL):
            return
        assert at not in self.decided, "decided twice"
        self.decided[at] = wish, answer.problem

    def _replay(
        self,
        act: Act,
        takes: dict[tuple[str, Client], Take],
        books: dict[str, tuple[Book, dict[str, Any]]],
        asked: list[tuple[Wish, Answer]],
    ) -> None:
        client = Client(act.chain, act.mediator)
        if act.action == "hold":
            wish = takes[act.subject, client]
            until = self.now + dt.timedelta(seconds=self.limits.hold_seconds)
            assert act.chain not in self.holds, "two holds of one kiosk"
            self.take_hold(Hold(act.subject, client, wish.slot, wish.people, until))
        elif act.action == "release":
            assert any(_could_end(wish, client, act.subject) for wish, _ in asked)
            assert self.end_hold(client, self.now).id == act.subject
        elif act.action == "book":
            self._book(*books[act.subject])

    def _book(self, wish: Book, body: dict[str, Any]) -> None:
        hold = self.holds.pop(wish.client.kiosk)
        assert hold.id == wish.hold
        for position, (kept, who, made) in enumerate(zip(hold.people, wish.people, body["bookings"], strict=True)):
            names = {kept.identity, who.identity} | kept.marks(hold.slot.service)
            one = Appointment(made["id"], hold.id, position, hold.slot, kept.identity, who, names)
            self.appointments[one.id] = one

    def _apply(self, wish: Apply, act: Act, asked: list[tuple[Wish, Answer]]) -> None:
        [made] = [
            answer.body["bookings"][0]
            for one, answer in asked
            if one is wish and answer.problem is None and not answer.replayed
        ]
        start = dt.datetime.fromisoformat(made["start"])
        [slot] = [one for one in self.slots if (one.service, one.site, one.start) == (wish.service, wish.site, start)]
        names = {wish.who.identity} | wish.who.marks(wish.service)
        one = Appointment(made["id"], act.subject, 0, slot, wish.who.identity, wish.who, names)
        self.appointments[one.id] = one
        self.count(wish.client, slot, 1)

    def _change(self, wish: Change, body: dict[str, Any]) -> None:
        one = self.appointments[wish.booking]
        one.revision += 1
        assert (body["revision"], wish.revision) == (one.revision, one.revision - 1), "two changes of one revision"
        match wish:
            case Move():
                self.hide(one.slot, 1, wish.client, self.now)
                self.count(wish.client, wish.slot, 1)
                one.slot, one.moves = wish.slot, one.moves + 1
            case Cancel():
                self.hide(one.slot, 1, wish.client, self.now)
                one.cancelled = True
                if wish.reason == "person":
                    self.cancels.append(({one.first, one.who.identity}, one.slot.service, self.now))
            case Correct():
                one.spoken_for.add(wish.who.identity)
                one.who = wish.who

    def take_hold(self, hold: Hold) -> None:
        """A hold was given."""
        self.holds[hold.client.kiosk] = hold
        self.count(hold.client, hold.slot, len(hold.people))

    def end_hold(self, client: Client, at: dt.datetime) -> Hold:
        """The kiosk's hold was given up, by this client, or by time."""
        hold = self.holds.pop(client.kiosk)
        self.hide(hold.slot, len(hold.people), client, at)
        return hold

    def hide(self, slot: Slot, seats: int, client: Client, at: dt.datetime) -> None:
        """Places were given up."""
        until_start = int((slot.start - at).total_seconds())
        most = min(60 * MOST_HIDDEN, until_start) if until_start > 60 * LEAST_HIDDEN else 60 * MOST_HIDDEN
        hidden = max(60 * LEAST_HIDDEN, min(most, 60 * self.luck))
        self.releases.append(Release(slot, seats, client, at + dt.timedelta(seconds=hidden)))

    def count(self, client: Client, slot: Slot, seats: int) -> None:
        """Places were taken."""
        for window, _, _ in self._caps(client, slot):
            self.windows[window] = self.windows.get(window, 0) + seats

    # What must be true.

    def held(self, slot: Slot) -> int:
        """Return the places kept."""
        return sum(len(hold.people) for hold in self.holds.values() if hold.slot == slot)

    def booked(self, slot: Slot) -> int:
        """Return the places of appointments."""
        return sum(one.slot == slot and not one.cancelled for one in self.appointments.values())

    def hidden(self, slot: Slot) -> int:
        """Return the places given up that nobody sees yet."""
        return sum(release.seats for release in self.releases if release.slot == slot and not release.back)

    def taken(self, slot: Slot) -> int:
        """Return the places that nobody can have."""
        return self.held(slot) + self.booked(slot) + self.hidden(slot)

    def given_up_by(self, client: Client, slot: Slot) -> int:
        """Return the places that will never be this client's again."""
        own = (
            release
            for release in self.releases
            if release.slot == slot
            and release.back  # until then it is among the taken ones
            and (release.client.kiosk == client.kiosk or release.client.mediator == client.mediator)
        )
        return sum(release.seats for release in own)

    def free(self, client: Client, slot: Slot) -> int:
        """Return how many places this client may have."""
        return slot.capacity - self.taken(slot) - self.given_up_by(client, slot)

    def is_open(self, slot: Slot) -> bool:
        """Return whether the slot lies ahead, and not too far."""
        last = self.now.astimezone(slot.zone).date() + dt.timedelta(days=self.limits.horizon_days)
        return slot.start > self.now and slot.date <= last

    def over_cap(self, client: Client, slot: Slot, seats: int) -> ProblemName | None:
        """Return the limit that these places would exceed."""
        for window, cap, problem in self._caps(client, slot):
            if self.windows.get(window, 0) + seats > cap:
                return problem
        return None

    def pauses(self, service: str, people: Iterable[Who]) -> bool:
        """Return whether one of them cancelled too often."""
        since = self.now - dt.timedelta(days=self.limits.cancel_days)
        counted = Counter(name for names, what, at in self.cancels if what == service and at > since for name in names)
        return any(counted[who.identity] >= self.limits.cancels for who in people)

    def spoken_for(self, service: str) -> Iterator[tuple[str, tuple[str, int], bool]]:
        """Give every name and mark that is taken, by which person of which request, and whether it is only a hold."""
        for hold in self.holds.values():
            for position, who in enumerate(hold.people):
                if hold.slot.service == service:
                    for name in {who.identity} | who.marks(service):
                        yield name, (hold.id, position), True
        for one in self.appointments.values():
            if one.stands and one.slot.service == service:
                for name in one.spoken_for:
                    yield name, (one.hold, one.position), False

    def open_windows(self, client: Client, slot: Slot) -> list[tuple[str, str, dt.date | dt.datetime]]:
        """Return the windows in which a place that this client took of this slot now would count."""
        return [window for window, _, _ in self._caps(client, slot)]

    def caps(self) -> dict[str, int]:
        """Return what each kind of window allows."""
        limits = self.limits
        return {
            "mediator-hour": limits.mediator_hour,
            "mediator-day": limits.mediator_day,
            "kiosk-hour": limits.kiosk_hour,
            "site-day": limits.site_day,
        }

    def _caps(
        self, client: Client, slot: Slot
    ) -> list[tuple[tuple[str, str, dt.date | dt.datetime], int, ProblemName]]:
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        today, there = self.now.astimezone(PARIS).date(), self.now.astimezone(slot.zone).date()
        every = [
            (("mediator-hour", client.mediator, hour), ProblemName.MEDIATOR_LIMIT),
            (("mediator-day", client.mediator, today), ProblemName.MEDIATOR_LIMIT),
            (("kiosk-hour", client.kiosk, hour), ProblemName.KIOSK_LIMIT),
            (("site-day", slot.site, there), ProblemName.SITE_LIMIT),
        ]
        caps = self.caps()
        return [(window, caps[window[0]], problem) for window, problem in every]


def _asked(slot: Slot, people: Iterable[Who]) -> object:
    marks = frozenset(mark for who in people for mark in who.marks(slot.service))
    return slot, [who.identity for who in people], marks


def _act(wish: Keyed, subject: str) -> Act:
    return Act(wish.client.kiosk, wish.client.mediator, type(wish).__name__.lower(), subject)


def _could_end(wish: Wish, client: Client, hold: str) -> bool:
    return wish.client == client and (isinstance(wish, Take) or (isinstance(wish, GiveBack) and wish.hold == hold))


def apart(before: str, after: str) -> int:
    """Return by how many letters and digits two identities differ, names and dates each for themselves."""
    return sum(_edits(one, other) for one, other in zip(before.split("/"), after.split("/"), strict=True))


@cache
def _edits(one: str, other: str) -> int:
    if not one or not other:
        return len(one) + len(other)
    if one[0] == other[0]:
        return _edits(one[1:], other[1:])
    return 1 + min(_edits(one[1:], other), _edits(one, other[1:]), _edits(one[1:], other[1:]))
