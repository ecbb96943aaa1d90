"""What counters note, and what comes of it: who was let in, twice, or with an appointment that was gone by then.

Everything is computed from all notes of a site's day: the order in which they arrive changes nothing but what a counter
could be told at the time. An admission counts at its own site on its own day: somebody who was let in, and then moved
to next week, is let in again next week.
"""

import datetime as dt
from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Clock
from kiosk.central.counters import Counter
from kiosk.central.events import Act, record_counter
from kiosk.central.storage import Storage, take_turn
from kiosk.tickets.manifest import Admission

ADMITTED, WITHDRAWN = "admitted", "withdrawn"
# A counter whose clock is senseless delivers all the same: a note that nobody takes would block those behind it.
_FIRST, _LAST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(9000, 1, 1, tzinfo=dt.UTC)

_NOTES, _UNDOING = db.admissions, db.admissions.alias("undoing")
_IS_UNDONE = sa.exists().where(
    _UNDOING.c.counter == _NOTES.c.counter,
    _UNDOING.c.undoes == _NOTES.c.nonce,
    _UNDOING.c.outcome == WITHDRAWN,
)
_NOTED = sa.select(_NOTES, _IS_UNDONE.label("undone")).join(db.counters, db.counters.c.id == _NOTES.c.counter)
_AT_SITE = db.counters.c.site == sa.bindparam("site")
_ON_DAY = _NOTES.c.at.between(sa.bindparam("first"), sa.bindparam("last"))
_INSERT = sa.insert(_NOTES)


class Fault(StrEnum):
    """What an admission has against it, whoever else was let in."""

    UNKNOWN = "unknown"  # no appointment of this site has that code
    CANCELLED = "cancelled"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a site, on its own calendar."""

    site: str
    zone: ZoneInfo
    date: dt.date

    def bounds(self) -> dict[str, Any]:
        """Return its site and its first and last instant, as queries want them."""
        ends = (dt.datetime.combine(self.date, time, self.zone) for time in (dt.time.min, dt.time.max))
        return {"site": self.site, **dict(zip(("first", "last"), ends, strict=True))}


@dataclass(frozen=True, slots=True)
class Twice:
    """Somebody was let in with a ticket, and somebody before."""

    reference: str
    first: Admission
    again: Admission


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Somebody was let in although the appointment was gone by then, or never was."""

    reference: str  # empty: the counter named none
    admission: Admission
    fault: Fault


@dataclass(frozen=True, slots=True)
class DayReport:
    """What happened at all counters of a site on one day; each list in the order in which it happened."""

    day: Day
    persons: int  # let in, each counted once
    again: tuple[Twice, ...]
    doubtful: tuple[Doubtful, ...]
    withdrawn: int  # let in, and at once no more: the document was somebody else's, or the agent pressed Esc
    refused: Mapping[str, int]  # scans after which nobody was let in, by what the ticket was found to be


@dataclass(frozen=True, slots=True)
class _Past:
    """What became of an appointment."""

    cancelled_at: dt.datetime | None
    sites: frozenset[str]  # where it is, and was
    moves: tuple[tuple[int, dt.datetime], ...]  # the last revision with the slot that was left, and when

    def fault(self, note: sa.RowMapping, site: str) -> Fault | None:
        """Return what stands against an admission of that moment, with a ticket of that revision."""
        if site not in self.sites:
            return Fault.UNKNOWN
        if self.cancelled_at is not None and self.cancelled_at <= note["at"]:
            return Fault.CANCELLED
        shown: int | None = note["revision"]
        if shown is not None and any(shown <= last and left_at <= note["at"] for last, left_at in self.moves):
            return Fault.MOVED
        return None


_NOTHING = _Past(None, frozenset(), ())


