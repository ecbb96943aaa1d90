"""What is erased for its age, whatever the clock of the machine does."""

import datetime as dt
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


def stored(state_dir: Path) -> list[State]:
    """Return how the papers of a kiosk that is closed stand."""
    spool = Spool(state_dir / PLACE, lambda: NOW)
    try:
        return [job.state for job in spool.open_jobs()]
    finally:
        spool.close()


async def test_a_clock_that_jumps_forward_and_back_erases_no_young_paper(tmp_path: Path) -> None:
    settings, machine = settings_for("http://127.0.0.1:9", tmp_path), Machine()
    spool = Spool(tmp_path / PLACE, machine.now)
    waiting = spool.add(TICKET, "7K4MQ2XP93TQ", 1, b"paper")
    spool.close()
    for ahead in (dt.timedelta(days=40), -dt.timedelta(days=40)):
        machine.wall += ahead
        papers = Papers(settings, machine.now, machine.stopwatch)
        machine.runs(SETTLING_SECONDS / 2)
        await papers.erase_old()
        machine.wall += dt.timedelta(days=400)
        await papers.erase_old()
        machine.wall -= dt.timedelta(days=400)
        await papers.erase_old()
        papers.close()
    assert stored(tmp_path) == [State.QUEUED]
    papers = Papers(settings, machine.now, machine.stopwatch)
    assert [paper.number for paper in papers.to_decide] == [waiting.number]
    papers.close()


async def test_an_old_paper_is_erased_an_hour_after_the_start(tmp_path: Path) -> None:
    settings, machine = settings_for("http://127.0.0.1:9", tmp_path), Machine()
    spool = Spool(tmp_path / PLACE, machine.now)
    spool.add(TICKET, "7K4MQ2XP93TQ", 1, b"paper")
    spool.close()
    machine.runs(2 * 24 * 3600)
    papers = Papers(settings, machine.now, machine.stopwatch)
    assert not papers.to_decide
    machine.runs(SETTLING_SECONDS)
    await papers.erase_old()
    papers.close()
    assert stored(tmp_path) == []
