"""Sixteen clients besiege a real central, and a model in memory says what must come of it.

Alone, each wish is answered exactly as the model says. Together, wishes are let go at the same moment: the model takes
over what was answered, and everything that must hold whoever is faster is compared. KIOSK_SIEGE_EXAMPLES=500 besieges
longer, with other chances each time.
"""

import copy
import datetime as dt
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.clock import Chance
from kiosk.central.events import verify
from tests.central import calls
from tests.central.calls import Held, Json, problem_of, signed_in
from tests.central.model import (
    FINAL,
    MANY,
    NUMBERED,
    TYPO_EDITS,
    Act,
    Answer,
    Apply,
    Book,
    Cancel,
    Change,
    Client,
    Correct,
    GiveBack,
    Keyed,
    Limits,
    Model,
    Move,
    Slot,
    Take,
    Who,
    Wish,
    apart,
)
from tests.support.central import NOW, RunningCentral, running_central
from tests.support.databases import drop_databases

EXAMPLES = "KIOSK_SIEGE_EXAMPLES"
CLIENTS = [Client(f"kiosk-{n % 8}", f"mediator-{(n + n // 8) % 5}") for n in range(16)]
SITES = {"pref-93": "Europe/Paris", "pref-976": "Indian/Mayotte", "pref-973": "America/Cayenne"}
EMPTIED = (
    db.claims,
    db.releases,
    db.holds,
    db.caps,
    db.intents,
    db.events,
    db.known_identifiers,
    db.former_slots,
    db.bookings,
    db.slots,
)
COUNTED = {ProblemName.MEDIATOR_LIMIT, ProblemName.KIOSK_LIMIT, ProblemName.SITE_LIMIT}

# How each is written, and who that is: accents, case, hyphens and apostrophes make nobody another person.
PEOPLE = [
    Who("Lévêque", "Ana", "1990-02-03", "LEVEQUE<<ANA/1990-02-03", "1000000001"),
    Who("LEVEQUE", "ana", "1990-02-03", "LEVEQUE<<ANA/1990-02-03", "1000000001", "AAAA1"),
    Who("Levequee", "Ana", "1990-02-03", "LEVEQUEE<<ANA/1990-02-03", "1000000002"),
    Who("Lewequee", "Ana", "1990-02-03", "LEWEQUEE<<ANA/1990-02-03", "1000000003", "AAAA1"),
    Who("Lewekuee", "Ana", "1990-02-03", "LEWEKUEE<<ANA/1990-02-03", "1000000003"),
    Who("N'Diaye", "Jean-Paul", "1987", "NDIAYE<<JEAN<PAUL/1987", "1000000004"),
    Who("ndiaye", "JEAN PAUL", "1987", "NDIAYE<<JEAN<PAUL/1987", "1000000005"),
    Who("N Diaye", "Jean Paul", "1987", "N<DIAYE<<JEAN<PAUL/1987", "1000000005", "BBBB2"),
    Who("Ndiaye", "Jean Paul", "1987-05-03", "NDIAYE<<JEAN<PAUL/1987-05-03", "1000000006"),
    Who("Li", "Wei", "2001-01-01", "LI<<WEI/2001-01-01", "1000000007"),
    Who("Lu", "Wei", "2001-01-01", "LU<<WEI/2001-01-01", "1000000007"),
    Who("Lu", "Mei", "2001-01-01", "LU<<MEI/2001-01-01", "1000000008", "BBBB2"),
    Who("Traoré", "", "2001-01-01", "TRAORE/2001-01-01", "1000000009"),
]
_OF_PLACES = COUNTED | {ProblemName.SLOT_TAKEN, ProblemName.INVALID}
_OF_PERSONS = {ProblemName.PERSON_HAS_BOOKING, ProblemName.PERSON_HAS_HOLD, ProblemName.COOLING_OFF}
_OF_NAMES = {ProblemName.NOT_A_TYPO, ProblemName.PERSON_HAS_BOOKING, ProblemName.COOLING_OFF}
_OF_KEYS = {ProblemName.IDEMPOTENCY_MISMATCH}
_OF_CHANGES = _OF_KEYS | {ProblemName.NOT_FOUND, ProblemName.STALE, ProblemName.NOT_ACTIVE}
REFUSALS: dict[type[Wish], set[ProblemName]] = {
    Take: _OF_PLACES | _OF_PERSONS,
    Apply: _OF_KEYS | COUNTED | _OF_PERSONS | {ProblemName.INVALID, ProblemName.NO_PLACE},
    GiveBack: set(),
    Book: _OF_KEYS | _OF_NAMES | {ProblemName.HOLD_EXPIRED, ProblemName.INVALID},
    Move: _OF_CHANGES | _OF_PLACES | {ProblemName.MOVES_USED_UP},
    Cancel: _OF_CHANGES,
    Correct: _OF_CHANGES | _OF_NAMES,
}

