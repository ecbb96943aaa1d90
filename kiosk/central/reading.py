"""What only reads: availability, slots of a day, what became of an intent, searches. As one caller may see it.

Each answer costs the same however many slots there are: an index of slots with a place is asked for the first of each
site, or for one site.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.booking.person import mrz
from kiosk.central import intents, places, wire
from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Chance, Clock
from kiosk.central.events import Caller
from kiosk.central.issuer import Issuer
from kiosk.central.places import FREE_TO_CALLER
from kiosk.central.refusal import Refused
from kiosk.central.storage import Storage
from kiosk.tickets.reference import BadReferenceError, read_reference

MAX_FOUND = 20

Action = Literal["hold", "book", "application", "move", "cancel", "correct", "attempt", "report"]


@dataclass(frozen=True, slots=True)
class Queries:
    """What is asked of the slots, once it is settled how many places of a slot are free to who asks."""

    every_site: sa.Select[str, dt.date, int]
    one_site: sa.Select[str, dt.date, int]
    of_a_day: sa.Select[Any]


def _queries(free: sa.ColumnElement[int]) -> Queries:
    # "taken < capacity" is what the index holds.
    wanted = (
        (db.slots.c.service == sa.bindparam("what"))
        & (db.slots.c.start_at > sa.bindparam("after"))
        & (db.slots.c.taken < db.slots.c.capacity)
        & (sa.bindparam("party", type_=sa.Integer) <= free)
    )
    in_window = db.slots.c.date.between(sa.bindparam("first"), sa.bindparam("last"))
    at_site = db.slots.c.site == sa.bindparam("where")
    first_day = (
        sa.select(db.slots.c.date)
        .where(wanted, in_window, db.slots.c.site == db.sites.c.id)
        .order_by(db.slots.c.date, db.slots.c.start_at)
        .limit(1)
        .correlate(db.sites)
        .scalar_subquery()
    )
    # Materialized, or the first day would be looked for again wherever it is named.
    first = sa.select(db.sites.c.id.label("site"), first_day.label("date")).cte().prefix_with("MATERIALIZED")
    on_that_day = (
        sa.select(sa.func.sum(free))
        .where(wanted, db.slots.c.site == first.c.site, db.slots.c.date == first.c.date)
        .correlate(first)
        .scalar_subquery()
    )
    return Queries(
        every_site=sa.select(first.c.site, first.c.date, on_that_day.label("free")).where(first.c.date.is_not(None)),
        one_site=sa.select(db.slots.c.site, db.slots.c.date, sa.func.sum(free).label("free"))
        .where(wanted, in_window, at_site)
        .group_by(db.slots.c.site, db.slots.c.date)
        .order_by(db.slots.c.date),
        of_a_day=sa.select(db.slots, free.label("free"))
        .where(wanted, at_site, db.slots.c.date == sa.bindparam("day"))
        .order_by(db.slots.c.start_at)
        .limit(contract.PAGE_SIZE + 1),
    )


# Hardly anybody gave a place up: who did not is spared the look at releases for each slot.
_FOR_ANYBODY = _queries(db.slots.c.capacity - db.slots.c.taken)
_FOR_A_RELEASER = _queries(FREE_TO_CALLER)
_GAVE_UP = sa.select(
    sa.exists().where(db.releases.c.kiosk == sa.bindparam("my_kiosk"))
    | sa.exists().where(db.releases.c.mediator == sa.bindparam("my_self"))
)
_STANDING = (
    sa.select(db.slots, db.holds.c.expires_at)
    .join(db.holds, db.holds.c.slot == db.slots.c.id)
    .where(db.holds.c.id == sa.bindparam("which"), db.holds.c.expires_at > sa.bindparam("now"))
)
_DOWN = sa.select(db.sites.c.id).where(db.sites.c.source != "ok")
_HORIZON = sa.select(db.services.c.horizon_days).where(db.services.c.id == sa.bindparam("what"))
_DEMONSTRATION = sa.select(sa.exists().where(db.facts.c.name == "demonstration"))


@dataclass(frozen=True, slots=True)
class Window:
    """The days asked for, both included; None means the site's own today, or the last day that can be booked."""

    first: dt.date | None
    last: dt.date | None

    def at(self, today: dt.date, horizon_days: int) -> tuple[dt.date, dt.date]:
        """Return the days for a site whose calendar says `today`; raise Refused(invalid)."""
        first, furthest = self.first or today, today + dt.timedelta(days=horizon_days)
        if self.last and not 0 <= (self.last - first).days <= contract.MAX_WINDOW_DAYS:
            raise Refused(
                ProblemName.INVALID, f"from must not be after to, nor more than {contract.MAX_WINDOW_DAYS} days before"
            )
        return first, min(self.last or furthest, furthest)


