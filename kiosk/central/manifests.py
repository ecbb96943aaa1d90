"""The signed list of a site's day, for its counters: which appointments stand there, and which do no more."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.admissions import Day, let_in, noted_since
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Clock
from kiosk.central.counters import Counter
from kiosk.central.issuer import Issuer
from kiosk.central.refusal import Refused
from kiosk.central.storage import Storage
from kiosk.tickets import manifest
from kiosk.tickets.identity import quarter_of
from kiosk.tickets.manifest import Manifest

OVERLAP = dt.timedelta(minutes=2)  # what was on its way to the database when the list before was made comes with this
_FIRST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LISTED = ("booked", "cancelled")

_OF_DAY = (db.slots.c.site == sa.bindparam("site")) & (db.slots.c.date == sa.bindparam("date"))
_IS = sa.select(db.bookings.c.id).join(db.slots, db.slots.c.id == db.bookings.c.slot).where(_OF_DAY)
_WAS = sa.select(db.former_slots.c.booking).join(db.slots, db.slots.c.id == db.former_slots.c.slot).where(_OF_DAY)
ENTRY = sa.select(db.bookings, db.slots.c.site, db.slots.c.start_at, db.slots.c.minutes, db.slots.c.date).join(
    db.slots, db.slots.c.id == db.bookings.c.slot
)
_ENTRIES = ENTRY.where(db.bookings.c.id.in_(sa.union(_IS, _WAS)), db.bookings.c.status.in_(_LISTED)).order_by(
    db.bookings.c.reference
)


@dataclass(frozen=True, slots=True)
class Manifests:
    """Lists made and signed."""

    storage: Storage
    catalogue: Catalogue
    issuer: Issuer
    clock: Clock

    def signed(self, counter: Counter, site: str, date: dt.date, since: dt.datetime | None) -> bytes:
        """Return the day, or what changed in it since OVERLAP before `since`; signed, see kiosk.tickets.manifest.

        Raise Refused(not-found) for any site but the counter's own: the keys of the identity tags stay at home.
        """
        if site != counter.site:
            raise Refused(ProblemName.NOT_FOUND, "a counter has the list of its own site only")
        day = Day(site, self.catalogue.zone(site), date)
        now = self.clock()
        start = None if since is None else max(since, _FIRST + OVERLAP) - OVERLAP
        query = _ENTRIES if start is None else _ENTRIES.where(_changed(start))
        with self.storage.reading() as transaction:
            rows = transaction.execute(query, {"site": site, "date": date}).mappings().all()
            seen = let_in(transaction, day)
            signer = self.issuer.signer(transaction, now)
        entries = {row["reference"]: self.issuer.entry_of(row, seen.get(row["reference"])) for row in rows}
        listed = Manifest(site, day.zone.key, date, now, start, self._tag_keys(day, rows), entries)
        return manifest.write(listed, signer)

    def _tag_keys(self, day: Day, rows: Iterable[sa.RowMapping]) -> dict[str, bytes]:
        starts = [row["start_at"] for row in rows if row["site"] == day.site]
        if dt.date.min < day.date < dt.date.max:
            # Of the day itself, too: a ticket made after the list is checked with it.
            starts += [end for end in day.bounds().values() if isinstance(end, dt.datetime)]
        return {quarter: self.issuer.tag_key(day.site, quarter) for quarter in sorted(map(quarter_of, starts))}


def _changed(start: dt.datetime) -> sa.ColumnElement[Any]:
    return (db.bookings.c.changed_at >= start) | db.bookings.c.reference.in_(noted_since(start))
