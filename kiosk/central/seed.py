"""The demonstration: invented slots, scarce as in life, a mediator, a kiosk, counters, two persons known from before.

What a site offers for a service on a day depends on those three only, through a hash: the same day always gives the
same slots, whenever it is seeded.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.booking.person import BirthDate, Person, mrz
from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue
from kiosk.central.counters import Counter, row_of
from kiosk.central.events import Act, record_command
from kiosk.central.holidays import is_open
from kiosk.central.identity import person_ref
from kiosk.central.signing_in import SALT_BYTES, hash_code
from kiosk.tickets.reference import RANDOM_BITS, make_reference

MEDIATOR = "demo"
CODE = "000000"
KIOSK = "demo"
COUNTER = "accueil-{}"  # of a site
COUNTER_TOKEN = "demonstration-counter-{}"  # noqa: S105 (public, as CODE is: what it opens is invented)
HORIZON_DAYS = 84

# The kiosk stands in Seine-Saint-Denis: its three sites show the three cases that a mediator must tell apart.
ALWAYS_FREE = "pref-93"  # Bobigny
NEVER_FREE = "sp-932"  # Le Raincy
SOURCE_DOWN = "sp-933"  # Saint-Denis

SCARCEST = frozenset({"sejour-premiere", "naturalisation"})
_DOWN = 0.06  # share of sites whose source does not answer
_NOTHING = {False: 0.35, True: 0.55}  # share of sites without any slot for a service; True: the scarcest services
_OPEN_DAYS = {False: 0.13, True: 0.05}  # share of the other sites' days with slots
_MAX_STARTS = 4  # on one day
_MAX_CAPACITY = 3
_ALWAYS_FREE_WEEKDAYS = 2
_HOURS = (((9, 0), (12, 0)), ((13, 30), (16, 0)))

_KNOWN = (
    (Person("DIALLO", "Mariam", BirthDate(1990, 2, 3)), "sejour-renouvellement"),
    (Person("KONE", "Awa", BirthDate(1987)), "sejour-remise"),
)
_KNOWN_SINCE_DAYS = 350

# Invented numbers for invented people: what the embedded registers know.
_FOREIGNERS = (
    ("9900000001", "DIALLO", "1990-02-03"),
    ("9900000002", "KONE", "1987"),
    ("9900000003", "DURAND", "1985-05-05"),
    ("9900000004", "NGUYEN", "1979-11-30"),
)
_PRE_APPLICATIONS = (
    ("AAAAAAAAA1", "validated"),
    ("AAAAAAAAA2", "validated"),
    ("AAAAAAAAA3", "consumed"),
    ("AAAAAAAAA4", "expired"),
    ("AAAAAAAAA5", "declared"),
)


class HoldsRealData(Exception):  # noqa: N818 (it says so)
    """Somebody works with this database: a mediator whose code is public must not get in."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One invented slot, on the site's wall clock."""

    site: str
    service: str
    date: dt.date
    time: dt.time
    capacity: int


def seed_demo(transaction: Connection, catalogue: Catalogue, now: dt.datetime, person_key: bytes) -> None:
    """Fill an empty database, or add what came since: days into view, registers, counters; raise HoldsRealData."""
    if transaction.scalar(sa.select(db.facts.c.name).where(db.facts.c.name == "demonstration")) is None:
        if transaction.scalar(sa.select(db.mediators.c.id).limit(1)) is not None:
            raise HoldsRealData("this database is in use and not a demonstration; it was left as it is")
        _insert_people(transaction)
        _mark_sources(transaction, catalogue)
        _insert_known_persons(transaction, catalogue, now, person_key)
        transaction.execute(sa.insert(db.facts).values(name="demonstration"))
    if transaction.scalar(sa.select(db.foreigners.c.number).limit(1)) is None:
        _insert_registers(transaction, person_key)
    if transaction.scalar(sa.select(db.counters.c.id).limit(1)) is None:
        rows = [
            row_of(Counter(COUNTER.format(site), site), COUNTER_TOKEN.format(site), now) for site in catalogue.sites
        ]
        transaction.execute(sa.insert(db.counters), rows)
    seeded = set(transaction.scalars(sa.select(db.seeded_days.c.date)))
    # One day more on each side covers every zone's today.
    horizon = (now.date() + dt.timedelta(days=ahead) for ahead in range(-1, HORIZON_DAYS + 2))
    days = [day for day in horizon if day not in seeded]
    if days:
        rows = [_slot_row(opening, catalogue) for opening in openings(catalogue, days)]
        transaction.execute(sa.insert(db.seeded_days), [{"date": day} for day in days])
        if rows:
            transaction.execute(sa.insert(db.slots), rows)


def openings(catalogue: Catalogue, days: list[dt.date]) -> Iterator[Opening]:
    """Invent what every site offers on those days."""
    open_days = [day for day in days if is_open(day)]
    for site in catalogue.sites:
        for service in catalogue.services.values():
            if _offers_something(site, service.id):
                for day in open_days:
                    yield from _openings_of_day(site, service, day)


def is_down(site: str) -> bool:
    """Return whether the demonstration shows the site as not answering."""
    return site == SOURCE_DOWN or (site not in {ALWAYS_FREE, NEVER_FREE} and _share("down", site) < _DOWN)


def _offers_something(site: str, service: str) -> bool:
    if site in {ALWAYS_FREE, NEVER_FREE}:
        return site == ALWAYS_FREE
    return _share("offers", site, service) >= _NOTHING[service in SCARCEST]


