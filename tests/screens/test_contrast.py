"""Every piece of text on every screen has a contrast of at least 4.5:1 with what lies behind it (WCAG 2.2, 1.4.3)."""

from pathlib import Path

from rich.color import Color
from textual.color import Color as Paint

from tests.screens.test_golden import every_screen
from tests.support.central import RunningCentral
from tests.support.counter import Screen, counter

LEAST = 4.5


def faint(at: Screen) -> set[tuple[str, float]]:
    """Return the words that are too faint, with their contrast."""
    found = set()
    for strip in at.app.screen._compositor.render_strips():
        for segment in strip:
            if not segment.text.strip(" ▀") or segment.style is None:  # half-blocks are a picture
                continue
            front, back = _paint(segment.style.color), _paint(segment.style.bgcolor)
            if front and back and (contrast := contrast_ratio(front, back)) < LEAST:
                found.add((segment.text, contrast))
    return found


def contrast_ratio(one: Paint, other: Paint) -> float:
    """Return the contrast of WCAG 2.2, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(paint: Paint) -> float:
    channels = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in paint.normalized]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def _paint(color: Color | None) -> Paint | None:
    return Paint.from_rich_color(color) if color else None


async def test_nothing_on_any_screen_is_faint(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        async for stop in every_screen(at):
            assert not faint(at), stop
