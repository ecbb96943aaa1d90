"""From the wire to the domain and back; the only place where one becomes the other."""

import datetime as dt
from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kiosk.api import contract
from kiosk.booking.booking import Booking, BookingStatus, ConsentMode, Hold
from kiosk.booking.catalogue import Availability, Day, Document, IdentifierKind, Service, Site, Slot
from kiosk.booking.person import BirthDate, Person


class UnknownThingError(ValueError):
    """The wire names a site, a service or a time zone that nobody knows."""


def service(wire: contract.Service) -> Service:
    """Return the domain's service."""
    documents = tuple(Document(d.id, d.name, d.lead_days) for d in wire.documents)
    return Service(
        wire.id, wire.name, wire.purpose, wire.minutes, tuple(wire.identifiers), documents, wire.takes_applications
    )


def site(wire: contract.Site) -> Site:
    """Return the domain's site; raise UnknownThingError for a zone that is not in the IANA data."""
    return Site(
        id=wire.id,
        kind=wire.kind,
        commune=wire.commune,
        postcode=wire.postcode,
        department=wire.department,
        department_name=wire.department_name,
        region=wire.region,
        zone=_zone(wire.time_zone),
    )


def availability(wire: contract.Availability, sites: Mapping[str, Site]) -> tuple[Availability, ...]:
    """Return what each known site offers."""
    return tuple(
        Availability(
            site=sites[offer.site],
            known=offer.source == "ok",
            checked_at=wire.checked_at,
            days=tuple(Day(day.date, day.free) for day in offer.days),
        )
        for offer in wire.sites
        if offer.site in sites
    )


def slot(wire: contract.Slot) -> Slot:
    """Return the domain's slot, on the site's wall clock."""
    return Slot(wire.id, _local(wire.start, wire.time_zone), wire.minutes, wire.free)


def hold(wire: contract.Hold, person: Person) -> Hold:
    """Return the domain's hold, kept for that person."""
    return Hold(wire.id, slot(wire.slot), wire.expires_at, person)


def person(wire: contract.Person) -> Person:
    """Return the domain's person."""
    return Person(wire.surname, wire.given_names, BirthDate.from_iso(wire.birth_date), wire.phone)


def booking(wire: contract.Booking, services: Mapping[str, Service], sites: Mapping[str, Site]) -> Booking:
    """Return the domain's booking; raise UnknownThingError if it names what the catalogue lacks."""
    if wire.service not in services or wire.site not in sites:
        raise UnknownThingError
    return Booking(
        id=wire.id,
        reference=wire.reference,
        status=BookingStatus(wire.status),
        person=person(wire.person),
        service=services[wire.service],
        site=sites[wire.site],
        start=_local(wire.start, wire.time_zone),
        minutes=wire.minutes,
        token=wire.token,
        demonstration=wire.demonstration,
        numbers_known=frozenset(wire.identifiers_known),
    )


def hold_request(slot: Slot, person: Person, numbers: Mapping[IdentifierKind, str]) -> contract.HoldRequest:
    """Return what the central is asked to keep, and for whom."""
    identifiers = contract.Identifiers.model_validate(numbers)
    return contract.HoldRequest(
        slot=slot.id, persons=[contract.Applicant(**_wire_person(person).model_dump(), identifiers=identifiers)]
    )


def booking_request(person: Person, hold: Hold, consent: ConsentMode) -> contract.BookingRequest:
    """Return what the central is asked to book."""
    return contract.BookingRequest(hold=hold.id, persons=[_wire_person(person)], consent=contract.Consent(mode=consent))


def application_request(
    person: Person, place: tuple[Service, Site], not_before: dt.date, consent: ConsentMode, asked_at: dt.datetime
) -> contract.ApplicationRequest:
    """Return what the central is asked for where nobody could see the hours."""
    service, site = place
    return contract.ApplicationRequest(
        service=service.id,
        site=site.id,
        not_before=not_before,
        person=contract.Applicant(**_wire_person(person).model_dump(), identifiers=contract.Identifiers()),
        consent=contract.Consent(mode=consent),
        asked_at=asked_at,
    )


def _wire_person(person: Person) -> contract.Person:
    return contract.Person(
        surname=person.surname,
        given_names=person.given_names,
        birth_date=person.birth_date.iso(),
        phone=person.phone,
    )


def _local(moment: dt.datetime, zone: str) -> dt.datetime:
    return moment.astimezone(_zone(zone))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownThingError from None
