"""The frame of every screen: where we are and for whom at the top, the keys at the bottom."""

from collections.abc import Callable
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

REFRESH_SECONDS = 1.0
LEAST_COLUMNS, LEAST_LINES = 80, 24
_TOO_SMALL = f"! Fenêtre trop petite : il faut {LEAST_COLUMNS} colonnes et {LEAST_LINES} lignes."


class Hint(NamedTuple):
    """One key and what it does, as the bottom of the screen says it."""

    key: str
    does: str
    commits: bool = False


class TopBar(Widget):
    """Two lines that never change place: who serves and what is known of the machines; what is decided so far.

    `status` is asked every second for (left, right) of the first line, so that a clock needs no screen. In a window in
    which something of a screen would be cut off without a word, the second line says so instead.
    """

    ALLOW_SELECT = False

    def __init__(self, status: Callable[[], tuple[str, str]], trail: str, step: str) -> None:
        super().__init__()
        self._status = status
        self._trail = trail
        self._step = step
        self._shown = status()
        self._cramped = False

    def on_mount(self) -> None:
        """Look at the status and the window every second; draw only when something changed."""
        self._look()
        self.set_interval(REFRESH_SECONDS, self._look)

    def render(self) -> RenderResult:
        """Draw both lines and the rule."""
        width = self.size.width
        decided = (_TOO_SMALL, "") if self._cramped else (self._trail, self._step)
        lines = [spread(*self._shown, width), spread(*decided, width), "─" * width]
        return Content("\n".join(lines))

    def _look(self) -> None:
        status = self._status()
        cramped = self.app.size.width < LEAST_COLUMNS or self.app.size.height < LEAST_LINES
        if (status, cramped) != (self._shown, self._cramped):
            self._shown, self._cramped = status, cramped
            self.refresh()


class KeyBar(Widget):
    """The keys of this screen, on two lines: the first for the step, the second for the visit."""

    ALLOW_SELECT = False

    def __init__(self, step: tuple[Hint, ...], visit: tuple[Hint, ...]) -> None:
        super().__init__()
        self._rows = (step, visit)

    def render(self) -> RenderResult:
        """Draw the rule and both lines; the committing key stands out by its signs, not by colour alone."""
        lines = [Content("─" * self.size.width)]
        lines += [Content("   ").join(_drawn(hint) for hint in row) for row in self._rows]
        lines[1:] = [Content(" ") + line for line in lines[1:]]
        return Content("\n").join(lines)


def spread(left: str, right: str, width: int) -> str:
    """Return one line of `width` cells, one cell free on each side; the left part gives way with an ellipsis."""
    room = width - cell_len(right) - 4
    if cell_len(left) > room:
        left = set_cell_size(left, max(room - 1, 0)) + "…"
    return f" {set_cell_size(left, max(room, 0))}  {right} "


def _drawn(hint: Hint) -> Content:
    if hint.commits:
        return Content.assemble((f"▶ {hint.key} {hint.does.upper()} ◀", "bold reverse"))
    return Content.assemble((hint.key, "bold"), " ", hint.does)
