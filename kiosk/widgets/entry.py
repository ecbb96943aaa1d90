"""A question with its field: label above, field, and below it what is wrong."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from kiosk.widgets.field import Field
from kiosk.widgets.sentences import Notice, Sentence


class Entry(Vertical):
    """One thing to type. The error stands under the field and disappears when typing goes on."""

    def __init__(
        self,
        label: str,
        *,
        id: str,
        value: str = "",
        max_length: int = 120,
        secret: bool = False,
        field: Field | None = None,
    ) -> None:
        """Ask for one thing; `field`, where it is given, is of a special kind and has a length of its own."""
        super().__init__(id=id)
        self._label = label
        self.field = field or Field(value, max_length=max_length, password=secret)
        self.error = Notice()

    def compose(self) -> ComposeResult:
        """Label, field, error: each on its own line."""
        yield Sentence(self._label)
        yield self.field
        yield self.error

    @property
    def text(self) -> str:
        """Return what is typed, cleaned."""
        return self.field.text

    def wrong(self, sentence: str) -> None:
        """Say what is wrong and put the cursor there."""
        self.error.say(sentence)
        self.field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Typing goes on: the error has been read. A field that was emptied for a new try keeps it."""
        if event.value:
            self.error.say("")