_MOMENT = dt.timedelta(seconds=1)
_REPRODUCIBLE = EXAMPLES not in os.environ
_SETTINGS = settings(
    max_examples=int(os.environ.get(EXAMPLES, "8")),
    stateful_step_count=25,
    derandomize=_REPRODUCIBLE,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate] if _REPRODUCIBLE else list(Phase),
)
_KINDS = (
    ("take",) * 5
    + ("book",) * 4
    + ("apply",) * 2
    + ("move",) * 3
    + ("correct",) * 2
    + ("replay",) * 2
    + ("cancel", "again", "give back", "reuse")
)
_DRAWS = st.tuples(st.sampled_from(_KINDS), *[st.integers(0, 1 << 16)] * 3)
_PARTIES = (1, 1, 1, 1, 2, 2, 3, 4)
_OPENED = (  # service, site, hours from NOW: soon, later, overseas, the last day of the horizon, the day after
    (MANY, "pref-93", 6),
    (MANY, "pref-93", 24 * 6),
    (MANY, "pref-976", 24 * 8),
    (MANY, "pref-973", 24 * 9),
    (MANY, "pref-93", 24 * 20 + 12),
    (MANY, "pref-976", 24 * 21),
    (NUMBERED, "pref-93", 28),
    (NUMBERED, "pref-976", 24 * 12),
)

Draw = tuple[str, int, int, int]


def _until(now: dt.datetime, instants: Iterable[dt.datetime]) -> dt.timedelta:
    return min((at for at in instants if at > now), default=now + _MOMENT) - now


def _hour(now: dt.datetime) -> dt.timedelta:
    return dt.timedelta(hours=1) - (now - now.replace(minute=0, second=0, microsecond=0))


def _midnight(now: dt.datetime, zone: str) -> dt.timedelta:
    tomorrow = now.astimezone(ZoneInfo(zone)).date() + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC) - now


JUMPS: dict[str, Callable[[Model], dt.timedelta]] = {
    "a moment": lambda _: _MOMENT,
    "a hold ends soon": lambda model: _until(model.now, _ends(model)) - _MOMENT,
    "a hold ends": lambda model: _until(model.now, _ends(model)),
    "a place returns": lambda model: _until(model.now, (each.returns_at for each in model.releases)),
    "an appointment is over": lambda model: _until(model.now, (one.ends_at for one in model.appointments.values())),
    "the hour ends soon": lambda model: _hour(model.now) - _MOMENT,
    "the hour ends": lambda model: _hour(model.now),
} | {f"midnight in {zone}": lambda model, zone=zone: _midnight(model.now, zone) for zone in SITES.values()}


SHORT = ["a moment", "a hold ends soon", "a hold ends", "the hour ends soon"]


def _ends(model: Model) -> list[dt.datetime]:
    return [hold.expires_at for hold in model.holds.values()]


