"""One paper of each kind with invented facts, always the same: for samples, documentation and tests."""

import datetime as dt
from enum import StrEnum

from kiosk.printing import contacts
from kiosk.printing.facts import Cancellation, Facts, FraudSlip, Named, PrinterCard, Receipt, SearchProof, Ticket

_PARIS_WINTER = dt.timezone(dt.timedelta(hours=1))
ISSUED_AT = dt.datetime(2026, 11, 23, 12, 3, tzinfo=_PARIS_WINTER)
START = dt.datetime(2027, 2, 3, 14, 5, tzinfo=_PARIS_WINTER)
PERSON = "Mariam D."
PURPOSE = Named("sejour-renouvellement", "Refaire votre carte de séjour")
SITE, TOWN = "Préfecture de Bobigny", "93000 Bobigny"
CODE = "7K4M-Q2XP-93TQ"
DOCUMENTS = (
    Named("carte-sejour", "votre carte de séjour"),
    Named("passeport", "votre passeport"),
    Named("photos", "3 photos d'identité"),
)
TOKEN = "RDV1:EXEMPLE-SANS-VALEUR-7K4MQ2XP93TQ"  # noqa: S105 worth nothing
SIGNED_TOKEN = "RDV1:" + "EXEMPLE SANS VALEUR. " * 9 + "0123456789ABCD"  # as long as a signed one: 208 characters


class Kind(StrEnum):
    """The papers, by the names that the command line gives them."""

    TICKET = "ticket"
    ATTEMPT = "attempt"
    PROVISIONAL = "provisional"
    FRAUD = "fraud"
    CANCELLED = "cancelled"
    TEST = "test"


def sample(kind: Kind) -> Facts:
    """Return the invented facts of a paper; raise ContactsError when those of the fraud slip cannot be read."""
    match kind:
        case Kind.TICKET:
            return _ticket()
        case Kind.ATTEMPT:
            return _attempt()
        case Kind.PROVISIONAL:
            return Receipt("D-2026-1123-4", PERSON, PURPOSE, SITE, ISSUED_AT, demonstration=True)
        case Kind.FRAUD:
            return FraudSlip(contacts.load(), ISSUED_AT)
        case Kind.CANCELLED:
            return Cancellation(PERSON, PURPOSE, SITE, START, "", CODE, demonstration=True, issued_at=ISSUED_AT)
        case Kind.TEST:
            return PrinterCard("tcp://192.0.2.7:9100", "", "exemple-1", ISSUED_AT)


def _ticket() -> Ticket:
    return Ticket(
        person=PERSON,
        purpose=PURPOSE,
        site=SITE,
        town=TOWN,
        zone_note="",
        start=START,
        arrive_at=START - dt.timedelta(minutes=15),
        documents=DOCUMENTS,
        code=CODE,
        token=TOKEN,
        demonstration=True,
        copy=1,
        issued_at=ISSUED_AT,
    )


def _attempt() -> SearchProof:
    return SearchProof(
        reference="4NB8W3ZC0R7V",
        purpose=PURPOSE,
        searched_at=ISSUED_AT - dt.timedelta(minutes=2),
        first_day=ISSUED_AT.date(),
        last_day=dt.date(2027, 1, 22),
        without_place=(SITE, "Sous-préfecture du Raincy"),
        silent=("Sous-préfecture de Saint-Denis",),
        earlier=tuple(ISSUED_AT - dt.timedelta(days=days, minutes=7 * days) for days in (6, 14, 20)),
        demonstration=True,
        issued_at=ISSUED_AT,
    )
