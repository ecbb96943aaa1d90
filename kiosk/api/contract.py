"""Contract v1 of the central API: the one definition of what crosses the wire, for both sides.

Times are RFC 3339 with the offset of the site's own zone; the zone's IANA name stands beside them.
"""

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from kiosk.api.problems import Problem
from kiosk.api.text import CleanText, Identifier
from kiosk.booking import person as people
from kiosk.booking.identifiers import PATTERNS
from kiosk.booking.person import BirthDate
from kiosk.tickets.token import MAX_CHARS
from kiosk.tickets.verify import State

MAX_WINDOW_DAYS = 92
MAX_PERSONS = 10
MAX_SITES = 400
PAGE_SIZE = 100
MAX_NOTES = 200
MIN_SURNAME_PREFIX = 4  # letters of the MRZ form
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}")
IDEMPOTENCY_KEY_PATTERN = r"^[A-Za-z0-9-]{16,64}$"
REVISION_PATTERN = r'^"[1-9]\d{0,8}"$'  # an entity tag (RFC 9110 section 8.8.3) made of the booking's revision


class Wire(BaseModel):
    """What every message has: it does not change once read, and members nobody defined are refused when sent to us.

    Written by accident, in a log say, it gives its name only: much of what goes over the wire is somebody's.
    """

    # pydantic keeps the strings of any JSON for the next one: of names, it may keep the members' only.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, cache_strings="keys")

    def __repr_args__(self) -> tuple[()]:
        """Return nothing."""
        return ()


class Request(Wire):
    """A message to the central; strict, so that a misspelt member is an error and not a silence."""

    model_config = ConfigDict(extra="forbid")


def _wire_date(text: str) -> str:
    return BirthDate.from_iso(text).iso()


def _written(value: object) -> object:
    # pydantic takes a number for seconds since 1970: it is not what the description promises.
    if isinstance(value, dt.datetime) or (isinstance(value, str) and _INSTANT.match(value)):
        return value
    raise ValueError("a date and a time with an offset, as in RFC 3339")


WrittenInstant = Annotated[AwareDatetime, BeforeValidator(_written)]
BirthDateText = Annotated[
    str, Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", examples=["1987-05-03", "1987"]), AfterValidator(_wire_date)
]
Surname = Annotated[str, Field(min_length=1, max_length=4 * people.MAX_NAME), AfterValidator(people.surname)]
GivenNames = Annotated[str, Field(max_length=4 * people.MAX_NAME), AfterValidator(people.given_names)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", examples=["fr", "fa-AF"])]
Email = Annotated[str, Field(max_length=254, pattern=r"^[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,189}$")]
TicketToken = Annotated[str, Field(pattern=r"^RDV1:[0-9A-Z $%*+./:-]{1,216}$", max_length=MAX_CHARS)]
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
    """What can be booked. `takes_applications`: a place may be asked for without choosing an hour."""

    id: Identifier
    name: CleanText
    purpose: CleanText
    minutes: int = Field(ge=5, le=240)
    allocation: Literal["immediate", "draw"]
    identifiers: list[Literal["agdref", "ants", "neph"]]
    documents: list[DocumentToBring]
    max_persons: int = Field(ge=1, le=10)
    takes_applications: bool


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
    """`unavailable` means that nobody knows; `ok` with no day means that there is none.

    `days` lists every day with a free place when one site was asked for, and only the first of them otherwise.
    """

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


class Identifiers(Request):
    """Numbers that a service may require; each is given once and remembered for the person."""

    agdref: Annotated[str, Field(pattern=PATTERNS["agdref"])] | None = None
    ants: Annotated[str, Field(pattern=PATTERNS["ants"])] | None = None
    neph: Annotated[str, Field(pattern=PATTERNS["neph"])] | None = None


class Document(Request):
    """The document that the mediator looked at; its number is compared, never kept."""

    kind: Literal["passport", "identity-card", "residence-permit", "receipt", "other"]
    number: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,20}$")] | None = None


class Identity(Request):
    """What never changes but for a typing error. `given_names` is empty when the document has one name only."""

    surname: Surname
    given_names: GivenNames
    birth_date: BirthDateText


