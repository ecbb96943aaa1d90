"""The calls of the central API; each hands over to a rule or a reading and holds no rule itself."""

import datetime as dt
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Response
from fastapi import Body as JsonBody
from fastapi import Form as FormField
from pydantic import BaseModel

from kiosk import __version__
from kiosk.api import contract
from kiosk.api.problems import Problem, ProblemName
from kiosk.api.text import Identifier
from kiosk.central import counter_calls
from kiosk.central.admissions import Admissions
from kiosk.central.boundary import guard
from kiosk.central.calling import Behind, Central, SignedIn, as_either, as_mediator, one_example, problems
from kiosk.central.catalogue import Catalogue, load_catalogue
from kiosk.central.changes import Change, Changes
from kiosk.central.clock import Chance, Clock
from kiosk.central.counters import Counters
from kiosk.central.evidence import Evidence
from kiosk.central.examples import BOOKING_ID, HOLD_ID, REFERENCE, SERVICE_ID, SITE_ID, SLOT_ID, answers
from kiosk.central.intents import Outcome
from kiosk.central.issuer import Issuer
from kiosk.central.manifests import Manifests
from kiosk.central.places import rate_headers
from kiosk.central.reading import Reading, Window
from kiosk.central.registers import Registers
from kiosk.central.rules import Rules
from kiosk.central.sealing_keys import SealingKeys
from kiosk.central.signed import SignedAnswer
from kiosk.central.signing_in import SignIn
from kiosk.central.storage import Storage
from kiosk.central.ticket_checks import TicketChecks

API_VERSION = "1"

Answer = TypeVar("Answer")

_NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}

_PERSON = {"surname": "Diallo", "given_names": "Mariam", "birth_date": "1990-02-03", "phone": "+33612345678"}
_HOLD_REQUEST = {"slot": SLOT_ID, "persons": [_PERSON | {"identifiers": {"agdref": "9900000001"}}]}
_CORRECTION = {"surname": "Dialo", "given_names": "Mariam", "birth_date": "1990-02-03", "reason": "typed-wrong"}
_ATTEMPT = {"service": "sejour-renouvellement", "sites": ["pref-93", "sp-932"]}
_REPORT = {"channel": "online", "price_euros": 150, "place": "Bobigny"}
_CAPS = (ProblemName.MEDIATOR_LIMIT, ProblemName.KIOSK_LIMIT, ProblemName.SITE_LIMIT)
_RATE_HEADERS = {
    "RateLimit-Policy": {"schema": {"type": "string"}, "description": "how many places each window allows (q, w)"},
    "RateLimit": {"schema": {"type": "string"}, "description": "how many are left (r), for how many seconds (t)"},
}


def create_app(storage: Storage, catalogue: Catalogue, registers: Registers, clock: Clock, chance: Chance) -> FastAPI:
    """Return the server over an open, migrated storage."""
    app = describe()
    issuer = Issuer(storage.person_key)
    reading = Reading(storage, catalogue, issuer, clock, chance)
    app.state.central = Central(
        reading,
        Rules(storage, catalogue, issuer, registers, clock, chance),
        Changes(storage, catalogue, issuer, clock, chance),
        Evidence(storage, reading, clock, chance),
        SignIn(storage, clock, chance),
        Counters(storage),
        Admissions(storage, catalogue, clock),
        Manifests(storage, catalogue, issuer, clock),
        TicketChecks(storage, catalogue, issuer, clock),
        SealingKeys(storage, issuer, clock),
        catalogue,
        issuer,
        clock,
    )
    return app


