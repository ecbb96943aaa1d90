"""Places of slots: taken within capacity and caps, given up into hiding, given back by time. One statement per rule.

A place that is given up stays `taken` until it returns, so that hiding it needs no rule of its own: capacity hides it.
"""

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.clock import Chance
from kiosk.central.events import Caller
from kiosk.central.limits import BOUNDS, Limits
from kiosk.central.refusal import Refused
from kiosk.central.storage import Storage
from kiosk.central.tables import Instant

HOME = ZoneInfo("Europe/Paris")  # of a mediator's day: were it the site's, ten zones would give ten days
HOUR = dt.timedelta(hours=1)
CAPS_KEPT = dt.timedelta(days=1)  # past a window's end: another server's clock, or this one put back, is still in it
SCOPES = {
    "mediator-hour": ProblemName.MEDIATOR_LIMIT,
    "mediator-day": ProblemName.MEDIATOR_LIMIT,
    "kiosk-hour": ProblemName.KIOSK_LIMIT,
    "site-day": ProblemName.SITE_LIMIT,
    "rejections-hour": ProblemName.REJECTIONS_LIMIT,
}

_LIMITS = [getattr(db.services.c, name) for name in BOUNDS]
_DEMONSTRATION = sa.exists().where(db.facts.c.name == "demonstration").label("demonstration")
_OFFERED = (
    sa.select(db.slots, db.sites.c.source, _DEMONSTRATION, *_LIMITS)
    .join(db.sites, db.sites.c.id == db.slots.c.site)
    .join(db.services, db.services.c.id == db.slots.c.service)
    .where(db.slots.c.id == sa.bindparam("wanted"))
)
_BARRED = (
    sa.select(sa.func.coalesce(sa.func.sum(db.releases.c.seats), 0))
    .where(
        db.releases.c.slot == db.slots.c.id,
        db.releases.c.returned,  # those still hidden are among the taken ones
        (db.releases.c.kiosk == sa.bindparam("my_kiosk")) | (db.releases.c.mediator == sa.bindparam("my_self")),
    )
    .correlate(db.slots)
    .scalar_subquery()
)
# What one caller may still take of a slot: never the places that the same kiosk or mediator gave up.
FREE_TO_CALLER = db.slots.c.capacity - db.slots.c.taken - _BARRED
# As an update locks it, no more: rows that refer to the slot lock it too, and two who hold that would wait in a ring.
_LOCK = sa.select(db.slots.c.id).where(db.slots.c.id == sa.bindparam("wanted")).with_for_update(key_share=True)
_TAKE = (
    sa.update(db.slots)
    .where(db.slots.c.id == sa.bindparam("wanted"))
    .values(taken=db.slots.c.taken + sa.bindparam("seats"))
    .returning(db.slots.c.capacity - db.slots.c.taken)
)
_TAKE_AS_RELEASER = _TAKE.where(sa.bindparam("seats") <= FREE_TO_CALLER)
_TAKE_AS_ANYBODY = _TAKE.where(sa.bindparam("seats") <= db.slots.c.capacity - db.slots.c.taken)
_GIVE_BACK = (
    sa.update(db.slots)
    .where(db.slots.c.id == sa.bindparam("given"))
    .values(taken=db.slots.c.taken - sa.bindparam("seats"))
)


def _counting(windows: int) -> sa.TextClause:
    rows = ", ".join(f"(:scope{n}, :subject{n}, :starts{n}, :ends{n}, :seats, :cap{n})" for n in range(windows))
    instants = [sa.bindparam(f"{end}{n}", type_=Instant) for end in ("starts", "ends") for n in range(windows)]
    return sa.text(
        f"INSERT INTO caps (scope, subject, starts_at, ends_at, used, cap) VALUES {rows}"  # noqa: S608 (our own names)
        " ON CONFLICT (scope, subject, starts_at) DO UPDATE"
        " SET used = caps.used + excluded.used, cap = excluded.cap"
        " WHERE caps.used + excluded.used <= excluded.cap"
        " RETURNING scope, used, cap"
    ).bindparams(*instants)


