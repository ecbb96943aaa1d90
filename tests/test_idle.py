"""The idle clock: what time without a key calls for, told by a clock that the test moves."""

from kiosk.terminal.idle import IdleClock, Limits, Stage
from tests.support.hand_clock import HandClock


def idle_clock() -> tuple[IdleClock, HandClock]:
    time = HandClock()
    return IdleClock(Limits(), time), time


def test_each_stage_begins_at_its_second() -> None:
    idle, time = idle_clock()
    seen: dict[Stage, int] = {}
    for second in range(1, 302):
        time.advance(1)
        seen.setdefault(idle.look(), second)
    assert seen == {Stage.AWAKE: 1, Stage.WARNED: 90, Stage.MASKED: 120, Stage.WIPED: 300}


def test_a_key_begins_anew_at_every_stage() -> None:
    idle, time = idle_clock()
    for seconds, stage in ((89, Stage.AWAKE), (119, Stage.WARNED), (299, Stage.MASKED)):
        time.advance(seconds)
        assert idle.look() is stage
        idle.touched()
        assert idle.look() is Stage.AWAKE
        time.advance(89)
        assert idle.look() is Stage.AWAKE
        idle.touched()


def test_an_hour_spent_waiting_for_an_answer_is_not_counted() -> None:
    idle, time = idle_clock()
    idle.look(awaited=True)
    for _ in range(3600):
        time.advance(1)
        assert idle.look(awaited=True) is Stage.AWAKE
    time.advance(89)
    assert idle.look() is Stage.AWAKE
    time.advance(1)
    assert idle.look() is Stage.WARNED


def test_a_printer_that_is_tried_again_and_again_only_slows_the_clock() -> None:
    idle, time = idle_clock()
    stages = []
    for _ in range(75):  # each try takes a second, and four pass until the next one
        time.advance(1)
        stages.append(idle.look(awaited=True))
        time.advance(4)
        stages.append(idle.look())
    assert stages[-1] is Stage.WIPED
    assert stages == sorted(stages)
