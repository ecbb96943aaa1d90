"""What is erased for its age, whatever the clock of the machine does."""

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.desk.papers import TICKET, Papers
from kiosk.desk.settled_clock import SETTLING_SECONDS, SettledClock
from kiosk.printing.spool import PLACE, Spool, State
from tests.support.counter import settings_for

NOW = dt.datetime(2027, 1, 11, 9, 0, tzinfo=dt.UTC)


class Machine:
    """A wall clock and a stopwatch; only the first can be set."""

    def __init__(self) -> None:
        self.wall = NOW
        self.ran = 1000.0

    def now(self) -> dt.datetime:
        """Return the time on the wall."""
        return self.wall

    def stopwatch(self) -> float:
        """Return the seconds since the machine started."""
        return self.ran

    def runs(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += dt.timedelta(seconds=seconds)
        self.ran += seconds


@pytest.mark.parametrize("days", [-20_000, -1, 40, 20_000])
def test_a_clock_is_believed_an_hour_after_it_was_put_elsewhere(days: int) -> None:
    machine = Machine()
    clock = SettledClock(machine.now, machine.stopwatch)
    assert clock() is None
    machine.runs(SETTLING_SECONDS)
    assert clock() == machine.wall
    machine.wall += dt.timedelta(days=days)
    assert clock() is None
    machine.runs(SETTLING_SECONDS - 1)
    assert clock() is None
    machine.runs(1)
    assert clock() == machine.wall


def kept(state_dir: Path) -> list[State]:
    """Return how the papers of a kiosk that is closed stand, without what is forgotten."""
    with closing(sqlite3.connect(state_dir / PLACE)) as db:
        return [State(state) for (state,) in db.execute("SELECT state FROM job ORDER BY number")]


def papers_of_today(state_dir: Path, machine: Machine) -> None:
    """Leave one paper that is settled, and one that waits."""
    with closing(Spool(state_dir / PLACE, machine.now)) as spool:
        spool.cancel(spool.add(TICKET, "7K4MQ2XP93TQ", 1, b"paper").number)
        spool.add(TICKET, "8K4MQ2XP93TQ", 1, b"paper")


async def test_a_clock_that_jumps_forward_and_back_gives_up_and_forgets_no_young_paper(tmp_path: Path) -> None:
    machine = Machine()
    papers_of_today(tmp_path, machine)
    with closing(Papers(settings_for("http://127.0.0.1:9", tmp_path), machine.now, machine.stopwatch)) as papers:
        machine.runs(SETTLING_SECONDS)
        await papers.erase_old()
        for days in (40, -40, 20_000, -20_000):
            machine.wall += dt.timedelta(days=days)
            await papers.erase_old()
            machine.runs(SETTLING_SECONDS / 2)
            await papers.erase_old()
        assert len(papers.to_decide) == 1
    assert kept(tmp_path) == [State.CANCELLED, State.QUEUED]


async def test_a_kiosk_that_starts_years_ahead_and_is_put_right_forgets_no_young_paper(tmp_path: Path) -> None:
    machine = Machine()
    papers_of_today(tmp_path, machine)
    machine.wall += dt.timedelta(days=4000)
    with closing(Papers(settings_for("http://127.0.0.1:9", tmp_path), machine.now, machine.stopwatch)) as papers:
        machine.runs(SETTLING_SECONDS / 2)
        await papers.erase_old()
        machine.wall -= dt.timedelta(days=4000)
        machine.runs(2 * SETTLING_SECONDS)
        await papers.erase_old()
    assert kept(tmp_path) == [State.CANCELLED, State.CANCELLED]


async def test_old_papers_are_forgotten_an_hour_after_the_start(tmp_path: Path) -> None:
    machine = Machine()
    papers_of_today(tmp_path, machine)
    machine.runs(31 * 24 * 3600)
    with closing(Papers(settings_for("http://127.0.0.1:9", tmp_path), machine.now, machine.stopwatch)) as papers:
        for _ in range(2):
            machine.runs(SETTLING_SECONDS / 2)
            await papers.erase_old()
        machine.runs(31 * 24 * 3600)
        await papers.erase_old()
    assert kept(tmp_path) == []
