"""How the rules say no: which problem, under which title, and whether it is their last word."""

from collections.abc import Mapping

from kiosk.api.problems import Problem, ProblemName, Rejection

TITLES = {
    ProblemName.SLOT_TAKEN: "The slot has no place left",
    ProblemName.PERSON_HAS_BOOKING: "The person has an active booking for this service",
    ProblemName.PERSON_HAS_HOLD: "A slot is being kept for the person at another kiosk",
    ProblemName.COOLING_OFF: "The person cancelled too often lately",
    ProblemName.NO_PLACE: "The site has no free place from that day on",
    ProblemName.NOT_ACTIVE: "The appointment is cancelled or over",
    ProblemName.MOVES_USED_UP: "The appointment was moved as often as it may be",
    ProblemName.STALE: "The appointment has changed since it was read",
    ProblemName.IDENTITY_REJECTED: "An identifier is missing or not accepted",
    ProblemName.NOT_A_TYPO: "The identity differs by more than a typing error",
    ProblemName.IF_MATCH_MISSING: "The If-Match header is missing",
    ProblemName.MEDIATOR_LIMIT: "The mediator has taken as many places as may be",
    ProblemName.REJECTIONS_LIMIT: "The mediator had as many numbers refused as may be",
    ProblemName.KIOSK_LIMIT: "The kiosk has taken as many places as may be",
    ProblemName.SITE_LIMIT: "As many places of the site were taken today as may be",
    ProblemName.REGISTER_UNAVAILABLE: "The register that knows the identifier does not answer",
    ProblemName.HOLD_EXPIRED: "The hold is over or unknown",
    ProblemName.INVALID: "The request is not valid",
    ProblemName.SEALED_UNREADABLE: "The sealed body cannot be opened",
    ProblemName.IDEMPOTENCY_MISMATCH: "The Idempotency-Key was used for another request",
    ProblemName.IDEMPOTENCY_KEY_MISSING: "The Idempotency-Key header is missing",
    ProblemName.SOURCE_UNAVAILABLE: "The site's source does not answer",
    ProblemName.STORAGE_UNAVAILABLE: "The storage does not answer",
    ProblemName.NOT_FOUND: "Not found",
    ProblemName.METHOD_NOT_ALLOWED: "Method not allowed",
    ProblemName.NOT_SIGNED_IN: "A valid bearer token is needed",
    ProblemName.WRONG_CODE: "The code, the mediator or the kiosk is wrong",
    ProblemName.TOO_MANY: "Too many wrong codes",
    ProblemName.INTERNAL: "The central failed",
}

# What says something about the request itself. The others are about this moment, or about the way it came.
FINAL = frozenset(
    {
        ProblemName.SLOT_TAKEN,
        ProblemName.PERSON_HAS_BOOKING,
        ProblemName.COOLING_OFF,
        ProblemName.NO_PLACE,
        ProblemName.NOT_ACTIVE,
        ProblemName.MOVES_USED_UP,
        ProblemName.HOLD_EXPIRED,
        ProblemName.STALE,
        ProblemName.INVALID,  # raised by a rule: what is no request at all never gets to one
        ProblemName.IDENTITY_REJECTED,
        ProblemName.NOT_A_TYPO,
        ProblemName.NOT_FOUND,
    }
)
REPLAYED = {"Idempotency-Replayed": "true"}


class Refused(Exception):  # noqa: N818 (it is an answer, not an error of ours)
    """The central answers no; `detail` is for developers and never holds personal data."""

    def __init__(
        self,
        problem: ProblemName,
        detail: str | None = None,
        *,
        retry_after_seconds: int | None = None,
        reason: Rejection | None = None,
        headers: Mapping[str, str] | None = None,
    ):
        """Say why."""
        super().__init__(problem.value)
        self.problem = problem
        self.detail = detail
        wait = {"Retry-After": str(retry_after_seconds)} if retry_after_seconds else {}
        self.headers = wait | dict(headers or {})
        self.reason = reason

    def described(self) -> Problem:
        """Return the refusal as it goes over the wire."""
        name = self.problem
        return Problem(type=name.urn, title=TITLES[name], status=name.status, detail=self.detail, reason=self.reason)


class RefusedBefore(Refused):
    """The same request was refused under the same key: it is answered again, whatever has become of it since."""

    def __init__(self, problem: ProblemName, detail: str | None, reason: Rejection | None):
        """Say what was said."""
        super().__init__(problem, detail, reason=reason, headers=REPLAYED)
