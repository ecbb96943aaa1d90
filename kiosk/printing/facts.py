"""The facts that each paper states, decided once; no words of the layout, no pixels."""

import datetime as dt
from dataclasses import dataclass

from kiosk.booking.booking import Booking, BookingStatus
from kiosk.booking.private import Private
from kiosk.printing.errors import TicketError
from kiosk.tickets.reference import grouped


@dataclass(frozen=True, slots=True)
class Named:
    """Something of the catalogue: its French name, and the id under which phrase tables and pictograms know it."""

    id: str  # carte-sejour
    name: str  # votre carte de séjour


@dataclass(frozen=True, slots=True, repr=False)
class Ticket(Private):
    """An appointment; `start` and `arrive_at` are on the site's clock, `issued_at` on the kiosk's."""

    person: str  # Mariam D.
    purpose: Named  # the service
    site: str  # Préfecture de Bobigny
    town: str  # 93000 Bobigny
    zone_note: str  # empty where the clock is that of Paris
    start: dt.datetime
    arrive_at: dt.datetime
    documents: tuple[Named, ...]
    code: str  # 7K4M-Q2XP-93TQ
    token: str  # what the QR holds
    demonstration: bool
    copy: int  # 1 for the first paper, 2 for the first duplicate
    issued_at: dt.datetime


@dataclass(frozen=True, slots=True, repr=False)
class SearchProof(Private):
    """A dated search that found no place, or a source that did not answer (the central's Attempt)."""

    reference: str
    purpose: Named
    searched_at: dt.datetime
    first_day: dt.date  # of the days looked at
    last_day: dt.date
    without_place: tuple[str, ...]  # site labels
    silent: tuple[str, ...]  # site labels whose source did not answer: neither "none" nor "free"
    earlier: tuple[dt.datetime, ...]  # when the same person searched before
    demonstration: bool
    issued_at: dt.datetime


@dataclass(frozen=True, slots=True, repr=False)
class Receipt(Private):
    """A request that nobody has answered yet. It is not an appointment and must never look like one."""

    reference: str  # of the request, not of a booking
    person: str
    purpose: Named
    site: str
    asked_at: dt.datetime
    demonstration: bool


@dataclass(frozen=True, slots=True, repr=False)
class Cancellation(Private):
    """An appointment that is no more, by the central's word."""

    person: str
    purpose: Named
    site: str
    start: dt.datetime
    zone_note: str
    code: str
    demonstration: bool
    issued_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a resale can be reported, as checked on a day."""

    name: str
    reach: tuple[str, ...]  # phone numbers and addresses, exactly as printed
    purpose: str  # one plain sentence
    checked_on: dt.date


@dataclass(frozen=True, slots=True)
class FraudSlip:
    """Who helps when somebody sells an appointment."""

    contacts: tuple[Contact, ...]
    issued_at: dt.datetime


@dataclass(frozen=True, slots=True)
class PrinterCard:
    """What an installer prints to see that width, darkness, QR and cutter are right."""

    printer: str  # its address, as set
    profile: str  # the name of its profile, empty when none is set
    kiosk: str
    issued_at: dt.datetime


Facts = Ticket | SearchProof | Receipt | Cancellation | FraudSlip | PrinterCard


def ticket_for(booking: Booking, *, issued_at: dt.datetime, copy: int = 1) -> Ticket:
    """Return the ticket of a booking; raise TicketError when a paper would not tell the truth.

    `issued_at` is aware and on the kiosk's wall clock: it is printed as it is.
    """
    if booking.status is not BookingStatus.BOOKED or booking.token is None:
        raise TicketError("Ce rendez-vous n'est plus à venir. Il n'y a pas de ticket à imprimer.")
    if copy < 1:
        raise TicketError("Le numéro du ticket commence à 1.")
    if issued_at.tzinfo is None:
        raise TicketError("L'heure d'impression n'a pas de fuseau.")
    site = booking.site
    return Ticket(
        person=booking.person.short_name(),
        purpose=Named(booking.service.id, booking.service.purpose),
        site=site.label,
        town=f"{site.postcode} {site.commune}",
        zone_note=site.zone_note,
        start=booking.start.astimezone(site.zone),
        arrive_at=booking.arrive_at.astimezone(site.zone),
        documents=tuple(Named(document.id, document.name) for document in booking.service.documents),
        code=grouped(booking.reference),
        token=booking.token,
        demonstration=booking.demonstration,
        copy=copy,
        issued_at=issued_at,
    )
