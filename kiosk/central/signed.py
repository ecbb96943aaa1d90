"""An answer that is signed by itself: a COSE_Sign1 message (RFC 9052), not JSON."""

from typing import Any

from starlette.responses import Response


class SignedAnswer(Response):
    """The bytes of the message, under its media type."""

    media_type = 'application/cose; cose-type="cose-sign1"'

    @classmethod
    def described(cls) -> dict[str, Any]:
        """Return the content of the answer in OpenAPI; what the bytes hold is described for verifiers elsewhere."""
        examples = {"vectors": {"summary": "see ticket-format.md", "externalValue": "ticket-vectors.json"}}
        return {cls.media_type: {"schema": {"type": "string", "format": "binary"}, "examples": examples}}
