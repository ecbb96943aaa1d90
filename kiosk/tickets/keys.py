"""Which keys sign tickets: a list that the central publishes, signed by a root that verifiers know beforehand."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.tickets import cose
from kiosk.tickets.cose import BadMessageError, Signer
from kiosk.tickets.token import instant

PURPOSE = b"rdv-keys-v1"
ROOT_CHARS = 66  # hex digits of a compressed point
MAX_KEYS = 1000
_ISSUED, _NUMBER, _KEYS, _ROOT = 6, -70002, -70003, -70004
_COORDINATE_BYTES = 32


class BadKeySetError(ValueError):
    """Not a list of keys, or not signed by the root that was expected."""


@dataclass(frozen=True, slots=True)
class TicketKey:
    """A public key, when it signs (`not_after` None: until further notice), and whether it was taken out of use."""

    key_id: bytes
    public: ec.EllipticCurvePublicKey = field(compare=False)
    not_before: dt.datetime
    not_after: dt.datetime | None
    revoked_at: dt.datetime | None

    def signs_at(self, moment: dt.datetime) -> bool:
        """Return whether a ticket of that moment may be signed with it."""
        return self.not_before <= moment and (self.not_after is None or moment <= self.not_after)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one central. A list with a lower `number` than one already seen is old, whoever brings it."""

    number: int
    issued_at: dt.datetime
    root: str  # see root_text
    keys: tuple[TicketKey, ...]

    def find(self, key_id: bytes) -> TicketKey | None:
        """Return the key of that name."""
        return next((key for key in self.keys if key.key_id == key_id), None)


def root_text(public: ec.EllipticCurvePublicKey) -> str:
    """Return a root as people copy it: 66 hex digits, its compressed point (SEC 1)."""
    return public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint).hex()


def write(number: int, issued_at: dt.datetime, keys: Iterable[TicketKey], root: Signer) -> bytes:
    """Return the list, signed by the root."""
    content = {
        _ISSUED: int(issued_at.timestamp()),
        _NUMBER: number,
        _KEYS: [
            [_cose_key(key.public, key.key_id), *(_seconds(t) for t in (key.not_before, key.not_after, key.revoked_at))]
            for key in keys
        ],
        _ROOT: _cose_key(root.private.public_key(), root.key_id),
    }
    return cose.sign(content, root, PURPOSE)


def read(raw: bytes, root: str | None) -> KeySet:
    """Return the list; raise BadKeySetError. Without a root to expect, it is only known to be whole."""
    try:
        message = cose.read(raw)
        match message.content():
            case {6: int(issued), -70002: int(number), -70003: list(keys), -70004: dict(own_root), **others} if (
                not others and len(keys) <= MAX_KEYS
            ):
                public = _public(own_root)
                found = root_text(public)
                if message.is_signed_by(public, PURPOSE) and root in {None, found}:
                    return KeySet(number, instant(issued), found, tuple(_ticket_key(key) for key in keys))
    except (BadMessageError, ValueError, TypeError, OverflowError):
        raise BadKeySetError from None
    raise BadKeySetError


def _seconds(moment: dt.datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _cose_key(public: ec.EllipticCurvePublicKey, key_id: bytes) -> dict[int, object]:
    # RFC 9052 section 7 and RFC 9053 section 7.1.1: EC2, P-256.
    numbers = public.public_numbers()
    x, y = (number.to_bytes(_COORDINATE_BYTES, "big") for number in (numbers.x, numbers.y))
    return {1: 2, 2: key_id, 3: cose.ESP256, -1: 1, -2: x, -3: y}


def _public(key: Any) -> ec.EllipticCurvePublicKey:
    match key:
        case {1: 2, 2: bytes(key_id), 3: cose.ESP256, -1: 1, -2: bytes(x), -3: bytes(y), **others} if not others:
            point = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
            public = point.public_key()
            if cose.key_id_of(public) == key_id:
                return public
    raise BadKeySetError


def _ticket_key(entry: Any) -> TicketKey:
    match entry:
        case [dict(key), int(not_before), int() | None as not_after, int() | None as revoked_at]:
            public = _public(key)
            return TicketKey(
                cose.key_id_of(public),
                public,
                instant(not_before),
                None if not_after is None else instant(not_after),
                None if revoked_at is None else instant(revoked_at),
            )
    raise BadKeySetError
