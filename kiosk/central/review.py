"""What a person should look at: traces that resale of appointments leaves. A signal never refuses anything to anybody.

Computed from the ledger when it is asked for. Each signal has innocent explanations: a library's own phone number,
twins, a morning with a class. That is why it ends in a queue for somebody to read, and not in a rule.
"""

import datetime as dt
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.booking import french
from kiosk.central import tables as db
from kiosk.central.identity import edits
from kiosk.central.places import HOME

REVIEW_DAYS = 30  # long enough for a habit to show, short enough for people to remember what happened
REBOOK_MINUTES = 30  # who sells a place cancels it with the buyer on the phone; an honest cancel waits for nobody
MIN_PAIRS = 2  # once is chance: somebody gives up, and the next one in the queue is served
BURST_PLACES = 8  # two families of three and two persons: who takes more is not talking to anybody
BURST_MINUTES = 10  # a walk takes two minutes at least, with a person who answers
SHARED_PHONE_PERSONS = 4  # a phone serves a couple and a child; of four persons, somebody should ask
OUTLIER = 3.5  # the usual bound of a robust z-score (Iglewicz and Hoaglin)
MAD_TO_DEVIATION = 1.4826  # of a normal distribution
LEAST_MAD = 0.05  # where nearly nobody cancels the spread is 0, and one cancellation would be infinitely far
MIN_BOOKINGS = 10  # one cancellation of two says nothing
MIN_MEDIATORS = 5  # fewer are no peers
REJECTIONS = 5  # a day: numbers are mistyped now and then, and guessed in series
NEAR_EDITS = 2  # as many as a correction may change (`typo_edits`)
NEAR_HOURS = 24
HOLDS = 10  # a day: fewer are somebody who looks for the right hour
BOOKED_SHARE = 5  # at least one hold in so many becomes an appointment
REPORT_STRENGTH = 10.0  # somebody saw a sale: as much as any threshold passed tenfold

_HOUR = 3_600_000_000  # microseconds, as instants are stored
_HOURS = sa.type_coerce(db.events.c.at, sa.BigInteger) // sa.literal_column(str(_HOUR))  # the same text twice: grouped

_CHANNELS = {
    "shop": "dans une boutique",
    "online": "en ligne",
    "street": "dans la rue",
    "acquaintance": "par une connaissance",
    "other": "par un autre moyen",
}
_PAIRED = (db.bookings.c.reference, db.bookings.c.person_ref, db.bookings.c.service, db.bookings.c.slot)


class Kind(StrEnum):
    """What was noticed, as a supervisor reads it."""

    RESALE = "revente signalée"
    REBOOKED = "annulé puis repris"
    BURST = "rafale"
    SHARED_PHONE = "même téléphone"
    CANCELS = "annulations"
    REJECTED = "identités refusées"
    NEAR_NAMES = "noms presque identiques"
    UNUSED_HOLDS = "créneaux gardés pour rien"


@dataclass(frozen=True, slots=True)
class Signal:
    """Something to look at; `strength` is how many times over its threshold, to sort by.

    Neither `subject` nor `reason` holds a name, a birth date or a whole phone number.
    """

    kind: Kind
    subject: str
    reason: str
    strength: float


@dataclass(frozen=True, slots=True)
class _Role:
    """Who acts, as bookings and events name it."""

    word: str
    of_bookings: sa.Column[str]
    of_events: sa.Column[str]


_ROLES = (
    _Role("médiateur", db.bookings.c.mediator, db.events.c.mediator),
    _Role("poste", db.bookings.c.kiosk, db.events.c.chain),
)


def signals(transaction: Connection, now: dt.datetime) -> list[Signal]:
    """Return what stands out in the last REVIEW_DAYS, strongest first."""
    since = now - dt.timedelta(days=REVIEW_DAYS)
    found = [
        *_reports(transaction, since),
        *_rebooked(transaction, since),
        *_bursts(transaction, since),
        *_shared_phones(transaction, since),
        *_cancels(transaction, since),
        *_rejections(transaction, since),
        *_near_names(transaction, since, now),
        *_unused_holds(transaction, since),
    ]
    return sorted(found, key=lambda signal: (-signal.strength, signal.kind, signal.subject))


