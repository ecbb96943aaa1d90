"""Vous êtes là ? A line over the screen of a visit that nobody touches; what stands there can still be read."""

from textual.app import ComposeResult

from kiosk.screens.cover import CoverScreen
from kiosk.widgets.sentences import Sentence


class StillThereScreen(CoverScreen[None]):
    """Is anybody there? Any key says yes."""

    CSS_PATH = "idle.tcss"

    def __init__(self, seconds_left: int) -> None:
        super().__init__()
        self._seconds_left = seconds_left

    def compose(self) -> ComposeResult:
        """One sentence."""
        yield Sentence(f"Vous êtes là ? Une touche pour continuer… sinon l'écran se masque dans {self._seconds_left} s")