_COUNT = {windows: _counting(windows) for windows in (1, 4)}  # a rejection; a place, in all windows at once
_USED = sa.select(db.caps.c.used).where(
    db.caps.c.scope == sa.bindparam("of"),
    db.caps.c.subject == sa.bindparam("whose"),
    db.caps.c.starts_at == sa.bindparam("since"),
)
_STRICTEST = sa.select(*(sa.func.min(column).label(column.name) for column in _LIMITS))

_EXPIRED_HOLDS = db.holds.c.expires_at <= sa.bindparam("now")
_EXPIRED_CLAIMS = db.claims.c.expires_at <= sa.bindparam("now")
_DUE_RELEASES = ~db.releases.c.returned & (db.releases.c.returns_at <= sa.bindparam("now"))
_ANYTHING_DUE = sa.select(
    sa.exists().where(_EXPIRED_HOLDS) | sa.exists().where(_EXPIRED_CLAIMS) | sa.exists().where(_DUE_RELEASES)
)
# Before a hold: what is offered, whether time must be let pass, whether the caller ever gave a place up.
_LOOK = _OFFERED.add_columns(
    _ANYTHING_DUE.scalar_subquery().label("due"),
    (
        sa.exists().where(db.releases.c.kiosk == sa.bindparam("my_kiosk"))
        | sa.exists().where(db.releases.c.mediator == sa.bindparam("my_self"))
    ).label("gave_up"),
)
_SITE = (
    sa.select(
        db.services.c.id.label("service"), db.sites.c.source, _ANYTHING_DUE.scalar_subquery().label("due"), *_LIMITS
    )
    .select_from(sa.join(db.services, db.sites, sa.true()))
    .where(db.services.c.id == sa.bindparam("what"), db.sites.c.id == sa.bindparam("where"))
)
_FIRST = (
    sa.select(db.slots.c.id)
    .where(
        db.slots.c.service == sa.bindparam("what"),
        db.slots.c.site == sa.bindparam("where"),
        db.slots.c.date.between(sa.bindparam("first"), sa.bindparam("last")),
        db.slots.c.start_at > sa.bindparam("now"),
        db.slots.c.taken < db.slots.c.capacity,  # what the index holds
        FREE_TO_CALLER > 0,
    )
    .order_by(db.slots.c.date, db.slots.c.start_at)
    .limit(1)
)
_RETURN = (
    sa.update(db.releases).where(_DUE_RELEASES).values(returned=True).returning(db.releases.c.slot, db.releases.c.seats)
)
_END_HOLDS = sa.delete(db.holds).where(_EXPIRED_HOLDS).returning(db.holds)
_END_CLAIMS = sa.delete(db.claims).where(_EXPIRED_CLAIMS)
_END_CAPS = sa.delete(db.caps).where(db.caps.c.ends_at <= sa.bindparam("long_ago"))
_RELEASE = sa.insert(db.releases)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in which `subject` may take `cap` places."""

    scope: str
    subject: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    cap: int


@dataclass(frozen=True, slots=True)
class Left:
    """What a window still allows once places were taken."""

    window: Window
    left: int


def offered(transaction: Connection, slot: str) -> sa.RowMapping:
    """Return the slot with its site's source and its service's limits; raise Refused(not-found)."""
    return _found(transaction.execute(_OFFERED, {"wanted": slot}))


def _found(result: sa.CursorResult[Any]) -> sa.RowMapping:
    row = result.mappings().one_or_none()
    if row is None:
        raise Refused(ProblemName.NOT_FOUND, "no such slot")
    return row


def look(connection: Connection, caller: Caller, slot: str, now: dt.datetime) -> sa.RowMapping:
    """Return what `offered` does, with `due` (see is_due) and `gave_up`; raise Refused(not-found)."""
    asked = {"wanted": slot, "now": now, "my_kiosk": caller.kiosk, "my_self": caller.mediator}
    return _found(connection.execute(_LOOK, asked))


def look_at_site(connection: Connection, service: str, site: str, now: dt.datetime) -> sa.RowMapping:
    """Return the source of a site with the limits of a service, and `due` (see is_due); both are known to exist."""
    return connection.execute(_SITE, {"what": service, "where": site, "now": now}).mappings().one()


def limits_of(row: sa.RowMapping) -> Limits:
    """Return the limits in a row that was selected with them."""
    return Limits(**{name: row[name] for name in BOUNDS})


def is_bookable(row: sa.RowMapping, zone: ZoneInfo, now: dt.datetime) -> bool:
    """Return whether the slot lies ahead, and within the horizon on the site's calendar."""
    last = now.astimezone(zone).date() + dt.timedelta(days=row["horizon_days"])
    begins: dt.datetime = row["start_at"]
    day: dt.date = row["date"]
    return begins > now and day <= last


