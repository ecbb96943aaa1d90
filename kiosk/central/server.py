"""The calls of the central API; each hands over to a rule or a reading and holds no rule itself."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response, Security
from fastapi import Body as JsonBody
from fastapi import Form as FormField
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from kiosk import __version__
from kiosk.api import contract
from kiosk.api.problems import MEDIA_TYPE, Problem, ProblemName
from kiosk.api.text import Identifier
from kiosk.central.boundary import TITLES, guard
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Chance, Clock
from kiosk.central.reading import Reading, Window
from kiosk.central.refusal import Refused
from kiosk.central.rules import Caller, Rules
from kiosk.central.signing_in import SignIn
from kiosk.central.storage import Storage

API_VERSION = "1"
_NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}
_ALWAYS = (ProblemName.INVALID, ProblemName.STORAGE_UNAVAILABLE, ProblemName.INTERNAL)

_PERSON = {"surname": "Diallo", "given_names": "Mariam", "birth_date": "1990-02-03", "phone": "+33612345678"}
_HOLD_ID = "5b0c1a52-6d0f-4f3e-9a55-0d6f2f6b8c11"


@dataclass(frozen=True, slots=True)
class Central:
    """All that the calls need."""

    reading: Reading
    rules: Rules
    sign_in: SignIn
    catalogue: Catalogue
    clock: Clock


def create_app(storage: Storage, catalogue: Catalogue, clock: Clock, chance: Chance) -> FastAPI:
    """Return the server over an open, migrated storage."""
    app = describe()
    app.state.central = Central(
        Reading(storage, catalogue, clock),
        Rules(storage, catalogue, clock, chance),
        SignIn(storage, clock, chance),
        catalogue,
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
    guard(app)
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of every call."""
    document = describe().openapi()
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"]["Problem"] = schema
    return document


def _problems(*names: ProblemName) -> dict[int | str, dict[str, Any]]:
    by_status: dict[int | str, list[ProblemName]] = {}
    for name in (*names, *_ALWAYS):
        by_status.setdefault(name.status, []).append(name)
    return {status: _problem_answer(same) for status, same in by_status.items()}


def _problem_answer(names: list[ProblemName]) -> dict[str, Any]:
    examples = {
        name.value: {"value": {"type": name.urn, "title": TITLES[name], "status": name.status}} for name in names
    }
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    return {"description": "; ".join(TITLES[name] for name in names), "content": {MEDIA_TYPE: content}}


def _example(value: dict[str, Any]) -> dict[str, Any]:
    return {"example": {"value": value}}


async def _central(request: Request) -> Central:
    return cast(Central, request.app.state.central)


def _caller(
    central: Annotated[Central, Depends(_central)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))],
) -> Caller:
    if credentials is None:
        raise Refused(ProblemName.NOT_SIGNED_IN)
    return central.sign_in.caller(credentials.credentials)


Behind = Annotated[Central, Depends(_central)]
SignedIn = Annotated[Caller, Depends(_caller)]
ServiceQuery = Annotated[Identifier, Query(examples=["sejour-renouvellement"])]
Key = Annotated[str, Path(pattern=contract.IDEMPOTENCY_KEY_PATTERN)]

_open = APIRouter()
_signed_in = APIRouter(prefix="/v1", dependencies=[Depends(_caller)], responses=_problems(ProblemName.NOT_SIGNED_IN))


@_open.get("/v1/health", operation_id="readHealth", responses=_problems())
def health(central: Behind) -> contract.Health:
    """Say that the central and its storage answer."""
    return contract.Health(version=__version__, time=central.clock(), demonstration=central.reading.demonstration())


