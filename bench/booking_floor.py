"""Bookings per second: the rules, and the floors under them, in as many processes, each kind in turn.

A floor writes the rows that one hold and the booking made of it leave or touch, in two transactions as the rules do.
It reads nothing, compares nothing and answers nothing.
"""

import datetime as dt
import itertools
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from threading import Barrier
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bench.http_load import somebody
from bench.slots import NO_LIMIT, Filled, Place, analyze, free_places, kiosk_of
from kiosk.api import contract
from kiosk.central import tables as db
from kiosk.central.applicants import Applicants
from kiosk.central.catalogue import load_catalogue
from kiosk.central.clock import Chance, new_id, new_reference, utc_now
from kiosk.central.events import Caller
from kiosk.central.issuer import Issuer
from kiosk.central.registers import EmbeddedForeigners, EmbeddedPreApplications, Registers
from kiosk.central.rules import Rules
from kiosk.central.storage import Storage, open_storage
from kiosk.central.tables import Instant

RULES, FLOOR, RAW_FLOOR = KINDS = ("rules", "floor", "raw floor")
PATIENCE_SECONDS = 60
_HASH = "0" * 64
_CAPS = ("mediator-hour", "mediator-day", "kiosk-hour", "site-day")

_UPSERT_CAPS = sa.text(
    "INSERT INTO caps (scope, subject, starts_at, ends_at, used, cap) VALUES "  # noqa: S608 (our own names)
    + ", ".join(f"(:scope{n}, :subject{n}, :starts_at, :ends_at, 1, :cap)" for n in range(len(_CAPS)))
    + " ON CONFLICT (scope, subject, starts_at) DO UPDATE SET used = caps.used + 1"
).bindparams(sa.bindparam("starts_at", type_=Instant), sa.bindparam("ends_at", type_=Instant))
_TAKE = sa.update(db.slots).where(db.slots.c.id == sa.bindparam("of")).values(taken=sa.literal_column("taken + 1"))
_INSERT_HOLD = sa.insert(db.holds)
_DELETE_HOLD = sa.delete(db.holds).where(db.holds.c.id == sa.bindparam("of"))
_INSERT_CLAIM = sa.insert(db.claims)
_KEEP_CLAIM = (
    sa.update(db.claims).where(db.claims.c.hold == sa.bindparam("of")).values(expires_at=sa.bindparam("until"))
)
_INSERT_INTENT = sa.insert(db.intents)
_INSERT_BOOKING = sa.insert(db.bookings)
_INSERT_EVENT = sa.insert(db.events)

Row = Mapping[str, Any]
Writes = Sequence[tuple[sa.Executable, Row]]
Booking = Callable[[Place, contract.Applicant], None]

_together: Barrier


@dataclass(frozen=True)
class Race:
    """So many processes, each doing every kind for some seconds, so many times over."""

    processes: int
    rounds: int
    seconds: float


def race(filled: Filled, how: Race) -> dict[str, list[float]]:
    """Return, of each kind and round, how many bookings all processes made together in a second."""
    context = get_context("spawn")
    pool = ProcessPoolExecutor(how.processes, context, _join, (context.Barrier(how.processes),))
    with pool:
        lanes = list(pool.map(_run_lane, *zip(*((filled, how, lane) for lane in range(how.processes)), strict=True)))
    return {kind: [sum(rates) for rates in zip(*(lane[kind] for lane in lanes), strict=True)] for kind in KINDS}


def _join(barrier: Barrier) -> None:
    global _together
    _together = barrier


def _run_lane(filled: Filled, how: Race, lane: int) -> dict[str, list[float]]:
    storage = open_storage(filled.data_dir, filled.url)
    try:
        every = free_places(storage)
        kinds = {kind: _lane(storage, kind, lane) for kind in KINDS}
        turns = {
            kind: _turns(every[lane * len(KINDS) + number :: how.processes * len(KINDS)], f"{kind} {lane}")
            for number, kind in enumerate(KINDS)
        }
        rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for turn in range(how.rounds + 1):
            for kind in KINDS:
                _together.wait(PATIENCE_SECONDS)
                rates[kind].append(_rate(kinds[kind], turns[kind], how.seconds))
            if turn == 0 and lane == 0:
                # Until now the planner took these tables for empty, and read them whole. By itself PostgreSQL notices
                # within a minute, which is longer than the race.
                analyze(storage)
        return {kind: every_round[1:] for kind, every_round in rates.items()}
    finally:
        storage.close()


def _turns(places: list[Place], family: str) -> Iterator[tuple[Place, contract.Applicant]]:
    # Not validated: in a server that is done before the rules are asked.
    surname = "".join(letter for letter in family if letter.isalpha())
    number = "".join(letter for letter in family if letter.isdigit())
    base = int(f"1{number}000000")
    return zip(places, (_applicant(surname, base + turn) for turn in range(len(places))), strict=True)


def _applicant(surname: str, number: int) -> contract.Applicant:
    members: dict[str, Any] = {**somebody(surname, number)}
    return contract.Applicant.model_construct(None, **members)


def _rate(book: Booking, turns: Iterator[tuple[Place, contract.Applicant]], seconds: float) -> float:
    began = time.perf_counter()
    done = 0
    while time.perf_counter() < began + seconds:
        book(*next(turns))
        done += 1
    return done / (time.perf_counter() - began)


def _lane(storage: Storage, kind: str, lane: int) -> Booking:
    # Each kind and process has a kiosk of its own, hence a chain of events of its own.
    kiosk = kiosk_of(16 * (1 + KINDS.index(kind)) + lane)
    if kind == RULES:
        return _by_rules(storage, kiosk)
    return _Floor(kiosk, _core(storage) if kind == FLOOR else _Raw(storage).write).book


