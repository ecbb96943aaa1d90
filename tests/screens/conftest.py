"""What the screens' tests share: nobody waits, for a test has no roll to carry and no line to mend."""

import pytest

from kiosk import app, statefile, themed_app, welcome_app
from kiosk.desk import desk, pace
from kiosk.printing import spool
from kiosk.screens import check, opening, ticket

SOON = 0.05
PATIENCE = (
    (app, "FORGET_AGAIN_SECONDS"),
    (app, "IDLE_LOOK_SECONDS"),
    (check, "PRINTER_SECONDS"),
    (desk, "SILENT_HEARTBEAT_SECONDS"),
    (opening, "LOOK_SECONDS"),
    (pace, "FIRST_SECONDS"),
    (spool, "LOCK_SECONDS"),
    (ticket, "RETRY_SECONDS"),
    (statefile, "LOCK_SECONDS"),
    (themed_app, "PAUSE_SECONDS"),
    (welcome_app, "IDLE_LOOK_SECONDS"),
)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once."""
    for module, name in PATIENCE:
        monkeypatch.setattr(module, name, SOON)
