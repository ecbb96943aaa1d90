"""What only reads: availability, slots of a day, what became of an intent, searches. Expired holds do not count."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.booking.person import mrz
from kiosk.central import tables as db
from kiosk.central import wire
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Clock
from kiosk.central.refusal import Refused
from kiosk.central.rules import bookings_of, find_intent, is_demonstration
from kiosk.central.storage import Storage
from kiosk.tickets.reference import BadReferenceError, read_reference

DEFAULT_WINDOW_DAYS = 84
MAX_FOUND = 20


@dataclass(frozen=True, slots=True)
class Window:
    """The days asked for, both included; None means the site's own today, or what follows from it."""

    first: dt.date | None
    last: dt.date | None

    def at(self, today: dt.date) -> tuple[dt.date, dt.date]:
        """Return the days for a site whose calendar says `today`; raise Refused(invalid)."""
        first = self.first or today
        furthest = min(DEFAULT_WINDOW_DAYS, (dt.date.max - first).days)
        last = self.last or first + dt.timedelta(days=furthest)
        if not 0 <= (last - first).days <= contract.MAX_WINDOW_DAYS:
            raise Refused(
                ProblemName.INVALID, f"from must not be after to, nor more than {contract.MAX_WINDOW_DAYS} days before"
            )
        return first, last


@dataclass(frozen=True, slots=True)
class Reading:
    """The reads of the API."""

    storage: Storage
    catalogue: Catalogue
    clock: Clock

    def demonstration(self) -> bool:
        """Return whether the data are invented."""
        with self.storage.reading() as transaction:
            return is_demonstration(transaction)

    def availability(self, service_id: str, site_id: str | None, window: Window) -> contract.Availability:
        """Count free places per site and day; raise Refused: not-found, invalid."""
        self.catalogue.service(service_id)
        wanted = [self.catalogue.site(site_id)] if site_id else list(self.catalogue.sites.values())
        now = self.clock()
        todays = {site.time_zone: now.astimezone(self.catalogue.zone(site.id)).date() for site in wanted}
        windows = {zone: window.at(today) for zone, today in todays.items()}
        query = _free_per_day(service_id, now).where(
            db.slots.c.date.between(
                min(first for first, _ in windows.values()), max(last for _, last in windows.values())
            )
        )
        if site_id:
            query = query.where(db.slots.c.site == site_id)
        with self.storage.reading() as transaction:
            down = set(transaction.scalars(sa.select(db.sites.c.id).where(db.sites.c.source != "ok")))
            days: defaultdict[str, list[contract.DayCount]] = defaultdict(list)
            for site, date, free in transaction.execute(query):
                days[site].append(contract.DayCount(date=date, free=free))
        return contract.Availability(
            service=service_id,
            checked_at=now,
            sites=[_offer(site, days[site.id], windows[site.time_zone], known=site.id not in down) for site in wanted],
        )

    def slots(self, service_id: str, site_id: str, date: dt.date, party: int, cursor: str | None) -> contract.SlotPage:
        """List the free slots of one day of the site; raise Refused: not-found, invalid, source-unavailable."""
        self.catalogue.service(service_id)
        self.catalogue.site(site_id)
        now = self.clock()
        free = _free(now)
        after = max(now, _read_cursor(cursor)) if cursor else now
        query = (
            sa.select(db.slots, free.label("free"))
            .where(db.slots.c.service == service_id, db.slots.c.site == site_id, db.slots.c.date == date)
            .where(db.slots.c.start_at > after, free >= party)
            .order_by(db.slots.c.start_at)
            .limit(contract.PAGE_SIZE + 1)
        )
        with self.storage.reading() as transaction:
            source = transaction.scalar(sa.select(db.sites.c.source).where(db.sites.c.id == site_id))
            if source != "ok":
                raise Refused(ProblemName.SOURCE_UNAVAILABLE)
            rows = transaction.execute(query).mappings().all()
        page = [wire.slot(row, row["free"], self.catalogue) for row in rows[: contract.PAGE_SIZE]]
        more = len(rows) > contract.PAGE_SIZE
        return contract.SlotPage(slots=page, next_cursor=str(int(page[-1].start.timestamp())) if more else None)

    def by_key(self, kiosk: str, key: str) -> contract.Bookings:
        """Return what this kiosk's intent became; raise Refused(not-found) when it became nothing."""
        with self.storage.reading() as transaction:
            intent = find_intent(transaction, kiosk, key)
            if intent is None:
                raise Refused(ProblemName.NOT_FOUND, "nothing was booked under this key")
            return bookings_of(transaction, intent["hold"], self.catalogue)

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
        return contract.Bookings(bookings=[wire.booking(row, self.catalogue) for row in rows])


def _expired_seats(now: dt.datetime) -> sa.Subquery:
    # Not swept yet: the next write will; until then their seats count as free.
    return (
        sa.select(db.holds.c.slot, sa.func.sum(db.holds.c.seats).label("seats"))
        .where(db.holds.c.expires_at <= now)
        .group_by(db.holds.c.slot)
        .subquery()
    )


def _free_per_day(service_id: str, now: dt.datetime) -> sa.Select[str, dt.date, int]:
    expired = _expired_seats(now)
    free = sa.func.sum(db.slots.c.capacity - db.slots.c.taken + sa.func.coalesce(expired.c.seats, 0))
    return (
        sa.select(db.slots.c.site, db.slots.c.date, free)
        .outerjoin(expired, expired.c.slot == db.slots.c.id)
        .where(db.slots.c.service == service_id, db.slots.c.start_at > now)
        .group_by(db.slots.c.date, db.slots.c.site)
        .having(free > 0)
        .order_by(db.slots.c.date)
    )


def _free(now: dt.datetime) -> sa.ColumnElement[int]:
    expired = sa.select(sa.func.sum(db.holds.c.seats)).where(
        db.holds.c.slot == db.slots.c.id, db.holds.c.expires_at <= now
    )
    return db.slots.c.capacity - db.slots.c.taken + sa.func.coalesce(expired.scalar_subquery(), 0)


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
