"""A day at two counters of a site with the network cut: what is found out afterwards is exact, to the last ticket.

300 tickets: 285 good ones, 10 cancelled that morning, 5 forged. 20 of the good ones are shown twice: 8 at the counter
where they passed, 12 at the other. The second counter's clock is 3 minutes ahead of the central's.
"""

import datetime as dt
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import cycle, islice, zip_longest
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import pytest

from kiosk.central.admissions import Day, DayReport, Fault, report
from kiosk.desk.answers import Central, CentralSilentError
from kiosk.desk.checks import Check
from kiosk.desk.welcome import HERE, Synced
from kiosk.settings import Settings
from kiosk.tickets import cose, token
from kiosk.tickets.cose import Signer
from kiosk.tickets.manifest import Admission
from kiosk.tickets.reference import grouped
from kiosk.tickets.scan import Ticket
from kiosk.tickets.verify import State
from tests.central.calls import new_key, signed_in
from tests.central.rows import Booked
from tests.support.central import NOW, RunningCentral
from tests.support.proxy import cutting_proxy
from tests.support.welcome import (
    FIRST_COUNTER,
    SECOND_COUNTER,
    SECOND_TOKEN,
    SERVICE,
    SITE,
    add_second_counter,
    book_at,
    counter_settings,
    tickets_of,
    welcome_at,
)

PARIS = ZoneInfo("Europe/Paris")
DAY = Day(SITE, PARIS, dt.date(2027, 1, 11))
AHEAD = dt.timedelta(minutes=3)
BETWEEN_PERSONS_SECONDS = 30


def cancel(central: RunningCentral, bookings: Iterable[Booked]) -> None:
    """Cancel at the central, as a mediator elsewhere does."""
    with signed_in(central) as kiosk:
        for booked in bookings:
            answer = kiosk.post(
                f"/v1/bookings/{booked.id}/cancel",
                headers={"Idempotency-Key": new_key(), "If-Match": '"1"'},
                json={"reason": "person"},
            )
            assert answer.status_code == 200, answer.text


def forged(good: str) -> dict[State, list[str]]:
    """Return 5 tickets that nobody's appointment stands behind, by what they are found to be."""
    read = token.read(good)
    later = replace(read.claims, start=read.claims.start + dt.timedelta(hours=1))
    stranger = cose.new_signer()
    under_our_name = Signer(stranger.private, read.message.key_id)
    flipped = good[:-3] + ("0" if good[-3] != "0" else "1") + good[-2:]
    return {
        State.ALTERED: [token.write(later, under_our_name), flipped, good[:-1]],
        State.UNKNOWN_KEY: [token.write(later, stranger)],
        State.NOT_OURS: ["https://rendez-vous.example/0000"],
    }


class Post:
    """A counter, who stands behind it, and what they remember of the day."""

    def __init__(
        self,
        central: RunningCentral,
        tickets: Mapping[str, str],
        settings: Settings,
        ahead: dt.timedelta = dt.timedelta(0),
    ) -> None:
        self._central = central
        self._tickets = tickets
        self._ahead = ahead
        self._settings = settings
        self._open = AsyncExitStack()
        self.passed: dict[str, dt.datetime] = {}

    async def __aenter__(self) -> Self:
        """Start the program on this machine, whose clock is ahead."""
        running = welcome_at(self._settings, lambda: self._central.clock() + self._ahead)
        self.counter = await self._open.enter_async_context(running)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        await self._open.aclose()

    async def is_ended_and_started(self) -> None:
        """Go on after a proper end."""
        await self.__aexit__()
        await self.__aenter__()

    async def is_killed_and_started(self) -> None:
        """Go on with the files as they are in the middle of everything, as after a power cut."""
        left = self._settings.counter_dir(SITE)
        self._settings = replace(self._settings, state_dir=self._settings.state_dir / "after")
        shutil.copytree(left, self._settings.counter_dir(SITE))
        await self.is_ended_and_started()

    async def lets_in(self, booked: Booked) -> None:
        """Scan a ticket that nothing is known against."""
        check = await self._scan(self._tickets[booked.reference])
        assert (check.state, check.code) == (State.VALID, grouped(booked.reference))
        self.passed[booked.reference] = self._central.clock()

    async def finds(self, state: State, text: str) -> Check:
        """Scan a ticket that lets nobody in."""
        check = await self._scan(text)
        assert (check.state, check.nonce) == (state, "")
        return check

    async def is_cut_off(self) -> None:
        """Try in vain to meet the central."""
        with pytest.raises(CentralSilentError):
            await self.counter.sync()
        assert self.counter.central is Central.SILENT

    async def _scan(self, text: str) -> Check:
        self._central.clock.advance(seconds=BETWEEN_PERSONS_SECONDS)
        return await self.counter.check(Ticket(text))