def _openings_of_day(site: str, service: contract.Service, day: dt.date) -> Iterator[Opening]:
    bits = _hash("day", site, service.id, day.isoformat())
    if bits[0] / 256 >= _OPEN_DAYS[service.id in SCARCEST] and not _is_always_free(site, service.id, day):
        return
    starts = _starts(service.minutes)
    chosen = {starts[byte % len(starts)] for byte in bits[2 : 3 + bits[1] % _MAX_STARTS]}
    for time in sorted(chosen):
        capacity = 1 + bits[8 + starts.index(time) % 8] % _MAX_CAPACITY
        yield Opening(site, service.id, day, time, capacity)


def _is_always_free(site: str, service: str, day: dt.date) -> bool:
    if site != ALWAYS_FREE:
        return False
    first = _hash("weekdays", service)[0] % (5 - _ALWAYS_FREE_WEEKDAYS + 1)
    return first <= day.weekday() < first + _ALWAYS_FREE_WEEKDAYS


def _starts(minutes: int) -> list[dt.time]:
    starts = []
    for opening, closing in _HOURS:
        first, last = opening[0] * 60 + opening[1], closing[0] * 60 + closing[1] - minutes
        starts += [dt.time(minute // 60, minute % 60) for minute in range(first, last + 1, minutes)]
    return starts


def _slot_row(opening: Opening, catalogue: Catalogue) -> dict[str, Any]:
    start = dt.datetime.combine(opening.date, opening.time, catalogue.zone(opening.site))
    return {
        "id": "s-" + _hash("slot", opening.site, opening.service, start.isoformat())[:10].hex(),
        "service": opening.service,
        "site": opening.site,
        "date": opening.date,
        "start_at": start,
        "minutes": catalogue.services[opening.service].minutes,
        "capacity": opening.capacity,
        "taken": 0,
    }


def _insert_people(transaction: Connection) -> None:
    salt = _hash("salt", MEDIATOR)[:SALT_BYTES]
    transaction.execute(
        sa.insert(db.mediators).values(id=MEDIATOR, name="Camille", code_salt=salt, code_hash=hash_code(CODE, salt))
    )
    transaction.execute(
        sa.insert(db.kiosks).values(id=KIOSK, name="Poste d'essai", department="93", region="Île-de-France")
    )


def _insert_registers(transaction: Connection, person_key: bytes) -> None:
    for table, rows in ((db.foreigners, _FOREIGNERS), (db.pre_applications, _PRE_APPLICATIONS)):
        transaction.execute(sa.insert(table), [dict(zip(table.c.keys(), row, strict=True)) for row in rows])
    known = [
        {"person_ref": person_ref(person_key, _identity(person)), "kind": "agdref", "value": _FOREIGNERS[number][0]}
        for number, (person, _) in enumerate(_KNOWN)
    ]
    transaction.execute(sa.insert(db.known_identifiers), known)


def _identity(person: Person) -> str:
    return f"{person.mrz_name()}/{person.birth_date.iso()}"


def _mark_sources(transaction: Connection, catalogue: Catalogue) -> None:
    down = [site for site in catalogue.sites if is_down(site)]
    transaction.execute(sa.update(db.sites).where(db.sites.c.id.in_(down)).values(source="unavailable"))


def _insert_known_persons(transaction: Connection, catalogue: Catalogue, now: dt.datetime, person_key: bytes) -> None:
    date = now.date() - dt.timedelta(days=_KNOWN_SINCE_DAYS)
    while not is_open(date):
        date -= dt.timedelta(days=1)
    for number, (person, service) in enumerate(_KNOWN):
        identity = _identity(person)
        ref = person_ref(person_key, identity)
        slot = _slot_row(Opening(ALWAYS_FREE, service, date, dt.time(9), capacity=1), catalogue) | {"taken": 1}
        hold = f"demonstration-{number}"
        transaction.execute(sa.insert(db.slots).values(slot))
        booking = _past_booking(person, slot, hold, identity, ref)
        transaction.execute(sa.insert(db.bookings).values(booking))
        act = Act("book", hold, {"slot": slot["id"], "bookings": [booking["id"]]})
        record_command(transaction, person_key, now, act)


def _past_booking(person: Person, slot: dict[str, Any], hold: str, identity: str, ref: str) -> dict[str, Any]:
    bits = _hash("past", person.mrz_name())
    start: dt.datetime = slot["start_at"]
    return {
        "id": f"demonstration-{bits[:8].hex()}",
        "reference": make_reference(int.from_bytes(bits, "big") % 2**RANDOM_BITS),
        "status": "fulfilled",
        "hold": hold,
        "position": 0,
        "slot": slot["id"],
        "service": slot["service"],
        "ends_at": start + dt.timedelta(minutes=slot["minutes"]),
        "person_ref": ref,
        "first_identity": identity,
        "surname": person.surname,
        "given_names": person.given_names,
        "birth_date": person.birth_date.iso(),
        "phone": person.phone,
        "mrz_surname": mrz(person.surname),
        "consent_mode": "present",
        "mediator": MEDIATOR,
        "kiosk": KIOSK,
        "demonstration": True,
        "created_at": start - dt.timedelta(days=30),
        "changed_at": start - dt.timedelta(days=30),
    }


def _hash(*parts: str) -> bytes:
    return hashlib.blake2b("|".join(parts).encode(), digest_size=16).digest()


def _share(*parts: str) -> float:
    return int.from_bytes(_hash(*parts)[:4], "big") / 2**32