@dataclass(frozen=True, slots=True)
class Admissions:
    """Notes taken in."""

    storage: Storage
    catalogue: Catalogue
    clock: Clock

    def deliver(self, counter: Counter, notes: contract.Notes) -> contract.Findings:
        """Keep what is new and say what comes of each note. The first note under a nonce stands, whatever follows."""

        def once(transaction: Connection) -> contract.Findings:
            take_turn(transaction, f"counter {counter.id}")
            self._keep(transaction, counter, notes.notes)
            findings = self._findings(transaction, counter, {note.nonce for note in notes.notes})
            return contract.Findings(findings=[findings[note.nonce] for note in notes.notes])

        return self.storage.write(once)

    def _keep(self, transaction: Connection, counter: Counter, notes: Iterable[contract.Note]) -> None:
        offered: dict[str, contract.Note] = {}
        for note in notes:
            offered.setdefault(note.nonce, note)
        known = sa.select(_NOTES.c.nonce).where(_NOTES.c.counter == counter.id, _NOTES.c.nonce.in_(offered))
        for nonce in transaction.scalars(known).all():
            del offered[nonce]
        if not offered:
            return
        now = self.clock()
        transaction.execute(_INSERT, [_row(counter, note, now) for note in offered.values()])
        told = [note.model_dump(mode="json", exclude_none=True) for note in offered.values()]
        record_counter(transaction, self.storage.person_key, counter.id, now, Act("admit", counter.id, {"notes": told}))

    def _findings(
        self, transaction: Connection, counter: Counter, nonces: Iterable[str]
    ) -> dict[str, contract.Finding]:
        delivered = (_NOTES.c.counter == counter.id) & _NOTES.c.nonce.in_(nonces)
        references = sa.select(_NOTES.c.reference).where(delivered)
        rows = transaction.execute(_NOTED.where(delivered)).mappings().all()
        same = _NOTED.where(_AT_SITE, _NOTES.c.outcome == ADMITTED, _NOTES.c.reference.in_(references))
        zone = self.catalogue.zone(counter.site)
        together = _by_person(transaction.execute(same, {"site": counter.site}).mappings(), zone)
        pasts = _pasts(transaction, references)
        return {row["nonce"]: _finding(row, counter.site, zone, together, pasts) for row in rows}


def report(transaction: Connection, day: Day) -> DayReport:
    """Return what all counters of the site noted on that day."""
    of_day = _AT_SITE & _ON_DAY
    rows = transaction.execute(_NOTED.where(of_day), day.bounds()).mappings().all()
    references = sa.select(_NOTES.c.reference).join(db.counters, db.counters.c.id == _NOTES.c.counter).where(of_day)
    pasts = _pasts(transaction, references, day.bounds())
    together = _by_person(rows, day.zone)
    standing = sorted((row for same in together.values() for row in same), key=_order)
    faults = ((row, _fault(row, day.site, pasts)) for row in standing)
    again = ((row, together[_person(row, day.zone)][0]) for row in standing)
    return DayReport(
        day,
        len(together),
        tuple(Twice(row["reference"], _seen(first), _seen(row)) for row, first in again if row is not first),
        tuple(Doubtful(row["reference"] or "", _seen(row), fault) for row, fault in faults if fault),
        sum(row["undone"] for row in rows if row["outcome"] == ADMITTED),
        dict(sorted(Tally(row["outcome"] for row in rows if row["outcome"] not in {ADMITTED, WITHDRAWN}).items())),
    )


def let_in(transaction: Connection, day: Day, reference: str | None = None) -> dict[str, Admission]:
    """Return who was let in first with each ticket on that day, by reference: with all of them, or with one."""
    query = _NOTED.where(_AT_SITE, _ON_DAY, _NOTES.c.outcome == ADMITTED, _NOTES.c.reference.is_not(None))
    if reference is not None:
        query = query.where(_NOTES.c.reference == reference)
    together = _by_person(transaction.execute(query, day.bounds()).mappings(), day.zone)
    return {same[0]["reference"]: _seen(same[0]) for same in together.values()}


