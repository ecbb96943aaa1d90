"""Bodies that only the central can read: sealed by the kiosk before they are written down, opened where they arrive.

HPKE (RFC 9180) in base mode: X25519, HKDF-SHA256, AES-128-GCM. Kiosk, intent and path are bound as `info`, so that a
sealed body says nothing under another key, from another kiosk, or to another call.
"""

import datetime as dt
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from kiosk.tickets import cose
from kiosk.tickets.cose import BadMessageError, Signer
from kiosk.tickets.keys import KeySet
from kiosk.tickets.token import instant

MEDIA_TYPE = "application/vnd.rdv.sealed"
PURPOSE = b"rdv-sealing-key-v1"
KEY_ID_BYTES = 8
MAX_KEY_BYTES = 1_000  # of the published key
_MAGIC = b"RDS1"
_MAX_KIOSK_BYTES = 100
_ISSUED, _PUBLIC = 6, -70020
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


class BadSealError(ValueError):
    """Not sealed for this key, this kiosk, this intent and this call; or no sealing key that can be believed."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The central's public key."""

    public: X25519PublicKey = field(repr=False, compare=False)
    key_id: bytes


@dataclass(frozen=True, slots=True)
class Binding:
    """What a sealed body belongs to; all three go over the wire in clear."""

    kiosk: str
    intent_key: str  # the Idempotency-Key
    path: str  # of the call: /v1/bookings

    def info(self) -> bytes:
        """Return the three, so that no two bindings read alike."""
        return "\n".join(("rdv-sealed-v1", self.kiosk, self.intent_key, self.path)).encode()


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed body as it arrives: for which key, and from which kiosk as it says itself."""

    key_id: bytes
    kiosk: str
    message: bytes = field(repr=False)


def key_of(public: X25519PublicKey) -> SealingKey:
    """Return a public key under its name, the beginning of its SHA-256."""
    digest = Hash(SHA256())
    digest.update(public.public_bytes_raw())
    return SealingKey(public, digest.finalize()[:KEY_ID_BYTES])


def seal(key: SealingKey, binding: Binding, body: bytes) -> bytes:
    """Return the envelope: `RDS1`, key id, length and name of the kiosk, HPKE's encapsulated key and ciphertext."""
    kiosk = binding.kiosk.encode("ascii")
    message = _SUITE.encrypt(body, key.public, info=binding.info())
    return _MAGIC + key.key_id + bytes([len(kiosk)]) + kiosk + message


def read_envelope(raw: bytes) -> Envelope:
    """Return what an envelope says in clear; raise BadSealError."""
    start = len(_MAGIC) + KEY_ID_BYTES
    if not raw.startswith(_MAGIC) or len(raw) <= start or raw[start] > _MAX_KIOSK_BYTES:
        raise BadSealError
    end = start + 1 + raw[start]
    kiosk = raw[start + 1 : end]
    if not kiosk.isascii() or len(raw) <= end:
        raise BadSealError
    return Envelope(raw[len(_MAGIC) : start], kiosk.decode("ascii"), raw[end:])


def open_sealed(private: X25519PrivateKey, binding: Binding, envelope: Envelope) -> bytes:
    """Return the body; raise BadSealError."""
    try:
        return _SUITE.decrypt(envelope.message, private, info=binding.info())
    except (InvalidTag, ValueError):
        raise BadSealError from None


def write_key(public: X25519PublicKey, issued_at: dt.datetime, signer: Signer) -> bytes:
    """Return the public key as it is published, signed by a key of tickets."""
    return cose.sign({_ISSUED: int(issued_at.timestamp()), _PUBLIC: public.public_bytes_raw()}, signer, PURPOSE)


def read_key(raw: bytes, keys: KeySet) -> SealingKey:
    """Return the published key; raise BadSealError unless a key of the list that is not revoked has signed it."""
    if len(raw) > MAX_KEY_BYTES:
        raise BadSealError
    try:
        message = cose.read(raw)
        signer = keys.find(message.key_id)
        if signer is not None and signer.revoked_at is None and message.is_signed_by(signer.public, PURPOSE):
            match message.content():
                case {6: int(issued), -70020: bytes(public), **others} if not others:
                    instant(issued)
                    return key_of(X25519PublicKey.from_public_bytes(public))
    except (BadMessageError, ValueError, OverflowError):
        raise BadSealError from None
    raise BadSealError
