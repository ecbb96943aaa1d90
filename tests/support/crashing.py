"""The kiosk with one fault, and less patience: F1 at the last question raises an error that quotes the person."""

import sys

from kiosk import app
from kiosk.api import client
from kiosk.cli import main
from kiosk.screens.check import CheckScreen

ANSWER_SECONDS = 4.0  # the time-out of a request holds its caller until it would have been over


def _fail(screen: CheckScreen) -> None:
    everything = repr(screen.journey)
    raise ValueError(everything)


if __name__ == "__main__":
    CheckScreen.action_help = _fail  # type: ignore[method-assign, assignment]
    client.ANSWER_SECONDS = ANSWER_SECONDS
    app.FORGET_AGAIN_SECONDS = ANSWER_SECONDS + 1
    sys.exit(main())
