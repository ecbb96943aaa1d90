"""What lies over a screen until a key is typed: the first one takes it away, and means nothing else."""

from typing import TypeVar

from textual import events
from textual.screen import ModalScreen

Result = TypeVar("Result")


class CoverScreen(ModalScreen[Result]):
    """A cover. The screen below loses nothing."""

    def on_key(self, event: events.Key) -> None:
        """Go back, whatever the key does on the screen below."""
        event.stop()
        event.prevent_default()
        self.dismiss()
