"""The field: what Enter takes, what never gets in."""

import unicodedata

import pytest
from textual import events
from textual.app import ComposeResult

from kiosk.terminal import HardenedApp
from kiosk.widgets.field import Field
from tests.support.pilot import type_fast, until


class Form(HardenedApp):
    """Two fields; Enter in the first goes to the second if `forward`."""

    def __init__(self, *, forward: bool = False, max_length: int = 20) -> None:
        super().__init__()
        self.forward = forward
        self.max_length = max_length
        self.entered: list[str] = []
        self.escapes = 0

    def compose(self) -> ComposeResult:
        yield Field(id="one", max_length=self.max_length)
        yield Field(id="two")

    def on_field_entered(self, event: Field.Entered) -> None:
        self.entered.append(event.value)
        if self.forward:
            self.field("#two").focus()

    def key_escape(self) -> None:
        self.escapes += 1

    key_f5 = key_escape

    def field(self, selector: str) -> Field:
        return self.screen.query_one(selector, Field)


async def test_letters_after_enter_in_one_burst_never_land_in_the_field() -> None:
    app = Form()
    async with app.run_test() as pilot:
        await type_fast(pilot, "FIRST", "enter", "SECOND", "enter", "THIRD")
        await until(lambda: bool(app.entered))
        await pilot.pause()
        assert app.entered == ["FIRST"]
        assert app.field("#one").value == "FIRST"


async def test_letters_after_enter_go_where_enter_put_the_focus() -> None:
    app = Form(forward=True)
    async with app.run_test() as pilot:
        await type_fast(pilot, "FIRST", "enter", "SECOND", "enter")
        await until(lambda: len(app.entered) == 2)
        assert app.entered == ["FIRST", "SECOND"]


async def test_function_keys_and_escape_pass_through() -> None:
    app = Form()
    async with app.run_test() as pilot:
        await type_fast(pilot, "a", "escape", "f5", "b")
        await until(lambda: app.field("#one").value == "ab")
        assert app.escapes == 2


async def test_clipboard_keys_are_dead() -> None:
    app = Form()
    async with app.run_test() as pilot:
        await type_fast(pilot, "abc", "ctrl+c", "ctrl+x", "ctrl+v", "shift+home", "ctrl+x", "d")
        await until(lambda: app.field("#one").value == "abcd")
        assert app.clipboard == ""


async def test_editing_keys_work() -> None:
    app = Form()
    async with app.run_test() as pilot:
        await type_fast(pilot, "abc", "left", "backspace", "home", "x", "end", "y")
        await until(lambda: app.field("#one").value == "xacy")


async def test_a_paste_never_gets_in() -> None:
    app = Form()
    async with app.run_test() as pilot:
        app.field("#one").post_message(events.Paste("pasted"))
        await type_fast(pilot, "x")
        await until(lambda: app.field("#one").value == "x")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a\u202eb", "ab"), ("a\x1b[31mb", "a[31mb"), ("a\u00a0b", "a b"), ("a\tb\nc", "a b c"), ("a\ue000b", "ab")],
)
async def test_control_characters_and_bidi_overrides_never_enter_the_value(given: str, kept: str) -> None:
    app = Form()
    async with app.run_test() as pilot:
        app.field("#one").value = given
        app.field("#two").focus()
        for char in given:
            app.post_message(events.Key(char, char))
        await pilot.pause()
        assert app.field("#one").value == kept
        assert app.field("#two").value in {kept, kept.replace(" ", "")}


async def test_the_text_is_composed_and_trimmed() -> None:
    app = Form()
    async with app.run_test() as pilot:
        await type_fast(pilot, " Rene", unicodedata.lookup("COMBINING ACUTE ACCENT"), "  D ")
        await until(lambda: app.field("#one").value.endswith("D "))
        assert app.field("#one").text == "René D"


async def test_the_length_is_bounded() -> None:
    app = Form(max_length=3)
    async with app.run_test() as pilot:
        await type_fast(pilot, "abcdef")
        await until(lambda: app.field("#one").value == "abc")
        app.field("#one").value = "abcdef"
        assert app.field("#one").value == "abc"
        assert not app.field("#one").cursor_blink
