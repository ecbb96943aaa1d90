"""The list: which row is highlighted, which one is chosen, and what stands on each line."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import ComposeResult

from kiosk.terminal import BURST_KEYS, HardenedApp
from kiosk.widgets.choice_list import Choice, ChoiceList
from tests.support.pilot import type_fast, until

KEYS = ["up", "down", "pageup", "pagedown", "home", "end", "enter", "space", *"0123456789&é", "x"]


def towns(count: int) -> list[Choice]:
    return [Choice(f"t{number}", (f"Ville {number}", "93000")) for number in range(1, count + 1)]


class Lists(HardenedApp):
    """One list over the whole terminal."""

    def __init__(self, choices: list[Choice], *, widths: tuple[int, ...] = (12,), toggles: bool = False) -> None:
        super().__init__()
        self.list = ChoiceList(choices, widths=widths, toggles=toggles)
        self.chosen: list[tuple[int, str]] = []
        self.toggled: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.list

    def on_choice_list_chosen(self, event: ChoiceList.Chosen) -> None:
        self.chosen.append((event.index, event.key))

    def on_choice_list_toggled(self, event: ChoiceList.Toggled) -> None:
        self.toggled.append(event.key)

    def lines(self) -> list[str]:
        return [self.list.render_line(y).text for y in range(self.list.size.height)]


async def test_the_position_is_said_in_words() -> None:
    app = Lists(towns(334))
    async with app.run_test(size=(40, 10)) as pilot:
        assert app.lines()[-1].rstrip() == "1 à 9 sur 334 · ↓ suite"
        await type_fast(pilot, "pagedown", "pagedown")
        await until(lambda: app.list.highlighted == 18)
        assert app.lines()[-1].rstrip() == "11 à 19 sur 334 · ↑ début · ↓ suite"
        await type_fast(pilot, "end")
        await until(lambda: app.list.highlighted == 333)
        assert app.lines()[-1].rstrip() == "326 à 334 sur 334 · ↑ début"


async def test_a_list_that_fits_has_no_position_line() -> None:
    app = Lists(towns(10))
    async with app.run_test(size=(40, 10)):
        assert app.lines()[-1].rstrip() == "    Ville 10      93000"


async def test_the_highlight_shows_without_colour() -> None:
    app = Lists(towns(3))
    async with app.run_test(size=(40, 10)) as pilot:
        await type_fast(pilot, "down")
        await until(lambda: app.list.highlighted == 1)
        assert [line[:4] for line in app.lines()[:3]] == ["  1 ", "▶ 2 ", "  3 "]
        styles = [segment.style for segment in app.list.render_line(1)]
        assert all(style is not None and style.bold for style in styles if style)


@pytest.mark.parametrize("key", ["3", '"'])
async def test_a_digit_chooses_the_row_that_shows_it_with_or_without_shift(key: str) -> None:
    app = Lists(towns(30))
    async with app.run_test(size=(40, 10)) as pilot:
        await type_fast(pilot, "pagedown", "pagedown", key)
        await until(lambda: bool(app.chosen))
        assert app.chosen == [(12, "t13")]


async def test_digits_without_a_row_do_nothing() -> None:
    app = Lists(towns(2))
    async with app.run_test(size=(40, 10)) as pilot:
        await type_fast(pilot, "3", "9")
        await type_fast(pilot, "0", "2")
        await until(lambda: bool(app.chosen))
        assert app.chosen == [(1, "t2")]


async def test_an_empty_list_answers_nothing() -> None:
    app = Lists([])
    async with app.run_test(size=(40, 10)) as pilot:
        await type_fast(pilot, "enter", "1", "down", "end", "pageup")
        await pilot.pause()
        assert app.chosen == []
        assert not app.list.choose()
        assert "".join(app.lines()).strip() == ""


async def test_a_list_that_toggles_chooses_only_by_enter() -> None:
    app = Lists(towns(3), toggles=True)
    async with app.run_test(size=(40, 10)) as pilot:
        await type_fast(pilot, "2", "down", "space", "enter")
        await until(lambda: bool(app.chosen))
        assert app.toggled == ["t2", "t3"]
        assert app.chosen == [(2, "t3")]


async def test_the_highlight_stays_on_the_row_somebody_moved_to() -> None:
    app = Lists(towns(9))
    async with app.run_test(size=(40, 10)):
        app.list.set_choices(towns(9), selected="t4")
        assert app.list.highlighted == 3
        app.list.set_choices(towns(9)[2:])
        assert app.list.highlighted == 0  # nobody had moved there
        app.list.move(+2)
        app.list.set_choices(towns(9), selected="t1")
        assert app.list.highlighted == 4
        app.list.set_choices(towns(2))
        assert app.list.highlighted == 0


async def test_foreign_text_shifts_no_column_and_is_never_markup() -> None:
    rows = [
        Choice("a", ("[red]x[/red]", "b")),
        Choice("b", ("日本語日本語日本語", "b")),
        Choice("c", ("e\u0301e\u0301e\u0301", "b")),
        Choice("d", ("\u0645\u0631\u064a\u0645", "b"), dim=True),
    ]
    app = Lists(rows)
    async with app.run_test(size=(40, 10)):
        lines = app.lines()[:4]
        assert "[red]x[/red]" in lines[0]
        assert "…" in lines[1]
        assert {cell_len(line) for line in lines} == {40}
        assert {cell_len(line[: line.index("  b") + 2]) for line in lines} == {18}


async def test_a_click_highlights_and_a_second_click_chooses() -> None:
    app = Lists(towns(5))
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.click(offset=(5, 2))
        await until(lambda: app.list.highlighted == 2)
        assert app.chosen == []
        await pilot.click(offset=(5, 2))
        await until(lambda: bool(app.chosen))
        assert app.chosen == [(2, "t3")]


async def test_ten_thousand_rows_cost_no_more_than_ten() -> None:
    app = Lists(towns(10_000))
    async with app.run_test(size=(40, 10)):
        app.list.move(+9_999)
        assert app.lines()[8].startswith("▶ 9 Ville 10000")


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(0, 30),
    height=st.integers(1, 12),
    width=st.integers(1, 40),
    keys=st.lists(st.sampled_from(KEYS), max_size=12),
    then=st.integers(0, 30),
)
def test_whatever_is_pressed_one_row_is_highlighted_and_shown(
    count: int, height: int, width: int, keys: list[str], then: int
) -> None:
    async def play() -> None:
        app = Lists(towns(count))
        async with app.run_test(size=(width, height)) as pilot:
            for start in range(0, len(keys), BURST_KEYS - 1):
                await type_fast(pilot, *keys[start : start + BURST_KEYS - 1])
            _assert_sound(app, count)
            app.list.set_choices(towns(then))
            _assert_sound(app, then)
            assert all(index < count and key == f"t{index + 1}" for index, key in app.chosen)

    asyncio.run(play())


def _assert_sound(app: Lists, count: int) -> None:
    lines = app.lines()
    assert {cell_len(line) for line in lines} == {app.list.size.width}
    assert sum(line.startswith("▶") for line in lines) == min(1, count)
    if count:
        assert app.list.highlighted in app.list.visible_rows
        assert app.list.visible_rows.stop <= count
