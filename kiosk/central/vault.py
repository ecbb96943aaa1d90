"""Secrets that rest in the database: only person.key, which is never there, opens them."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kiosk.central.key import KEY_BYTES

_NONCE_BYTES = 12


class BadSecretError(ValueError):
    """Damaged, or locked away under another key, purpose or name."""


def lock(person_key: bytes, purpose: bytes, name: bytes, secret: bytes) -> bytes:
    """Return the secret, readable only under the same key, purpose and name."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _cipher(person_key, purpose).encrypt(nonce, secret, name)


def unlock(person_key: bytes, purpose: bytes, name: bytes, locked: bytes) -> bytes:
    """Return the secret; raise BadSecretError."""
    try:
        return _cipher(person_key, purpose).decrypt(locked[:_NONCE_BYTES], locked[_NONCE_BYTES:], name)
    except (ValueError, TypeError, InvalidTag):  # SQLite keeps whatever is put in
        raise BadSecretError from None


def _cipher(person_key: bytes, purpose: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, None, purpose).derive(person_key))