@dataclass(frozen=True, slots=True)
class Reading:
    """The reads of the API."""

    storage: Storage
    catalogue: Catalogue
    issuer: Issuer
    clock: Clock
    chance: Chance

    def demonstration(self) -> bool:
        """Return whether the data are invented."""
        with self.storage.looking() as connection:
            return bool(connection.scalar(_DEMONSTRATION))

    def availability(
        self, caller: Caller, service_id: str, site_id: str | None, window: Window
    ) -> contract.Availability:
        """Count free places: every day of one site, or the first day of each; raise Refused: not-found, invalid."""
        self.catalogue.service(service_id)
        wanted = [self.catalogue.site(site_id)] if site_id else list(self.catalogue.sites.values())
        with self._after_time_passed() as transaction:
            offers = self.offers(transaction, caller, service_id, wanted, window)
        return contract.Availability(service=service_id, checked_at=self.clock(), sites=offers)

    def offers(
        self,
        transaction: Connection,
        caller: Caller,
        service_id: str,
        wanted: list[contract.Site],
        window: Window,
    ) -> list[contract.SiteAvailability]:
        """Return what each of these sites offers to the caller, in their order; raise Refused(invalid)."""
        now = self.clock()
        windows = self._windows(transaction, service_id, wanted, window, now)
        queries, mine = _asking(transaction, caller)
        asked = mine | {
            "what": service_id,
            "after": now,
            "party": 1,
            "first": min(first for first, _ in windows.values()),
            "last": max(last for _, last in windows.values()),
        }
        alone = len(wanted) == 1
        query = queries.one_site if alone else queries.every_site
        rows = transaction.execute(query, asked | ({"where": wanted[0].id} if alone else {}))
        days: dict[str, list[contract.DayCount]] = {}
        for site, date, free in rows:
            days.setdefault(site, []).append(contract.DayCount(date=date, free=free))
        down = set(transaction.scalars(_DOWN))
        return [
            _offer(site, days.get(site.id, ()), windows[site.time_zone], known=site.id not in down) for site in wanted
        ]

    def slots(
        self, caller: Caller, service_id: str, site_id: str, date: dt.date, party: int, cursor: str | None
    ) -> contract.SlotPage:
        """List the free slots of one day of the site; raise Refused: not-found, invalid, source-unavailable."""
        self.catalogue.service(service_id)
        self.catalogue.site(site_id)
        now = self.clock()
        asked = {
            "what": service_id,
            "where": site_id,
            "day": date,
            "party": party,
            "after": max(now, _read_cursor(cursor)) if cursor else now,
        }
        with self._after_time_passed() as transaction:
            if site_id in set(transaction.scalars(_DOWN)):
                raise Refused(ProblemName.SOURCE_UNAVAILABLE)
            horizon = self.horizon_days(transaction, service_id)
            last = now.astimezone(self.catalogue.zone(site_id)).date() + dt.timedelta(days=horizon)
            queries, mine = _asking(transaction, caller)
            rows = transaction.execute(queries.of_a_day, asked | mine).mappings().all() if date <= last else []
        page = [wire.slot(row, row["free"], self.catalogue) for row in rows[: contract.PAGE_SIZE]]
        more = len(rows) > contract.PAGE_SIZE
        return contract.SlotPage(slots=page, next_cursor=str(int(page[-1].start.timestamp())) if more else None)

    def let_time_pass(self) -> None:
        """Write down what time did, if it did anything: a place whose hiding is over must be seen."""
        places.let_time_pass(self.storage, self.chance, self.clock())

    @contextmanager
    def _after_time_passed(self) -> Iterator[Connection]:
        # Seldom is anything due: the look that tells so is the first of the view that it is wanted for.
        with self.storage.reading() as transaction:
            if not places.is_due(transaction, self.clock()):
                yield transaction
                return
        self.let_time_pass()
        with self.storage.reading() as transaction:
            yield transaction

    def horizon_days(self, transaction: Connection, service_id: str) -> int:
        """Return how far ahead the service can be booked."""
        days: int = transaction.execute(_HORIZON, {"what": service_id}).scalar_one()
        return days

    def by_key(self, kiosk: str, key: str) -> contract.Outcome:
        """Return what this kiosk's intent came to; raise Refused(not-found) when nothing was decided under the key."""
        with self.storage.reading() as transaction:
            intent = intents.find(transaction, kiosk, key)
            if intent is None:
                raise Refused(ProblemName.NOT_FOUND, "nothing was decided under this key")
            refused = intents.refusal_in(intent)
            if refused is not None:
                return contract.Outcome(action=intent["action"], refusal=refused.described())
            return self._outcome(transaction, intent["action"], intent["subject"])

    def _outcome(self, transaction: Connection, action: Action, subject: str) -> contract.Outcome:
        match action:
            case "book" | "application":
                booked = wire.bookings_of_hold(transaction, subject, self.catalogue, self.issuer)
                return contract.Outcome(action=action, bookings=booked.bookings)
            case "hold":
                return contract.Outcome(action=action, hold=self._standing(transaction, subject))
            case "attempt":
                kept = transaction.scalar(sa.select(db.attempts.c.answer).where(db.attempts.c.id == subject))
                return contract.Outcome(action=action, attempt=contract.Attempt.model_validate_json(kept or ""))
            case "report":
                told = sa.select(db.reports.c.reference, db.reports.c.at).where(db.reports.c.id == subject)
                report = transaction.execute(told).one()
                return contract.Outcome(action=action, report=contract.Report(reference=report.reference, at=report.at))
        booking = wire.one_booking(transaction, subject, self.catalogue, self.issuer)
        return contract.Outcome(action=action, bookings=[booking])

    def _standing(self, transaction: Connection, hold_id: str) -> contract.Hold | None:
        row = transaction.execute(_STANDING, {"which": hold_id, "now": self.clock()}).mappings().one_or_none()
        if row is None:
            return None
        zone = self.catalogue.zone(row["site"])
        slot = wire.slot(row, row["capacity"] - row["taken"], self.catalogue)
        return contract.Hold(id=hold_id, slot=slot, expires_at=row["expires_at"].astimezone(zone))

    def search(self, wanted: contract.ByReference | contract.ByName) -> contract.Bookings:
        """Return a person's appointments, to come and past, latest first; raise Refused(invalid) for a misread code."""
        matches = _by_name(wanted) if isinstance(wanted, contract.ByName) else _by_reference(wanted)
        query = (
            wire.BOOKING.where(db.bookings.c.birth_date == wanted.birth_date, matches)
            .order_by(db.slots.c.start_at.desc(), db.bookings.c.position)
            .limit(MAX_FOUND)
        )
        with self.storage.reading() as transaction:
            rows = transaction.execute(query).mappings().all()
            found = [wire.booking(transaction, row, self.catalogue, self.issuer) for row in rows]
        return contract.Bookings(bookings=found)

    def ticket_keys(self) -> bytes:
        """Return the list of ticket keys, as the root signed it."""
        with self.storage.looking() as connection:
            return self.issuer.published(connection)

    def _windows(
        self,
        transaction: Connection,
        service_id: str,
        wanted: Iterable[contract.Site],
        window: Window,
        now: dt.datetime,
    ) -> dict[str, tuple[dt.date, dt.date]]:
        horizon = self.horizon_days(transaction, service_id)
        todays = {site.time_zone: now.astimezone(self.catalogue.zone(site.id)).date() for site in wanted}
        return {zone: window.at(today, horizon) for zone, today in todays.items()}


