import io
import math
import time

import cbor2
import cwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.tickets import cose
from kiosk.tickets.cose import BadMessageError
from tests.tickets.builders import SIGNER, STRANGER, cwt_key, message_with, parts_of, raw_message

PURPOSE = b"rdv-test-v1"
CONTENT = {6: 1, -70001: [b"\x00" * 300, "été", None, True, -(2**40)]}
MESSAGE = cose.sign(CONTENT, SIGNER, PURPOSE)

numbers = st.integers(-(2**64), 2**64 - 1)
plain = st.recursive(
    st.none() | st.booleans() | numbers | st.binary(max_size=30) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.integers(-24, 23), inner, max_size=5)
        | st.dictionaries(st.text("abc", min_size=2, max_size=2), inner, max_size=5)
    ),
    max_leaves=12,
)
# What a general reader makes dates, numbers without end, patterns, messages, sets, references or loops of.
TAGS = (0, 1, 2, 3, 4, 5, 18, 24, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 43000, 55799, 2**40)
strange = st.recursive(
    plain | st.floats() | st.sampled_from([math.nan, math.inf, -0.0, cbor2.undefined, cbor2.CBORSimpleValue(99)]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.builds(cbor2.CBORTag, st.sampled_from(TAGS), inner)
        | st.dictionaries(numbers | st.text(max_size=3) | st.binary(max_size=3), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(plain)
def test_what_is_written_is_read(content: object) -> None:
    assert cose.decode(cose.encode(content)) == content


@given(st.binary(max_size=60) | strange.map(cbor2.dumps) | strange.map(lambda any_: cbor2.dumps(any_, canonical=True)))
def test_bytes_are_read_in_one_way_or_refused(raw: bytes) -> None:
    try:
        content = cose.decode(raw)
    except BadMessageError:
        return
    assert content == cbor2.loads(raw)
    assert len(cbor2.dumps(content, canonical=True)) == len(raw)


@given(plain, st.data())
def test_neither_less_nor_more_is_read(content: object, data: st.DataObject) -> None:
    raw = cose.encode(content)
    cut = data.draw(st.integers(0, len(raw) - 1))
    for other in (raw[:cut], raw + data.draw(st.binary(min_size=1, max_size=3))):
        with pytest.raises(BadMessageError):
            cose.decode(other)


@pytest.mark.parametrize(
    "written",
    [
        "1800",  # 0 in two bytes
        "190001",
        "1a00000001",
        "1b00000000ffffffff",
        "5800",  # no bytes, their count in two
        "5f4100ff",  # bytes in pieces
        "7f6161ff",
        "9f00ff",
        "bf0000ff",
        "a201000000",  # keys not in order
        "a200000000",  # one key twice
        "a1400000",
        "a1f500",  # a key that is neither number nor text
        "a1800000",
        "f97e00",  # floats
        "fa3f800000",
        "fb3ff0000000000000",
        "f7",  # undefined
        "f814",  # false in two bytes
        "e0",
        "62c328",  # not UTF-8
        "1c",
        "1f",
        "ff",
        "",
    ],
)
def test_every_other_way_to_write_is_refused(written: str) -> None:
    with pytest.raises(BadMessageError):
        cose.decode(bytes.fromhex(written))


@pytest.mark.parametrize(
    "hostile",
    [
        "d81e816a31653939393939393939",  # a fraction of a hundred million digits
        "c5821b0de0b6b3a764000003",  # 3 times 2 to the power of 10 to the power of 18
        "c11b7fffffffffffffff",
        "d823622828",  # a pattern that is none
        "d81c81d81d00",  # a list that holds itself
        "d9010281d81d00",
        "81" * 100_000,
        "a100" * 100_000,
        "d2" * 100_000,
        "c6" * 100_000,
        "9b7fffffffffffffff",
        "bb7fffffffffffffff",
        "5b7fffffffffffffff",
        "7bffffffffffffffff",
        "9bffffffffffffffff00",
    ],
)
def test_hostile_bytes_cost_nothing(hostile: str) -> None:
    before = time.process_time()
    for reader in (cose.decode, cose.read):
        with pytest.raises(BadMessageError):
            reader(bytes.fromhex(hostile))
    assert time.process_time() - before < 0.5


def test_more_than_the_largest_day_is_not_even_looked_at() -> None:
    with pytest.raises(BadMessageError):
        cose.read(cose.sign(bytes(cose.MAX_BYTES), SIGNER, PURPOSE))


def test_a_message_is_signed_for_one_purpose_by_one_key() -> None:
    message = cose.read(MESSAGE)
    assert message.content() == CONTENT
    assert message.key_id == SIGNER.key_id
    assert message.is_signed_by(SIGNER.private.public_key(), PURPOSE)
    assert not message.is_signed_by(STRANGER.private.public_key(), PURPOSE)
    for purpose in (b"", PURPOSE[:-1], PURPOSE + b"1"):
        assert not message.is_signed_by(SIGNER.private.public_key(), purpose)


def test_the_same_is_signed_the_same_way_again() -> None:
    assert cose.sign(CONTENT, SIGNER, PURPOSE) == MESSAGE
    assert cose.sign(CONTENT, SIGNER, PURPOSE + b"1") != MESSAGE


def test_the_frame_is_what_the_standards_say() -> None:
    protected, unprotected, payload, signature = parts_of(MESSAGE)
    assert MESSAGE[:1] == b"\xd2"
    assert cbor2.loads(protected) == {1: -9, 4: SIGNER.key_id}
    assert unprotected == {}
    assert cbor2.loads(payload) == CONTENT
    assert len(signature) == 64


@pytest.mark.parametrize(
    "header",
    [
        {1: -7, 4: SIGNER.key_id},  # ES256, which names no curve
        {1: -8, 4: SIGNER.key_id},
        {1: 5, 4: SIGNER.key_id},  # HMAC: a public key must never become a secret
        {1: None, 4: SIGNER.key_id},
        {1: -9.0, 4: SIGNER.key_id},
        {1.0: -9, 4: SIGNER.key_id},
        {4: SIGNER.key_id},
        {1: -9},
        {1: -9, 4: SIGNER.key_id[:3]},
        {1: -9, 4: SIGNER.key_id + b"\0"},
        {1: -9, 4: SIGNER.key_id.hex()[:4]},
        {1: -9, 2: [1], 4: SIGNER.key_id},
        {1: -9, 4: SIGNER.key_id, 15: {}},
        [],
        b"",
    ],
)
def test_another_header_is_refused_even_when_rightly_signed(header: object) -> None:
    with pytest.raises(BadMessageError):
        cose.read(message_with(cbor2.dumps(header), cose.encode(CONTENT), PURPOSE))
    usual = cbor2.dumps({1: -9, 4: SIGNER.key_id})
    assert cose.read(message_with(usual, cose.encode(CONTENT), PURPOSE)).content() == CONTENT


def test_other_frames_are_refused() -> None:
    protected, _, payload, signature = parts_of(MESSAGE)
    frames: list[object] = [
        [protected, {4: SIGNER.key_id}, payload, signature],
        [protected, {1: -9}, payload, signature],
        [protected, [], payload, signature],
        [protected, {}, None, signature],  # detached
        [protected, {}, payload, signature[:-1]],
        [protected, {}, payload, signature + b"\0"],
        [protected, {}, payload, b""],
        [protected, {}, payload, "x" * 64],
        [protected, {}, payload],
        [protected, {}, payload, signature, b""],
        [b"", {}, payload, signature],
        [cbor2.loads(protected), {}, payload, signature],
        [],
        None,
    ]
    for frame in frames:
        with pytest.raises(BadMessageError):
            cose.read(raw_message(frame))
    assert cose.read(raw_message([protected, {}, payload, signature])) == cose.read(MESSAGE)
    for tag in (17, 61, 98):
        with pytest.raises(BadMessageError):
            cose.read(cbor2.dumps(cbor2.CBORTag(tag, [protected, {}, payload, signature])))
    for raw in (MESSAGE[1:], b"\xd8\x12" + MESSAGE[1:], b"\xd8\x3d" + MESSAGE, MESSAGE + b"\0"):
        with pytest.raises(BadMessageError):
            cose.read(raw)


@pytest.mark.parametrize("signature", [bytes(64), b"\xff" * 64, bytes(32) + b"\x01" * 32, b"\x01" * 32 + bytes(32)])
def test_numbers_that_no_signature_has_are_no_signature(signature: bytes) -> None:
    message = cose.read(raw_message([*parts_of(MESSAGE)[:3], signature]))
    assert not message.is_signed_by(SIGNER.private.public_key(), PURPOSE)


def test_python_cwt_verifies_ours_for_its_purpose_only() -> None:
    payload = cwt.COSE.new().decode(MESSAGE, cwt_key(SIGNER), external_aad=PURPOSE)
    assert cbor2.load(io.BytesIO(payload)) == CONTENT
    for key, purpose in ((SIGNER, b""), (SIGNER, b"rdv-test-v2"), (STRANGER, PURPOSE)):
        with pytest.raises((cwt.VerifyError, ValueError)):
            cwt.COSE.new().decode(MESSAGE, cwt_key(key), external_aad=purpose)


def test_we_verify_what_python_cwt_signs() -> None:
    theirs = cwt.COSE.new().encode(
        cose.encode(CONTENT),
        cwt_key(SIGNER, private=True),
        protected={1: -9, 4: SIGNER.key_id},
        unprotected={},
        external_aad=PURPOSE,
    )
    message = cose.read(theirs)
    assert message.content() == CONTENT
    assert message.is_signed_by(SIGNER.private.public_key(), PURPOSE)
    assert not message.is_signed_by(SIGNER.private.public_key(), b"rdv-other-v1")