@dataclass
class World:
    """The besieged central, and who besieges it."""

    central: RunningCentral
    luck: "Luck"
    http: dict[Client, httpx.Client]
    threads: ThreadPoolExecutor

    def open(self, model: Model) -> None:
        """Forget what was before, and open the model's slots under the model's limits."""
        self.luck.minutes = model.luck
        self.move_clock(model.now)
        slots = [
            {name: getattr(slot, name) for name in ("id", "service", "site", "date", "minutes", "capacity")}
            | {"start_at": slot.start}
            for slot in model.slots
        ]
        with self.central.storage.writing() as transaction:
            for table in EMPTIED:
                transaction.execute(sa.delete(table))
            transaction.execute(sa.insert(db.slots), slots)
            transaction.execute(sa.update(db.services).values(asdict(model.limits)))

    def move_clock(self, now: dt.datetime) -> None:
        """Set the central's clock, forwards or backwards."""
        self.central.clock.advance(seconds=(now - self.central.clock()).total_seconds())

    def acts(self, seen: Counter[str]) -> list[Act]:
        """Return the events that were not `seen` yet, each chain in its order, and count them; no chain is broken."""
        query = sa.select(db.events).order_by(db.events.c.chain, db.events.c.number)
        with self.central.storage.reading() as transaction:
            rows = transaction.execute(query).all()
            audit = verify(transaction, self.central.storage.person_key)
        assert (sum(head.length for head in audit.heads), audit.faults) == (len(rows), ())
        fresh = [row for row in rows if row.number > seen[row.chain]]
        seen.update(row.chain for row in fresh)
        return [Act(row.chain, row.mediator, row.action, row.subject, _made(row)) for row in fresh]

    def send(self, wish: Wish) -> Answer:
        """Ask, and read the answer."""
        answer = _send(self.http[wish.client], wish)
        problem = None if answer.is_success else problem_of(answer)
        body = answer.json() if answer.is_success and answer.content else {}
        return Answer(problem, "Idempotency-Replayed" in answer.headers, body)

    def send_together(self, wishes: list[Wish]) -> list[Answer]:
        """Ask all at the same moment, each in its own thread."""
        gate = threading.Barrier(len(wishes))

        def one(wish: Wish) -> Answer:
            gate.wait()
            return self.send(wish)

        return list(self.threads.map(one, wishes))

    def rows(self, table: sa.Table, *columns: str) -> list[tuple[Any, ...]]:
        """Return these columns of a whole table."""
        with self.central.storage.reading() as transaction:
            return [tuple(row) for row in transaction.execute(sa.select(*(table.c[name] for name in columns)))]


@dataclass
class Luck:
    """How long what is given up stays hidden, as far as its bounds allow."""

    minutes: int = 0

    def between(self, least: int, most: int) -> int:
        """Draw what the siege chose."""
        return max(least, min(most, 60 * self.minutes))


