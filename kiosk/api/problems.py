"""RFC 9457 problems of the central API: their names, their status codes, their wire form."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from kiosk.api.text import CleanText

MEDIA_TYPE = "application/problem+json"
_URN = "urn:rdv:problem:"


class ProblemName(StrEnum):
    """Every way in which the central says no. The kiosk has one French sentence for each."""

    SLOT_TAKEN = "slot-taken"
    PERSON_HAS_BOOKING = "person-has-booking"
    PERSON_HAS_HOLD = "person-has-hold"
    COOLING_OFF = "cooling-off"
    NO_PLACE = "no-place"
    NOT_ACTIVE = "not-active"
    MOVES_USED_UP = "moves-used-up"
    HOLD_EXPIRED = "hold-expired"
    STALE = "stale"
    INVALID = "invalid"
    SEALED_UNREADABLE = "sealed-unreadable"
    IDENTITY_REJECTED = "identity-rejected"
    NOT_A_TYPO = "not-a-typo"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    IDEMPOTENCY_KEY_MISSING = "idempotency-key-missing"
    IF_MATCH_MISSING = "if-match-missing"
    MEDIATOR_LIMIT = "mediator-limit"
    REJECTIONS_LIMIT = "rejections-limit"
    KIOSK_LIMIT = "kiosk-limit"
    SITE_LIMIT = "site-limit"
    REGISTER_UNAVAILABLE = "register-unavailable"
    SOURCE_UNAVAILABLE = "source-unavailable"
    STORAGE_UNAVAILABLE = "storage-unavailable"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_SIGNED_IN = "not-signed-in"
    WRONG_CODE = "wrong-code"
    TOO_MANY = "too-many"
    INTERNAL = "internal"

    @property
    def urn(self) -> str:
        """Return the `type` member of the problem."""
        return _URN + self.value

    @property
    def status(self) -> int:
        """Return the HTTP status that goes with it."""
        return _STATUS[self]

    @classmethod
    def from_urn(cls, urn: str) -> "ProblemName | None":
        """Return the problem of that `type`; None for one we do not know."""
        name = urn.removeprefix(_URN)
        return cls(name) if urn.startswith(_URN) and name in cls._value2member_map_ else None


class Rejection(StrEnum):
    """Why an identifier is not accepted: the member `reason` of `identity-rejected`."""

    AGDREF_MISSING = "agdref-missing"
    AGDREF_UNKNOWN = "agdref-unknown"
    AGDREF_MISMATCH = "agdref-mismatch"
    ANTS_MISSING = "ants-missing"
    ANTS_CONSUMED = "ants-consumed"
    ANTS_DECLARED = "ants-declared"
    ANTS_UNKNOWN = "ants-unknown"
    ANTS_EXPIRED = "ants-expired"
    NEPH_MISSING = "neph-missing"


_STATUS = {
    ProblemName.SLOT_TAKEN: 409,
    ProblemName.PERSON_HAS_BOOKING: 409,
    ProblemName.PERSON_HAS_HOLD: 409,
    ProblemName.COOLING_OFF: 409,
    ProblemName.NO_PLACE: 409,
    ProblemName.NOT_ACTIVE: 409,
    ProblemName.MOVES_USED_UP: 409,
    ProblemName.HOLD_EXPIRED: 410,
    ProblemName.STALE: 412,
    ProblemName.INVALID: 422,
    ProblemName.SEALED_UNREADABLE: 422,
    ProblemName.IDENTITY_REJECTED: 422,
    ProblemName.NOT_A_TYPO: 422,
    ProblemName.IDEMPOTENCY_MISMATCH: 422,
    ProblemName.IDEMPOTENCY_KEY_MISSING: 400,
    ProblemName.IF_MATCH_MISSING: 428,
    ProblemName.MEDIATOR_LIMIT: 429,
    ProblemName.REJECTIONS_LIMIT: 429,
    ProblemName.KIOSK_LIMIT: 429,
    ProblemName.SITE_LIMIT: 429,
    ProblemName.REGISTER_UNAVAILABLE: 503,
    ProblemName.SOURCE_UNAVAILABLE: 503,
    ProblemName.STORAGE_UNAVAILABLE: 503,
    ProblemName.NOT_FOUND: 404,
    ProblemName.METHOD_NOT_ALLOWED: 405,
    ProblemName.NOT_SIGNED_IN: 401,
    ProblemName.WRONG_CODE: 403,
    ProblemName.TOO_MANY: 429,
    ProblemName.INTERNAL: 500,
}


class Problem(BaseModel):
    """The body of every answer that is not a success (RFC 9457)."""

    model_config = ConfigDict(frozen=True, cache_strings="keys")

    type: CleanText
    title: CleanText
    status: int
    detail: CleanText | None = None
    reason: CleanText | None = None  # a Rejection, of identity-rejected only
