"""The hardened application: what Textual's private names must still be, and to whom keys are delivered."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events, work
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Button, Input, Label

from kiosk.environment import strip_environment
from kiosk.log import describe
from kiosk.terminal import HardenedApp, KeyHold, run_forever
from kiosk.terminal.gate import KeyGate
from kiosk.terminal.textual_compat import PRIVATE_ATTRIBUTES, PRIVATE_NAMES
from tests.support.pilot import type_fast, until


class Front(HardenedApp):
    """A field; what Enter does is up to the test."""

    def __init__(self, on_enter: Callable[["Front"], object] = lambda app: None) -> None:
        super().__init__()
        self.on_enter = on_enter
        self.submitted: list[str] = []

    def compose(self) -> ComposeResult:
        yield Input(id="one", select_on_focus=False)
        yield Input(id="two", select_on_focus=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.submitted.append(event.value)
        self.on_enter(self)

    def value(self, selector: str) -> str:
        return self.screen.query_one(selector, Input).value


class Behind(Screen[None]):
    """A screen with a field."""

    def compose(self) -> ComposeResult:
        yield Input(id="behind", select_on_focus=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()


@pytest.mark.parametrize(("owner", "name"), PRIVATE_NAMES, ids=lambda value: getattr(value, "__name__", value))
def test_a_private_name_of_textual_still_exists(owner: object, name: str) -> None:
    assert hasattr(owner, name)


@pytest.mark.parametrize("name", PRIVATE_ATTRIBUTES)
def test_a_private_attribute_of_textual_still_exists(name: str) -> None:
    assert hasattr(App[None](), name)


def test_the_environment_loses_every_variable_of_textual() -> None:
    environ = {"TEXTUAL": "devtools", "TEXTUAL_DEBUG": "1", "TERM": "foot"}
    strip_environment(environ)
    assert environ == {"TERM": "foot"}


def test_the_environment_module_does_not_import_textual() -> None:
    code = "import sys, kiosk.environment; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_confined_process_leaves_no_core_and_no_readable_file(tmp_path: Path) -> None:
    code = "from kiosk.environment import confine_process as c; c(); import resource; open('f', 'w'); "
    code += "print(resource.getrlimit(resource.RLIMIT_CORE))"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "(0, 0)"
    assert (tmp_path / "f").stat().st_mode & 0o077 == 0


async def test_nothing_is_copied_and_nothing_is_kept() -> None:
    app = Front()
    async with app.run_test():
        app.copy_to_clipboard("Mariam")
        assert app.clipboard == ""


async def test_quit_and_palette_keys_do_nothing() -> None:
    app = Front()
    async with app.run_test() as pilot:
        await type_fast(pilot, "ctrl+q", "ctrl+c", "ctrl+p", "ctrl+z", "ctrl+backslash", "escape", "a")
        await until(lambda: app.value("#one") == "a")
        assert app.is_running
        assert len(app.screen_stack) == 1


async def test_letters_typed_after_tab_go_to_the_next_field() -> None:
    app = Front()
    async with app.run_test() as pilot:
        await type_fast(pilot, "abc", "tab", "def")
        await until(lambda: app.value("#two") == "def")
        assert app.value("#one") == "abc"


async def test_a_stock_input_submits_what_was_typed_before_each_enter() -> None:
    app = Front(lambda app: app.screen.query_one("#one", Input).clear())
    async with app.run_test() as pilot:
        await type_fast(pilot, "FIRST", "enter", "SECOND", "enter", "THIRD", "enter")
        await until(lambda: len(app.submitted) == 3)
        assert app.submitted == ["FIRST", "SECOND", "THIRD"]


async def test_a_burst_across_a_push_reaches_neither_screen() -> None:
    app = Front(lambda app: app.push_screen(Behind()))
    async with app.run_test() as pilot:
        await type_fast(pilot, "FIRST", "enter", "SECOND", "enter")
        await until(lambda: not app.busy and isinstance(app.screen, Behind))
        await type_fast(pilot, "x")
        await until(lambda: app.value("#behind") == "x")
        assert app.screen_stack[0].query_one("#one", Input).value == "FIRST"


async def test_a_burst_across_a_pop_reaches_neither_screen() -> None:
    app = Front()
    async with app.run_test() as pilot:
        await app.push_screen(Behind())
        app.bind("f5", "pop_screen")
        await until(lambda: not app.busy)
        await type_fast(pilot, "in", "f5", "lost")
        await until(lambda: not app.busy and not isinstance(app.screen, Behind))
        await type_fast(pilot, "x")
        await until(lambda: app.value("#one") == "x")


async def test_a_burst_across_a_switch_reaches_neither_screen() -> None:
    app = Front(lambda app: app.switch_screen(Behind()))
    async with app.run_test() as pilot:
        await app.push_screen(Screen())
        await app.mount(Input(id="third", select_on_focus=False))
        app.screen.query_one(Input).focus()
        await until(lambda: not app.busy and app.focused is not None)
        await type_fast(pilot, "A", "enter", "lost")
        await until(lambda: not app.busy and isinstance(app.screen, Behind))
        await type_fast(pilot, "x")
        await until(lambda: app.value("#behind") == "x")


class Waiting(Front):
    """Enter asks a question whose answer opens the next screen."""

    def __init__(self) -> None:
        super().__init__(lambda app: self.ask(self.hold_keys()))
        self.answer = asyncio.Event()

    @work(exit_on_error=False)
    async def ask(self, hold: KeyHold) -> None:
        with hold:
            await self.answer.wait()
            await self.push_screen(Behind())


async def test_keys_typed_while_waiting_for_an_answer_reach_nobody() -> None:
    app = Waiting()
    async with app.run_test() as pilot:
        await type_fast(pilot, "A", "enter", "lost", "enter")
        await until(lambda: bool(app.submitted) and app.busy)
        await type_fast(pilot, "lost too", "tab")
        app.answer.set()
        await until(lambda: not app.busy and isinstance(app.screen, Behind))
        await type_fast(pilot, "x")
        await until(lambda: app.value("#behind") == "x")
        assert app.submitted == ["A"]
        assert app.screen_stack[0].query_one("#one", Input).value == "A"


async def test_a_click_while_held_presses_nothing() -> None:
    class Clicks(HardenedApp):
        pressed = 0

        def compose(self) -> ComposeResult:
            yield Button("Oui")

        def on_button_pressed(self) -> None:
            self.pressed += 1

    app = Clicks()
    async with app.run_test() as pilot:
        with app.hold_keys():
            await pilot.click(Button)
        await pilot.click(Button)
        await until(lambda: app.pressed > 0)
        assert app.pressed == 1


async def test_a_paste_is_ignored() -> None:
    app = Front()
    async with app.run_test() as pilot:
        app.post_message(events.Paste("pasted"))
        await type_fast(pilot, "x")
        await until(lambda: app.value("#one") == "x")


async def test_keys_go_on_after_the_focused_widget_was_removed_in_a_handler() -> None:
    def remove(app: Front) -> None:
        app.screen.query_one("#one").remove()
        app.screen.query_one("#two").focus()

    app = Front(remove)
    async with app.run_test() as pilot:
        await type_fast(pilot, "a", "enter", "b")
        await until(lambda: app.value("#two") == "b")


def test_a_forgotten_hold_does_not_hold() -> None:
    gate = KeyGate(lambda: 0.0)
    gate.hold()
    assert not gate.held


def test_releasing_twice_releases_only_once() -> None:
    gate = KeyGate(lambda: 0.0)
    first, second = gate.hold(), gate.hold()
    first.release()
    first.release()
    assert gate.held
    second.release()
    assert not gate.held


def test_the_end_of_a_refused_burst_is_refused() -> None:
    now = 1.0
    gate, screen = KeyGate(lambda: now), Screen[object]()
    gate.painting(screen)
    key = events.Key("a", "a")
    admitted = []
    for key.time in (0.995, 1.005, 1.015, 1.1):
        admitted.append(gate.admits(key, screen))
    assert admitted == [False, False, False, True]


def test_a_fault_is_described_without_its_message() -> None:
    def fail(secret: str) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError) as caught:
        fail("LUMUMBA")
    assert "LUMUMBA" not in describe(caught.value)
    assert "ValueError at tests/test_terminal.py:" in describe(caught.value)


class Ended(HardenedApp):
    """Stands for an application that ran: it crashed, or ended with a code."""

    def __init__(self, code: int | None) -> None:
        super().__init__()
        self.crashed = code is None
        self._return_code = code

    def run(self, **options: object) -> None:
        """Run nothing."""


def test_a_crash_starts_a_fresh_application_and_only_its_code_counts() -> None:
    codes = iter([None, None, 143])
    seen: list[bool] = []
    assert run_forever(lambda after_crash: seen.append(after_crash) or Ended(next(codes))) == 143  # type: ignore[func-returns-value]
    assert seen == [False, True, True]


def test_five_crashes_in_a_minute_give_up() -> None:
    times = iter([0.0, 50.0, 55.0, 58.0, 100.0, 101.0, 102.0, 103.0])
    made: list[bool] = []
    assert run_forever(lambda after: made.append(after) or Ended(None), lambda: next(times)) == 70  # type: ignore[func-returns-value]
    assert len(made) == 6  # 50 to 101: the first one was too long ago


def test_an_application_that_cannot_be_built_counts_as_a_crash() -> None:
    def build(after_crash: bool) -> HardenedApp:
        raise OSError

    assert run_forever(build, lambda: 0.0) == 70


async def test_a_label_never_takes_the_real_cursor_from_the_focused_field() -> None:
    app = Front()
    async with app.run_test() as pilot:
        await app.mount(Label("x", markup=False))
        await type_fast(pilot, "tab", "ab")
        await until(lambda: app.value("#two") == "ab")
        two = app.screen.query_one("#two", Input)
        assert app.cursor_position == two.cursor_screen_offset
