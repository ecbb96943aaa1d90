"""The paper on the screen, in half-blocks: each cell shows two dots, one above the other, in greys."""

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

Grey = tuple[int, int]
Draw = Callable[[int], Sequence[Sequence[Grey]]]

LINES_PER_MOVE = 6


class Facsimile(Widget):
    """Shows as much of the paper as fits; `move` scrolls it."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._draw: Draw | None = None
        self._strips: list[Strip] = []
        self._top = 0

    @property
    def at_top(self) -> bool:
        """Return whether the first line of the paper shows."""
        return self._top == 0

    def show(self, draw: Draw) -> None:
        """Show a paper from its top."""
        self._draw = draw
        self._top = 0
        self._render_paper()

    def move(self, direction: int) -> None:
        """Scroll up (-1) or down (1), as far as there is paper."""
        last = max(len(self._strips) - self.size.height, 0)
        self._top = min(max(self._top + direction * LINES_PER_MOVE, 0), last)
        self.refresh()

    def on_resize(self) -> None:
        """Draw again for the new width."""
        self._render_paper()

    def render_line(self, y: int) -> Strip:
        """Return one line of cells."""
        row = self._top + y
        return self._strips[row] if row < len(self._strips) else Strip.blank(self.size.width)

    def _render_paper(self) -> None:
        rows = self._draw(self.size.width) if self._draw and self.size.width else ()
        self._strips = [Strip([Segment("▀", _style(cell)) for cell in row]) for row in rows]
        self.refresh()


def _style(cell: Grey) -> Style:
    upper, lower = cell
    return Style.parse(f"#{upper:02x}{upper:02x}{upper:02x} on #{lower:02x}{lower:02x}{lower:02x}")
