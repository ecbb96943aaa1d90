"""The calls of the central API; each hands over to a rule or a reading and holds no rule itself."""

import datetime as dt
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Response
from fastapi import Body as JsonBody
from fastapi import Form as FormField

from kiosk import __version__
from kiosk.api import contract
from kiosk.api.problems import Problem, ProblemName
from kiosk.api.text import Identifier
from kiosk.central import counter_calls, write_calls
from kiosk.central.admissions import Admissions
from kiosk.central.applicants import Applicants
from kiosk.central.applications import Applications
from kiosk.central.boundary import guard
from kiosk.central.calling import Behind, Central, SignedIn, as_either, as_mediator, links, problems
from kiosk.central.catalogue import Catalogue, load_catalogue
from kiosk.central.changes import Changes
from kiosk.central.clock import Chance, Clock
from kiosk.central.counters import Counters
from kiosk.central.evidence import Evidence
from kiosk.central.examples import PERSON, REFERENCE, SERVICE_ID, SITE_ID, answers
from kiosk.central.issuer import Issuer
from kiosk.central.manifests import Manifests
from kiosk.central.reading import Reading, Window
from kiosk.central.registers import Registers
from kiosk.central.rules import Rules
from kiosk.central.sealing_keys import SealingKeys
from kiosk.central.signed import SignedAnswer
from kiosk.central.signing_in import SignIn
from kiosk.central.storage import Storage
from kiosk.central.ticket_checks import TicketChecks

API_VERSION = "1"

_NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False}


def create_app(storage: Storage, catalogue: Catalogue, registers: Registers, clock: Clock, chance: Chance) -> FastAPI:
    """Return the server over an open, migrated storage."""
    app = describe()
    issuer = Issuer(storage.person_key)
    applicants = Applicants(storage, catalogue, registers, clock)
    reading = Reading(storage, catalogue, issuer, clock, chance)
    app.state.central = Central(
        reading,
        Rules(storage, catalogue, issuer, applicants, clock, chance),
        Applications(storage, catalogue, issuer, applicants, clock, chance),
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
    app.include_router(write_calls.router)
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


ServiceQuery = Annotated[Identifier, Query(examples=[SERVICE_ID])]
Key = Annotated[str, Path(pattern=contract.IDEMPOTENCY_KEY_PATTERN)]

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
            "links": links(
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
            "links": links(
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
            "links": links(
                createHold={"requestBody": {"slot": "$response.body#/slots/0/id", "persons": [PERSON]}},
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


@_signed_in.get(
    "/bookings/by-key/{key}",
    operation_id="readBookingsByKey",
    summary="What became of an intent",
    responses=problems(ProblemName.NOT_FOUND),
)
def bookings_by_key(central: Behind, caller: SignedIn, key: Key) -> contract.Outcome:
    """Return what this kiosk's intent of that key came to: the way out of an answer that never came."""
    return central.reading.by_key(caller.kiosk, key)
