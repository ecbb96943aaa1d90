"""One example of every answer of the API, as the description shows it; models, so that none can be out of date."""

import datetime as dt
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel

from kiosk.api import contract
from kiosk.booking.person import BirthDate
from kiosk.central.catalogue import Catalogue
from kiosk.tickets.cose import signer_of
from kiosk.tickets.identity import KEY_BYTES, bearer_of, tag
from kiosk.tickets.token import Claims, code_of, write
from kiosk.tickets.verify import State

SERVICE_ID = "sejour-renouvellement"
SITE_ID = "pref-93"
SLOT_ID = "s-6f1d2c"
HOLD_ID = "5b0c1a52-6d0f-4f3e-9a55-0d6f2f6b8c11"
BOOKING_ID = "0f7d3c1e-52b8-4a0c-8f0e-3d1f6a2b9c44"
REFERENCE = "7K4MQ2XP93TQ"
PERSON = {"surname": "Diallo", "given_names": "Mariam", "birth_date": "1990-02-03", "phone": "+33612345678"}
NONCE = "0190c6e0-8f6e-7c3a-9d57-3f2b1a6c4e5d"

_PARIS = ZoneInfo("Europe/Paris")
_NOW = dt.datetime(2027, 1, 11, 9, 0, tzinfo=_PARIS)
_START = dt.datetime(2027, 2, 3, 14, 5, tzinfo=_PARIS)
_LATER = _START + dt.timedelta(days=7)
_UTC_NOW = _NOW.astimezone(dt.UTC)

_SLOT = contract.Slot(
    id=SLOT_ID, service=SERVICE_ID, site=SITE_ID, start=_START, minutes=20, time_zone=_PARIS.key, free=2
)


def _token(start: dt.datetime, revision: int) -> str:
    signer = signer_of(ec.derive_private_key(1, ec.SECP256R1()))  # everybody knows it: nothing trusts what it signs
    bearer = bearer_of("Diallo", "Mariam", BirthDate(1990, 2, 3))
    mark = tag(bytes(KEY_BYTES), bearer, REFERENCE)
    codes = (code_of(SERVICE_ID), code_of(SITE_ID), code_of("demo"))
    return write(Claims(REFERENCE, _UTC_NOW, start, 20, *codes, mark, revision), signer)


TOKEN = _token(_START, 1)
_BOOKING = contract.Booking(
    id=BOOKING_ID,
    reference=REFERENCE,
    revision=1,
    status="booked",
    moves_left=2,
    service=SERVICE_ID,
    site=SITE_ID,
    start=_START,
    minutes=20,
    time_zone=_PARIS.key,
    person=contract.Person(surname="Diallo", given_names="Mariam", birth_date="1990-02-03", phone="+33612345678"),
    identifiers_known=["agdref"],
    token=TOKEN,
    demonstration=False,
    created_at=_UTC_NOW,
)
_BOOKINGS = contract.Bookings(bookings=[_BOOKING])


def answers(catalogue: Catalogue) -> dict[str, BaseModel]:
    """Return the example of each operation that answers with a body."""
    service, site = catalogue.services[SERVICE_ID], catalogue.sites[SITE_ID]
    return {
        "readHealth": contract.Health(version="1.0.0", time=_UTC_NOW, demonstration=False),
        "createToken": contract.Token(access_token="A1b2" * 10, expires_in=36000),
        "readMe": contract.Me(
            mediator=contract.Mediator(id="demo", name="Camille"),
            kiosk=contract.Kiosk(id="demo", name="Poste d'essai", department="93", region="Île-de-France"),
            caps=[contract.Cap(scope="mediator-hour", limit=12, left=9, resets_at=_UTC_NOW + dt.timedelta(hours=1))],
        ),
        "listServices": contract.Services(services=[service]),
        "readService": service,
        "listSites": contract.Sites(sites=[site]),
        "readAvailability": contract.Availability(
            service=SERVICE_ID,
            checked_at=_UTC_NOW,
            sites=[
                contract.SiteAvailability(
                    site=SITE_ID,
                    source="ok",
                    days=[contract.DayCount(date=_START.date(), free=2)],
                    next_free=_START.date(),
                ),
                contract.SiteAvailability(site="sp-933", source="unavailable", days=[], next_free=None),
            ],
        ),
        "listSlots": contract.SlotPage(slots=[_SLOT]),
        "createHold": contract.Hold(id=HOLD_ID, slot=_SLOT, expires_at=_NOW + dt.timedelta(minutes=5)),
        "createBookings": _BOOKINGS,
        "createApplication": _BOOKINGS,
        "readBookingsByKey": contract.Outcome(action="book", bookings=[_BOOKING]),
        "searchBookings": _BOOKINGS,
        "rescheduleBooking": _BOOKING.model_copy(
            update={"revision": 2, "moves_left": 1, "start": _LATER, "token": _token(_LATER, 2)}
        ),
        "cancelBooking": _BOOKING.model_copy(update={"revision": 2, "status": "cancelled", "token": None}),
        "correctBooking": _BOOKING.model_copy(update={"revision": 2, "token": _token(_START, 2)}),
        "createAttempt": contract.Attempt(
            reference="4D8W0NQ7KX2B",
            at=_UTC_NOW,
            service=SERVICE_ID,
            first=_NOW.date(),
            last=_NOW.date() + dt.timedelta(days=84),
            sites=[
                contract.SiteFinding(site="sp-932", found="none"),
                contract.SiteFinding(site="sp-933", found="unavailable"),
            ],
            earlier=[_UTC_NOW - dt.timedelta(days=7)],
            seal="6f" * 32,
        ),
        "createReport": contract.Report(reference="86GQCRYWWH1X", at=_UTC_NOW),
        "deliverNotes": contract.Findings(
            findings=[
                contract.Finding(nonce=NONCE, finding="again", first=contract.Admitted(at=_START, counter="accueil-2"))
            ]
        ),
        "checkTicket": contract.TicketCheck(
            state=State.VALID,
            person="match",
            reference=REFERENCE,
            service=SERVICE_ID,
            site=SITE_ID,
            start=_START,
            minutes=20,
            time_zone=_PARIS.key,
        ),
    }