def take(transaction: Connection, caller: Caller, slot: sa.RowMapping, seats: int) -> int:
    """Take places of a slot that was looked at, return how many are left.

    Raise Refused(slot-taken) when the caller may not have so many.
    """
    asked = {"wanted": slot["id"], "seats": seats}
    if slot["gave_up"]:
        # Locked by a statement of its own: in PostgreSQL, the next one then sees what a sweep has just returned.
        transaction.execute(_LOCK, {"wanted": slot["id"]})
        asked |= {"my_kiosk": caller.kiosk, "my_self": caller.mediator}
        left = transaction.scalar(_TAKE_AS_RELEASER, asked)
    else:  # what was given up since the look is hidden for a minute at least
        left = transaction.scalar(_TAKE_AS_ANYBODY, asked)
    if left is None:
        raise Refused(ProblemName.SLOT_TAKEN)
    return int(left)


def take_first(
    transaction: Connection, caller: Caller, wanted: tuple[str, str], days: tuple[dt.date, dt.date], now: dt.datetime
) -> sa.RowMapping:
    """Take a place of the first slot of a service and site that has one for the caller in these days; return the slot.

    Raise Refused(no-place).
    """
    mine = {"my_kiosk": caller.kiosk, "my_self": caller.mediator}
    asked = mine | dict(zip(("what", "where", "first", "last"), wanted + days, strict=True)) | {"now": now}
    while first := transaction.scalar(_FIRST, asked):
        slot = look(transaction, caller, first, now)
        try:
            take(transaction, caller, slot, 1)
        except Refused:
            continue  # somebody was faster: in PostgreSQL, the next look sees it
        return slot
    raise Refused(ProblemName.NO_PLACE)


def give_up(
    transaction: Connection, chance: Chance, caller: Caller, slot: sa.RowMapping, seats: int, now: dt.datetime
) -> None:
    """Put places into hiding for a random time; the caller will not have them again."""
    transaction.execute(
        _RELEASE,
        {
            "id": chance.new_id(),
            "slot": slot["id"],
            "seats": seats,
            "kiosk": caller.kiosk,
            "mediator": caller.mediator,
            "released_at": now,
            "returns_at": _return_of(chance, limits_of(slot), slot["start_at"], now),
        },
    )


def _return_of(chance: Chance, limits: Limits, start: dt.datetime, now: dt.datetime) -> dt.datetime:
    least = 60 * limits.hidden_minutes_least
    most = max(least, 60 * limits.hidden_minutes_most)
    until_start = int((start - now).total_seconds())
    # A place given up the day before should still find somebody: it comes back before it is worth nothing.
    most = min(most, until_start) if until_start > least else most
    return now + dt.timedelta(seconds=chance.between(least, most))  # drawn to the second: nobody can wait for it


def windows(caller: Caller, limits: Limits, now: dt.datetime) -> list[Window]:
    """Return the windows of who acts: the clock hour for mediator and kiosk, the day of Paris for the mediator."""
    hour = _hour(now)
    day = _day(now, HOME)
    return [
        Window("mediator-hour", caller.mediator, hour, hour + HOUR, limits.mediator_hour),
        Window("mediator-day", caller.mediator, *day, limits.mediator_day),
        Window("kiosk-hour", caller.kiosk, hour, hour + HOUR, limits.kiosk_hour),
    ]


def rejections_window(caller: Caller, limits: Limits, now: dt.datetime) -> Window:
    """Return the window in which a mediator's refused numbers are counted: a register is not to be guessed from."""
    hour = _hour(now)
    return Window("rejections-hour", caller.mediator, hour, hour + HOUR, limits.rejections_hour)


def check_left(transaction: Connection, window: Window, now: dt.datetime) -> None:
    """Raise Refused: *-limit when the window allows nothing more."""
    if left(transaction, [window])[0].left == 0:
        raise _over(window, now)