def describe() -> FastAPI:
    """Return the server without anything behind it: enough to write its OpenAPI description."""
    app = FastAPI(
        title="Central booking API",
        summary="Prefecture appointments, as seen by a kiosk.",
        version=API_VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=cast(Any, _NO_TELEMETRY),
    )
    app.include_router(_open)
    app.include_router(_signed_in)
    app.include_router(_either)
    app.include_router(counter_calls.router)
    guard(app)
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of every call."""
    document = describe().openapi()
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"]["Problem"] = schema
    examples = answers(load_catalogue())
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        for status, answer in operation["responses"].items():
            content = answer.get("content", {})
            if status in {"200", "201"} and "application/json" in content:
                example = examples[operation["operationId"]].model_dump(mode="json")
                content["application/json"]["example"] = example
            if SignedAnswer.media_type in content:
                answer["content"] = SignedAnswer.described()
    return document


def _replay_of(model: type[BaseModel]) -> dict[str, Any]:
    headers = {"Idempotency-Replayed": {"schema": {"const": "true"}}}
    return {"model": model, "description": "Done before under the same key", "headers": headers}


def _changed(*names: ProblemName) -> dict[int | str, dict[str, Any]]:
    tag = {"ETag": {"schema": {"type": "string"}, "description": "the new revision, for the next If-Match"}}
    always = (
        ProblemName.IDEMPOTENCY_KEY_MISSING,
        ProblemName.NOT_FOUND,
        ProblemName.NOT_ACTIVE,
        ProblemName.STALE,
        ProblemName.IDEMPOTENCY_MISMATCH,
        ProblemName.IF_MATCH_MISSING,
    )
    return {200: {"headers": tag, "links": _links(**_changes_of("$response.body#"))}, **problems(*always, *names)}


def _links(**operations: dict[str, Any]) -> dict[str, Any]:
    return {name: {"operationId": name} | how for name, how in operations.items()}


def _changes_of(booking: str) -> dict[str, dict[str, Any]]:
    parameters = {"booking": f"{booking}/id", "If-Match": f'"{{{booking}/revision}}"'}
    return {name: {"parameters": parameters} for name in ("rescheduleBooking", "cancelBooking", "correctBooking")}


def _answer(outcome: Outcome[Answer], response: Response) -> Answer:
    if outcome.replayed:
        response.status_code = 200
        response.headers["Idempotency-Replayed"] = "true"
    return outcome.answer


def _tagged(outcome: Outcome[contract.Booking], response: Response) -> contract.Booking:
    response.headers["ETag"] = f'"{outcome.answer.revision}"'
    return _answer(outcome, response)


def _change(booking: str, if_match: str, key: str) -> Change:
    return Change(booking, int(if_match.strip('"')), key)


ServiceQuery = Annotated[Identifier, Query(examples=[SERVICE_ID])]
Key = Annotated[str, Path(pattern=contract.IDEMPOTENCY_KEY_PATTERN)]
BookingId = Annotated[Identifier, Path(examples=[BOOKING_ID])]
_KEY_HEADER = Header(
    alias="Idempotency-Key",
    pattern=contract.IDEMPOTENCY_KEY_PATTERN,
    description="the same for every retry of one intent",
    examples=["0190c6e0-8f6e-7c3a-9d57-3f2b1a6c4e5d"],
)
IdempotencyKey = Annotated[str, _KEY_HEADER]
HoldKey = Annotated[str | None, _KEY_HEADER]
Revision = Annotated[
    str,
    Header(
        alias="If-Match",
        pattern=contract.REVISION_PATTERN,
        description="the booking's revision as last seen, in quotes",
        examples=['"1"'],
    ),
]

_open = APIRouter()
_signed_in = APIRouter(prefix="/v1", dependencies=[Depends(as_mediator)], responses=problems(ProblemName.NOT_SIGNED_IN))
_either = APIRouter(prefix="/v1", dependencies=[Depends(as_either)], responses=problems(ProblemName.NOT_SIGNED_IN))


@_open.get("/v1/health", operation_id="readHealth", responses=problems())
def health(central: Behind) -> contract.Health:
    """Say that the central and its storage answer."""
    return contract.Health(version=__version__, time=central.clock(), demonstration=central.reading.demonstration())


@_open.get(
    "/.well-known/rdv-keys",
    operation_id="readTicketKeys",
    summary="The keys that sign tickets",
    response_class=SignedAnswer,
    responses=problems(),
)
def ticket_keys(central: Behind) -> SignedAnswer:
    """Return the list of public keys, signed by the root that whoever verifies knows beforehand."""
    return SignedAnswer(central.reading.ticket_keys())


@_open.get(
    "/.well-known/rdv-sealing-key",
    operation_id="readSealingKey",
    summary="The key to which kiosks seal what they ask",
    response_class=SignedAnswer,
    responses=problems(),
)
def sealing_key(central: Behind) -> SignedAnswer:
    """Return the public key (X25519) for sealed bodies, signed by the key of tickets in force."""
    return SignedAnswer(central.sealing.published())


@_open.post(
    "/oauth/token",
    operation_id="createToken",
    summary="Sign a mediator in",
    responses=problems(ProblemName.WRONG_CODE, ProblemName.TOO_MANY),
)
def create_token(
    central: Behind,
    grant_type: Annotated[str, FormField(pattern="^password$", examples=["password"])],
    username: Annotated[Identifier, FormField(description="the mediator", examples=["demo"])],
    password: Annotated[str, FormField(min_length=1, max_length=100, description="the code", examples=["000000"])],
    client_id: Annotated[Identifier, FormField(description="the kiosk", examples=["demo"])],
) -> contract.Token:
    """Exchange a mediator's code for a bearer token (RFC 6749 section 4.3, until RFC 8628 with DPoP replaces it)."""
    return central.sign_in.token(username, password, client_id)


