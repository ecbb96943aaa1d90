"""After F9 nothing in the program refers to who came: no screen, no task, no cache of what was drawn."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.worker import Worker

from kiosk import app
from kiosk.api import client
from kiosk.booking.journey import Journey
from kiosk.booking.person import Person
from kiosk.screens.step import StepScreen
from kiosk.terminal import forgetting
from tests.support.central import RunningCentral
from tests.support.counter import counter
from tests.support.pilot import until

CANARY = "ZEBULONOV"
ANSWER_SECONDS = 1.0  # the time-out of a request holds its caller until it would have been over


def who_is_remembered() -> Iterator[object]:
    """Yield what is still alive of a visit, and texts with the canary's name in the caches of the libraries."""
    yield from (one for one in gc.get_objects() if isinstance(one, StepScreen | Journey | Person))
    for one in gc.get_objects():
        if isinstance(one, Worker) and CANARY in one.description:
            yield one


async def test_a_visit_that_ends_is_let_go_of(
    demo_central: RunningCentral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []

    def forget() -> None:
        forgetting.forget_texts()
        forgotten.append("texts")

    monkeypatch.setattr(client, "ANSWER_SECONDS", ANSWER_SECONDS)
    monkeypatch.setattr(app, "FORGET_AGAIN_SECONDS", 1.5 * ANSWER_SECONDS)
    monkeypatch.setattr(app, "forget_texts", forget)
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.start(CANARY)
        await at.sees("Prénom")
        await at.type("Mariam")
        await at.type("0612345678")
        await at.sees("Pour quelle démarche")
        assert list(who_is_remembered())
        await at.press("f9")
        await at.sees("Que faut-il faire")
        await until(lambda: len(forgotten) == 2)
        assert list(who_is_remembered()) == []


def test_the_caches_of_the_libraries_are_found_and_emptied() -> None:
    from rich.cells import cached_cell_len
    from rich.segment import Segment

    cached_cell_len(CANARY)
    Segment(CANARY).split_cells(3)
    caches = list(forgetting._caches())
    assert cached_cell_len in caches
    forgetting.forget_texts()
    assert [cache for cache in caches if cache.cache_info().currsize] == []
