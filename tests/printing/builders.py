"""A booking as the central would confirm it, each fact replaceable, and bookings of every shape for hypothesis."""

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from kiosk.booking.booking import Booking, BookingStatus
from kiosk.booking.catalogue import Document, Service, Site, SiteKind
from kiosk.booking.person import BirthDate, Person
from kiosk.printing.facts import Ticket, ticket_for
from kiosk.tickets.reference import make_reference

PARIS = ZoneInfo("Europe/Paris")
ISSUED_AT = dt.datetime(2026, 11, 23, 12, 3, tzinfo=PARIS)
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
LONG_TOKEN = "RDV1:" + (BASE45 * 5)[:203]  # as long as a signed token: 208 characters
DOCUMENTS = ("votre carte de séjour", "votre passeport", "3 photos d'identité")


def booking(
    *,
    given_names: str = "Mariam",
    surname: str = "Diallo",
    kind: SiteKind = "prefecture",
    commune: str = "Bobigny",
    postcode: str = "93000",
    zone: str = "Europe/Paris",
    start: dt.datetime = dt.datetime(2027, 2, 3, 14, 5),  # noqa: DTZ001 the site's wall clock
    purpose: str = "Refaire votre carte de séjour",
    documents: tuple[str, ...] = DOCUMENTS,
    status: BookingStatus = BookingStatus.BOOKED,
    token: str = LONG_TOKEN,
    demonstration: bool = False,
    reference: str = "7K4MQ2XP93TQ",
) -> Booking:
    """Return a booking of Mariam Diallo at Bobigny, unless told otherwise."""
    site_zone = ZoneInfo(zone)
    return Booking(
        id="b1",
        reference=reference,
        status=status,
        person=Person(surname, given_names, BirthDate(1990, 2, 3)),
        service=Service("s1", "carte de séjour", purpose, 20, (), tuple(Document(d, d, 0) for d in documents)),
        site=Site("x1", kind, commune, postcode, postcode[:2], "Département", "Région", site_zone),
        start=start.replace(tzinfo=site_zone),
        minutes=20,
        token=token,
        demonstration=demonstration,
        numbers_known=frozenset(),
    )


def ticket(from_booking: Booking | None = None, *, copy: int = 1) -> Ticket:
    """Return the ticket of a booking, printed on 23 November 2026 at 12 h 03."""
    return ticket_for(from_booking or booking(), issued_at=ISSUED_AT, copy=copy)


LATIN = "".join(chr(c) for c in (*range(0x41, 0x5B), *range(0xC0, 0xD7), *range(0x100, 0x130), *range(0x1EA0, 0x1EF9)))
names = st.text(st.sampled_from(LATIN + LATIN.lower() + "-'"), min_size=1, max_size=60)
communes = st.sampled_from(
    ("Bobigny", "Château-Gontier-sur-Mayenne", "Château-Chinon (Ville)", "Le Mans", "Les Andelys", "Évry")
)
zones = st.sampled_from(("Europe/Paris", "Indian/Reunion", "America/Cayenne", "Pacific/Noumea"))
documents = st.lists(
    st.sampled_from(
        (*DOCUMENTS, "un papier qui montre votre adresse (facture d'électricité)", "le timbre fiscal de 225 euros")
    ),
    max_size=5,
)
tokens = st.text(st.sampled_from(BASE45), min_size=1, max_size=203).map("RDV1:".__add__)

bookings = st.builds(
    booking,
    given_names=st.one_of(st.just(""), names),
    surname=names,
    kind=st.sampled_from(("prefecture", "sous-prefecture")),
    commune=communes,
    zone=zones,
    start=st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2030, 12, 31)),  # noqa: DTZ001 wall clocks
    documents=documents.map(tuple),
    token=tokens,
    demonstration=st.booleans(),
    reference=st.integers(0, 2**55 - 1).map(make_reference),
)
