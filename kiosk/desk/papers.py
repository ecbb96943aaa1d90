"""Papers: a booking becomes a ticket and leaves for the printer; what nobody knows is said as not known."""

import asyncio
import contextlib
import datetime as dt
import functools
import threading
from collections.abc import Callable
from pathlib import Path

from kiosk.booking.booking import Booking
from kiosk.desk.answers import Delivery, Paper, PaperError
from kiosk.printing.errors import LineError, MaybeSentError, NotSentError, PrintingError
from kiosk.printing.escpos import check
from kiosk.printing.facts import ticket_for
from kiosk.printing.profiles import form_for
from kiosk.printing.service import facsimile, render
from kiosk.printing.transports import Channel, transport_for
from kiosk.settings import Paper as PaperWidth

PROGRESS_SECONDS = 10.0  # without one byte more taken, the printer is deaf: cover open, paper out, cable
GOODBYE_SECONDS = 1.0


class Papers:
    """One printer, one width of paper."""

    def __init__(self, printer: str, paper: PaperWidth, state_dir: Path, now: Callable[[], dt.datetime]) -> None:
        self._form = form_for(paper)
        self._transport = transport_for(printer, state_dir, self._form.dots)
        self._owner = threading.Lock()
        self._now = now

    async def print_ticket(self, booking: Booking, copy: int) -> Paper:
        """Draw and send the ticket; the second copy says DUPLICATA. Raise PaperError if it cannot be drawn."""
        # A send is never cut short by a screen that closes: half a ticket is worse than a late one.
        return await asyncio.shield(asyncio.to_thread(self._print, booking, copy))

    def _print(self, booking: Booking, copy: int) -> Paper:
        try:
            rendered = render(ticket_for(booking, issued_at=self._now(), copy=copy), self._form)
        except PrintingError:
            raise PaperError from None
        picture = None
        try:
            picture = self._send(rendered.payload, booking.reference)
        except NotSentError:
            delivery = Delivery.NOT_SENT
        except MaybeSentError:
            delivery = Delivery.UNKNOWN
        else:
            delivery = Delivery.SENT
        return Paper(delivery, copy, _short(picture) if picture else None, functools.partial(facsimile, rendered.image))

    def _send(self, payload: bytes, name: str) -> Path | None:
        check(payload)
        with self._owner:
            channel = self._transport.open(name)
            try:
                _write(channel, payload)
                return channel.finish(GOODBYE_SECONDS)
            except LineError as error:
                failure = NotSentError if error.sent_nothing else MaybeSentError
                raise failure(str(error)) from error
            finally:
                channel.close()


def _write(channel: Channel, payload: bytes) -> None:
    sent = 0
    while sent < len(payload):
        taken = channel.write(payload[sent:], PROGRESS_SECONDS)
        if not taken:
            raise LineError("L'imprimante ne prend plus rien.", sent_nothing=not sent)
        sent += taken


def _short(path: Path) -> str:
    with contextlib.suppress(RuntimeError, ValueError):  # no home, or elsewhere
        return f"~/{path.relative_to(Path.home())}"
    return str(path)
