"""What the desk erases now and then, whatever its clock does."""

import datetime as dt
from pathlib import Path

import pytest

from kiosk.desk.desk import ERASE_EVERY, Desk
from kiosk.desk.papers import Papers
from kiosk.embedded import RemoteCentral
from tests.support.counter import settings_for


async def test_a_clock_that_is_put_back_stops_no_erasure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = [dt.datetime(2027, 1, 11, 9, 0, tzinfo=dt.UTC)]
    erased: list[dt.datetime] = []

    async def erase_old(_: Papers) -> None:
        erased.append(times[-1])

    monkeypatch.setattr(Papers, "erase_old", erase_old)
    settings = settings_for("http://127.0.0.1:9", tmp_path)
    desk = Desk(settings, host=RemoteCentral("http://127.0.0.1:9"), now=lambda: times[-1], new_key=lambda: "key")
    desk._papers = Papers(settings, desk.now)
    for step in (dt.timedelta(), dt.timedelta(seconds=5), ERASE_EVERY, -dt.timedelta(days=4000), ERASE_EVERY / 2):
        times.append(times[-1] + step)
        await desk._erase_old_papers()
    desk._papers.close()
    assert erased == [times[1], times[3], times[4]]
