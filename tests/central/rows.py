"""Rows as tests put them straight into a central's database, for what would take weeks over HTTP."""

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from kiosk.central import tables as db
from kiosk.central.events import Act, Caller, record
from kiosk.tickets.reference import make_reference
from tests.support.central import NOW, RunningCentral

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking that stands in the database."""

    id: str
    reference: str


def add_booking(central: RunningCentral, **columns: Any) -> Booked:
    """Add a booking of somebody new, at NOW unless told otherwise, without any event."""
    return add_bookings(central, [columns])[0]


def add_bookings(central: RunningCentral, wanted: Iterable[Mapping[str, Any]]) -> list[Booked]:
    """Add many at once."""
    rows = [_row(columns) for columns in wanted]
    with central.storage.writing() as transaction:
        for row in rows:
            transaction.execute(sa.insert(db.bookings).values(row))
    return [Booked(str(row["id"]), str(row["reference"])) for row in rows]


def _row(columns: Mapping[str, Any]) -> dict[str, Any]:
    number = next(_numbers)
    row = {
        "id": f"booking-{number}",
        "reference": make_reference(number),
        "status": "booked",
        "hold": f"hold-{number}",
        "position": 0,
        "slot": sa.select(db.slots.c.id).order_by(db.slots.c.id).limit(1).offset(number).scalar_subquery(),
        "service": "sejour-renouvellement",
        "ends_at": NOW + dt.timedelta(days=20),
        "person_ref": f"person-{number}",
        "first_identity": f"SURNAME{'ABCDEFGHIJ'[number % 10] * 3}<<GIVEN/1990-01-01",
        "surname": "Surname",
        "given_names": "Given",
        "birth_date": f"{1000 + number}",  # nobody else's
        "mrz_surname": "SURNAME",
        "consent_mode": "present",
        "mediator": "demo",
        "kiosk": "demo",
        "demonstration": False,
        "created_at": NOW,
    }
    row |= columns
    row.setdefault("changed_at", row["created_at"])
    return row


def tell(central: RunningCentral, act: Act, at: dt.datetime = NOW, mediator: str = "demo", kiosk: str = "demo") -> None:
    """Add an event."""
    with central.storage.writing() as transaction:
        record(transaction, central.storage.person_key, Caller(mediator, kiosk), at, act)