def _reports(transaction: Connection, since: dt.datetime) -> Iterator[Signal]:
    # Of what was told only what cannot name anybody: a note, a place or a made-up reference may.
    query = (
        sa.select(db.reports, db.bookings.c.reference.label("known"))
        .outerjoin(db.bookings, db.bookings.c.reference == db.reports.c.booking_reference)
        .where(db.reports.c.at >= since)
    )
    for row in transaction.execute(query):
        price = "" if row.price_euros is None else f", {row.price_euros}{french.NBSP}€"
        which = f", rendez-vous {row.known}" if row.known else ""
        reason = f"Vente signalée le {_day(row.at)} {_CHANNELS[row.channel]}{price}{which}."
        yield Signal(Kind.RESALE, f"signalement {row.reference}", reason, REPORT_STRENGTH)


def _rebooked(transaction: Connection, since: dt.datetime) -> Iterator[Signal]:
    told: set[tuple[str, str]] = set()
    for role in _ROLES:
        for subject, pairs in _pairs(transaction, role, since).items():
            # What a mediator did alone is not told again of the kiosk.
            if len(pairs) >= MIN_PAIRS and not told.issuperset(pairs):
                told.update(pairs)
                listed = ", ".join(f"{old} → {new}" for old, new in pairs)
                reason = f"{len(pairs)} rendez-vous annulés, puis repris aussitôt pour une autre personne : {listed}."
                yield Signal(Kind.REBOOKED, f"{role.word} {subject}", reason, len(pairs) / MIN_PAIRS)


def _pairs(transaction: Connection, role: _Role, since: dt.datetime) -> dict[str, list[tuple[str, str]]]:
    """Return, of each who cancelled a booking and then booked for another person, the references of both."""
    # Paired here: who books within minutes of what is no join that a database has an index for.
    booked: dict[tuple[str, str], list[sa.RowMapping]] = defaultdict(list)
    for row in transaction.execute(_bookings(role, since)).mappings():
        booked[row["who"], row["service"]].append(row)
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    used: set[str] = set()
    for old in transaction.execute(_cancellations(role, since)).mappings():
        mine = booked[old["who"], old["service"]]
        after = mine[bisect_right(mine, old["at"], key=itemgetter("at")) :]
        new = next((each for each in after if each["reference"] not in used and _replaces(each, old)), None)
        if new is not None:
            # Counts once: a morning's work after one cancellation is one pair.
            used.add(new["reference"])
            pairs[old["who"]].append((old["reference"], new["reference"]))
    return pairs


def _replaces(new: sa.RowMapping, old: sa.RowMapping) -> bool:
    if new["person_ref"] == old["person_ref"]:
        return False
    waited: dt.timedelta = new["at"] - old["at"]
    return waited <= dt.timedelta(minutes=REBOOK_MINUTES) or bool(new["slot"] == old["slot"])


def _bookings(role: _Role, since: dt.datetime) -> sa.Select[Any]:
    at = db.bookings.c.created_at
    return sa.select(role.of_bookings.label("who"), at.label("at"), *_PAIRED).where(at >= since).order_by(at)


def _cancellations(role: _Role, since: dt.datetime) -> sa.Select[Any]:
    at = db.events.c.at
    return (
        sa.select(role.of_events.label("who"), at.label("at"), *_PAIRED)
        .join(db.bookings, db.bookings.c.id == db.events.c.subject)
        .where(db.events.c.action == "cancel", at >= since)
        .order_by(at)
    )


def _bursts(transaction: Connection, since: dt.datetime) -> Iterator[Signal]:
    told: set[tuple[int, dt.datetime]] = set()
    for role in _ROLES:
        for subject, (places, at) in _largest_bursts(transaction, role, since).items():
            # A mediator alone at a kiosk is told once.
            if (places, at) not in told:
                told.add((places, at))
                reason = f"{places} places prises en {BURST_MINUTES} minutes, le {_day(at)} à {_hour(at)}."
                yield Signal(Kind.BURST, f"{role.word} {subject}", reason, places / BURST_PLACES)


