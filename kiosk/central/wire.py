"""Rows of the database as messages of the contract: one explicit conversion each."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue

_KINDS = (
    sa.select(sa.func.aggregate_strings(db.known_identifiers.c.kind, ","))
    .where(db.known_identifiers.c.person_ref == db.bookings.c.person_ref)
    .correlate(db.bookings)
    .scalar_subquery()
    .label("kinds")
)
BOOKING = sa.select(db.bookings, db.slots.c.site, db.slots.c.start_at, db.slots.c.minutes, _KINDS).join(
    db.slots, db.slots.c.id == db.bookings.c.slot
)
_OF_HOLD = BOOKING.where(db.bookings.c.hold == sa.bindparam("held")).order_by(db.bookings.c.position)
_ONE = BOOKING.where(db.bookings.c.id == sa.bindparam("which"))


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
        revision=row["revision"],
        status=row["status"],
        moves_left=row["moves_allowed"] - row["moves"],
        service=row["service"],
        site=row["site"],
        start=row["start_at"].astimezone(zone),
        minutes=row["minutes"],
        time_zone=zone.key,
        person=contract.Person.model_construct(**{name: row[name] for name in contract.Person.model_fields}),
        identifiers_known=sorted(row["kinds"].split(",")) if row["kinds"] else [],
        token=row["reference"],
        demonstration=row["demonstration"],
        created_at=row["created_at"],
    )


def bookings_of_hold(transaction: Connection, hold: str, catalogue: Catalogue) -> contract.Bookings:
    """Return the bookings that a hold became, in the order of the request's persons."""
    rows = transaction.execute(_OF_HOLD, {"held": hold}).mappings()
    return contract.Bookings(bookings=[booking(row, catalogue) for row in rows])


def one_booking(transaction: Connection, identifier: str, catalogue: Catalogue) -> contract.Booking:
    """Return a booking that is known to exist."""
    return booking(transaction.execute(_ONE, {"which": identifier}).mappings().one(), catalogue)