class Siege(RuleBasedStateMachine):
    """One war: a few slots, a few persons, small caps, so that everything collides."""

    def __init__(self, world: World) -> None:
        """Begin with nothing opened."""
        super().__init__()
        self.world = world
        self.seen: Counter[str] = Counter()
        self.hold_ids = ["nobody"]
        self.sent: list[Keyed] = []
        self.steps = 0

    @initialize(
        capacities=st.lists(st.integers(1, 12), min_size=len(_OPENED), max_size=len(_OPENED)),
        mediator_hour=st.integers(3, 12),
        mediator_day=st.integers(6, 40),
        kiosk_hour=st.integers(2, 9),
        site_day=st.integers(6, 40),
    )
    def open(self, capacities: list[int], **caps: int) -> None:
        """Open the slots."""
        slots = [
            Slot(f"slot-{n}", service, site, ZoneInfo(SITES[site]), NOW + dt.timedelta(hours=hours), 20, capacities[n])
            for n, (service, site, hours) in enumerate(_OPENED)
        ]
        self.model = Model(Limits(**caps), slots, NOW)
        self.world.open(self.model)

    @rule(asked=st.lists(st.tuples(st.sampled_from(CLIENTS), _DRAWS), min_size=4, max_size=20))
    def some_ask_in_turn(self, asked: list[tuple[Client, Draw]]) -> None:
        """Whoever asks alone is answered exactly as the model says."""
        for client, draw in asked:
            holders = [hold.client for hold in self.model.holds.values()]
            self._alone(holders[draw[1] % len(holders)] if draw[0] == "book" and holders else client, draw)

    @rule(draws=st.lists(_DRAWS, min_size=2, max_size=16), first=st.integers(0, 15))
    def many_ask_at_once(self, draws: list[Draw], first: int) -> None:
        """Whatever comes first, nothing is broken, and nobody is refused without a reason that lasts."""
        asking = [CLIENTS[(first + n) % 16] for n in range(len(draws))]
        self._together([self._wish(client, draw) for client, draw in zip(asking, draws, strict=True)])

    @rule(draws=st.lists(_DRAWS, min_size=2, max_size=8), first=st.integers(0, 15))
    def two_copies_of_each_arrive_at_once(self, draws: list[Draw], first: int) -> None:
        """Whatever becomes of the first one becomes of the second."""
        wishes = [self._wish(CLIENTS[(first + n) % 16], draw) for n, draw in enumerate(draws)]
        self._together([wish for wish in wishes for _ in range(2)])

    @rule(slot=st.integers(0, len(_OPENED) - 1), who=st.integers(0, len(PEOPLE) - 1))
    def all_rush_for_one_slot(self, slot: int, who: int) -> None:
        """Sixteen want the same."""
        wanted = self.model.slots[slot]
        self._together([Take(c, wanted, (PEOPLE[(who + n) % len(PEOPLE)],)) for n, c in enumerate(CLIENTS)])

    @rule(draw=_DRAWS)
    def all_book_what_they_hold(self, draw: Draw) -> None:
        """Both mediators of each kiosk book its hold, or take one."""
        self._together([self._wish(client, ("book", draw[1] + n, draw[2] + n, 1)) for n, client in enumerate(CLIENTS)])

    @rule(draw=_DRAWS, kinds=st.lists(st.sampled_from(["move", "cancel", "correct"]), min_size=16, max_size=16))
    def all_want_the_same_appointment_changed(self, draw: Draw, kinds: list[str]) -> None:
        """Sixteen change one booking, each otherwise."""
        self._together([self._wish(c, (kinds[n], draw[1], draw[2] + n, 1)) for n, c in enumerate(CLIENTS)])

    @rule(kind=st.sampled_from(["move", "correct"]), draw=_DRAWS, times=st.integers(3, 6))
    def one_appointment_is_changed_again_and_again(self, kind: str, draw: Draw, times: int) -> None:
        """Small steps, and more moves than there may be."""
        for n in range(times):
            self._alone(CLIENTS[(draw[1] + n) % 16], (kind, 0, draw[2] + n, 1))

    @rule(jump=st.sampled_from([*SHORT, *SHORT, *sorted(JUMPS)]))
    def time_passes(self, jump: str) -> None:
        """The clock goes on."""
        self._at(self.model.now + JUMPS[jump](self.model))

    @rule(minutes=st.integers(1, 5))
    def the_clock_is_put_back(self, minutes: int) -> None:
        """Clocks are corrected, though never from after an appointment to before its end."""
        now = self.model.now - dt.timedelta(minutes=minutes)
        if not any(now < one.ends_at <= self.model.now for one in self.model.appointments.values()):
            self._at(now)

    @rule(scope=st.sampled_from(["an hour"] * 6 + list(SITES.values())))
    def the_clock_is_put_back_into_a_window_that_was_over(self, scope: str) -> None:
        """What was counted in it counts still."""
        end = _hour(self.model.now) if scope == "an hour" else _midnight(self.model.now, scope)
        self._at(self.model.now + end + _MOMENT)
        self.all_agree()
        self.the_clock_is_put_back(1)

    @rule(minutes=st.integers(0, 2000))
    def luck_changes(self, minutes: int) -> None:
        """What is given up next stays hidden for another time."""
        self.world.luck.minutes = self.model.luck = minutes

    @invariant()
    def all_agree(self) -> None:
        """What is shown, kept and promised; what is shown comes first, since reading lets time have its effect."""
        self._compare_offers()
        self._compare_tables()
        self._check_promises()

    def _compare_offers(self) -> None:
        self.steps += 1
        client, slot = CLIENTS[self.steps % 16], self.model.slots[self.steps % len(_OPENED)]
        http, asked = self.world.http[client], {"service": slot.service, "site": slot.site}
        page = calls.done(http.get("/v1/slots", params=asked | {"date": slot.date.isoformat()}))
        offer = calls.done(http.get("/v1/availability", params=asked))["sites"][0]
        there = [one for one in self.model.slots if (one.service, one.site) == (slot.service, slot.site)]
        free = {one: self.model.free(client, one) for one in there if self.model.is_open(one)}
        free = {one: places for one, places in free.items() if places > 0}
        days: Counter[str] = Counter()
        for one, places in free.items():
            days[one.date.isoformat()] += places
        assert {each["id"]: each["free"] for each in page["slots"]} == {
            one.id: places for one, places in free.items() if one.date == slot.date
        }
        assert {day["date"]: day["free"] for day in offer["days"]} == days

    def _compare_tables(self) -> None:
        model, rows = self.model, self.world.rows
        assert dict(rows(db.slots, "id", "taken")) == {slot.id: model.taken(slot) for slot in model.slots}
        assert set(rows(db.holds, "id", "kiosk", "mediator", "slot", "seats", "expires_at")) == {
            (hold.id, hold.client.kiosk, hold.client.mediator, hold.slot.id, len(hold.people), hold.expires_at)
            for hold in model.holds.values()
        }
        assert Counter(rows(db.releases, "slot", "seats", "kiosk", "mediator", "returns_at", "returned")) == Counter(
            (each.slot.id, each.seats, each.client.kiosk, each.client.mediator, each.returns_at, each.back)
            for each in model.releases
        )
        columns = (
            "id",
            "slot",
            "status",
            "moves",
            "revision",
            "first_identity",
            "surname",
            "given_names",
            "birth_date",
        )
        assert set(rows(db.bookings, *columns)) == {
            (each.id, each.slot.id, each.status, each.moves, each.revision, each.first, *each.who.written)
            for each in model.appointments.values()
        }
        claims = [(service, *owner) for service in (MANY, NUMBERED) for _, owner, _ in model.spoken_for(service)]
        assert Counter(rows(db.claims, "service", "hold", "position")) == Counter(claims)
        counts = rows(db.caps, "scope", "subject", "starts_at", "used")
        counted = {_window(scope, subject, starts_at): used for scope, subject, starts_at, used in counts}
        assert counted.items() <= model.windows.items()
        for window in {
            window for client in CLIENTS for slot in model.slots for window in model.open_windows(client, slot)
        }:
            assert counted.get(window, 0) == model.windows.get(window, 0)

    def _check_promises(self) -> None:
        model = self.model
        for slot in model.slots:
            assert model.held(slot) + model.booked(slot) + model.hidden(slot) <= slot.capacity
        for service in (MANY, NUMBERED):
            names = [name for name, _, _ in model.spoken_for(service)]
            assert len(names) == len(set(names))
        assert all(used <= model.caps()[window[0]] for window, used in model.windows.items())
        for one in model.appointments.values():
            assert one.moves <= model.limits.moves
            assert apart(one.first, one.who.identity) <= TYPO_EDITS

    def _alone(self, client: Client, draw: Draw) -> None:
        wish = self._wish(client, draw)
        expected = self.model.expected(wish)
        replay = isinstance(wish, Keyed) and self.model.replays(wish)
        first = self.model.first_free(wish) if isinstance(wish, Apply) else None
        repeated = self.model.holds[client.kiosk].id if isinstance(wish, Take) and self.model.repeats(wish) else None
        answer = self.world.send(wish)
        assert (answer.problem, answer.replayed) == (expected, replay), wish
        self._absorb([(wish, answer)])
        assert repeated is None or expected or answer.body["id"] == repeated
        if expected is None and isinstance(wish, Keyed):
            self._compare_bookings(answer.body)
        if expected is None and isinstance(wish, Apply) and not replay:
            assert self.model.appointments[answer.body["bookings"][0]["id"]].slot == first

    def _at(self, now: dt.datetime) -> None:
        self.world.move_clock(now)
        self.model.now = now
        self.model.let_time_pass()

    def _together(self, wishes: list[Wish]) -> None:
        before = copy.deepcopy(self.model)
        asked = list(zip(wishes, self.world.send_together(wishes), strict=True))
        self._absorb(asked)
        for wish, answer in asked:
            assert answer.problem is None or answer.problem in REFUSALS[type(wish)], wish
            if isinstance(wish, Keyed) and (answer.problem is None or answer.problem in FINAL):
                assert self.model.decided[wish.client.kiosk, wish.key][1] is answer.problem, wish
            if not answer.replayed:
                self._check_refusal(wish, answer.problem)
            if answer.problem is None and not answer.replayed and isinstance(wish, Take | Move | Apply):
                self._check_taken(before, wish, answer)

    def _check_refusal(self, wish: Wish, problem: ProblemName | None) -> None:
        """Places, counts and cancels only grow while the clock stands: whoever was refused one must still be."""
        if isinstance(wish, Apply):
            self._check_refused_application(wish, problem)
        if not isinstance(wish, Take | Move) or problem is None:
            return
        slot, seats = wish.slot, len(wish.people) if isinstance(wish, Take) else 1
        if problem is ProblemName.SLOT_TAKEN and self.model.is_open(slot):
            assert seats > self.model.free(wish.client, slot), wish
        if problem in COUNTED:
            assert self.model.over_cap(wish.client, slot, seats), wish
        if problem is ProblemName.COOLING_OFF and isinstance(wish, Take):
            assert self.model.pauses(slot.service, wish.people), wish

    def _check_refused_application(self, wish: Apply, problem: ProblemName | None) -> None:
        if problem is ProblemName.NO_PLACE:
            assert self.model.first_free(wish) is None, wish
        if problem in COUNTED:
            there = next(slot for slot in self.model.slots if slot.site == wish.site)
            assert self.model.over_cap(wish.client, there, 1), wish
        if problem is ProblemName.COOLING_OFF:
            assert self.model.pauses(wish.service, [wish.who]), wish

    def _check_taken(self, before: Model, wish: Take | Move | Apply, answer: Answer) -> None:
        """What is taken is never what the same kiosk or mediator gave up before."""
        if isinstance(wish, Apply):
            assert before.free(wish.client, self.model.appointments[answer.body["bookings"][0]["id"]].slot) > 0, wish
            return
        if answer.body["id"] not in {hold.id for hold in before.holds.values()}:
            seats = len(wish.people) if isinstance(wish, Take) else 1
            assert seats <= before.free(wish.client, wish.slot), wish

    def _absorb(self, asked: list[tuple[Wish, Answer]]) -> None:
        self.model.absorb(asked, self.world.acts(self.seen))
        for wish, answer in asked:
            if isinstance(wish, Keyed) and (answer.problem is None or answer.problem in FINAL):
                self.sent.append(wish)
            if isinstance(wish, Take) and answer.problem is None:
                self.hold_ids.append(answer.body["id"])

    def _compare_bookings(self, body: Json) -> None:
        for shown in body.get("bookings", [body]):
            one = self.model.appointments[shown["id"]]
            written = tuple(shown["person"][name] for name in ("surname", "given_names", "birth_date"))
            assert (shown["revision"], shown["status"], written) == (one.revision, one.status, one.who.written)
            assert dt.datetime.fromisoformat(shown["start"]) == one.slot.start
            assert shown["moves_left"] == self.model.limits.moves - one.moves

    def _wish(self, client: Client, draw: Draw) -> Wish:
        kind, a, b, c = draw
        mine = self.model.holds.get(client.kiosk)
        if kind == "replay" and self.sent:
            return replace(self.sent[a % len(self.sent)], client=client)
        if kind == "give back":
            return GiveBack(client, mine.id if mine and c % 4 else self.hold_ids[a % len(self.hold_ids)])
        if kind == "again" and mine:
            return Take(client, mine.slot, mine.people)
        if kind == "apply":
            where = self.model.slots[a % len(self.model.slots)]
            service = NUMBERED if c % 16 == 15 else MANY
            day = where.date + dt.timedelta(days=c % 3 - 1)
            return Apply(client, calls.new_key(), service, where.site, day, PEOPLE[b % len(PEOPLE)])
        if kind == "book" and (mine or c % 16 == 0):
            return self._book_wish(client, a, b, c)
        if kind in {"move", "cancel", "correct", "reuse"} and (self.model.appointments or c % 16 == 0):
            return self._change_wish(client, draw)
        people = tuple(PEOPLE[(b + n) % len(PEOPLE)] for n in range(_PARTIES[c % len(_PARTIES)]))
        return Take(client, self.model.slots[a % len(self.model.slots)], people)

    def _book_wish(self, client: Client, a: int, b: int, c: int) -> Book:
        mine = self.model.holds.get(client.kiosk)
        people = list(mine.people) if mine else [PEOPLE[b % len(PEOPLE)]]
        if c % 4 == 0:
            near = [who for who in PEOPLE if apart(people[0].identity, who.identity) <= TYPO_EDITS + 1]
            people[0] = near[b % len(near)]
        if c % 16 == 15:
            people.append(PEOPLE[b % len(PEOPLE)])
        hold = mine.id if mine and c % 8 else self.hold_ids[a % len(self.hold_ids)]
        return Book(client, calls.new_key(), hold, tuple(people))

    def _change_wish(self, client: Client, draw: Draw) -> Keyed:
        kind, a, b, c = draw
        every = list(self.model.appointments.values())
        standing = [one for one in every if one.stands and c % 4] or every
        one = standing[-1 - a % min(4, len(standing))] if standing else None
        booking, revision = (one.id, max(1, one.revision - (c % 8 == 0))) if one else ("nobody", 1)
        key = self.sent[c % len(self.sent)].key if kind == "reuse" and self.sent else calls.new_key()
        if kind == "move":
            of_many = [slot for slot in self.model.slots if slot.service == MANY or c % 4 == 0]
            return Move(client, key, booking, revision, of_many[b % len(of_many)])
        if kind == "correct":
            near = [who for who in PEOPLE if one and apart(one.who.identity, who.identity) <= TYPO_EDITS] or PEOPLE
            return Correct(client, key, booking, revision, near[b % len(near)])
        return Cancel(client, key, booking, revision, ("person", "person", "illness")[b % 3])


