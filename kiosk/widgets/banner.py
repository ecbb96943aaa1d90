"""The big answer: a full band of colour with a sign and a few words, readable from two metres."""

from textual.content import Content
from textual.widgets import Static

from kiosk.tickets.words import Tone, Words


class Banner(Static):
    """Empty until it has something to say."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self.display = False

    def say(self, words: Words) -> None:
        """Show the words on the colour of their tone, which only repeats them."""
        for tone in Tone:
            self.set_class(tone is words.tone, f"-{tone.name.lower()}")
        self.update(Content(f"{words.sign}  {words.title.upper()}"))
        self.display = True

    def clear(self) -> None:
        """Say nothing any more."""
        self.update("")
        self.display = False