@dataclass(frozen=True)
class Crowd:
    """Who comes, by what is to become of them."""

    just_in_time: Booked  # passes at the second counter a minute before it is cancelled: nothing is against it
    hurried: Booked  # passes at the second counter, and at the first less than its wrong clock later
    at_first: Sequence[Booked]
    at_second: Sequence[Booked]
    cancelled: Sequence[Booked]
    tickets: Mapping[str, str]  # by reference

    @property
    def twice_at_first(self) -> list[Booked]:
        """Return who passes at the second counter, then at the first."""
        return [self.hurried, *self.at_second[2:7]]

    @property
    def twice_at_second(self) -> list[Booked]:
        """Return who passes at the first counter, then at the second."""
        return list(self.at_first[2:8])


def crowd_of(central: RunningCentral) -> Crowd:
    """Book 295 persons into the slots of one day."""
    starts = [NOW + dt.timedelta(hours=3, minutes=20 * number) for number in range(15)]
    slots = [central.add_slot(f"day-{n}", capacity=20, start=at, service=SERVICE) for n, at in enumerate(starts)]
    bookings = book_at(central, *islice(cycle(slots), 295))
    texts = zip([booked.reference for booked in bookings], tickets_of(central, bookings), strict=True)
    return Crowd(bookings[0], bookings[1], bookings[2:285:2], bookings[3:285:2], bookings[285:], dict(texts))


async def the_day_goes_by(central: RunningCentral, first: Post, second: Post, crowd: Crowd) -> None:
    """Let everybody come while nobody hears anybody: 320 scans."""
    await second.lets_in(crowd.just_in_time)
    central.clock.advance(seconds=60)
    cancel(central, [crowd.just_in_time, *crowd.cancelled])
    for here, there in zip_longest(crowd.at_first[:71], crowd.at_second[:70]):
        await first.lets_in(here)
        await second.lets_in(there or crowd.hurried)
    await first.lets_in(crowd.hurried)
    for post in (first, second):
        await post.is_cut_off()
    await first.is_ended_and_started()
    await second.is_killed_and_started()
    for here, there in zip(crowd.at_first[71:], crowd.at_second[70:], strict=True):
        await first.lets_in(here)
        await second.lets_in(there)
    await the_same_come_again(first, second, crowd)


async def the_same_come_again(first: Post, second: Post, crowd: Crowd) -> None:
    """Show tickets twice, cancelled ones, and forged ones."""
    for post, theirs in ((first, crowd.at_first), (second, crowd.at_second)):
        for booked in [*theirs[:2], *theirs[-2:]]:  # from before the restart, and from after it
            check = await post.finds(State.ALREADY_ADMITTED, crowd.tickets[booked.reference])
            assert (check.admitted_at, check.admitted_by) == (post.passed[booked.reference], HERE)
            assert not check.is_fresh
    for booked in [*crowd.twice_at_first[1:], *crowd.cancelled[:6]]:
        await first.lets_in(booked)
    for booked in [*crowd.twice_at_second, *crowd.cancelled[6:]]:
        await second.lets_in(booked)
    forgeries = forged(crowd.tickets[crowd.hurried.reference])
    for text in forgeries[State.ALTERED]:
        await first.finds(State.ALTERED, text)
    for state in (State.UNKNOWN_KEY, State.NOT_OURS):
        await second.finds(state, forgeries[state][0])


def conflicts(met: Synced) -> list[tuple[str, str, dt.datetime | None, str]]:
    """Return what was found, ready to be compared."""
    return sorted((one.code, one.finding, one.first_at, one.first_by) for one in met.conflicts)


