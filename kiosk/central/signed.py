"""An answer that is signed by itself: a COSE_Sign1 message (RFC 9052), not JSON."""

from typing import Any

from starlette.responses import Response

MEDIA_TYPE = 'application/cose; cose-type="cose-sign1"'
SIGNED: dict[int | str, dict[str, Any]] = {
    200: {"description": "A COSE_Sign1 message", "content": {MEDIA_TYPE: {"schema": {"format": "binary"}}}}
}


class SignedAnswer(Response):
    """The bytes of the message, under its media type."""

    media_type = MEDIA_TYPE
