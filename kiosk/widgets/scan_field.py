"""The fields that a scanner types into: they take a burst whole, line breaks included, and show none of it."""

from textual import events, getters
from textual.message import Message
from textual.timer import Timer

from kiosk.terminal import BURST_GAP_SECONDS, BURST_KEYS, HardenedApp
from kiosk.tickets.scan import MAX_SCAN, Ticket, read_scan
from kiosk.widgets.field import Field

MAX_TYPED = 300  # a slow scanner is taken for a hand: a whole ticket must fit
MAX_SCANNED = MAX_SCAN + 1  # a longer text is still too long when it is cut there
# A burst is over when nothing came for that many looks: longer than a program that paused for a moment.
LOOK_SECONDS = 0.03
QUIET_LOOKS = 4


class BurstField(Field):
    """A field for a hand, in which a scan is no typing: it is empty again when it has posted `Scanned`."""

    app = getters.app(HardenedApp)

    class Scanned(Message):
        """A scan is over; `text` has its lines. Two tickets without a pause between them are two scans."""

        def __init__(self, field: "BurstField", text: str) -> None:
            super().__init__()
            self.field = field
            self.text = text

        @property
        def control(self) -> "BurstField":
            """The field, for `@on(BurstField.Scanned, "#id")`."""
            return self.field

    def __init__(self, *, max_length: int, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(max_length=max_length, id=id, classes=classes)
        self._run: list[str] = []
        self._run_at = float("-inf")
        self._looks = 0
        self._looking: Timer | None = None  # while a burst is coming in

    async def _on_key(self, event: events.Key) -> None:
        """Take what belongs to a burst, whatever key it is; leave the rest to the hand's editing."""
        if self._continues(event):
            self._swallow(event)
            self._looks = 0
            self._run_at = event.time
            self._keep("\n" if event.key == "enter" else event.character if event.is_printable else None)
            return
        self._stop_looking()
        if event.is_printable:
            self._begin(event)

    def _continues(self, event: events.Key) -> bool:
        """Say whether a key is part of the burst that is coming in; after a whole ticket, only if it comes at once."""
        return self._looking is not None and (bool(self._run) or event.time - self._run_at < BURST_GAP_SECONDS)

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
        if character == "\n" and (not self._run or self._ends_ticket()):
            self._run.clear()
        elif character is not None:
            self._run.append(character)
        if len(self._run) >= MAX_SCANNED:
            self.app.drop_burst()
            self._end()

    def _ends_ticket(self) -> bool:
        """Post the line that has just ended if it is a ticket, and before it what it is glued to; say whether it is.

        A document has several lines, a ticket has one: the next scan may follow it at once.
        """
        *before, line = "".join(self._run).split("\n")
        if not isinstance(read_scan(line), Ticket):
            return False
        self._post("\n".join(before))
        self._post(line)
        return True

    def _look(self) -> None:
        self._looks += 1
        if self._looks >= QUIET_LOOKS:
            self._end()

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.stop()
            self._looking = None

    def _end(self) -> None:
        self._stop_looking()
        self._post("".join(self._run))
        self._run.clear()

    def _post(self, text: str) -> None:
        if text := text.strip():
            self.post_message(self.Scanned(self, text))

    def _swallow(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()


class ScanField(BurstField):
    """A field for tickets and codes: what a hand typed is a scan as well, once it ends with Enter."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(max_length=MAX_TYPED, id=id, classes=classes)

    async def _on_key(self, event: events.Key) -> None:
        """Take a hand's Enter, even of an empty field."""
        if event.key == "enter" and not self._continues(event):
            self._swallow(event)
            self.post_message(self.Scanned(self, self.value.strip()))
            self._run.clear()
            self.value = ""
