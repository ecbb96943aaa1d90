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
    HOLD_EXPIRED = "hold-expired"
    INVALID = "invalid"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    IDEMPOTENCY_KEY_MISSING = "idempotency-key-missing"
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


_STATUS = {
    ProblemName.SLOT_TAKEN: 409,
    ProblemName.PERSON_HAS_BOOKING: 409,
    ProblemName.HOLD_EXPIRED: 410,
    ProblemName.INVALID: 422,
    ProblemName.IDEMPOTENCY_MISMATCH: 422,
    ProblemName.IDEMPOTENCY_KEY_MISSING: 400,
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

    model_config = ConfigDict(frozen=True)

    type: CleanText
    title: CleanText
    status: int
    detail: CleanText | None = None
