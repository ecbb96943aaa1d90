"""Time, randomness and identifiers as the central receives them, so that tests can hand over their own."""

import datetime as dt
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.tickets.reference import RANDOM_BITS, make_reference

TOKEN_BYTES = 32

Clock = Callable[[], dt.datetime]  # aware


def utc_now() -> dt.datetime:
    """Return the machine's time."""
    return dt.datetime.now(dt.UTC)


def new_id() -> str:
    """Return an identifier that nobody can guess."""
    return str(uuid.uuid4())


def new_reference() -> str:
    """Return a random booking reference."""
    return make_reference(secrets.randbits(RANDOM_BITS))


def new_token() -> str:
    """Return an opaque bearer token of 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def between(least: int, most: int) -> int:
    """Return a whole number that nobody can foresee, both ends included."""
    return least + secrets.randbelow(max(0, most - least) + 1)


@dataclass(frozen=True, slots=True)
class Chance:
    """Where identifiers and delays come from."""

    new_id: Callable[[], str] = new_id
    new_reference: Callable[[], str] = new_reference
    new_token: Callable[[], str] = new_token
    between: Callable[[int, int], int] = between
