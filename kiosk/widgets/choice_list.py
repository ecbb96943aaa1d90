"""A list to choose from by keyboard. It draws only the rows that show, so that 10,000 rows cost no more than ten."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Offset, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

NUMBERED = 9
GAP = "  "
SIGN, NO_SIGN = "▶ ", "  "
ELLIPSIS = "…"
AZERTY = dict(zip("&é\"'(-è_ç", "123456789", strict=True))  # the digit row of a French keyboard, without Shift


@dataclass(frozen=True, slots=True)
class Choice:
    """One row: plain strings, already cleaned, never read as markup. `dim` rows say why in their own words."""

    key: str
    cells: tuple[str, ...]
    dim: bool = False


class ChoiceList(Widget, can_focus=True):
    """Rows with a number to press; Enter takes the highlighted one.

    The focus may stay in a field: the screen then calls `move`, `page` and `choose` for it.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "choice-list--number",
        "choice-list--highlight",
        "choice-list--dim",
        "choice-list--position",
    }
    DEFAULT_CSS = """
    ChoiceList {
        height: 1fr;
        & > .choice-list--number { text-style: bold; }
        & > .choice-list--highlight { text-style: bold; background: $panel; }
        &.-active > .choice-list--highlight, &:focus > .choice-list--highlight {
            background: $primary;
            color: $background;
        }
    }
    """
    ALLOW_MAXIMIZE = False

    class RowMessage(Message):
        """Something happened to a row; `index` counts from 0 over all rows."""

        def __init__(self, choice_list: "ChoiceList", index: int, key: str) -> None:
            super().__init__()
            self.choice_list = choice_list
            self.index = index
            self.key = key

        @property
        def control(self) -> "ChoiceList":
            """The list, for `@on(ChoiceList.Chosen, "#id")`."""
            return self.choice_list

    class Chosen(RowMessage):
        """A row was chosen."""

    class Toggled(RowMessage):
        """A row was ticked or unticked, in a list that `toggles`."""

    def __init__(
        self,
        choices: Iterable[Choice] = (),
        *,
        widths: Sequence[int] = (),
        selected: str | None = None,
        toggles: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Show `choices`, the highlight on the key `selected`.

        `widths` are those, in cells, of the first columns; the next one takes what is left. In a list that
        `toggles`, digits, space and clicks post `Toggled`, and only Enter posts `Chosen`.
        """
        super().__init__(id=id, classes=classes)
        self._choices: tuple[Choice, ...] = ()
        self._widths = tuple(widths)
        self._toggles = toggles
        self._index = 0
        self._top = 0
        self._moved = False
        self._actions: dict[str, Callable[[], object]] = {
            "up": lambda: self.move(-1),
            "down": lambda: self.move(+1),
            "pageup": lambda: self.page(-1),
            "pagedown": lambda: self.page(+1),
            "home": lambda: self.move(-len(self._choices)),
            "end": lambda: self.move(+len(self._choices)),
            "enter": self.choose,
        }
        if toggles:
            self._actions["space"] = self.toggle
        self.set_choices(choices, selected)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """All rows, shown or not."""
        return self._choices

    @property
    def highlighted(self) -> int:
        """The index of the highlighted row; 0 in an empty list."""
        return self._index

    @property
    def visible_rows(self) -> range:
        """The indexes of the rows that show."""
        return range(self._top, min(len(self._choices), self._top + self._page_rows))

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where the terminal's own cursor belongs: at the start of the highlighted row."""
        return self.content_region.offset + Offset(0, self._index - self._top)

    def set_choices(self, choices: Iterable[Choice], selected: str | None = None) -> None:
        """Replace the rows. The highlight stays where somebody moved it, else goes to `selected` or the first."""
        kept = self._choices[self._index].key if self._moved and self._choices else None
        before, self._choices = len(self._choices), tuple(choices)
        if self.is_mounted and len(self._choices) != before and self.styles.auto_dimensions:
            self.refresh(layout=True)  # its height is that of its rows
        places = {choice.key: index for index, choice in enumerate(self._choices) if choice.key in (kept, selected)}
        self._moved = kept in places
        self._highlight(places.get(kept or "", places.get(selected or "", 0)))

    def move(self, rows: int) -> None:
        """Move the highlight by `rows`, stopping at both ends."""
        self._moved = True
        self._highlight(self._index + rows)

    def page(self, pages: int) -> None:
        """Move the highlight by whole pages."""
        self.move(pages * max(1, self._page_rows))

    def choose(self, index: int | None = None) -> bool:
        """Choose the row at `index`, or the highlighted one; say whether there was one."""
        return self._take(self.Chosen, index)

    def toggle(self, index: int | None = None) -> bool:
        """Tick or untick the row at `index`, or the highlighted one; say whether there was one."""
        return self._take(self.Toggled, index)

    def press_digit(self, digit: int) -> bool:
        """Choose (or toggle) the row that shows `digit`; do nothing if no row does."""
        index = self._top + digit - 1
        return 1 <= digit <= NUMBERED and index in self.visible_rows and self._press(index)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the height of all rows, for a list whose style says `auto`."""
        return len(self._choices)

    def render_line(self, y: int) -> Strip:
        """Draw one line: a row, the position, or nothing."""
        width = self.content_size.width
        index = self._top + y
        if index in self.visible_rows:
            segments = self._row(index, width)
        elif y == self._page_rows and len(self._choices) > y:
            style = self.rich_style + self._part("position")
            segments = [Segment(_fit(self._position(), width), style)]
        else:
            segments = []
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    @property
    def _page_rows(self) -> int:
        """How many rows fit; the last line is for the position when there are more."""
        height = self.content_size.height
        return height - 1 if len(self._choices) > height > 1 else height

    def _press(self, index: int) -> bool:
        return self._take(self.Toggled if self._toggles else self.Chosen, index)

    def _take(self, message: type[RowMessage], index: int | None) -> bool:
        index = self._index if index is None else index
        if not 0 <= index < len(self._choices):
            return False
        self._moved = True
        self._highlight(index)
        self.post_message(message(self, index, self._choices[index].key))
        return True

    def _highlight(self, index: int) -> None:
        self._index = max(0, min(index, len(self._choices) - 1))
        self._scroll()
        self.refresh()

    def _scroll(self) -> None:
        """Bring the highlighted row into the page, and no blank line under the last row."""
        rows = max(1, self._page_rows)
        top = max(self._index - rows + 1, min(self._top, self._index))
        self._top = max(0, min(top, len(self._choices) - rows))
        if self.has_focus:
            self.app.cursor_position = self.cursor_screen_offset

    def _row(self, index: int, width: int) -> list[Segment]:
        choice = self._choices[index]
        chosen = index == self._index
        style = self.rich_style
        if choice.dim:
            style += self._part("dim")
        if chosen:
            style += self._part("highlight")
        number = self._number(index)
        sign = SIGN if chosen else NO_SIGN
        rest = _line(choice, self._widths, max(0, width - cell_len(sign + number)))
        return [Segment(sign, style), Segment(number, style + self._part("number")), Segment(rest, style)]

    def _number(self, index: int) -> str:
        number = index - self._top + 1
        return f"{number} " if number <= NUMBERED else "  "

    def _position(self) -> str:
        visible, total = self.visible_rows, len(self._choices)
        parts = [f"{visible.start + 1} à {visible.stop} sur {total}"]
        if visible.start > 0:
            parts.append("↑ début")
        if visible.stop < total:
            parts.append("↓ suite")
        return " · ".join(parts)

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"choice-list--{name}", partial=True)

    async def _on_key(self, event: events.Key) -> None:
        """Taken here rather than by bindings, which run only after later keys of a burst have arrived."""
        if (action := self._actions.get(event.key)) is not None:
            action()
        elif (digit := self._digit_of(event)) is not None:
            self.press_digit(digit)
        else:
            return
        event.stop()
        event.prevent_default()

    def _digit_of(self, event: events.Key) -> int | None:
        character = AZERTY.get(event.character or "", event.character or "")
        return int(character) if character in "123456789" and character else None

    def _on_resize(self, event: events.Resize) -> None:
        self._scroll()

    async def _on_click(self, event: events.Click) -> None:
        """A first click highlights, a click on the highlighted row chooses (or toggles) it."""
        offset = event.get_content_offset(self)
        if offset is None or (index := self._top + offset.y) not in self.visible_rows:
            return
        if index == self._index:
            self._press(index)
        else:
            self.move(index - self._index)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(+1)

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-1)


def _line(choice: Choice, widths: Sequence[int], width: int) -> str:
    """Lay the cells of `choice` out in `width` cells: fixed columns, then one that takes what is left."""
    cells = [_fit(cell, size) for cell, size in zip(choice.cells, widths, strict=False)]
    cells += choice.cells[len(widths) :]
    return _fit(GAP.join(cells), width)


def _clip(text: str, width: int) -> str:
    """Cut `text` to at most `width` cells, with an ellipsis where something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + ELLIPSIS if width > 0 else ""


def _fit(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells."""
    return set_cell_size(_clip(text, width), width)