def _largest_bursts(transaction: Connection, role: _Role, since: dt.datetime) -> dict[str, tuple[int, dt.datetime]]:
    # What was asked for over a day without a network arrives in one minute: it was no burst.
    at = sa.func.coalesce(db.bookings.c.asked_at, db.bookings.c.created_at)
    window = sa.func.count().over(
        partition_by=role.of_bookings,
        order_by=_number(at),
        range_=(-BURST_MINUTES * _HOUR // 60, 0),
    )
    columns = (role.of_bookings.label("subject"), at.label("at"), window.label("places"))
    windows = sa.select(*columns).where(db.bookings.c.created_at >= since).subquery()
    query = sa.select(windows).where(windows.c.places > BURST_PLACES).order_by(windows.c.places.desc(), windows.c.at)
    largest: dict[str, tuple[int, dt.datetime]] = {}
    for row in transaction.execute(query):
        largest.setdefault(row.subject, (row.places, row.at))
    return largest


def _shared_phones(transaction: Connection, since: dt.datetime) -> Iterator[Signal]:
    persons = sa.func.count(db.bookings.c.person_ref.distinct())
    shared = (
        sa.select(db.bookings.c.phone, persons.label("persons"))
        .where(db.bookings.c.created_at >= since, db.bookings.c.phone.is_not(None))
        .group_by(db.bookings.c.phone)
        .having(persons >= SHARED_PHONE_PERSONS)
        .subquery()
    )
    query = (
        sa.select(shared, db.bookings.c.reference)
        .join(db.bookings, db.bookings.c.phone == shared.c.phone)
        .where(db.bookings.c.created_at >= since)
        .order_by(db.bookings.c.created_at, db.bookings.c.reference)
    )
    references: dict[tuple[str, int], list[str]] = defaultdict(list)
    for row in transaction.execute(query):
        references[row.phone, row.persons].append(row.reference)
    for (phone, many), listed in references.items():
        reason = f"{many} personnes différentes sous ce numéro : {', '.join(listed)}."
        yield Signal(Kind.SHARED_PHONE, f"téléphone …{phone[-2:]}", reason, many / SHARED_PHONE_PERSONS)


def _cancels(transaction: Connection, since: dt.datetime) -> Iterator[Signal]:
    booked = _counted(transaction, db.bookings.c.mediator, db.bookings.c.created_at >= since)
    made = db.events.c.action == "cancel"
    cancelled = _counted(transaction, db.events.c.mediator, made & (db.events.c.at >= since))
    ratios = {who: cancelled.get(who, 0) / many for who, many in booked.items() if many >= MIN_BOOKINGS}
    if len(ratios) < MIN_MEDIATORS:
        return
    usual = median(ratios.values())
    spread = MAD_TO_DEVIATION * max(LEAST_MAD, median(abs(ratio - usual) for ratio in ratios.values()))
    for who, ratio in ratios.items():
        distance = (ratio - usual) / spread
        if distance > OUTLIER:
            reason = (
                f"{cancelled[who]} annulations pour {booked[who]} rendez-vous pris, soit {_percent(ratio)} ;"
                f" ses collègues sont autour de {_percent(usual)}."
            )
            yield Signal(Kind.CANCELS, f"médiateur {who}", reason, distance / OUTLIER)


def _counted(transaction: Connection, who: sa.Column[str], condition: sa.ColumnElement[bool]) -> dict[str, int]:
    query = sa.select(who, sa.func.count()).where(condition).group_by(who)
    return {row[0]: row[1] for row in transaction.execute(query)}


def _rejections(transaction: Connection, since: dt.datetime) -> Iterator[Signal]:
    who = db.events.c.mediator
    query = (
        sa.select(who, _HOURS, sa.func.count())
        .where(db.events.c.action == "reject", db.events.c.at >= since)
        .group_by(who, _HOURS)
    )
    for (mediator, day), [rejected] in _by_day(transaction.execute(query)).items():
        if rejected >= REJECTIONS:
            reason = f"{rejected} vérifications d'identité refusées le {french.day_and_month(day)}."
            yield Signal(Kind.REJECTED, f"médiateur {mediator}", reason, rejected / REJECTIONS)


def _unused_holds(transaction: Connection, since: dt.datetime) -> Iterator[Signal]:
    # Grouped, so that SQLite makes a table of it once and not a search for each hold.
    used = (
        sa.select(db.events.c.subject)
        .where(db.events.c.action == "book", db.events.c.at >= since)
        .group_by(db.events.c.subject)
        .subquery()
    )
    query = (
        sa.select(db.events.c.chain, _HOURS, sa.func.count(), sa.func.count(used.c.subject))
        .outerjoin(used, used.c.subject == db.events.c.subject)
        .where(db.events.c.action == "hold", db.events.c.at >= since)
        .group_by(db.events.c.chain, _HOURS)
    )
    for (kiosk, day), [held, booked] in _by_day(transaction.execute(query)).items():
        if held >= HOLDS and booked * BOOKED_SHARE < held:
            when = french.day_and_month(day)
            reason = (
                f"{held} créneaux gardés le {when}, dont {french.counted(booked, 'devenu', 'devenus')} rendez-vous."
            )
            yield Signal(Kind.UNUSED_HOLDS, f"poste {kiosk}", reason, held / HOLDS)


def _by_day(hourly: Iterable[Sequence[Any]]) -> dict[tuple[str, dt.date], list[int]]:
    """Add counts per hour up to days of Paris, which no database knows how to name the same way."""
    days: dict[tuple[str, dt.date], Counter[int]] = defaultdict(Counter)
    for who, hour, *counts in hourly:
        day = dt.datetime.fromtimestamp(hour * 3600, HOME).date()
        days[who, day].update(dict(enumerate(counts)))
    return {key: list(counted.values()) for key, counted in days.items()}


def _near_names(transaction: Connection, since: dt.datetime, now: dt.datetime) -> Iterator[Signal]:
    for group in _groups(_near_pairs(transaction, since, now)):
        reason = (
            f"{len(group)} personnes nées le même jour, au nom écrit presque pareil, pour la même démarche :"
            f" {NEAR_EDITS} lettres de différence au plus."
        )
        yield Signal(Kind.NEAR_NAMES, f"rendez-vous {', '.join(sorted(group.values()))}", reason, len(group) / 2)


def _near_pairs(
    transaction: Connection, since: dt.datetime, now: dt.datetime
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Yield pairs of persons, each with the reference of a booking."""
    old, new = db.bookings.alias("old"), db.bookings.alias("new")
    first = (old.c.created_at < new.c.created_at) | ((old.c.created_at == new.c.created_at) & (old.c.id < new.c.id))
    soon = _number(new.c.created_at) - _number(old.c.created_at) <= NEAR_HOURS * _HOUR
    length = sa.func.abs(sa.func.length(old.c.first_identity) - sa.func.length(new.c.first_identity))
    query = (
        sa.select(old.c.person_ref, old.c.reference, old.c.first_identity)
        .add_columns(new.c.person_ref, new.c.reference, new.c.first_identity)
        .join(new, (new.c.birth_date == old.c.birth_date) & (new.c.service == old.c.service))
        .where(new.c.created_at >= since, new.c.person_ref != old.c.person_ref, first)
        .where(soon | (_is_active(old, now) & _is_active(new, now)))
        .where(length <= NEAR_EDITS)
    )
    for old_ref, old_reference, old_name, new_ref, new_reference, new_name in transaction.execute(query):
        if edits(old_name, new_name) <= NEAR_EDITS:
            yield {old_ref: old_reference}, {new_ref: new_reference}


def _groups(pairs: Iterable[tuple[dict[str, str], dict[str, str]]]) -> list[dict[str, str]]:
    """Join pairs that share a person: five spellings are one thing to look at, not ten."""
    groups: list[dict[str, str]] = []
    for one, other in pairs:
        joined = one | other
        apart = []
        for group in groups:
            if group.keys().isdisjoint(joined):
                apart.append(group)
            else:
                joined = group | joined
        groups = [*apart, joined]
    return groups


def _is_active(bookings: sa.FromClause, now: dt.datetime) -> sa.ColumnElement[bool]:
    return (bookings.c.status == "booked") & (bookings.c.ends_at > now)


def _number(instant: sa.ColumnElement[dt.datetime]) -> sa.ColumnElement[int]:
    return sa.type_coerce(instant, sa.BigInteger)


def _percent(ratio: float) -> str:
    return f"{round(100 * ratio)}{french.NBSP}%"


def _day(at: dt.datetime) -> str:
    return french.day_and_month(at.astimezone(HOME).date())


def _hour(at: dt.datetime) -> str:
    return french.hour(at.astimezone(HOME).time())
