"""The ticket's token, profile RDV1: what the QR holds. No name, no date of birth, no number of a document.

`RDV1:` and the base45 (RFC 9285) of a COSE_Sign1 over a CWT (RFC 8392). docs/ticket-format.md describes it for others.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from base45 import b45decode, b45encode
from cryptography.hazmat.primitives.asymmetric import ec

from kiosk.tickets import cose
from kiosk.tickets.cose import BadMessageError, Signed, Signer
from kiosk.tickets.reference import BadReferenceError, from_bytes, to_bytes

PREFIX = "RDV1:"
PURPOSE = b"rdv-ticket-v1"
MAX_CHARS = 221  # a QR of version 8 at level M, or 10 at level Q
TAG_BYTES = 10
CODE_BYTES = 3
GRACE = dt.timedelta(hours=1)  # after the end of the appointment
_EXPIRES, _ISSUED, _ID, _APPOINTMENT = 4, 6, 7, -70001
_LATEST = 2**32


class NotOursError(ValueError):
    """Nothing that begins as our tickets do."""


class AlteredError(ValueError):
    """It begins as our tickets do, and goes on as none does."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What the central says of an appointment. Times are UTC, in whole seconds."""

    reference: str  # the code under the QR, 12 characters
    issued_at: dt.datetime
    start: dt.datetime
    minutes: int
    service: bytes  # code_of its id, and so on
    site: bytes
    kiosk: bytes
    tag: bytes  # see kiosk.tickets.identity
    revision: int

    @property
    def expires_at(self) -> dt.datetime:
        """Return when the ticket is over."""
        return self.start + dt.timedelta(minutes=self.minutes) + GRACE


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was read. Its claims are to be believed once `is_signed_by` said yes, not before."""

    claims: Claims
    message: Signed

    def is_signed_by(self, public: ec.EllipticCurvePublicKey) -> bool:
        """Return whether that key signed exactly these claims, for a ticket."""
        return self.message.is_signed_by(public, PURPOSE)


def code_of(identifier: str) -> bytes:
    """Return the 3 bytes by which a token names a site, a service or a kiosk."""
    return hashlib.sha256(identifier.encode()).digest()[:CODE_BYTES]


def write(claims: Claims, signer: Signer) -> str:
    """Return the token, signed: at most MAX_CHARS characters of a QR's alphanumeric mode."""
    content = {
        _EXPIRES: int(claims.expires_at.timestamp()),
        _ISSUED: int(claims.issued_at.timestamp()),
        _ID: to_bytes(claims.reference),
        _APPOINTMENT: [
            int(claims.start.timestamp()),
            claims.minutes,
            claims.service,
            claims.site,
            claims.kiosk,
            claims.tag,
            claims.revision,
        ],
    }
    return PREFIX + str(b45encode(cose.sign(content, signer, PURPOSE)), "ascii")


def read(text: str) -> Token:
    """Return what the token says; raise NotOursError or AlteredError. Nobody has vouched for it yet."""
    if not text.startswith(PREFIX):
        raise NotOursError
    body = text.removeprefix(PREFIX)
    if len(text) > MAX_CHARS:
        raise AlteredError
    try:
        raw = b45decode(body)
        if b45encode(raw).decode() != body:
            raise AlteredError
        message = cose.read(raw)
        return Token(_claims(message.content()), message)
    except (ValueError, BadMessageError, BadReferenceError):
        raise AlteredError from None


def _claims(content: Any) -> Claims:
    match content:
        case {
            4: int(expires),
            6: int(issued),
            7: bytes(packed),
            -70001: [int(start), int(minutes), bytes(service), bytes(site), bytes(kiosk), bytes(tag), int(revision)],
            **others,
        } if not others:
            lengths = [len(service), len(site), len(kiosk), len(tag)]
            numbers = [expires, issued, start, minutes, revision]
            if lengths != [CODE_BYTES] * 3 + [TAG_BYTES] or any(type(n) is not int for n in numbers):
                raise AlteredError
            if not (0 < minutes < 2**16 and 0 < revision < 2**16):
                raise AlteredError
            claims = Claims(
                from_bytes(packed), instant(issued), instant(start), minutes, service, site, kiosk, tag, revision
            )
            if int(claims.expires_at.timestamp()) == expires:
                return claims
    raise AlteredError


def instant(seconds: int) -> dt.datetime:
    """Return the UTC time of seconds since 1970; raise ValueError before that year, and from 2106 on (32 bits)."""
    if not 0 <= seconds < _LATEST:
        raise ValueError
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