def noted_since(moment: dt.datetime) -> sa.CompoundSelect[Any]:
    """Return the references of which notes came in from that moment on."""
    undone = (_UNDOING.c.counter == _NOTES.c.counter) & (_UNDOING.c.undoes == _NOTES.c.nonce)
    return sa.union(
        sa.select(_NOTES.c.reference).where(_NOTES.c.received_at >= moment),
        sa.select(_NOTES.c.reference).join(_UNDOING, undone).where(_UNDOING.c.received_at >= moment),
    )


def _row(counter: Counter, note: contract.Note, now: dt.datetime) -> dict[str, Any]:
    return {
        "counter": counter.id,
        "nonce": note.nonce,
        "at": min(max(note.at, _FIRST), _LAST),
        "outcome": str(note.outcome),
        "reference": note.reference,
        "revision": note.revision,
        "undoes": note.of,
        "received_at": now,
    }


def _finding(
    row: sa.RowMapping,
    site: str,
    zone: ZoneInfo,
    together: Mapping[tuple[str, ...], list[sa.RowMapping]],
    pasts: Mapping[str, _Past],
) -> contract.Finding:
    if row["outcome"] != ADMITTED or row["undone"]:
        return contract.Finding(nonce=row["nonce"], finding="kept")
    if (fault := _fault(row, site, pasts)) is not None:
        return contract.Finding(nonce=row["nonce"], finding=fault.value)
    for other in together[_person(row, zone)]:
        if _order(other) < _order(row) or other["counter"] != row["counter"]:
            first = contract.Admitted(at=other["at"].astimezone(zone), counter=other["counter"])
            return contract.Finding(nonce=row["nonce"], finding="again", first=first)
    return contract.Finding(nonce=row["nonce"], finding="kept")


def _by_person(rows: Iterable[sa.RowMapping], zone: ZoneInfo) -> dict[tuple[str, ...], list[sa.RowMapping]]:
    """Return the admissions that stand, earliest first, by day and ticket."""
    together: dict[tuple[str, ...], list[sa.RowMapping]] = defaultdict(list)
    for row in rows:
        if row["outcome"] == ADMITTED and not row["undone"]:
            together[_person(row, zone)].append(row)
    for same in together.values():
        same.sort(key=_order)
    return together


def _person(row: sa.RowMapping, zone: ZoneInfo) -> tuple[str, ...]:
    date = row["at"].astimezone(zone).date().isoformat()
    return (date, row["reference"]) if row["reference"] else (date, row["counter"], row["nonce"])


def _order(row: sa.RowMapping) -> tuple[dt.datetime, str, str]:
    # Two at the same instant: always the same one is the first, whichever was delivered first.
    return row["at"], row["counter"], row["nonce"]


def _seen(row: sa.RowMapping) -> Admission:
    return Admission(row["at"], row["counter"])


def _fault(row: sa.RowMapping, site: str, pasts: Mapping[str, _Past]) -> Fault | None:
    return pasts.get(row["reference"], _NOTHING).fault(row, site)


def _pasts(
    transaction: Connection, references: sa.Select[Any], asked: Mapping[str, Any] | None = None
) -> dict[str, _Past]:
    stand = sa.select(db.bookings.c.reference, db.bookings.c.cancelled_at, db.slots.c.site)
    stand = stand.join(db.slots, db.slots.c.id == db.bookings.c.slot).where(db.bookings.c.reference.in_(references))
    left = sa.select(db.bookings.c.reference, db.former_slots, db.slots.c.site)
    left = left.join(db.former_slots, db.former_slots.c.booking == db.bookings.c.id)
    left = left.join(db.slots, db.slots.c.id == db.former_slots.c.slot).where(db.bookings.c.reference.in_(references))
    former: dict[str, list[sa.RowMapping]] = defaultdict(list)
    for row in transaction.execute(left, asked).mappings():
        former[row["reference"]].append(row)
    return {
        row["reference"]: _Past(
            row["cancelled_at"],
            frozenset({row["site"], *(each["site"] for each in former[row["reference"]])}),
            tuple((each["revision"], each["left_at"]) for each in former[row["reference"]]),
        )
        for row in transaction.execute(stand, asked).mappings()
    }
