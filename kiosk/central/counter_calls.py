"""The calls about tickets that are shown: a counter's day and its notes, and a mediator's question."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.api.text import Identifier
from kiosk.central.calling import AtCounter, Behind, SignedIn, as_counter, as_mediator, one_example, problems
from kiosk.central.examples import NONCE, REFERENCE, SITE_ID, TOKEN
from kiosk.central.signed import SignedAnswer

_NOTE = {
    "nonce": NONCE,
    "at": "2027-02-03T14:02:11+01:00",
    "outcome": "admitted",
    "reference": REFERENCE,
    "revision": 1,
}
_BEARER = {"surname": "DIALLO", "given_name": "MARIAM", "birth_date": "900203"}
_CHECKS = {
    "by token": {"value": {"token": TOKEN, "bearer": _BEARER}},
    "by reference": {"value": {"reference": REFERENCE, "bearer": _BEARER}},
}

_at_counters = APIRouter(
    prefix="/v1", dependencies=[Depends(as_counter)], responses=problems(ProblemName.NOT_SIGNED_IN)
)
_by_mediators = APIRouter(
    prefix="/v1", dependencies=[Depends(as_mediator)], responses=problems(ProblemName.NOT_SIGNED_IN)
)


@_at_counters.get(
    "/sites/{site}/manifest",
    operation_id="readManifest",
    summary="A day of a site, signed",
    response_class=SignedAnswer,
    responses=problems(ProblemName.NOT_FOUND),
)
def read_manifest(
    central: Behind,
    counter: AtCounter,
    site: Annotated[Identifier, Path(description="the counter's own; not-found for any other", examples=[SITE_ID])],
    date: Annotated[dt.date, Query(description="on the site's calendar", examples=["2027-02-03"])],
    since: Annotated[
        contract.WrittenInstant | None,
        Query(description="when the list was made that is to be brought up to date", examples=["2027-02-03T07:30:00Z"]),
    ] = None,
) -> SignedAnswer:
    """List the appointments that stand on that day or did, without a name; with `since`, those that changed."""
    return SignedAnswer(central.manifests.signed(counter, site, date, since))


@_at_counters.post("/admissions", operation_id="deliverNotes", summary="What a counter did")
def deliver_notes(
    central: Behind,
    counter: AtCounter,
    body: Annotated[contract.Notes, Body(openapi_examples=one_example({"notes": [_NOTE]}))],
) -> contract.Findings:
    """Keep what is new, whenever it comes; the first note under a nonce stands. Say what comes of each admission."""
    return central.admissions.deliver(counter, body)


@_by_mediators.post(
    "/tickets/check",
    operation_id="checkTicket",
    summary="What a ticket is worth",
    responses=problems(ProblemName.NOT_FOUND, ProblemName.REJECTIONS_LIMIT),
)
def check_ticket(
    central: Behind,
    caller: SignedIn,
    body: Annotated[contract.TicketByToken | contract.TicketByReference, Body(openapi_examples=_CHECKS)],
) -> contract.TicketCheck:
    """Say whether it holds, and whether it is the bearer's; wrong names and dates of birth are counted per hour."""
    return central.ticket_checks.check(caller, body)


router = APIRouter()
router.include_router(_at_counters)
router.include_router(_by_mediators)