def test_sixteen_clients_break_no_promise(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("siege")
    with ExitStack() as open_things:
        open_things.callback(drop_databases, folder)
        luck = Luck()
        chance = Chance(between=luck.between)
        central = open_things.enter_context(running_central(folder / "data", seed=False, chance=chance))
        for mediator in sorted({client.mediator for client in CLIENTS}):
            central.add_mediator(mediator)
        for kiosk in sorted({client.kiosk for client in CLIENTS}):
            central.add_kiosk(kiosk)
        http = {
            client: open_things.enter_context(signed_in(central, client.kiosk, client.mediator, sealed=n % 2 == 0))
            for n, client in enumerate(CLIENTS)
        }
        threads = open_things.enter_context(ThreadPoolExecutor(len(CLIENTS)))
        world = World(central, luck, http, threads)
        run_state_machine_as_test(lambda: Siege(world), settings=_SETTINGS)  # type: ignore[arg-type]


def _send(http: httpx.Client, wish: Wish) -> httpx.Response:
    match wish:
        case Take():
            return calls.hold(http, wish.slot.id, *(_applicant(who) for who in wish.people))
        case GiveBack():
            return http.delete(f"/v1/holds/{wish.hold}")
        case Book():
            return calls.book(http, Held(wish.hold, tuple(_applicant(who) for who in wish.people)), key=wish.key)
        case Apply():
            wanted = {"service": wish.service, "site": wish.site, "not_before": wish.not_before.isoformat()}
            return calls.apply(http, wish.key, **wanted, person=_applicant(wish.who))
        case Move():
            return calls.move(http, _seen(wish), wish.slot.id, wish.key)
        case Cancel():
            return calls.cancel(http, _seen(wish), wish.reason, wish.key)
        case Correct():
            return calls.change(
                http, _seen(wish), "correction", _identity(wish.who) | {"reason": "typed-wrong"}, wish.key
            )


def _made(row: sa.Row[Any]) -> str | None:
    made: str | None = json.loads(row.details)["bookings"][0] if row.action == "application" else None
    return made


def _identity(who: Who) -> Json:
    return {"surname": who.surname, "given_names": who.given_names, "birth_date": who.birth_date}


def _applicant(who: Who) -> Json:
    document = {"document": {"kind": "passport", "number": who.document}} if who.document else {}
    return _identity(who) | {"identifiers": {"neph": who.number}} | document


def _seen(wish: Change) -> Json:
    return {"id": wish.booking, "revision": wish.revision}


def _window(scope: str, subject: str, starts_at: dt.datetime) -> tuple[str, str, dt.date | dt.datetime]:
    if scope.endswith("hour"):
        return scope, subject, starts_at
    return scope, subject, starts_at.astimezone(ZoneInfo(SITES.get(subject, "Europe/Paris"))).date()
