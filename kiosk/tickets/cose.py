"""COSE_Sign1 (RFC 9052) under ESP256 (RFC 9864): one way to write a signed message, and no other way is read.

Every message carries its purpose as external data: what was signed as a ticket never passes for a list of keys.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ESP256 = -9
KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64
MAX_BYTES = 4_000_000  # the manifest of a very large day; a ticket is bounded far below by its reader
_TAG = 18
_ALGORITHM, _KEY_ID = 1, 4
_SIGN = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)  # RFC 6979: the same message is signed the same way
_VERIFY = ec.ECDSA(hashes.SHA256())


class BadMessageError(ValueError):
    """Not a message as this module writes them."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key of P-256 and the name under which verifiers know its public half."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    key_id: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """A message that was read. Nothing of it is to be believed before `is_signed_by` said yes."""

    key_id: bytes
    protected: bytes
    payload: bytes
    signature: bytes

    def is_signed_by(self, public: ec.EllipticCurvePublicKey, purpose: bytes) -> bool:
        """Return whether that key signed exactly this, for that purpose."""
        half = SIGNATURE_BYTES // 2
        r, s = (int.from_bytes(part, "big") for part in (self.signature[:half], self.signature[half:]))
        try:
            public.verify(encode_dss_signature(r, s), _to_sign(self.protected, purpose, self.payload), _VERIFY)
        except InvalidSignature:
            return False
        return True

    def content(self) -> Any:
        """Return the payload, decoded; raise BadMessageError when it is not written in the one way."""
        return decode(self.payload)


def new_signer() -> Signer:
    """Return a new key."""
    return signer_of(ec.generate_private_key(ec.SECP256R1()))


def signer_of(private: ec.EllipticCurvePrivateKey) -> Signer:
    """Return a key with its name."""
    return Signer(private, key_id_of(private.public_key()))


def key_id_of(public: ec.EllipticCurvePublicKey) -> bytes:
    """Return the first 4 bytes of the SHA-256 of the key's SubjectPublicKeyInfo (RFC 5280), in DER."""
    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()[:KEY_ID_BYTES]


def sign(content: object, signer: Signer, purpose: bytes) -> bytes:
    """Return a tagged COSE_Sign1 over the CBOR of `content`."""
    protected = encode({_ALGORITHM: ESP256, _KEY_ID: signer.key_id})
    payload = encode(content)
    r, s = decode_dss_signature(signer.private.sign(_to_sign(protected, purpose, payload), _SIGN))
    half = SIGNATURE_BYTES // 2
    return encode(cbor2.CBORTag(_TAG, [protected, {}, payload, r.to_bytes(half, "big") + s.to_bytes(half, "big")]))


def read(raw: bytes) -> Signed:
    """Return the parts of a message; raise BadMessageError. The algorithm is ours to know, never the message's."""
    if len(raw) > MAX_BYTES:
        raise BadMessageError
    match decode(raw):
        case cbor2.CBORTag(tag=18, value=[bytes(protected), {**unprotected}, bytes(payload), bytes(signature)]):
            key_id = _key_id(decode(protected))
            if unprotected or len(signature) != SIGNATURE_BYTES:
                raise BadMessageError
            return Signed(key_id, protected, payload, signature)
    raise BadMessageError


def encode(content: object) -> bytes:
    """Return deterministic CBOR (RFC 8949 section 4.2)."""
    return cbor2.dumps(content, canonical=True)


def decode(raw: bytes) -> Any:
    """Return what deterministic CBOR holds; raise BadMessageError for anything written otherwise."""
    try:
        content = cbor2.loads(raw)
        if encode(content) != raw:  # also what comes after the end
            raise BadMessageError
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError):
        raise BadMessageError from None
    return content


def _key_id(header: Any) -> bytes:
    if type(header) is not dict or header.keys() != {_ALGORITHM, _KEY_ID}:
        raise BadMessageError
    key_id = header[_KEY_ID]
    if header[_ALGORITHM] != ESP256 or type(key_id) is not bytes or len(key_id) != KEY_ID_BYTES:
        raise BadMessageError
    return key_id


def _to_sign(protected: bytes, purpose: bytes, payload: bytes) -> bytes:
    return encode(["Signature1", protected, purpose, payload])
