"""The field that a scanner types into: it takes a burst whole, line breaks included, and shows none of it."""

from textual import events
from textual.message import Message
from textual.timer import Timer

from kiosk.terminal import BURST_GAP_SECONDS, BURST_KEYS
from kiosk.widgets.field import Field

MAX_TYPED = 300  # a slow scanner is taken for a hand: a whole ticket must fit
MAX_SCANNED = 10_000
# A burst is over when nothing came for that many looks: longer than a program that paused for a moment.
LOOK_SECONDS = 0.03
QUIET_LOOKS = 4


class ScanField(Field):
    """A field for a scanner or a hand. Either way it is empty again when it has posted `Scanned`."""

    class Scanned(Message):
        """A burst is over, or Enter was typed by hand; `text` has the lines of the burst, or what was typed."""

        def __init__(self, field: "ScanField", text: str) -> None:
            super().__init__()
            self.field = field
            self.text = text

        @property
        def control(self) -> "ScanField":
            """The field, for `@on(ScanField.Scanned, "#id")`."""
            return self.field

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(max_length=MAX_TYPED, id=id, classes=classes)
        self._run: list[str] = []
        self._run_at = float("-inf")
        self._looks = 0
        self._looking: Timer | None = None  # while a burst is coming in

    async def _on_key(self, event: events.Key) -> None:
        """Take what belongs to a burst, whatever key it is, and Enter; leave the rest to the hand's editing."""
        if self._looking is not None:
            self._swallow(event)
            self._looks = 0
            self._keep("\n" if event.key == "enter" else event.character if event.is_printable else None)
        elif event.key == "enter":
            self._swallow(event)
            self._post(self.value)
        elif event.is_printable:
            self._begin(event)

    def _begin(self, event: events.Key) -> None:
        """Count the keys of a run; at the fourth it is a burst, and what the first three left is taken out again."""
        if event.time - self._run_at >= BURST_GAP_SECONDS:
            self._run.clear()
        self._run_at = event.time
        self._keep(event.character)
        if len(self._run) >= BURST_KEYS:
            self._swallow(event)
            self.value = ""
            self._looks = 0
            self._looking = self.set_interval(LOOK_SECONDS, self._look)

    def _keep(self, character: str | None) -> None:
        if character is not None and len(self._run) < MAX_SCANNED:
            self._run.append(character)

    def _look(self) -> None:
        self._looks += 1
        if self._looks >= QUIET_LOOKS and self._looking is not None:
            self._looking.stop()
            self._looking = None
            self._post("".join(self._run))

    def _post(self, text: str) -> None:
        self._run.clear()
        self.value = ""
        self.post_message(self.Scanned(self, text.strip()))

    def _swallow(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