def _asking(transaction: Connection, caller: Caller) -> tuple[Queries, dict[str, object]]:
    mine: dict[str, object] = {"my_kiosk": caller.kiosk, "my_self": caller.mediator}
    return (_FOR_A_RELEASER, mine) if transaction.scalar(_GAVE_UP, mine) else (_FOR_ANYBODY, {})


def _offer(
    site: contract.Site, days: Iterable[contract.DayCount], window: tuple[dt.date, dt.date], *, known: bool
) -> contract.SiteAvailability:
    if not known:
        return contract.SiteAvailability(site=site.id, source="unavailable", days=[], next_free=None)
    first, last = window
    inside = [day for day in days if first <= day.date <= last]
    next_free = inside[0].date if inside else None
    return contract.SiteAvailability(site=site.id, source="ok", days=inside, next_free=next_free)


def _read_cursor(cursor: str) -> dt.datetime:
    # The cursor is the start of the last slot seen, in seconds since 1970: starts are unique in a day's list.
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 11:
        raise Refused(ProblemName.INVALID, "cursor is not one of ours")
    return dt.datetime.fromtimestamp(int(cursor), dt.UTC)


def _by_name(wanted: contract.ByName) -> sa.ColumnElement[bool]:
    name = mrz(wanted.surname)
    whole = db.bookings.c.mrz_surname == name
    if len(name.replace("<", "")) < contract.MIN_SURNAME_PREFIX:
        return whole
    return whole | db.bookings.c.mrz_surname.startswith(name, autoescape=True)


def _by_reference(wanted: contract.ByReference) -> sa.ColumnElement[bool]:
    try:
        return db.bookings.c.reference == read_reference(wanted.reference)
    except BadReferenceError:
        raise Refused(ProblemName.INVALID, "reference: its check character does not fit") from None
