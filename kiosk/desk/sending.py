"""Between F10 and the central's word: what is known, as it becomes known. Screens show this and nothing else."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass

from kiosk.booking.booking import Booking
from kiosk.booking.journey import Journey
from kiosk.desk import pace
from kiosk.desk.answers import (
    CentralRefusedError,
    CentralSilentError,
    DeskError,
    JournalError,
    OutcomeUnknownError,
    Request,
)
from kiosk.desk.bookings import Bookings


@dataclass(frozen=True, slots=True)
class Waiting:
    """No answer; it is asked again by itself. `why` is what stood in the way, `request` what the journal last knew."""

    why: DeskError
    may_be_booked: bool  # else nothing of it left, and it can be taken back
    request: Request | None


@dataclass(frozen=True, slots=True)
class Booked:
    """The central's yes."""

    booking: Booking


@dataclass(frozen=True, slots=True)
class Refused:
    """The central's no: nothing is taken, and nothing will be."""

    error: CentralRefusedError


Said = Waiting | Booked | Refused


async def sending(bookings: Bookings, journey: Journey) -> AsyncIterator[Said]:
    """Ask for the booking of a journey until the central has said yes or no, which is the last thing told."""
    tries, may_be_booked, request = 0, False, None
    while True:
        tries += 1
        wait: int | None = None
        why: DeskError
        try:
            booking = await bookings.book(journey)
        except CentralRefusedError as refused:
            yield Refused(refused)
            await asyncio.shield(bookings.heard())  # not before: who left in that moment is told by the news
            return
        except CentralSilentError as silent:
            why, may_be_booked = silent, False
        except JournalError as unwritten:
            why, may_be_booked = unwritten, await _left(bookings, otherwise=may_be_booked)
        except OutcomeUnknownError as unknown:
            why, may_be_booked, wait = unknown, True, unknown.retry_after_seconds
        else:
            yield Booked(booking)
            return
        with contextlib.suppress(JournalError):
            request = await bookings.in_hand()
        yield Waiting(why, may_be_booked, request)
        await asyncio.sleep(pace.pause_seconds(tries, wait, random.random))


async def _left(bookings: Bookings, *, otherwise: bool) -> bool:
    """Return whether anything of it may have left, as far as the journal can still be read."""
    try:
        request = await bookings.in_hand()
    except JournalError:
        return otherwise
    return request is not None and request.may_be_done