def _by_rules(storage: Storage, kiosk: str) -> Booking:
    registers = Registers(EmbeddedForeigners(storage), EmbeddedPreApplications(storage))
    catalogue = load_catalogue()
    applicants = Applicants(storage, catalogue, registers, utc_now)
    rules = Rules(storage, catalogue, Issuer(storage.person_key), applicants, utc_now, Chance())
    caller, consent = Caller(kiosk, kiosk), contract.Consent(mode="present")

    def book(place: Place, person: contract.Applicant) -> None:
        asked = contract.HoldRequest.model_construct(slot=place.slot, persons=[person])
        held = rules.hold(caller, asked)
        wanted = contract.BookingRequest.model_construct(hold=held.hold.id, persons=[person], consent=consent)
        rules.book(caller, str(uuid.uuid4()), wanted)

    return book


def _core(storage: Storage) -> Callable[[Writes], None]:
    def write(writes: Writes) -> None:
        with storage.writing() as transaction:
            for statement, row in writes:
                transaction.execute(statement, row)

    return write


@dataclass(frozen=True)
class _Raw:
    """The same statements as text, through the driver's own cursor, over the same pool."""

    storage: Storage
    _texts: dict[sa.Executable, str] = field(default_factory=dict)

    def write(self, writes: Writes) -> None:
        with self._cursor() as cursor:
            for statement, row in writes:
                text = self._texts.get(statement) or self._text(statement, row)
                cursor.execute(text, {name: _stored(value) for name, value in row.items()})

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        connection = self.storage.writer.raw_connection()
        try:
            cursor = connection.cursor()
            if self.storage.writer.dialect.name == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            connection.commit()
        finally:
            connection.close()

    def _text(self, statement: sa.Executable, row: Row) -> str:
        own = self.storage.writer.dialect
        dialect = sqlite.dialect(paramstyle="named") if own.name == "sqlite" else own
        assert isinstance(statement, sa.ClauseElement)
        self._texts[statement] = str(statement.compile(dialect=dialect, column_keys=list(row)))
        return self._texts[statement]


def _stored(value: object) -> object:
    return Instant().process_bind_param(value, sqlite.dialect()) if isinstance(value, dt.datetime) else value


@dataclass(frozen=True)
class _Floor:
    """The rows of a hold, then of a booking."""

    kiosk: str
    write: Callable[[Writes], None]
    _events: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def book(self, place: Place, person: contract.Applicant) -> None:
        hold, ref, now = new_id(), uuid.uuid4().hex * 2, utc_now()
        self.write(self._hold(place, hold, ref, now))
        self.write(self._booking(place, hold, ref, now, person))

    def _hold(self, place: Place, hold: str, ref: str, now: dt.datetime) -> Writes:
        until = now + dt.timedelta(minutes=5)
        who = {"kiosk": self.kiosk, "mediator": self.kiosk}
        claim = {"service": place.service, "ref": ref, "hold": hold, "position": 0, "expires_at": until}
        return (
            (_UPSERT_CAPS, self._caps(place, now)),
            (_TAKE, {"of": place.slot}),
            (
                _INSERT_HOLD,
                who
                | {
                    "id": hold,
                    "slot": place.slot,
                    "seats": 1,
                    "identities": "FLOOR<<A/1987-05-03",
                    "expires_at": until,
                },
            ),
            (_INSERT_CLAIM, claim),
            (_INSERT_EVENT, self._event("hold", hold, '{"places": 1, "slot": "s-1000-100"}', now)),
        )

    def _booking(self, place: Place, hold: str, ref: str, now: dt.datetime, person: contract.Applicant) -> Writes:
        booking = {
            "id": new_id(),
            "reference": new_reference(),
            "status": "booked",
            "hold": hold,
            "position": 0,
            "slot": place.slot,
            "service": place.service,
            "ends_at": now,
            "moves_allowed": 2,
            "person_ref": ref,
            "first_identity": "FLOOR<<A/1987-05-03",
            "surname": person.surname,
            "given_names": person.given_names,
            "birth_date": person.birth_date,
            "phone": person.phone,
            "email": None,
            "language": None,
            "representative": None,
            "mrz_surname": person.surname,
            "consent_mode": "present",
            "consent_reference": None,
            "mediator": self.kiosk,
            "kiosk": self.kiosk,
            "demonstration": False,
            "created_at": now,
            "changed_at": now,
        }
        intent = {"kiosk": self.kiosk, "key": new_id(), "action": "book", "subject": hold, "payload_hmac": _HASH}
        return (
            (_DELETE_HOLD, {"of": hold}),
            (_INSERT_INTENT, intent),
            (_INSERT_BOOKING, booking),
            (_KEEP_CLAIM, {"of": hold, "until": now + dt.timedelta(days=30)}),
            (_INSERT_EVENT, self._event("book", hold, f'{{"bookings": ["{hold}"], "slot": "s-1000-100"}}', now)),
        )

    def _caps(self, place: Place, now: dt.datetime) -> Row:
        hour = now.replace(minute=0, second=0, microsecond=0)
        caps: dict[str, object] = {"starts_at": hour, "ends_at": hour + dt.timedelta(hours=1), "cap": NO_LIMIT}
        for number, scope in enumerate(_CAPS):
            subject = place.site if scope == "site-day" else self.kiosk
            caps |= {f"scope{number}": scope, f"subject{number}": subject}
        return caps

    def _event(self, action: str, subject: str, details: str, now: dt.datetime) -> Row:
        return {
            "chain": self.kiosk,
            "number": next(self._events),
            "at": now,
            "mediator": self.kiosk,
            "action": action,
            "subject": subject,
            "details": details,
            "previous": _HASH,
            "hash": _HASH,
        }
