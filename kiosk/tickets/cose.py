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
MAX_DEPTH = 8  # a manifest nests four deep
_TAG = 18
_TAGGED = bytes([0xC0 | _TAG])
_ALGORITHM, _KEY_ID = 1, 4
_SIMPLE = {20: False, 21: True, 22: None}
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
    protected = _header(signer.key_id)
    payload = encode(content)
    r, s = decode_dss_signature(signer.private.sign(_to_sign(protected, purpose, payload), _SIGN))
    half = SIGNATURE_BYTES // 2
    return encode(cbor2.CBORTag(_TAG, [protected, {}, payload, r.to_bytes(half, "big") + s.to_bytes(half, "big")]))


def read(raw: bytes) -> Signed:
    """Return the parts of a message; raise BadMessageError. The algorithm is ours to know, never the message's."""
    if len(raw) > MAX_BYTES or not raw.startswith(_TAGGED):
        raise BadMessageError
    match decode(raw[len(_TAGGED) :]):
        case [bytes(protected), {**unprotected}, bytes(payload), bytes(signature)]:
            key_id = protected[-KEY_ID_BYTES:]
            if unprotected or len(signature) != SIGNATURE_BYTES or protected != _header(key_id):
                raise BadMessageError
            return Signed(key_id, protected, payload, signature)
    raise BadMessageError


def encode(content: object) -> bytes:
    """Return deterministic CBOR (RFC 8949 section 4.2)."""
    return cbor2.dumps(content, canonical=True)


def decode(raw: bytes) -> Any:
    """Return what deterministic CBOR (RFC 8949 section 4.2.1) holds; raise BadMessageError for all that is not that.

    Only whole numbers, bytes, text, lists, maps, true, false and null are known. A general reader turns tags into
    dates, fractions and patterns: 14 bytes of that, in a QR code, keep it busy for hours.
    """
    try:
        content, end = _item(raw, 0, MAX_DEPTH)
    except (IndexError, UnicodeDecodeError):
        raise BadMessageError from None
    if end != len(raw):
        raise BadMessageError
    return content


def _item(raw: bytes, at: int, depth: int) -> tuple[Any, int]:
    """Return what is written from `at` on, and where it ends; raise also IndexError and UnicodeDecodeError."""
    kind, number, at = _head(raw, at)
    match kind:
        case 0:
            return number, at
        case 1:
            return -1 - number, at
        case 2:
            return _bytes(raw, at, number), at + number
        case 3:
            return _bytes(raw, at, number).decode(), at + number
        case 4 if depth:
            return _list(raw, at, number, depth - 1)
        case 5 if depth:
            return _map(raw, at, number, depth - 1)
        case 7 if number in _SIMPLE:
            return _SIMPLE[number], at
    raise BadMessageError


def _head(raw: bytes, at: int) -> tuple[int, int, int]:
    kind, number = divmod(raw[at], 32)
    at += 1
    if number < 24:
        return kind, number, at
    size = 1 << number - 24
    number = int.from_bytes(_bytes(raw, at, size), "big")
    if size > 8 or number < (24 if size == 1 else 1 << 4 * size):  # a shorter head would have done
        raise BadMessageError
    return kind, number, at + size


def _bytes(raw: bytes, at: int, count: int) -> bytes:
    found = raw[at : at + count]
    if len(found) != count:
        raise BadMessageError
    return found


def _list(raw: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    items = []
    for _ in range(count):
        item, at = _item(raw, at, depth)
        items.append(item)
    return items, at


def _map(raw: bytes, at: int, count: int, depth: int) -> tuple[dict[int | str, Any], int]:
    items: dict[int | str, Any] = {}
    before = b""
    for _ in range(count):
        start = at
        key, at = _item(raw, at, 0)
        written = raw[start:at]
        if type(key) not in (int, str) or written <= before:
            raise BadMessageError
        before = written
        items[key], at = _item(raw, at, depth)
    return items, at


def _header(key_id: bytes) -> bytes:
    return encode({_ALGORITHM: ESP256, _KEY_ID: key_id})


def _to_sign(protected: bytes, purpose: bytes, payload: bytes) -> bytes:
    return encode(["Signature1", protected, purpose, payload])