@_signed_in.get("/me", operation_id="readMe", summary="Who is signed in, from which kiosk")
def me(central: Behind, caller: SignedIn) -> contract.Me:
    """Say whom the central thinks it is talking to."""
    return central.sign_in.me(caller)


@_either.get(
    "/services",
    operation_id="listServices",
    summary="What can be booked",
    responses={
        200: {
            "links": _links(
                readService={"parameters": {"service": "$response.body#/services/0/id"}},
                readAvailability={"parameters": {"service": "$response.body#/services/0/id", "site": SITE_ID}},
            )
        }
    },
)
def services(central: Behind) -> contract.Services:
    """List all services, in the order in which they are shown."""
    return contract.Services(services=list(central.catalogue.services.values()))


@_signed_in.get(
    "/services/{service}",
    operation_id="readService",
    summary="One service",
    responses=problems(ProblemName.NOT_FOUND),
)
def service(central: Behind, service: Annotated[Identifier, Path(examples=[SERVICE_ID])]) -> contract.Service:
    """Say what one service needs."""
    return central.catalogue.service(service)


@_either.get("/sites", operation_id="listSites", summary="Where", responses=problems(ProblemName.NOT_FOUND))
def sites(
    central: Behind,
    service: Annotated[Identifier | None, Query(examples=[SERVICE_ID])] = None,
    department: Annotated[Identifier | None, Query(examples=["93"])] = None,
) -> contract.Sites:
    """List sites by department then town. In this central every site offers every service of the catalogue."""
    if service is not None:
        central.catalogue.service(service)
    every = central.catalogue.sites.values()
    return contract.Sites(sites=[site for site in every if department in {None, site.department}])


@_signed_in.get(
    "/availability",
    operation_id="readAvailability",
    summary="Free places per site and day",
    responses={
        200: {
            "links": _links(
                listSlots={
                    "parameters": {
                        "service": "$response.body#/service",
                        "site": "$response.body#/sites/0/site",
                        "date": "$response.body#/sites/0/next_free",
                    }
                }
            )
        },
        **problems(ProblemName.NOT_FOUND),
    },
)
def availability(
    central: Behind,
    caller: SignedIn,
    service: ServiceQuery,
    site: Annotated[Identifier | None, Query(description="all sites if left out", examples=[SITE_ID])] = None,
    first: Annotated[dt.date | None, Query(alias="from", description="the site's today if left out")] = None,
    last: Annotated[
        dt.date | None, Query(alias="to", description="the last day that can be booked if left out")
    ] = None,
) -> contract.Availability:
    """Count what this kiosk may take: every day of one site, or only the first one (`next_free`) of each."""
    return central.reading.availability(caller, service, site, Window(first, last))


@_signed_in.get(
    "/slots",
    operation_id="listSlots",
    summary="Free slots of one day",
    responses={
        200: {
            "links": _links(
                createHold={"requestBody": {"slot": "$response.body#/slots/0/id", "persons": [_PERSON]}},
                createAttempt={
                    "requestBody": {"service": "$request.query.service", "sites": ["$response.body#/slots/0/site"]}
                },
            )
        },
        **problems(ProblemName.NOT_FOUND, ProblemName.SOURCE_UNAVAILABLE),
    },
)
def slots(
    central: Behind,
    caller: SignedIn,
    response: Response,
    service: ServiceQuery,
    site: Annotated[Identifier, Query(examples=[SITE_ID])],
    date: Annotated[dt.date, Query(description="on the site's calendar", examples=["2027-02-03"])],
    party: Annotated[int, Query(ge=1, le=10)] = 1,
    cursor: Annotated[Identifier | None, Query(description="next_cursor of the page before")] = None,
) -> contract.SlotPage:
    """List the slots with at least `party` places left, in time order."""
    page = central.reading.slots(caller, service, site, date, party, cursor)
    if page.next_cursor:
        query = {"service": service, "site": site, "date": date.isoformat(), "party": party}
        response.headers["Link"] = f'</v1/slots?{urlencode(query | {"cursor": page.next_cursor})}>; rel="next"'
    return page


