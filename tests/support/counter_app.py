"""A tiny hardened application for the end-to-end tests: one field, a second screen, a crash key and a wait key."""

import os
import sys
from pathlib import Path

from kiosk.environment import confine_process, strip_environment

strip_environment(os.environ)
confine_process()

from textual.app import ComposeResult  # noqa: E402 - the environment comes first
from textual.screen import Screen  # noqa: E402
from textual.widgets import Input, Label  # noqa: E402

from kiosk import log  # noqa: E402
from kiosk.terminal import HardenedApp, KeyHold, run_forever  # noqa: E402


class Second(Screen[None]):
    """Another screen with a field of its own."""

    def compose(self) -> ComposeResult:
        yield Label("DEUXIÈME", markup=False)
        yield Input(id="second")
        yield Label("second=[]", id="echo", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one("#echo", Label).update(f"second=[{event.value}]")

    def key_escape(self) -> None:
        self.dismiss()


class CounterApp(HardenedApp):
    """Enter opens the second screen; f2 crashes, f3 holds the keys, f4 crashes in a worker."""

    def __init__(self, after_crash: bool) -> None:
        super().__init__()
        self._after_crash = after_crash
        self._hold: KeyHold | None = None

    def compose(self) -> ComposeResult:
        yield Label("REPRISE" if self._after_crash else "ACCUEIL", markup=False)
        yield Input(id="first")
        yield Label("first=[]", id="echo", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        self.query_one("#echo", Label).update(f"first=[{event.value}]")

    def on_input_submitted(self) -> None:
        self.push_screen(Second())

    def key_f2(self) -> None:
        secret = sys.argv[1]
        raise ValueError(secret)

    def key_f3(self) -> None:
        self._hold = self.hold_keys()
        self.query_one("#echo", Label).update("ATTENTE")
        self.set_timer(0.3, self._answered)

    def key_f4(self) -> None:
        self.run_worker(self._fail())

    async def _fail(self) -> None:
        secret = sys.argv[1]
        raise ValueError(secret)

    def _answered(self) -> None:
        if self._hold is not None:
            self._hold.release()
        self.query_one("#echo", Label).update("RÉPONSE")


if __name__ == "__main__":
    log.to_file(Path("app.log"))
    sys.exit(run_forever(CounterApp))
