"""The facts that a ticket states, decided once from a booking; no words of the layout, no pixels."""

import datetime as dt
from dataclasses import dataclass

from kiosk.booking.booking import Booking, BookingStatus
from kiosk.printing.errors import TicketError
from kiosk.tickets.reference import grouped


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is true of one paper; `start` and `arrive_at` are on the site's clock, `issued_at` on the kiosk's."""

    person: str  # Mariam D.
    purpose: str
    site: str  # Préfecture de Bobigny
    town: str  # 93000 Bobigny
    zone_note: str  # empty where the clock is that of Paris
    start: dt.datetime
    arrive_at: dt.datetime
    documents: tuple[str, ...]
    code: str  # 7K4M-Q2XP-93TQ
    token: str  # what the QR holds
    demonstration: bool
    copy: int  # 1 for the first paper, 2 for the first duplicate
    issued_at: dt.datetime


def ticket_for(booking: Booking, *, issued_at: dt.datetime, copy: int = 1) -> Ticket:
    """Return the ticket of a booking; raise TicketError when a paper would not tell the truth.

    `issued_at` is aware and on the kiosk's wall clock: it is printed as it is.
    """
    if booking.status is not BookingStatus.BOOKED:
        raise TicketError("Ce rendez-vous n'est plus à venir. Il n'y a pas de ticket à imprimer.")
    if copy < 1:
        raise TicketError("Le numéro du ticket commence à 1.")
    if issued_at.tzinfo is None:
        raise TicketError("L'heure d'impression n'a pas de fuseau.")
    site = booking.site
    return Ticket(
        person=booking.person.short_name(),
        purpose=booking.service.purpose,
        site=site.label,
        town=f"{site.postcode} {site.commune}",
        zone_note=site.zone_note,
        start=booking.start.astimezone(site.zone),
        arrive_at=booking.arrive_at.astimezone(site.zone),
        documents=tuple(document.name for document in booking.service.documents),
        code=grouped(booking.reference),
        token=booking.token,
        demonstration=booking.demonstration,
        copy=copy,
        issued_at=issued_at,
    )
