"""Sentences on a screen: the question, what to say aloud, what went wrong. None of them parses markup."""

from textual.content import Content
from textual.widgets import Static


class Sentence(Static):
    """Plain text, never markup, whoever wrote it."""

    ALLOW_SELECT = False

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(Content(text), id=id, classes=classes)
        self._text = text

    def say(self, text: str) -> None:
        """Replace the text; the same text again costs no layout, for fields say it at every letter."""
        if text != self._text:
            self._text = text
            self.update(Content(text))


class Question(Sentence):
    """The one decision of the screen, in the words one says to the person."""


class Spoken(Sentence):
    """What the person should hear."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(_quoted(text), id=id)

    def say(self, text: str) -> None:
        """Replace the words, between their guillemets."""
        super().say(_quoted(text))


class Notice(Sentence):
    """What went wrong and what to do; empty when all is well. The sign repeats what the colour says."""

    def __init__(self, text: str = "", *, id: str | None = None) -> None:
        super().__init__(_signed(text), id=id)

    def say(self, text: str) -> None:
        """Replace the notice; an empty one disappears."""
        super().say(_signed(text))


def _quoted(text: str) -> str:
    return f"«\u00a0{text}\u00a0»" if text else ""


def _signed(text: str) -> str:
    return f"✗ {text}" if text else ""
