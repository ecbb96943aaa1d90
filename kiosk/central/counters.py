"""The counters at which tickets are shown, as the central knows them: devices of one site each, known by a token."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.events import Act, record_command
from kiosk.central.refusal import Refused
from kiosk.central.signing_in import sha256
from kiosk.central.storage import Storage, take_turn

MAX_NAME = 80  # characters: its chain of events is named after it

_FIND = sa.select(db.counters.c.id, db.counters.c.site).where(
    db.counters.c.token_sha256 == sa.bindparam("of"), db.counters.c.revoked_at.is_(None)
)
_NAMED = sa.select(db.counters).where(db.counters.c.id == sa.bindparam("named"))


class BadCounterError(ValueError):
    """No such counter or site, or the name is taken; the message says which."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A device and the site where it stands."""

    id: str
    site: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A counter, and since when it is known or known no more."""

    counter: Counter
    created_at: dt.datetime
    revoked_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Counters:
    """Counters recognised."""

    storage: Storage

    def counter(self, token: str) -> Counter:
        """Return which counter holds the token; raise Refused(not-signed-in)."""
        with self.storage.looking() as connection:
            row = connection.execute(_FIND, {"of": sha256(token)}).one_or_none()
        if row is None:
            raise Refused(ProblemName.NOT_SIGNED_IN)
        return Counter(row.id, row.site)


def add(transaction: Connection, key: bytes, now: dt.datetime, counter: Counter, token: str) -> None:
    """Let a device in that holds the token; raise BadCounterError. The name of a revoked one is never used again."""
    take_turn(transaction, f"counter {counter.id}")
    if transaction.scalar(sa.select(db.sites.c.id).where(db.sites.c.id == counter.site)) is None:
        raise BadCounterError(f"no site is called {counter.site!r}")
    if transaction.execute(_NAMED, {"named": counter.id}).one_or_none() is not None:
        raise BadCounterError(f"a counter is called {counter.id!r} already")
    transaction.execute(sa.insert(db.counters).values(row_of(counter, token, now)))
    record_command(transaction, key, now, Act("counter-add", counter.id, {"site": counter.site}))


def row_of(counter: Counter, token: str, now: dt.datetime) -> dict[str, object]:
    """Return what is stored of a counter: not its token."""
    return {"id": counter.id, "site": counter.site, "token_sha256": sha256(token), "created_at": now}


def revoke(transaction: Connection, key: bytes, now: dt.datetime, name: str) -> None:
    """Let a device in no more; what it noted stays. Raise BadCounterError."""
    take_turn(transaction, f"counter {name}")
    row = transaction.execute(_NAMED, {"named": name}).one_or_none()
    if row is None:
        raise BadCounterError(f"no counter is called {name!r}")
    if row.revoked_at is not None:
        raise BadCounterError(f"{name!r} was revoked already")
    transaction.execute(sa.update(db.counters).where(db.counters.c.id == name).values(revoked_at=now))
    record_command(transaction, key, now, Act("counter-revoke", name, {}))


def every(transaction: Connection) -> list[Listed]:
    """Return all counters, by site then name."""
    rows = transaction.execute(sa.select(db.counters).order_by(db.counters.c.site, db.counters.c.id))
    return [Listed(Counter(row.id, row.site), row.created_at, row.revoked_at) for row in rows]