@_signed_in.post(
    "/holds",
    operation_id="createHold",
    summary="Keep a slot for some minutes",
    status_code=201,
    responses={
        201: {
            "headers": _RATE_HEADERS,
            "links": _links(
                createBookings={
                    "requestBody": {
                        "hold": "$response.body#/id",
                        "persons": [_PERSON],
                        "consent": {"mode": "present"},
                    }
                },
                deleteHold={"parameters": {"hold": "$response.body#/id"}},
            ),
        },
        **problems(
            ProblemName.NOT_FOUND,
            ProblemName.SLOT_TAKEN,
            ProblemName.PERSON_HAS_BOOKING,
            ProblemName.PERSON_HAS_HOLD,
            ProblemName.COOLING_OFF,
            ProblemName.IDENTITY_REJECTED,
            ProblemName.REJECTIONS_LIMIT,
            *_CAPS,
            ProblemName.REGISTER_UNAVAILABLE,
            ProblemName.SOURCE_UNAVAILABLE,
            ProblemName.HOLD_EXPIRED,
            ProblemName.IDEMPOTENCY_MISMATCH,
            ProblemName.SEALED_UNREADABLE,
        ),
    },
)
def create_hold(
    central: Behind,
    caller: SignedIn,
    response: Response,
    body: Annotated[contract.HoldRequest, JsonBody(openapi_examples=one_example(_HOLD_REQUEST))],
    idempotency_key: HoldKey = None,
) -> contract.Hold:
    """Keep places for these persons. A kiosk has one hold: the same again changes nothing, another one ends it.

    Under an Idempotency-Key that was used before, the hold of then is answered, or hold-expired.
    """
    held = central.rules.hold(caller, body, idempotency_key)
    response.headers.update(rate_headers(held.left, central.clock()))
    return held.hold


@_signed_in.delete("/holds/{hold}", operation_id="deleteHold", summary="Give a held slot back", status_code=204)
def delete_hold(central: Behind, caller: SignedIn, hold: Annotated[Identifier, Path(examples=[HOLD_ID])]) -> None:
    """Give the places back. Safe to repeat; a hold that is over, unknown or another kiosk's is left as it is."""
    central.rules.release(caller, hold)


@_signed_in.post(
    "/bookings",
    operation_id="createBookings",
    summary="Turn a hold into bookings, all or none",
    status_code=201,
    responses={
        201: {
            "links": _links(
                readBookingsByKey={"parameters": {"key": "$request.header.Idempotency-Key"}},
                **_changes_of("$response.body#/bookings/0"),
            )
        },
        200: _replay_of(contract.Bookings),
        **problems(
            ProblemName.IDEMPOTENCY_KEY_MISSING,
            ProblemName.PERSON_HAS_BOOKING,
            ProblemName.COOLING_OFF,
            ProblemName.HOLD_EXPIRED,
            ProblemName.NOT_A_TYPO,
            ProblemName.IDEMPOTENCY_MISMATCH,
        ),
    },
)
def create_bookings(
    central: Behind,
    caller: SignedIn,
    response: Response,
    body: Annotated[
        contract.BookingRequest,
        JsonBody(openapi_examples=one_example({"hold": HOLD_ID, "persons": [_PERSON], "consent": {"mode": "present"}})),
    ],
    idempotency_key: IdempotencyKey,
) -> contract.Bookings:
    """Book once per Idempotency-Key and kiosk, whatever is retried; only successes are remembered under a key."""
    return _answer(central.rules.book(caller, idempotency_key, body), response)


@_signed_in.get(
    "/bookings/by-key/{key}",
    operation_id="readBookingsByKey",
    summary="What became of an intent",
    responses=problems(ProblemName.NOT_FOUND),
)
def bookings_by_key(central: Behind, caller: SignedIn, key: Key) -> contract.Outcome:
    """Return what this kiosk's intent of that key came to: the way out of an answer that never came."""
    return central.reading.by_key(caller.kiosk, key)


