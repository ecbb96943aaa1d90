"""The kiosk with one fault: F1 at the last question raises an error that quotes everything about the person."""

import sys

from kiosk.cli import main
from kiosk.screens.check import CheckScreen


def _fail(screen: CheckScreen) -> None:
    everything = repr(screen.journey)
    raise ValueError(everything)


if __name__ == "__main__":
    CheckScreen.action_help = _fail  # type: ignore[method-assign, assignment]
    sys.exit(main())
