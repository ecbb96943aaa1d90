"""How a fault of the screens is written down: its type and its place in the code, never its message or its values."""

from textual.worker import WorkerFailed

from kiosk import log
from kiosk.log import Event


def record(error: BaseException, what: Event = Event.CRASH) -> None:
    """Log that `what` happened because of `error`."""
    log.fault(what, error.error if isinstance(error, WorkerFailed) else error)