@_signed_in.post(
    "/bookings/{booking}/reschedule",
    operation_id="rescheduleBooking",
    summary="Move an appointment",
    responses=_changed(
        ProblemName.SLOT_TAKEN,
        ProblemName.MOVES_USED_UP,
        *_CAPS,
        ProblemName.SOURCE_UNAVAILABLE,
    ),
)
def reschedule_booking(
    central: Behind,
    caller: SignedIn,
    response: Response,
    booking: BookingId,
    body: Annotated[contract.RescheduleRequest, JsonBody(openapi_examples=one_example({"slot": SLOT_ID}))],
    idempotency_key: IdempotencyKey,
    if_match: Revision,
) -> contract.Booking:
    """Take the new slot and give the old one up in one transaction; the person and the reference stay."""
    change = _change(booking, if_match, idempotency_key)
    return _tagged(central.changes.reschedule(caller, change, body), response)


@_signed_in.post(
    "/bookings/{booking}/cancel",
    operation_id="cancelBooking",
    summary="Give an appointment up",
    responses=_changed(),
)
def cancel_booking(
    central: Behind,
    caller: SignedIn,
    response: Response,
    booking: BookingId,
    body: Annotated[contract.CancelRequest, JsonBody(openapi_examples=one_example({"reason": "person"}))],
    idempotency_key: IdempotencyKey,
    if_match: Revision,
) -> contract.Booking:
    """Cancel. The place stays hidden for hours, and never goes back to this kiosk or mediator."""
    change = _change(booking, if_match, idempotency_key)
    return _tagged(central.changes.cancel(caller, change, body), response)


@_signed_in.post(
    "/bookings/{booking}/correction",
    operation_id="correctBooking",
    summary="Put a typing error right",
    responses=_changed(ProblemName.PERSON_HAS_BOOKING, ProblemName.COOLING_OFF, ProblemName.NOT_A_TYPO),
)
def correct_booking(
    central: Behind,
    caller: SignedIn,
    response: Response,
    booking: BookingId,
    body: Annotated[contract.CorrectionRequest, JsonBody(openapi_examples=one_example(_CORRECTION))],
    idempotency_key: IdempotencyKey,
    if_match: Revision,
) -> contract.Booking:
    """Correct a name or a birth date by a few letters, counted from the identity first given. No call does more."""
    change = _change(booking, if_match, idempotency_key)
    return _tagged(central.changes.correct(caller, change, body), response)


@_signed_in.post(
    "/attempts",
    operation_id="createAttempt",
    summary="Search, and have it proved",
    status_code=201,
    responses={
        200: _replay_of(contract.Attempt),
        **problems(ProblemName.IDEMPOTENCY_KEY_MISSING, ProblemName.NOT_FOUND, ProblemName.IDEMPOTENCY_MISMATCH),
    },
)
def create_attempt(
    central: Behind,
    caller: SignedIn,
    response: Response,
    body: Annotated[contract.AttemptRequest, JsonBody(openapi_examples=one_example(_ATTEMPT))],
    idempotency_key: IdempotencyKey,
) -> contract.Attempt:
    """Look now, and keep what was found: free, none, or a source that did not answer."""
    return _answer(central.evidence.attempt(caller, idempotency_key, body), response)


@_signed_in.post(
    "/reports",
    operation_id="createReport",
    summary="Tell of a resale",
    status_code=201,
    responses={
        200: _replay_of(contract.Report),
        **problems(ProblemName.IDEMPOTENCY_KEY_MISSING, ProblemName.IDEMPOTENCY_MISMATCH),
    },
)
def create_report(
    central: Behind,
    caller: SignedIn,
    response: Response,
    body: Annotated[contract.ReportRequest, JsonBody(openapi_examples=one_example(_REPORT))],
    idempotency_key: IdempotencyKey,
) -> contract.Report:
    """Keep what somebody tells, for a person to read. Nobody is asked who they are."""
    return _answer(central.evidence.report(caller, idempotency_key, body), response)


@_signed_in.post("/bookings/search", operation_id="searchBookings", summary="Find a person's appointments")
def search_bookings(
    central: Behind,
    body: Annotated[
        contract.ByReference | contract.ByName,
        JsonBody(
            openapi_examples={
                "by reference": {"value": {"reference": REFERENCE, "birth_date": "1990-02-03"}},
                "by name": {"value": {"surname": "Diallo", "birth_date": "1990-02-03"}},
            }
        ),
    ],
) -> contract.Bookings:
    """Search by reference, or by surname (whole, or its first letters) with the exact birth date; at most 20."""
    return central.reading.search(body)
