"""The code under the QR: 12 Crockford base32 characters, the last a check character, in groups of four."""

import re

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
LENGTH = 12
RANDOM_BITS = 5 * (LENGTH - 1)
PACKED_BYTES = 8

_READ_AS = str.maketrans("OIL", "011")


class BadReferenceError(ValueError):
    """Not one of our codes, or a letter was misread."""


def make_reference(random_bits: int) -> str:
    """Return the canonical reference (12 characters, no separator) for 55 random bits."""
    body = "".join(ALPHABET[(random_bits >> 5 * i) & 31] for i in reversed(range(LENGTH - 1)))
    return body + _check_character(body)


def grouped(reference: str) -> str:
    """Return the reference as printed and read aloud: 7K4M-Q2XP-93TQ."""
    return "-".join(reference[i : i + 4] for i in range(0, LENGTH, 4))


def read_reference(typed: str) -> str:
    """Return the canonical reference from what somebody typed or read; raise BadReferenceError."""
    text = re.sub(r"[\s\-‐–]", "", typed).upper().translate(_READ_AS)
    if len(text) != LENGTH or any(c not in ALPHABET for c in text) or _check_character(text[:-1]) != text[-1]:
        raise BadReferenceError("Ce code n'est pas juste. Il a 12 lettres et chiffres. Exemple : 7K4M-Q2XP-93TQ.")
    return text


def to_bytes(reference: str) -> bytes:
    """Return a canonical reference as 8 bytes: its 12 characters as one number of 60 bits, big endian."""
    number = 0
    for char in reference:
        number = number << 5 | ALPHABET.index(char)
    return number.to_bytes(PACKED_BYTES, "big")


def from_bytes(packed: bytes) -> str:
    """Return the reference that `to_bytes` packed; raise BadReferenceError."""
    number = int.from_bytes(packed, "big")
    text = "".join(ALPHABET[(number >> 5 * i) & 31] for i in reversed(range(LENGTH)))
    if len(packed) != PACKED_BYTES or number >> 5 * LENGTH or _check_character(text[:-1]) != text[-1]:
        raise BadReferenceError("Ces octets ne sont pas un code.")
    return text


def _check_character(body: str) -> str:
    # Luhn mod N (ISO/IEC 7812-1 annex B, with N = 32): every single wrong character is caught.
    total = 0
    for position, char in enumerate(reversed(body)):
        value = ALPHABET.index(char) * (2 if position % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]
