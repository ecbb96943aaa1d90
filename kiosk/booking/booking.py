"""A slot kept for minutes, and the appointment it becomes."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from kiosk.booking.catalogue import IdentifierKind, Service, Site, Slot
from kiosk.booking.person import Person
from kiosk.booking.private import Private

ARRIVE_EARLY_MINUTES = 15

ConsentMode = Literal["present", "legal_representative"]


class BookingStatus(StrEnum):
    """FHIR R4 Appointment.status, the values we use."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    FULFILLED = "fulfilled"
    NOSHOW = "noshow"


@dataclass(frozen=True, slots=True, repr=False)
class Hold(Private):
    """A slot kept for a person while everything is read again (FHIR Slot: busy-tentative)."""

    id: str
    slot: Slot
    expires_at: dt.datetime
    person: Person  # nobody else, but for a typing error


@dataclass(frozen=True, slots=True, repr=False)
class Booking(Private):
    """The appointment as the central confirmed it; the only thing a ticket is printed from."""

    id: str
    reference: str
    status: BookingStatus
    person: Person
    service: Service
    site: Site
    start: dt.datetime  # aware, in the site's zone
    minutes: int
    token: str | None  # what the ticket's QR holds; None once the appointment is given up or was kept
    demonstration: bool
    numbers_known: frozenset[IdentifierKind]  # by the central, for this person: nobody types them again

    @property
    def arrive_at(self) -> dt.datetime:
        """Return when to be there: a quarter of an hour before, on the site's clock."""
        return self.start - dt.timedelta(minutes=ARRIVE_EARLY_MINUTES)
