import datetime as dt
import random

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.tickets import cose, manifest, token
from kiosk.tickets.manifest import BadManifestError, Manifest
from tests.tickets.builders import (
    HOUR,
    ISSUED,
    ROOT,
    SIGNER,
    START,
    STRANGER,
    admitted,
    claims,
    day_of,
    entry_of,
    key_set,
    message_with,
    parts_of,
    raw_message,
    ticket_key,
)
from tests.tickets.test_cose import strange

CHANCE = random.Random(3)  # noqa: S311
ENTRIES = [
    entry_of(claims(CHANCE), cancelled=number % 7 == 0, admission=admitted(number) if number % 5 == 0 else None)
    for number in range(40)
]
DAY = day_of(ENTRIES, {"2027-Q1": bytes(range(32)), "2026-Q4": bytes(32)})
RAW = manifest.write(DAY, SIGNER)
KEYS = key_set()
MINUTE = dt.timedelta(minutes=1)


def refused(raw: bytes) -> bool:
    """Return whether a day is refused; anything but the typed error is a failure."""
    try:
        manifest.read(raw, KEYS)
    except BadManifestError:
        return True
    return False


def test_what_is_written_is_read() -> None:
    assert manifest.read(RAW, KEYS) == DAY
    empty = day_of([], since=START - 2 * HOUR)
    assert manifest.read(manifest.write(empty, SIGNER), KEYS) == empty


def test_a_day_of_300_is_small() -> None:
    whole = day_of([entry_of(claims(CHANCE)) for _ in range(300)])
    assert len(manifest.write(whole, SIGNER)) < 15_000


def test_only_a_key_that_is_known_and_not_revoked_signs_a_day() -> None:
    assert refused(manifest.write(DAY, STRANGER))
    assert refused(manifest.write(DAY, ROOT))
    for keys in (key_set(ticket_key(STRANGER)), key_set(ticket_key(revoked_at=ISSUED))):
        with pytest.raises(BadManifestError):
            manifest.read(RAW, keys)


def test_no_bit_and_no_end_can_be_lost() -> None:
    assert all(refused(RAW[:count]) for count in range(len(RAW)))
    for at in range(len(RAW)):
        changed = bytearray(RAW)
        changed[at] ^= 1 << CHANCE.randrange(8)
        assert refused(bytes(changed))


def test_what_was_signed_for_something_else_is_no_day() -> None:
    content = cbor2.loads(parts_of(RAW)[2])
    assert not refused(cose.sign(content, SIGNER, manifest.PURPOSE))
    assert refused(cose.sign(content, SIGNER, token.PURPOSE))
    assert refused(cose.sign(content, SIGNER, b""))


def wrong_days() -> list[object]:
    """Return contents that no day has, rightly signed."""
    good = cbor2.loads(parts_of(RAW)[2])
    entry = good[-70015][0]
    contents: list[object] = [{key: value for key, value in good.items() if key != missing} for missing in good]
    contents += [{**good, 1: "central"}, [], None, {}]
    values: list[object] = [None, "x", b"x", -1, 2**32, 2**64 - 1, [], [1], ["x", 1], [2**63, "x"], {}]
    for value in values:
        contents += [{**good, key: value} for key in good if (key, value) not in ((-70013, None), (-70015, []))]
        for at in range(len(entry)):
            if (at, value) != (8, None):
                contents.append({**good, -70015: [[*entry[:at], value, *entry[at + 1 :]]]})
    contents = [each for each in contents if not _is_right(each)]
    contents += [
        {**good, -70014: {"2027-Q1": 10**12}},
        {**good, -70014: {1: bytes(32)}},
        {**good, -70012: "12/01/2027"},
    ]
    contents += [{**good, -70015: [entry[:-1]]}, {**good, -70015: [[*entry, None]]}]
    return contents


def _is_right(content: object) -> bool:
    """Return whether a text stands where a text may stand, or no keys where keys may stand."""
    return isinstance(content, dict) and (
        "x" in (content.get(-70010), content.get(-70011)) or content.get(-70014) == {}
    )


def test_content_that_no_day_has_is_refused_even_when_rightly_signed() -> None:
    for wrong in wrong_days():
        assert refused(cose.sign(wrong, SIGNER, manifest.PURPOSE)), wrong


@given(st.binary(max_size=300) | strange.map(cbor2.dumps))
def test_nothing_else_is_a_day(raw: bytes) -> None:
    protected, _, _, signature = parts_of(RAW)
    signed = message_with(protected, raw, manifest.PURPOSE)
    for each in (raw, signed, raw_message([protected, {}, raw, signature])):
        assert refused(each)


def changes(**facts: object) -> Manifest:
    """Return what changed in the hour since the day was read."""
    usual = {"made_at": DAY.made_at + HOUR, "since": DAY.made_at - 2 * MINUTE}
    return day_of([entry_of(claims(), cancelled=True)], {"2027-Q2": bytes(32)}, **(usual | facts))


def test_changes_are_added_to_a_day() -> None:
    later = changes()
    updated = DAY.updated(later)
    assert updated.made_at == later.made_at
    assert updated.since is None
    assert set(updated.tag_keys) == {"2026-Q4", "2027-Q1", "2027-Q2"}
    assert updated.entries == {**DAY.entries, **later.entries}
    twice = updated.updated(changes(made_at=updated.made_at, since=updated.made_at))
    assert twice == updated


@pytest.mark.parametrize(
    "facts",
    [
        {"site": "pref-75"},
        {"date": DAY.date + dt.timedelta(days=1)},
        {"since": None},
        {"since": DAY.made_at + MINUTE},  # what happened between the two is missing
        {"made_at": DAY.made_at - MINUTE},  # older than what is known
    ],
)
def test_changes_of_something_else_or_with_a_gap_are_refused(facts: dict[str, object]) -> None:
    with pytest.raises(BadManifestError):
        DAY.updated(changes(**facts))


def test_a_day_shows_no_key_and_no_entry_in_a_log() -> None:
    assert "entries" not in repr(DAY)
    assert "Q1" not in repr(DAY)
