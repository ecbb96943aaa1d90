"""The calls that leave something behind, each once per key; their bodies may come sealed."""

from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Response
from fastapi import Body as JsonBody
from pydantic import BaseModel

from kiosk.api import contract, sealing
from kiosk.api.problems import ProblemName
from kiosk.api.text import Identifier
from kiosk.central.calling import Behind, SignedIn, as_mediator, links, one_example, problems
from kiosk.central.changes import Change
from kiosk.central.examples import BOOKING_ID, HOLD_ID, PERSON, SITE_ID, SLOT_ID
from kiosk.central.intents import Outcome
from kiosk.central.places import rate_headers
from kiosk.central.refusal import REPLAYED

Answer = TypeVar("Answer")

_HOLD_REQUEST = {"slot": SLOT_ID, "persons": [PERSON | {"identifiers": {"agdref": "9900000001"}}]}
_APPLICATION = {
    "service": "sejour-premiere",
    "site": SITE_ID,
    "not_before": "2027-02-03",
    "person": PERSON,
    "consent": {"mode": "present"},
    "asked_at": "2027-01-11T09:00:00+01:00",
}
_CORRECTION = {"surname": "Dialo", "given_names": "Mariam", "birth_date": "1990-02-03", "reason": "typed-wrong"}
_ATTEMPT = {"service": "sejour-renouvellement", "sites": ["pref-93", "sp-932"]}
_REPORT = {"channel": "online", "price_euros": 150, "place": "Bobigny"}
_CAPS = (ProblemName.MEDIATOR_LIMIT, ProblemName.KIOSK_LIMIT, ProblemName.SITE_LIMIT)
_RATE_HEADERS = {
    "RateLimit-Policy": {"schema": {"type": "string"}, "description": "how many places each window allows (q, w)"},
    "RateLimit": {"schema": {"type": "string"}, "description": "how many are left (r), for how many seconds (t)"},
}
# Described by its media type only: what is inside is the body in clear.
_SEALED_TOO = {"requestBody": {"content": {sealing.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}}

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

router = APIRouter(prefix="/v1", dependencies=[Depends(as_mediator)], responses=problems(ProblemName.NOT_SIGNED_IN))


def _written(*names: ProblemName) -> dict[int | str, dict[str, Any]]:
    always = (ProblemName.IDEMPOTENCY_KEY_MISSING, ProblemName.IDEMPOTENCY_MISMATCH, ProblemName.SEALED_UNREADABLE)
    return problems(*always, *names)


def _replay_of(model: type[BaseModel]) -> dict[str, Any]:
    headers = {"Idempotency-Replayed": {"schema": {"const": "true"}}}
    return {"model": model, "description": "Done before under the same key", "headers": headers}


def _changed(*names: ProblemName) -> dict[int | str, dict[str, Any]]:
    tag = {"ETag": {"schema": {"type": "string"}, "description": "the new revision, for the next If-Match"}}
    always = (ProblemName.NOT_FOUND, ProblemName.NOT_ACTIVE, ProblemName.STALE, ProblemName.IF_MATCH_MISSING)
    return {200: {"headers": tag, "links": links(**_changes_of("$response.body#"))}, **_written(*always, *names)}


def _changes_of(booking: str) -> dict[str, dict[str, Any]]:
    parameters = {"booking": f"{booking}/id", "If-Match": f'"{{{booking}/revision}}"'}
    return {name: {"parameters": parameters} for name in ("rescheduleBooking", "cancelBooking", "correctBooking")}


def _links_of_bookings() -> dict[str, Any]:
    return links(
        readBookingsByKey={"parameters": {"key": "$request.header.Idempotency-Key"}},
        **_changes_of("$response.body#/bookings/0"),
    )


def _answer(outcome: Outcome[Answer], response: Response) -> Answer:
    if outcome.replayed:
        response.status_code = 200
        response.headers.update(REPLAYED)
    return outcome.answer


def _tagged(outcome: Outcome[contract.Booking], response: Response) -> contract.Booking:
    response.headers["ETag"] = f'"{outcome.answer.revision}"'
    return _answer(outcome, response)


def _change(booking: str, if_match: str, key: str) -> Change:
    return Change(booking, int(if_match.strip('"')), key)


@router.post(
    "/holds",
    operation_id="createHold",
    openapi_extra=_SEALED_TOO,
    summary="Keep a slot for some minutes",
    status_code=201,
    responses={
        201: {
            "headers": _RATE_HEADERS,
            "links": links(
                createBookings={
                    "requestBody": {
                        "hold": "$response.body#/id",
                        "persons": [PERSON],
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


@router.delete("/holds/{hold}", operation_id="deleteHold", summary="Give a held slot back", status_code=204)
def delete_hold(central: Behind, caller: SignedIn, hold: Annotated[Identifier, Path(examples=[HOLD_ID])]) -> None:
    """Give the places back. Safe to repeat; a hold that is over, unknown or another kiosk's is left as it is."""
    central.rules.release(caller, hold)


@router.post(
    "/bookings",
    operation_id="createBookings",
    openapi_extra=_SEALED_TOO,
    summary="Turn a hold into bookings, all or none",
    status_code=201,
    responses={
        201: {"links": _links_of_bookings()},
        200: _replay_of(contract.Bookings),
        **_written(
            ProblemName.PERSON_HAS_BOOKING,
            ProblemName.COOLING_OFF,
            ProblemName.HOLD_EXPIRED,
            ProblemName.NOT_A_TYPO,
        ),
    },
)
def create_bookings(
    central: Behind,
    caller: SignedIn,
    response: Response,
    body: Annotated[
        contract.BookingRequest,
        JsonBody(openapi_examples=one_example({"hold": HOLD_ID, "persons": [PERSON], "consent": {"mode": "present"}})),
    ],
    idempotency_key: IdempotencyKey,
) -> contract.Bookings:
    """Book once per Idempotency-Key and kiosk, whatever is retried; a refusal is final for its key."""
    return _answer(central.rules.book(caller, idempotency_key, body), response)


@router.post(
    "/applications",
    operation_id="createApplication",
    openapi_extra=_SEALED_TOO,
    summary="Ask for the first free place of a site",
    status_code=201,
    responses={
        201: {"links": _links_of_bookings()},
        200: _replay_of(contract.Bookings),
        **_written(
            ProblemName.NOT_FOUND,
            ProblemName.NO_PLACE,
            ProblemName.PERSON_HAS_BOOKING,
            ProblemName.PERSON_HAS_HOLD,
            ProblemName.COOLING_OFF,
            ProblemName.IDENTITY_REJECTED,
            ProblemName.REJECTIONS_LIMIT,
            *_CAPS,
            ProblemName.REGISTER_UNAVAILABLE,
            ProblemName.SOURCE_UNAVAILABLE,
        ),
    },
)
def create_application(
    central: Behind,
    caller: SignedIn,
    response: Response,
    body: Annotated[contract.ApplicationRequest, JsonBody(openapi_examples=one_example(_APPLICATION))],
    idempotency_key: IdempotencyKey,
) -> contract.Bookings:
    """Book the first place of that site from that day on, for services whose hour need not be chosen."""
    return _answer(central.applications.apply(caller, idempotency_key, body), response)


@router.post(
    "/bookings/{booking}/reschedule",
    operation_id="rescheduleBooking",
    openapi_extra=_SEALED_TOO,
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


@router.post(
    "/bookings/{booking}/cancel",
    operation_id="cancelBooking",
    openapi_extra=_SEALED_TOO,
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


@router.post(
    "/bookings/{booking}/correction",
    operation_id="correctBooking",
    openapi_extra=_SEALED_TOO,
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


@router.post(
    "/attempts",
    operation_id="createAttempt",
    openapi_extra=_SEALED_TOO,
    summary="Search, and have it proved",
    status_code=201,
    responses={
        200: _replay_of(contract.Attempt),
        **_written(ProblemName.NOT_FOUND),
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


@router.post(
    "/reports",
    operation_id="createReport",
    openapi_extra=_SEALED_TOO,
    summary="Tell of a resale",
    status_code=201,
    responses={
        200: _replay_of(contract.Report),
        **_written(),
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
