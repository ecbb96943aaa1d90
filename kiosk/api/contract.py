"""Contract v1 of the central API: the one definition of what crosses the wire, for both sides.

Times are RFC 3339 with the offset of the site's own zone; the zone's IANA name stands beside them.
"""

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from kiosk.api.text import CleanText, Identifier
from kiosk.booking import person as people
from kiosk.booking.person import BirthDate

HOLD_SECONDS = 300
MAX_WINDOW_DAYS = 92
PAGE_SIZE = 100
MIN_SURNAME_PREFIX = 4  # letters of the MRZ form
IDEMPOTENCY_KEY_PATTERN = r"^[A-Za-z0-9-]{16,64}$"


class Wire(BaseModel):
    """What every message has: it does not change once read, and members nobody defined are refused when sent to us."""

    model_config = ConfigDict(frozen=True)


class Request(Wire):
    """A message to the central; strict, so that a misspelt member is an error and not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _wire_date(text: str) -> str:
    return BirthDate.from_iso(text).iso()


BirthDateText = Annotated[
    str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", examples=["1987-05-03", "1987"]), AfterValidator(_wire_date)
]
Surname = Annotated[str, Field(min_length=1, max_length=4 * people.MAX_NAME), AfterValidator(people.surname)]
GivenNames = Annotated[str, Field(max_length=4 * people.MAX_NAME), AfterValidator(people.given_names)]
E164 = Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")]


class Health(Wire):
    """Is the central there, and since when is its clock?"""

    status: Literal["ok"] = "ok"
    version: CleanText
    time: AwareDatetime
    demonstration: bool


class DocumentToBring(Wire):
    """Something to bring; `lead_days` is the time it takes to obtain, 0 when it is at hand."""

    id: Identifier
    name: CleanText
    lead_days: int = Field(ge=0, le=365)


class Service(Wire):
    """What can be booked."""

    id: Identifier
    name: CleanText
    purpose: CleanText
    minutes: int = Field(ge=5, le=240)
    allocation: Literal["immediate", "draw"]
    identifiers: list[Literal["agdref", "ants", "neph"]]
    documents: list[DocumentToBring]
    max_persons: int = Field(ge=1, le=10)


class Services(Wire):
    """All services, in the order in which they are shown."""

    services: list[Service]


class Site(Wire):
    """Where: a seat, without a street nobody verified."""

    id: Identifier
    kind: Literal["prefecture", "sous-prefecture"]
    commune: CleanText
    postcode: CleanText
    department: CleanText
    department_name: CleanText
    region: CleanText
    time_zone: CleanText


class Sites(Wire):
    """Sites, by department then town."""

    sites: list[Site]


class DayCount(Wire):
    """Free places on one day of the site's calendar; days with none are left out."""

    date: dt.date
    free: int = Field(ge=1)


class SiteAvailability(Wire):
    """`unavailable` means that nobody knows; `ok` with no day means that there is none."""

    site: Identifier
    source: Literal["ok", "unavailable"]
    days: list[DayCount]
    next_free: dt.date | None


class Availability(Wire):
    """Per site and day, how many places are free for a service."""

    service: Identifier
    checked_at: AwareDatetime
    sites: list[SiteAvailability]


class Slot(Wire):
    """A start, a length, and the free places left (FHIR Slot)."""

    id: Identifier
    service: Identifier
    site: Identifier
    start: AwareDatetime
    minutes: int
    time_zone: CleanText
    free: int = Field(ge=0)


class SlotPage(Wire):
    """Free slots of a day in time order; `next_cursor` asks for the rest."""

    slots: list[Slot]
    next_cursor: Identifier | None = None


class HoldRequest(Request):
    """Keep a slot for `party` persons."""

    slot: Identifier
    party: int = Field(default=1, ge=1, le=10)


class Hold(Wire):
    """A slot kept until `expires_at`."""

    id: Identifier
    slot: Slot
    expires_at: AwareDatetime


class Person(Request):
    """Who comes. `birth_date` as far as known; `given_names` empty when the document has one name only."""

    surname: Surname
    given_names: GivenNames
    birth_date: BirthDateText
    phone: E164 | None = None


class Consent(Request):
    """How the person agreed."""

    mode: Literal["present", "legal_representative", "external_mandate"]
    reference: CleanText | None = None


class BookingRequest(Request):
    """The hold becomes an appointment for these persons: all of them or none."""

    hold: Identifier
    persons: list[Person] = Field(min_length=1, max_length=10)
    consent: Consent


class Booking(Wire):
    """An appointment (FHIR Appointment words). `token` is the content of the ticket's QR."""

    id: Identifier
    reference: Identifier
    status: Literal["booked", "cancelled", "fulfilled", "noshow"]
    service: Identifier
    site: Identifier
    start: AwareDatetime
    minutes: int
    time_zone: CleanText
    person: Person
    token: Annotated[str, Field(pattern=r"^[0-9A-Z $%*+./:-]{1,300}$")]
    demonstration: bool
    created_at: AwareDatetime


class Bookings(Wire):
    """One booking per person of a request, or the answer to a search."""

    bookings: list[Booking]


class ByReference(Request):
    """Search by the code under the QR, with the birth date."""

    reference: Identifier
    birth_date: BirthDateText


class ByName(Request):
    """Search by surname (whole, or its first letters: at least four) and exact birth date; never a browsable list."""

    surname: Surname
    birth_date: BirthDateText


class Mediator(Wire):
    """Who is signed in."""

    id: Identifier
    name: CleanText


class Kiosk(Wire):
    """Which terminal, and where it stands."""

    id: Identifier
    name: CleanText
    department: CleanText
    region: CleanText


class Me(Wire):
    """Whom the central thinks it is talking to."""

    mediator: Mediator
    kiosk: Kiosk


class Token(Wire):
    """Answer of `POST /oauth/token` (RFC 6749 section 5.1)."""

    access_token: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{20,200}$")]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 (the scheme, RFC 6750)
    expires_in: int