class Person(Identity):
    """Who comes."""

    phone: E164 | None = None
    email: Email | None = None
    language: Language | None = None
    representative: CleanText | None = None


class Applicant(Person):
    """A person for whom a slot is asked, with what the service wants to know before it keeps one."""

    identifiers: Identifiers = Identifiers()
    document: Document | None = None


class HoldRequest(Request):
    """Keep a slot for these persons, one place each; none of them may be exchanged for another one later."""

    slot: Identifier
    persons: list[Applicant] = Field(min_length=1, max_length=MAX_PERSONS)


class Hold(Wire):
    """A slot kept until `expires_at`."""

    id: Identifier
    slot: Slot
    expires_at: AwareDatetime


class Consent(Request):
    """How the person agreed."""

    mode: Literal["present", "legal_representative", "external_mandate"]
    reference: CleanText | None = None


class BookingRequest(Request):
    """The hold becomes an appointment for its persons: all of them or none, in the same order.

    A name or a birth date may differ from the hold's by a typing error.
    """

    hold: Identifier
    persons: list[Person] = Field(min_length=1, max_length=MAX_PERSONS)
    consent: Consent


class Booking(Wire):
    """An appointment (FHIR Appointment words). `token` is the content of its ticket's QR, as long as it is `booked`.

    `revision` counts its changes and is its entity tag: `If-Match: "<revision>"`.
    """

    id: Identifier
    reference: Identifier
    revision: int = Field(ge=1)
    status: Literal["booked", "cancelled", "fulfilled", "noshow"]
    moves_left: int = Field(ge=0)
    service: Identifier
    site: Identifier
    start: AwareDatetime
    minutes: int
    time_zone: CleanText
    person: Person
    identifiers_known: list[Literal["agdref", "ants", "neph"]]
    token: TicketToken | None = None
    demonstration: bool
    created_at: AwareDatetime


class Bookings(Wire):
    """One booking per person of a request, or the answer to a search."""

    bookings: list[Booking]


class ApplicationRequest(Request):
    """A place is asked for where nobody could see the hours: the first free one of that site, from that day on.

    `asked_at`: when the person stood at the kiosk, by its clock; the request may arrive hours later.
    """

    service: Identifier
    site: Identifier
    not_before: dt.date
    person: Applicant
    consent: Consent
    asked_at: WrittenInstant


class RescheduleRequest(Request):
    """Move to another slot of the same service."""

    slot: Identifier


class CancelRequest(Request):
    """Why the appointment is given up; illness and a mistake at the counter cost the person nothing."""

    reason: Literal["person", "illness", "mediator-mistake"]


class CorrectionRequest(Identity):
    """The identity as it stands on the document, and why it was typed otherwise."""

    reason: Literal["heard-wrong", "typed-wrong", "document-differs"]


class AttemptRequest(Request):
    """Where somebody looks, for a proof of what was found. The person's name is not kept, only compared."""

    service: Identifier
    sites: list[Identifier] = Field(min_length=1, max_length=MAX_SITES)
    person: Identity | None = None


class SiteFinding(Wire):
    """What the central saw: a free place, none, or a source that did not answer."""

    site: Identifier
    found: Literal["free", "none", "unavailable"]


class Attempt(Wire):
    """A dated search. `earlier`: when the same person searched for this service before; `seal`: the central's."""

    reference: Identifier
    at: AwareDatetime
    service: Identifier
    first: dt.date
    last: dt.date
    sites: list[SiteFinding]
    earlier: list[AwareDatetime]
    seal: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ReportRequest(Request):
    """Somebody sells appointments. Nothing here asks who the victim is."""

    channel: Literal["shop", "online", "street", "acquaintance", "other"]
    price_euros: int | None = Field(default=None, ge=0, le=100_000)
    place: CleanText | None = Field(default=None, max_length=200)
    reference: Identifier | None = None
    note: CleanText | None = Field(default=None, max_length=1000)


class Report(Wire):
    """The number under which a report is kept."""

    reference: Identifier
    at: AwareDatetime


