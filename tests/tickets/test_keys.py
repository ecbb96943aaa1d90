import dataclasses
import datetime as dt
import random

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.tickets import cose, keys, token
from kiosk.tickets.keys import BadKeySetError
from kiosk.tickets.verify import Knowledge, State, verify_token
from tests.tickets.builders import (
    HOUR,
    ISSUED,
    MONTH,
    ROOT,
    SIGNER,
    START,
    STRANGER,
    claims,
    fixed_signer,
    key_set,
    message_with,
    parts_of,
    raw_message,
    ticket_key,
)
from tests.tickets.test_cose import strange

KEYS = [ticket_key(), ticket_key(STRANGER, not_after=ISSUED, revoked_at=ISSUED)]
RAW = keys.write(7, ISSUED, KEYS, ROOT)
ROOT_TEXT = keys.root_text(ROOT.private.public_key())
SECOND = dt.timedelta(seconds=1)


def refused(raw: bytes) -> bool:
    """Return whether a list is refused by who knows the root; anything but the typed error is a failure."""
    try:
        keys.read(raw, ROOT_TEXT)
    except BadKeySetError:
        return True
    return False


def test_what_is_written_is_read() -> None:
    for expected in (ROOT_TEXT, None):
        read = keys.read(RAW, expected)
        assert (read.number, read.issued_at, read.root, list(read.keys)) == (7, ISSUED, ROOT_TEXT, KEYS)
        assert read.keys[0].public.public_numbers() == SIGNER.private.public_key().public_numbers()
        assert read.find(STRANGER.key_id) == KEYS[1]
        assert read.find(b"none") is None


def test_a_list_may_be_empty() -> None:
    assert keys.read(keys.write(1, ISSUED, [], ROOT), ROOT_TEXT).keys == ()


def test_another_root_is_refused() -> None:
    other = keys.write(8, ISSUED, KEYS, STRANGER)
    assert refused(other)
    assert keys.read(other, None).root != ROOT_TEXT
    with pytest.raises(BadKeySetError):
        keys.read(RAW, keys.root_text(STRANGER.private.public_key()))
    with pytest.raises(BadKeySetError):
        keys.read(RAW, ROOT_TEXT.upper())


def test_a_list_that_names_the_root_without_its_signature_is_refused() -> None:
    protected, _, payload, _ = parts_of(RAW)
    assert refused(message_with(protected, payload, keys.PURPOSE, STRANGER))
    assert refused(message_with(protected, payload, token.PURPOSE, ROOT))
    assert not refused(message_with(protected, payload, keys.PURPOSE, ROOT))


def test_no_bit_and_no_end_can_be_lost() -> None:
    assert all(refused(RAW[:count]) for count in range(len(RAW)))
    chance = random.Random(5)  # noqa: S311
    for at in range(len(RAW)):
        changed = bytearray(RAW)
        changed[at] ^= 1 << chance.randrange(8)
        assert refused(bytes(changed))


def test_a_ticket_is_no_list() -> None:
    assert refused(cose.sign(cbor2.loads(parts_of(RAW)[2]), ROOT, token.PURPOSE))


def wrong_lists() -> list[object]:
    """Return contents that no list has, rightly signed by the root."""
    good = cbor2.loads(parts_of(RAW)[2])
    one = good[-70003][0]
    root = good[-70004]
    others = fixed_signer(55).private.public_key().public_numbers()
    contents: list[object] = [{key: value for key, value in good.items() if key != missing} for missing in good]
    contents += [{**good, 1: "central"}, [], None, {}]
    contents += [{**good, -70003: [wrong]} for wrong in (None, [], one[:3], [*one, None], [None, *one[1:]])]
    values: list[object] = [-1, 2**32, 2**63, 2**64 - 1, "2027", b""]
    for value in values:
        contents += [{**good, -70003: [[*one[:at], value, *one[at + 1 :]]]} for at in (1, 2, 3)]
        contents.append({**good, 6: value})
    for field, wrong in (
        (1, 1),
        (3, -7),
        (-1, 2),
        (2, b"abcd"),
        (2, b""),
        (-2, bytes(32)),
        (-2, bytes(33)),
        (-2, b"\xff" * 33),
        (-3, b""),
        (-3, others.y.to_bytes(32, "big")),
        (-4, bytes(32)),
    ):
        contents.append({**good, -70003: [[{**one[0], field: wrong}, *one[1:]]]})
        contents.append({**good, -70004: {**root, field: wrong}})
    contents.append({**good, -70003: [one] * (keys.MAX_KEYS + 1)})
    return contents


def test_content_that_no_list_has_is_refused_even_when_rightly_signed() -> None:
    for wrong in wrong_lists():
        assert refused(cose.sign(wrong, ROOT, keys.PURPOSE)), wrong


@given(st.binary(max_size=300) | strange.map(cbor2.dumps))
def test_nothing_else_is_a_list(raw: bytes) -> None:
    protected, _, _, signature = parts_of(RAW)
    for each in (raw, message_with(protected, raw, keys.PURPOSE, ROOT), raw_message([protected, {}, raw, signature])):
        assert refused(each)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, State.VALID),
        ({"not_before": ISSUED}, State.VALID),
        ({"not_before": ISSUED + SECOND}, State.UNKNOWN_KEY),
        ({"not_after": ISSUED}, State.VALID),
        ({"not_after": ISSUED - SECOND}, State.UNKNOWN_KEY),
        ({"not_after": ISSUED + MONTH}, State.VALID),
        ({"revoked_at": ISSUED + HOUR}, State.REVOKED_KEY),  # a thief writes any date
        ({"revoked_at": START + MONTH}, State.REVOKED_KEY),
    ],
)
def test_a_ticket_counts_if_its_key_was_good_when_it_was_signed(facts: dict[str, dt.datetime], state: State) -> None:
    text = token.write(claims(), SIGNER)
    assert verify_token(text, key_set(ticket_key(SIGNER, **facts)), Knowledge(), None, START).state is state


def test_a_ticket_signed_before_a_rotation_still_counts() -> None:
    new = fixed_signer(77)
    turned = ISSUED + HOUR
    both = key_set(ticket_key(not_after=turned), ticket_key(new, not_before=turned))
    before, after = claims(), claims(issued_at=turned + HOUR)
    for each, signer, state in (
        (before, SIGNER, State.VALID),
        (after, new, State.VALID),
        (after, SIGNER, State.UNKNOWN_KEY),
        (before, new, State.UNKNOWN_KEY),
    ):
        assert verify_token(token.write(each, signer), both, Knowledge(), None, START).state is state


def test_the_name_of_a_key_is_not_enough() -> None:
    impostor = dataclasses.replace(ticket_key(STRANGER), key_id=SIGNER.key_id)
    assert refused(keys.write(1, ISSUED, [impostor], ROOT))