@_open.post(
    "/oauth/token",
    operation_id="createToken",
    summary="Sign a mediator in",
    responses=_problems(ProblemName.WRONG_CODE, ProblemName.TOO_MANY),
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


@_signed_in.get("/services", operation_id="listServices", summary="What can be booked")
def services(central: Behind) -> contract.Services:
    """List all services, in the order in which they are shown."""
    return contract.Services(services=list(central.catalogue.services.values()))


@_signed_in.get(
    "/services/{service}",
    operation_id="readService",
    summary="One service",
    responses=_problems(ProblemName.NOT_FOUND),
)
def service(
    central: Behind, service: Annotated[Identifier, Path(examples=["sejour-renouvellement"])]
) -> contract.Service:
    """Say what one service needs."""
    return central.catalogue.service(service)


@_signed_in.get("/sites", operation_id="listSites", summary="Where", responses=_problems(ProblemName.NOT_FOUND))
def sites(
    central: Behind,
    service: Annotated[Identifier | None, Query(examples=["sejour-renouvellement"])] = None,
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
    responses=_problems(ProblemName.NOT_FOUND),
)
def availability(
    central: Behind,
    service: ServiceQuery,
    site: Annotated[Identifier | None, Query(description="all sites if left out", examples=["pref-93"])] = None,
    first: Annotated[dt.date | None, Query(alias="from", description="the site's today if left out")] = None,
    last: Annotated[dt.date | None, Query(alias="to", description="12 weeks after from if left out")] = None,
) -> contract.Availability:
    """Count per site and day of its calendar; `next_free` is the first day with a place inside the window."""
    return central.reading.availability(service, site, Window(first, last))


@_signed_in.get(
    "/slots",
    operation_id="listSlots",
    summary="Free slots of one day",
    responses=_problems(ProblemName.NOT_FOUND, ProblemName.SOURCE_UNAVAILABLE),
)
def slots(
    central: Behind,
    service: ServiceQuery,
    site: Annotated[Identifier, Query(examples=["pref-93"])],
    date: Annotated[dt.date, Query(description="on the site's calendar", examples=["2027-02-03"])],
    party: Annotated[int, Query(ge=1, le=10)] = 1,
    cursor: Annotated[Identifier | None, Query(description="next_cursor of the page before")] = None,
) -> contract.SlotPage:
    """List the slots with at least `party` places left, in time order."""
    return central.reading.slots(service, site, date, party, cursor)


@_signed_in.post(
    "/holds",
    operation_id="createHold",
    summary="Keep a slot for some minutes",
    status_code=201,
    responses=_problems(ProblemName.NOT_FOUND, ProblemName.SLOT_TAKEN, ProblemName.SOURCE_UNAVAILABLE),
)
def create_hold(
    central: Behind,
    caller: SignedIn,
    body: Annotated[contract.HoldRequest, JsonBody(openapi_examples=_example({"slot": "s-6f1d2c", "party": 1}))],
) -> contract.Hold:
    """Keep places of a slot for this kiosk while identity is checked."""
    return central.rules.hold(caller, body)


@_signed_in.delete("/holds/{hold}", operation_id="deleteHold", summary="Give a held slot back", status_code=204)
def delete_hold(central: Behind, caller: SignedIn, hold: Annotated[Identifier, Path(examples=[_HOLD_ID])]) -> None:
    """Give the places back. Safe to repeat; a hold that is over, unknown or another kiosk's is left as it is."""
    central.rules.release(caller, hold)


@_signed_in.post(
    "/bookings",
    operation_id="createBookings",
    summary="Turn a hold into bookings, all or none",
    status_code=201,
    responses={
        200: {
            "model": contract.Bookings,
            "description": "Done before under the same key",
            "headers": {"Idempotency-Replayed": {"schema": {"const": "true"}}},
        },
        **_problems(
            ProblemName.IDEMPOTENCY_KEY_MISSING,
            ProblemName.PERSON_HAS_BOOKING,
            ProblemName.HOLD_EXPIRED,
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
        JsonBody(openapi_examples=_example({"hold": _HOLD_ID, "persons": [_PERSON], "consent": {"mode": "present"}})),
    ],
    idempotency_key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            pattern=contract.IDEMPOTENCY_KEY_PATTERN,
            description="the same for every retry of one intent",
            examples=["0190c6e0-8f6e-7c3a-9d57-3f2b1a6c4e5d"],
        ),
    ],
) -> contract.Bookings:
    """Book once per Idempotency-Key and kiosk, whatever is retried; only successes are remembered under a key."""
    outcome = central.rules.book(caller, idempotency_key, body)
    if outcome.replayed:
        response.status_code = 200
        response.headers["Idempotency-Replayed"] = "true"
    return outcome.bookings


@_signed_in.get(
    "/bookings/by-key/{key}",
    operation_id="readBookingsByKey",
    summary="What became of an intent",
    responses=_problems(ProblemName.NOT_FOUND),
)
def bookings_by_key(central: Behind, caller: SignedIn, key: Key) -> contract.Bookings:
    """Return what this kiosk booked under a key: the way out of an answer that never came."""
    return central.reading.by_key(caller.kiosk, key)


@_signed_in.post("/bookings/search", operation_id="searchBookings", summary="Find a person's appointments")
def search_bookings(
    central: Behind,
    body: Annotated[
        contract.ByReference | contract.ByName,
        JsonBody(
            openapi_examples={
                "by reference": {"value": {"reference": "7K4M2QXP93TQ", "birth_date": "1990-02-03"}},
                "by name": {"value": {"surname": "Diallo", "birth_date": "1990-02-03"}},
            }
        ),
    ],
) -> contract.Bookings:
    """Search by reference, or by surname (whole, or its first letters) with the exact birth date; at most 20."""
    return central.reading.search(body)