class Outcome(Wire):
    """What became of an intent: the answer that its call gave, or the refusal, which is final for its key.

    Bookings are told as they stand now; a hold that is over, or became bookings, is not told.
    """

    action: Literal["hold", "book", "application", "move", "cancel", "correct", "attempt", "report"]
    bookings: list[Booking] = []
    hold: Hold | None = None
    attempt: Attempt | None = None
    report: Report | None = None
    refusal: Problem | None = None


class ByReference(Request):
    """Search by the code under the QR, with the birth date."""

    reference: Identifier
    birth_date: BirthDateText


class ByName(Request):
    """Search by surname (whole, or its first letters: at least four) and exact birth date; never a browsable list."""

    surname: Surname
    birth_date: BirthDateText


class Bearer(Request):
    """Who shows a ticket, in the letters of a machine-readable zone (ICAO Doc 9303); only compared, never kept."""

    surname: Annotated[str, Field(pattern=r"^[A-Z]{1,200}$")]
    given_name: Annotated[str, Field(pattern=r"^[A-Z]{0,200}$")]  # the first one
    birth_date: Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2}([0-9]{2}|<<)|<<<<)$", examples=["900203", "87<<<<"])]


class TicketByToken(Request):
    """Ask about a ticket whose QR was read, whatever was read."""

    token: Annotated[str, Field(min_length=1, max_length=500)]
    bearer: Bearer | None = None


class TicketByReference(Request):
    """Ask about a ticket by the code under its QR; without the bearer's birth date it is not found."""

    reference: Identifier
    bearer: Bearer


class Admitted(Wire):
    """Somebody was let in: when, at which counter."""

    at: AwareDatetime
    counter: Identifier


class TicketCheck(Wire):
    """What a ticket is worth now, and of which appointment; nothing about whom it belongs to.

    `person`: whether the bearer is the person for whom the appointment was made. Moved: the place and time that hold.
    """

    state: State
    person: Literal["not-asked", "match", "no-match"]
    reference: Identifier | None = None
    service: Identifier | None = None
    site: Identifier | None = None
    start: AwareDatetime | None = None
    minutes: int | None = None
    time_zone: CleanText | None = None
    admitted: Admitted | None = None


class Note(Request):
    """What a counter did with one ticket. `nonce` is made before it is written down: a note delivered twice is one.

    `outcome`: `admitted`, or why not; `withdrawn` undoes the note `of`. A scan that named no appointment has no
    reference.
    """

    nonce: Annotated[str, Field(pattern=IDEMPOTENCY_KEY_PATTERN)]
    at: WrittenInstant
    outcome: Literal["admitted", "withdrawn"] | State
    reference: Identifier | None = None
    revision: int | None = Field(default=None, ge=1, lt=2**16)
    of: Annotated[str, Field(pattern=IDEMPOTENCY_KEY_PATTERN)] | None = None


class Notes(Request):
    """What a counter did, perhaps hours ago, in its own order."""

    notes: list[Note] = Field(min_length=1, max_length=MAX_NOTES)


class Finding(Wire):
    """What the central makes of an admission now that it knows of it.

    `kept`: nothing against it. `again`: somebody was let in before with this ticket (`first`), or was elsewhere.
    """

    nonce: Identifier
    finding: Literal["kept", "again", "cancelled", "moved", "unknown"]
    first: Admitted | None = None


class Findings(Wire):
    """One finding per note, in the order of the notes."""

    findings: list[Finding]


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


class Cap(Wire):
    """How many places may still be taken before `resets_at`, over all services, under the strictest service's limit."""

    scope: Literal["mediator-hour", "mediator-day", "kiosk-hour"]
    limit: int
    left: int = Field(ge=0)
    resets_at: AwareDatetime


class Me(Wire):
    """Whom the central thinks it is talking to, and what these may still take."""

    mediator: Mediator
    kiosk: Kiosk
    caps: list[Cap]


class Token(Wire):
    """Answer of `POST /oauth/token` (RFC 6749 section 5.1)."""

    access_token: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{20,200}$")]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 (the scheme, RFC 6750)
    expires_in: int
