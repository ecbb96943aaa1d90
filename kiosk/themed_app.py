"""What both full-screen programs share: our colours, our frame, and a fault written down."""

from textual.worker import Worker, WorkerState

from kiosk.terminal import HardenedApp
from kiosk.terminal.faults import record
from kiosk.themes import LIGHT

OPEN_AGAIN_SECONDS = 2.0


class ThemedApp(HardenedApp):
    """A hardened application in our colours."""

    CSS_PATH = "kiosk.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 (Textual declares no ClassVar)

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(LIGHT)
        # Before anything is parsed: set later, a theme has every style sheet parsed twice.
        self.set_reactive(HardenedApp.theme, LIGHT.name)
        self.stylesheet.set_variables(self.get_css_variables())

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Write down a worker of ours that failed; the top bar already says that the central is not there."""
        if event.state is WorkerState.ERROR and event.worker.error:
            record(event.worker.error)
