"""A scanner at a screen that did not ask for it: nothing happens; a hand at the same screen: everything does."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding

from kiosk.terminal import BURST_GAP_SECONDS, BURST_KEYS, HardenedApp
from kiosk.terminal.gate import BURST_END_SECONDS, BurstGuard, Fate
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.field import Field
from tests.support.pilot import type_fast, until

CLOSE, FAST_HAND, APART = BURST_GAP_SECONDS / 2, BURST_GAP_SECONDS * 1.01, BURST_GAP_SECONDS * 6
TOKEN = "RDV1:6BFOXN%TSMAHN-H3YS1"


def typed(*keys: tuple[str, float]) -> list[events.Key]:
    """Return keys with the time that went by before each."""
    at, out = 10.0, []
    for name, gap in keys:
        key = events.Key(name, name if len(name) == 1 else None)
        at += gap
        key.time = at
        out.append(key)
    return out


def delivered(keys: list[events.Key], in_field: int = 0) -> str:
    """Return what gets through when all keys have come; a field has the focus for the first `in_field` of them."""
    guard = BurstGuard(lambda: keys[-1].time + APART if keys else 0.0)
    out = ""
    for index, key in enumerate(keys):
        fate = guard.fate_of_first(keys[index:], in_field=index < in_field)
        assert fate is not Fate.AWAITED
        out += key.key if fate is Fate.DELIVERED else ""
        guard.passed(key, swallowed=fate is Fate.SWALLOWED)
    return out


def burst(text: str, gap: float = CLOSE) -> list[tuple[str, float]]:
    """Return the keys of a scanner."""
    return [(char, gap) for char in text]


def test_a_burst_is_swallowed_with_the_enter_that_ends_it() -> None:
    assert delivered(typed(*burst("1234"), ("enter", CLOSE))) == ""


def test_fewer_keys_are_a_hand() -> None:
    assert delivered(typed(*burst("123"), ("enter", CLOSE), ("4", APART))) == "123enter4"


def test_keys_of_a_hand_are_never_swallowed_however_many() -> None:
    assert delivered(typed(*burst("123456", FAST_HAND))) == "123456"


def test_whatever_key_a_scanner_types_inside_its_burst_is_swallowed() -> None:
    assert delivered(typed(*burst("12"), ("f9", CLOSE), *burst("34"), ("escape", CLOSE), ("alt+1", CLOSE))) == ""


def test_arrows_and_function_keys_alone_are_no_scan() -> None:
    assert delivered(typed(*[("down", CLOSE)] * 9, ("f10", CLOSE))) == "down" * 9 + "f10"


def test_the_end_of_a_burst_that_was_held_up_is_swallowed() -> None:
    late = BURST_END_SECONDS * 0.9
    assert delivered(typed(*burst("1234"), ("5", late), ("enter", late), ("6", APART))) == "6"


def test_a_burst_that_a_field_begins_to_take_does_not_go_on_where_its_enter_leads() -> None:
    assert (
        delivered(typed(*burst("DIALLO"), ("enter", CLOSE), ("1", CLOSE), ("x", APART)), in_field=7) == "DIALLOenterx"
    )


def test_a_field_takes_everything() -> None:
    keys = typed(*burst(TOKEN), ("enter", CLOSE))
    assert delivered(keys, in_field=len(keys)) == TOKEN + "enter"


def test_one_key_waits_for_one_gap_and_no_longer() -> None:
    [key] = typed(("1", APART))
    now = key.time
    guard = BurstGuard(lambda: now)
    assert guard.fate_of_first([key], in_field=False) is Fate.AWAITED
    now = key.time + FAST_HAND
    assert guard.fate_of_first([key], in_field=False) is Fate.DELIVERED


gaps = st.sampled_from([0.0, 0.001, CLOSE, FAST_HAND, APART])
names = st.sampled_from([*"1Ro", "enter", "down", "f10"])


@given(st.lists(st.tuples(names, gaps), max_size=12), st.text("1Ro", min_size=BURST_KEYS, max_size=9), gaps)
def test_no_key_of_a_burst_gets_through_whatever_came_before(
    before: list[tuple[str, float]], scan: str, gap: float
) -> None:
    alone = delivered(typed(*before))
    told = delivered(typed(*before, (scan[0], gap), *burst(scan[1:]), ("enter", CLOSE)))
    assert alone.startswith(told)
    if gap >= BURST_GAP_SECONDS:
        assert told == alone


class Desk(HardenedApp):
    """A list to choose from, keys that do something, and a field that has not the focus."""

    BINDINGS = [Binding("o,O", "note('o')"), Binding("enter", "note('enter')"), Binding("f9", "note('f9')")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.happened: list[str] = []

    def compose(self) -> ComposeResult:
        yield ChoiceList([Choice(key, (key,)) for key in ("a", "b", "c")])
        yield Field()

    def action_note(self, what: str) -> None:
        self.happened.append(what)

    def on_choice_list_chosen(self, event: ChoiceList.Chosen) -> None:
        self.happened.append(event.key)


@pytest.mark.parametrize("scan", [TOKEN, "1111", "OOOO", "P<UTOERIKSSON<<ANNA\nL898902C3", "1oo2"])
async def test_a_scan_chooses_nothing_and_the_next_key_of_a_hand_does(scan: str) -> None:
    app = Desk()
    async with app.run_test() as pilot:
        await type_fast(pilot, scan, "enter")
        await asyncio.sleep(BURST_END_SECONDS)
        await type_fast(pilot, "2")
        await until(lambda: bool(app.happened))
        assert app.happened == ["b"]


async def test_keys_of_a_hand_arrive_in_their_order() -> None:
    app = Desk()
    async with app.run_test() as pilot:
        await type_fast(pilot, "3", "o", "f9")
        await until(lambda: len(app.happened) == 3)
        assert app.happened == ["c", "o", "f9"]


async def test_a_scan_into_a_field_is_taken_as_typed() -> None:
    app = Desk()
    async with app.run_test() as pilot:
        app.screen.query_one(Field).focus()
        await type_fast(pilot, TOKEN)
        await until(lambda: app.screen.query_one(Field).value == TOKEN)
        assert app.happened == []


@settings(max_examples=15, deadline=None)
@given(st.text("12o\n", min_size=BURST_KEYS, max_size=30))
def test_no_scan_triggers_anything(scan: str) -> None:
    async def play() -> list[str]:
        app = Desk()
        async with app.run_test() as pilot:
            await type_fast(pilot, scan)
        return app.happened

    first_lines = scan[: len(scan) - len(scan.lstrip("\n"))]
    if sum(char != "\n" for char in scan) >= BURST_KEYS:
        assert asyncio.run(play()) == ["a"] * len(first_lines)  # Enter before a scan is a hand's
