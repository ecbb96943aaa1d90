"""What every call of the central API is made of: what is behind it, who may call, which problems it answers with."""

from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from kiosk.api.problems import MEDIA_TYPE, ProblemName
from kiosk.central.admissions import Admissions
from kiosk.central.applications import Applications
from kiosk.central.boundary import SEALED_BY
from kiosk.central.catalogue import Catalogue
from kiosk.central.changes import Changes
from kiosk.central.clock import Clock
from kiosk.central.counters import Counter, Counters
from kiosk.central.events import Caller
from kiosk.central.evidence import Evidence
from kiosk.central.issuer import Issuer
from kiosk.central.manifests import Manifests
from kiosk.central.reading import Reading
from kiosk.central.refusal import TITLES, Refused
from kiosk.central.rules import Rules
from kiosk.central.sealing_keys import SealingKeys
from kiosk.central.signing_in import SignIn
from kiosk.central.ticket_checks import TicketChecks

_ALWAYS = (ProblemName.INVALID, ProblemName.STORAGE_UNAVAILABLE, ProblemName.INTERNAL)
_MEDIATOR = HTTPBearer(auto_error=False)
_COUNTER = HTTPBearer(auto_error=False, scheme_name="Counter", description="the token of a counter")


@dataclass(frozen=True, slots=True)
class Central:
    """All that the calls need."""

    reading: Reading
    rules: Rules
    applications: Applications
    changes: Changes
    evidence: Evidence
    sign_in: SignIn
    counters: Counters
    admissions: Admissions
    manifests: Manifests
    ticket_checks: TicketChecks
    sealing: SealingKeys
    catalogue: Catalogue
    issuer: Issuer
    clock: Clock


def problems(*names: ProblemName) -> dict[int | str, dict[str, Any]]:
    """Return how an operation says no: by these problems, and by those that any may meet."""
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


def one_example(value: dict[str, Any]) -> dict[str, Any]:
    """Return the examples of a body that has one."""
    return {"example": {"value": value}}


def links(**operations: dict[str, Any]) -> dict[str, Any]:
    """Return the links of an answer: to which operation, with what of it."""
    return {name: {"operationId": name} | how for name, how in operations.items()}


async def _central(request: Request) -> Central:
    return cast(Central, request.app.state.central)


Behind = Annotated[Central, Depends(_central)]


def as_mediator(
    request: Request,
    central: Behind,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_MEDIATOR)],
) -> Caller:
    """Return which mediator calls, from which kiosk; raise Refused: not-signed-in, sealed-unreadable."""
    caller = central.sign_in.caller(_token(credentials))
    if getattr(request.state, SEALED_BY, caller.kiosk) != caller.kiosk:
        raise Refused(ProblemName.SEALED_UNREADABLE)
    return caller


def as_counter(
    central: Behind, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_COUNTER)]
) -> Counter:
    """Return which counter calls; raise Refused(not-signed-in)."""
    return central.counters.counter(_token(credentials))


def as_either(
    central: Behind,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_MEDIATOR)],
    _: Annotated[HTTPAuthorizationCredentials | None, Security(_COUNTER)],
) -> None:
    """Let mediators and counters in, who send their tokens in the same way; raise Refused(not-signed-in)."""
    token = _token(credentials)
    try:
        central.sign_in.caller(token)
    except Refused:
        central.counters.counter(token)


def _token(credentials: HTTPAuthorizationCredentials | None) -> str:
    if credentials is None:
        raise Refused(ProblemName.NOT_SIGNED_IN)
    return credentials.credentials


SignedIn = Annotated[Caller, Depends(as_mediator)]
AtCounter = Annotated[Counter, Depends(as_counter)]
