"""The field of the scanner: whole bursts, hands, and nothing that is not printable."""

import pytest
from textual import events, on
from textual.app import ComposeResult

from kiosk.terminal import HardenedApp
from kiosk.widgets.scan_field import MAX_SCANNED, MAX_TYPED, ScanField
from tests.support.pilot import type_fast, until

TOKEN = "RDV1:6BFOXN%  TSMAHN-H3YS1"
OTHER_TOKEN = "RDV1:7KM1"
ZONE = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"


class Scans(HardenedApp):
    """One field, and a key that must not be pressed by a scanner."""

    def __init__(self) -> None:
        super().__init__()
        self.scanned: list[str] = []
        self.values: set[str] = set()
        self.escapes = 0

    def compose(self) -> ComposeResult:
        yield ScanField(id="scan")

    @on(ScanField.Scanned)
    def _scanned(self, event: ScanField.Scanned) -> None:
        assert event.control is self.field
        self.scanned.append(event.text)

    def on_input_changed(self, event: ScanField.Changed) -> None:
        self.values.add(event.value)

    def key_escape(self) -> None:
        self.escapes += 1

    @property
    def field(self) -> ScanField:
        return self.screen.query_one(ScanField)


async def test_a_burst_is_taken_whole_with_its_lines_and_without_its_last_enter() -> None:
    app = Scans()
    async with app.run_test() as pilot:
        await type_fast(pilot, ZONE, "enter")
        await until(lambda: bool(app.scanned))
        await type_fast(pilot, TOKEN)
        await until(lambda: len(app.scanned) == 2)
        assert app.scanned == [ZONE, TOKEN]
        assert app.field.value == ""


async def test_a_burst_is_not_shown_and_takes_the_place_of_what_was_typed() -> None:
    app = Scans()
    async with app.run_test() as pilot:
        await type_fast(pilot, "7K4")
        await type_fast(pilot, TOKEN, "enter")
        await until(lambda: bool(app.scanned))
        assert app.scanned == [TOKEN]
        assert max(map(len, app.values)) <= len("7K4") + 3


async def test_a_hand_types_and_corrects_and_enters() -> None:
    app = Scans()
    async with app.run_test() as pilot:
        for part in ("7k4", "m-q", "x"):
            await type_fast(pilot, part)
        await type_fast(pilot, "backspace")
        await type_fast(pilot, "2x", "enter")
        await until(lambda: bool(app.scanned))
        await type_fast(pilot, "enter")
        await until(lambda: len(app.scanned) == 2)
        assert app.scanned == ["7k4m-q2x", ""]
        assert app.field.value == ""


async def test_no_key_inside_a_burst_does_anything_and_none_that_is_not_printable_is_kept() -> None:
    app = Scans()
    async with app.run_test() as pilot:
        await type_fast(pilot, "RDV1", "escape", ":AB", "f5", "ctrl+c", "left", "C")
        app.post_message(events.Key("x", "\x1b"))
        app.post_message(events.Key("x", "\u202e"))
        await type_fast(pilot, "D", "enter")
        await until(lambda: bool(app.scanned))
        await type_fast(pilot, "escape")
        await until(lambda: app.escapes == 1)
        assert app.scanned == ["RDV1:ABCD"]


@pytest.mark.parametrize(
    ("glued", "scans"),
    [
        (TOKEN + "\n" + OTHER_TOKEN + "\n", [TOKEN, OTHER_TOKEN]),
        (TOKEN + "\n" + ZONE + "\n", [TOKEN, ZONE]),
        (ZONE + "\n" + TOKEN + "\n", [ZONE, TOKEN]),
        (TOKEN.swapcase() + "\n\n" + TOKEN + "\n\n", [TOKEN.swapcase(), TOKEN]),
    ],
)
async def test_scans_without_a_pause_between_them_are_not_glued_together(glued: str, scans: list[str]) -> None:
    app = Scans()
    async with app.run_test() as pilot:
        await type_fast(pilot, *glued)  # letter by letter: a line break is an Enter
        await until(lambda: len(app.scanned) == len(scans))
        await type_fast(pilot, "escape")
        await until(lambda: app.escapes == 1)
        await type_fast(pilot, "7k4")
        assert app.field.value == "7k4"
        assert app.scanned == scans  # a second Enter of the scanner's was part of the burst
        assert max(map(len, app.values)) <= 3


async def test_what_is_typed_is_bounded() -> None:
    app = Scans()
    async with app.run_test():
        app.field.value = "a" * (MAX_TYPED + 1)
        assert len(app.field.value) == MAX_TYPED


async def test_what_no_scan_is_long_enough_for_is_dropped_before_it_reaches_the_field() -> None:
    app = Scans()
    async with app.run_test() as pilot:
        await type_fast(pilot, "b" * 10_000, "enter")
        await until(lambda: bool(app.scanned))
        await pilot.pause()
        assert app.scanned == ["b" * MAX_SCANNED]
        assert not app.values - {"", "b", "bb", "bbb"}
