"""The one-line field of every form: it holds what was typed before Enter, and nothing unprintable."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from kiosk.booking.text import MAX_TEXT, clean
from kiosk.terminal import BURST_GAP_SECONDS

EDITING = {
    "cursor_left",
    "cursor_right",
    "cursor_left_word",
    "cursor_right_word",
    "home",
    "end",
    "delete_left",
    "delete_right",
    "delete_left_word",
    "delete_left_all",
}


class Field(Input, inherit_bindings=False):
    """An input without clipboard, selection by keys, suggestions or blinking; Enter posts `Entered`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in Input.BINDINGS if isinstance(binding, Binding) and binding.action in EDITING
    ]

    class Entered(Message):
        """Enter was pressed; `value` is the cleaned text of that very moment."""

        def __init__(self, field: "Field", value: str) -> None:
            super().__init__()
            self.field = field
            self.value = value

        @property
        def control(self) -> "Field":
            """The field, for `@on(Field.Entered, "#id")`."""
            return self.field

    def __init__(
        self,
        value: str = "",
        *,
        max_length: int = MAX_TEXT,
        password: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(
            value,
            password=password,
            max_length=max_length,
            select_on_focus=False,
            id=id,
            classes=classes,
        )
        self.set_reactive(Input.cursor_blink, False)
        self._burst_at = float("-inf")

    @property
    def text(self) -> str:
        """The value as the rest of the program may use it: NFC, no control character, single spaces."""
        return clean(self.value, self.max_length or MAX_TEXT)

    def validate_value(self, value: str) -> str:
        """Keep control characters and bidi overrides out, however they came in; any kind of space is a space."""
        kept = (" " if char.isspace() else clean(char) for char in value)
        return "".join(kept)[: self.max_length]

    async def _on_key(self, event: events.Key) -> None:
        """Take Enter here, before Input and before any binding: the value must not contain what was typed after it."""
        typing = event.key == "enter" or event.is_printable
        if typing and event.time - self._burst_at < BURST_GAP_SECONDS:
            self._swallow(event)  # the end of a burst belongs to what Enter leads to, never to this field
        elif event.key == "enter":
            self._swallow(event)
            self.post_message(self.Entered(self, self.text))

    def _swallow(self, event: events.Key) -> None:
        self._burst_at = event.time
        event.stop()
        event.prevent_default()

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
