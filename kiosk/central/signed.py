"""An answer that is signed by itself: a COSE_Sign1 message (RFC 9052), not JSON."""

from starlette.responses import Response


class SignedAnswer(Response):
    """The bytes of the message, under its media type."""

    media_type = 'application/cose; cose-type="cose-sign1"'
