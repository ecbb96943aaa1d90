"""Rows of the database as messages of the contract: one explicit conversion each."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue
from kiosk.central.issuer import Issuer
from kiosk.central.ticket_keys import NEWEST

_KINDS = (
    sa.select(sa.func.aggregate_strings(db.known_identifiers.c.kind, ","))
    .where(db.known_identifiers.c.person_ref == db.bookings.c.person_ref)
    .correlate(db.bookings)
    .scalar_subquery()
    .label("kinds")
)
BOOKING = sa.select(
    db.bookings,
    db.slots.c.site,
    db.slots.c.start_at,
    db.slots.c.minutes,
    _KINDS,
    NEWEST.label("key_set"),  # so that keys that changed are noticed without another statement
).join(db.slots, db.slots.c.id == db.bookings.c.slot)
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


def booking(transaction: Connection, row: sa.RowMapping, catalogue: Catalogue, issuer: Issuer) -> contract.Booking:
    """Return a row of BOOKING with its signed token, in the transaction that read it."""
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
        token=issuer.token(transaction, row),
        demonstration=row["demonstration"],
        created_at=row["created_at"],
    )


def bookings_of_hold(transaction: Connection, hold: str, catalogue: Catalogue, issuer: Issuer) -> contract.Bookings:
    """Return the bookings that a hold became, in the order of the request's persons."""
    rows = transaction.execute(_OF_HOLD, {"held": hold}).mappings().all()
    return contract.Bookings(bookings=[booking(transaction, row, catalogue, issuer) for row in rows])


def one_booking(transaction: Connection, identifier: str, catalogue: Catalogue, issuer: Issuer) -> contract.Booking:
    """Return a booking that is known to exist."""
    row = transaction.execute(_ONE, {"which": identifier}).mappings().one()
    return booking(transaction, row, catalogue, issuer)
