"""Rows of the database as messages of the contract: one explicit conversion each."""

import sqlalchemy as sa

from kiosk.api import contract
from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue

BOOKING = sa.select(db.bookings, db.slots.c.site, db.slots.c.start_at, db.slots.c.minutes).join(
    db.slots, db.slots.c.id == db.bookings.c.slot
)


def slot(row: sa.RowMapping, free: int, catalogue: Catalogue) -> contract.Slot:
    """Return a row of `slots` with the places left."""
    zone = catalogue.zone(row["site"])
    return contract.Slot(
        id=row["id"],
        service=row["service"],
        site=row["site"],
        start=row["start_at"].astimezone(zone),
        minutes=row["minutes"],
        time_zone=zone.key,
        free=free,
    )


def booking(row: sa.RowMapping, catalogue: Catalogue) -> contract.Booking:
    """Return a row of BOOKING. The token is the reference until tickets are signed."""
    zone = catalogue.zone(row["site"])
    return contract.Booking(
        id=row["id"],
        reference=row["reference"],
        status=row["status"],
        service=row["service"],
        site=row["site"],
        start=row["start_at"].astimezone(zone),
        minutes=row["minutes"],
        time_zone=zone.key,
        person=contract.Person(
            surname=row["surname"],
            given_names=row["given_names"],
            birth_date=row["birth_date"],
            phone=row["phone"],
        ),
        token=row["reference"],
        demonstration=row["demonstration"],
        created_at=row["created_at"],
    )