def count(transaction: Connection, every: list[Window], seats: int, now: dt.datetime) -> list[Left]:
    """Count places in all windows at once, always in the same order; raise Refused: *-limit with the time to wait."""
    values: dict[str, object] = {"seats": seats}
    for n, window in enumerate(every):
        values |= {f"scope{n}": window.scope, f"subject{n}": window.subject, f"cap{n}": window.cap}
        values |= {f"starts{n}": window.starts_at, f"ends{n}": window.ends_at}
        if seats > window.cap:
            raise _over(window, now)
    counted = {row.scope: row.cap - row.used for row in transaction.execute(_COUNT[len(every)], values)}
    for window in every:
        if window.scope not in counted:
            raise _over(window, now)
    return [Left(window, counted[window.scope]) for window in every]


def left(transaction: Connection, every: list[Window]) -> list[Left]:
    """Return what windows still allow, without taking anything."""
    counted = []
    for window in every:
        key = {"of": window.scope, "whose": window.subject, "since": window.starts_at}
        used = transaction.scalar(_USED, key) or 0
        counted.append(Left(window, max(0, window.cap - used)))
    return counted


def strictest(transaction: Connection) -> Limits:
    """Return the least value of each limit over all services."""
    row = transaction.execute(_STRICTEST).mappings().one()
    return limits_of(row)


def site_window(site: str, zone: ZoneInfo, limits: Limits, now: dt.datetime) -> Window:
    """Return the window of a site: a day of its own calendar, 23 to 25 hours long."""
    return Window("site-day", site, *_day(now, zone), limits.site_day)


def _hour(now: dt.datetime) -> dt.datetime:
    return now.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def _day(now: dt.datetime, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    today = now.astimezone(zone).date()
    tomorrow = today + dt.timedelta(days=1)
    return dt.datetime.combine(today, dt.time(), zone), dt.datetime.combine(tomorrow, dt.time(), zone)


def _over(window: Window, now: dt.datetime) -> Refused:
    wait = max(1, int((window.ends_at - now).total_seconds()) + 1)
    headers = rate_headers([Left(window, 0)], now)
    return Refused(SCOPES[window.scope], f"{window.scope}: {window.cap}", retry_after_seconds=wait, headers=headers)


def rate_headers(every: Iterable[Left], now: dt.datetime) -> dict[str, str]:
    """Return what windows allow and what is left of them (draft-ietf-httpapi-ratelimit-headers-11); empty for none."""
    policies, limits = [], []
    for each in every:
        window = each.window
        seconds = int((window.ends_at - window.starts_at).total_seconds())
        policies.append(f'"{window.scope}";q={window.cap};w={seconds}')
        limits.append(f'"{window.scope}";r={each.left};t={math.ceil((window.ends_at - now).total_seconds())}')
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(limits)} if policies else {}


def is_due(transaction: Connection, now: dt.datetime) -> bool:
    """Return whether time has had an effect that is not written down yet."""
    return bool(transaction.scalar(_ANYTHING_DUE, {"now": now}))


def let_time_pass(storage: Storage, chance: Chance, now: dt.datetime) -> None:
    """Write down what time did, if it did anything, whatever becomes of the request at hand.

    Were it undone with a refused request, asking again would draw another time of return.
    """
    with storage.looking() as connection:
        due = is_due(connection, now)
    if due:
        storage.write(lambda transaction: sweep(transaction, chance, now))


def sweep(transaction: Connection, chance: Chance, now: dt.datetime) -> None:
    """Let time have its effect: expired holds go into hiding, hidden places return, claims that are over end."""
    if not is_due(transaction, now):
        return
    for hold in transaction.execute(_END_HOLDS, {"now": now}).mappings().all():
        caller = Caller(hold["mediator"], hold["kiosk"])
        give_up(transaction, chance, caller, offered(transaction, hold["slot"]), hold["seats"], hold["expires_at"])
    returned: Counter[str] = Counter()
    for slot, seats in transaction.execute(_RETURN, {"now": now}):
        returned[slot] += seats
    for slot in sorted(returned):  # always in the same order: two sweeps at once wait for each other, never in a ring
        transaction.execute(_GIVE_BACK, {"given": slot, "seats": returned[slot]})
    transaction.execute(_END_CLAIMS, {"now": now})
    transaction.execute(_END_CAPS, {"long_ago": now - CAPS_KEPT})
