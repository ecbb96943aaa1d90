"""Sealed bodies: read by the central's private key only, and only as what they were sealed for."""

import datetime as dt
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.api.sealing import (
    BadSealError,
    Binding,
    key_of,
    open_sealed,
    read_envelope,
    read_key,
    seal,
    write_key,
)
from kiosk.tickets import cose, keys
from kiosk.tickets.keys import KeySet, TicketKey

PRIVATE = X25519PrivateKey.generate()
KEY = key_of(PRIVATE.public_key())
BINDING = Binding("bobigny-1", "0190c6e0-8f6e-7c3a", "/v1/bookings")
NOW = dt.datetime(2027, 1, 11, 8, 0, tzinfo=dt.UTC)
SIGNER = cose.new_signer()


def listed(*, revoked: bool = False) -> KeySet:
    """Return a list of keys with the one that signs here."""
    root = cose.new_signer()
    key = TicketKey(SIGNER.key_id, SIGNER.private.public_key(), NOW, None, NOW if revoked else None)
    return keys.read(keys.write(1, NOW, [key], root), None)


@given(st.binary(max_size=2000))
def test_what_is_sealed_is_read_by_the_private_key(body: bytes) -> None:
    envelope = read_envelope(seal(KEY, BINDING, body))
    assert (envelope.key_id, envelope.kiosk) == (KEY.key_id, BINDING.kiosk)
    assert open_sealed(PRIVATE, BINDING, envelope) == body


def test_nothing_of_the_body_shows_and_no_two_envelopes_are_alike() -> None:
    one, other = (seal(KEY, BINDING, b"DIALLO Mariam 1990-02-03") for _ in range(2))
    assert b"DIALLO" not in one
    assert one != other


def test_every_bit_counts() -> None:
    whole = seal(KEY, BINDING, b"DIALLO")
    for place in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        try:
            envelope = read_envelope(bytes(changed))
        except BadSealError:
            continue
        if (envelope.key_id, envelope.kiosk) != (KEY.key_id, BINDING.kiosk):
            continue  # another key is looked for, or another kiosk must call
        with pytest.raises(BadSealError):
            open_sealed(PRIVATE, BINDING, envelope)


@given(st.integers(min_value=0, max_value=10_000))
def test_a_part_of_it_is_nothing(length: int) -> None:
    whole = seal(KEY, BINDING, b"DIALLO")
    with pytest.raises(BadSealError):
        open_sealed(PRIVATE, BINDING, read_envelope(whole[: length % len(whole)]))


@given(st.binary(max_size=300))
def test_whatever_arrives_is_refused_in_one_way(raw: bytes) -> None:
    with pytest.raises(BadSealError):
        open_sealed(PRIVATE, BINDING, read_envelope(b"RDS1" + raw))


@pytest.mark.parametrize(
    "other",
    [
        replace(BINDING, kiosk="bobigny-2"),
        replace(BINDING, intent_key="0190c6e0-8f6e-7c3b"),
        replace(BINDING, path="/v1/holds"),
        Binding("bobigny-1\n0190c6e0-8f6e-7c3a", "", "/v1/bookings"),
    ],
)
def test_it_says_nothing_elsewhere(other: Binding) -> None:
    with pytest.raises(BadSealError):
        open_sealed(PRIVATE, other, read_envelope(seal(KEY, BINDING, b"DIALLO")))


def test_another_private_key_reads_nothing() -> None:
    with pytest.raises(BadSealError):
        open_sealed(X25519PrivateKey.generate(), BINDING, read_envelope(seal(KEY, BINDING, b"DIALLO")))


def test_the_published_key_is_believed_on_the_word_of_a_ticket_key() -> None:
    published = write_key(PRIVATE.public_key(), NOW, SIGNER)
    assert read_key(published, listed()) == KEY
    for raw, known in [
        (published, listed(revoked=True)),
        (write_key(PRIVATE.public_key(), NOW, cose.new_signer()), listed()),
        (cose.sign({6: 0, -70020: PRIVATE.public_key().public_bytes_raw()}, SIGNER, b"rdv-keys-v1"), listed()),
        (published[:-1], listed()),
        (b"", listed()),
        (b"x" * 2000, listed()),
    ]:
        with pytest.raises(BadSealError):
            read_key(raw, known)