def cancelled_among(bookings: Iterable[Booked]) -> list[tuple[str, str, dt.datetime | None, str]]:
    """Return what is to be found about admissions after a cancellation."""
    return [(grouped(booked.reference), "cancelled", None, "") for booked in bookings]


async def test_after_a_day_without_network_everything_is_found_out(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    add_second_counter(demo_central)
    crowd = crowd_of(demo_central)
    async with AsyncExitStack() as stack:
        line = stack.enter_context(cutting_proxy(demo_central.base_url))
        settings = counter_settings(demo_central, tmp_path / "first", line.url)
        elsewhere = replace(settings, state_dir=tmp_path / "second", counter_token=SECOND_TOKEN)
        first = await stack.enter_async_context(Post(demo_central, crowd.tickets, settings))
        second = await stack.enter_async_context(Post(demo_central, crowd.tickets, elsewhere, AHEAD))
        for post in (first, second):
            assert (await post.counter.sync()).appointments == {DAY.date: 295}

        line.unplug()
        await the_day_goes_by(demo_central, first, second, crowd)
        assert (first.counter.pending, second.counter.pending) == (161, 159)
        assert (first.counter.admitted_today, second.counter.admitted_today) == (154, 153)
        line.plug_in()

        met = await first.counter.sync()
        assert (met.delivered, met.appointments) == (161, {DAY.date: 284})
        assert conflicts(met) == sorted(cancelled_among(crowd.cancelled[:6]))
        met = await second.counter.sync()
        assert (met.delivered, met.appointments) == (159, {DAY.date: 284})
        twice = [*crowd.twice_at_first, *crowd.twice_at_second]
        assert len(twice) == 12
        again = [(grouped(b.reference), "again", first.passed[b.reference], FIRST_COUNTER) for b in twice]
        assert conflicts(met) == sorted([*again, *cancelled_among(crowd.cancelled[6:])])
        assert (await first.counter.sync()).delivered == 0
        assert (first.counter.pending, second.counter.pending) == (0, 0)

        with demo_central.storage.reading() as transaction:
            the_report_is_exact(report(transaction, DAY), first, second, crowd)
        await everybody_knows_now(first, second, crowd)


def the_report_is_exact(found: DayReport, first: Post, second: Post, crowd: Crowd) -> None:
    """Compare the central's report with what those behind the counters remember."""

    def at_first(booked: Booked) -> Admission:
        return Admission(first.passed[booked.reference], FIRST_COUNTER)

    def at_second(booked: Booked) -> Admission:
        return Admission(second.passed[booked.reference], SECOND_COUNTER)

    assert found.persons == 295
    assert {(one.reference, one.first, one.again) for one in found.again} == {
        *((booked.reference, at_second(booked), at_first(booked)) for booked in crowd.twice_at_first),
        *((booked.reference, at_first(booked), at_second(booked)) for booked in crowd.twice_at_second),
    }
    assert len(found.again) == 12
    assert {(one.reference, one.admission, one.fault) for one in found.doubtful} == {
        *((booked.reference, at_first(booked), Fault.CANCELLED) for booked in crowd.cancelled[:6]),
        *((booked.reference, at_second(booked), Fault.CANCELLED) for booked in crowd.cancelled[6:]),
    }
    assert len(found.doubtful) == 10
    assert found.withdrawn == 0
    assert found.refused == {"already-admitted": 8, "altered": 3, "not-ours": 1, "unknown-key": 1}


async def everybody_knows_now(first: Post, second: Post, crowd: Crowd) -> None:
    """Show at each counter what the other one, and the central, have told meanwhile."""
    for post, other, theirs in ((first, second, crowd.at_second), (second, first, crowd.at_first)):
        check = await post.finds(State.ALREADY_ADMITTED, crowd.tickets[theirs[0].reference])
        assert check.admitted_at == other.passed[theirs[0].reference]
        assert check.is_fresh
        await post.finds(State.CANCELLED, crowd.tickets[crowd.cancelled[0].reference])
        await post.finds(State.CANCELLED, crowd.tickets[crowd.cancelled[-1].reference])
