"""The chain of events: whoever edits, removes, swaps or adds rows behind the central's back is found, and where."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from kiosk.central import tables as db
from kiosk.central.events import (
    COMMAND_LINE,
    GENESIS,
    Act,
    Audit,
    Caller,
    Fault,
    Head,
    Missing,
    missing,
    record,
    record_command,
    verify,
)
from kiosk.central.migrations import migrate
from kiosk.central.storage import Storage, open_storage
from tests.central.rows import add_booking, tell
from tests.support.central import NOW, RunningCentral

LENGTHS = {"poste-1": 5, "poste-2": 3, COMMAND_LINE: 2}
ROWS = [(chain, number) for chain, length in LENGTHS.items() for number in range(1, length + 1)]
COLUMNS = [column.name for column in db.events.c]
IN_PLACE = db.events.c.chain == sa.bindparam("of"), db.events.c.number == sa.bindparam("nth")


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """Three chains in a file: what somebody edits byte by byte is a file."""
    opened = open_storage(tmp_path_factory.mktemp("events"))
    migrate(opened)
    with opened.writing() as transaction:
        for chain, number in ROWS:
            at, act = NOW + dt.timedelta(minutes=number), Act("book", f"hold-{number}", {"slot": "é", "n": number})
            if chain == COMMAND_LINE:
                record_command(transaction, opened.person_key, at, act)
            else:
                record(transaction, opened.person_key, Caller("awa", chain), at, act)
    yield opened
    opened.close()


@contextmanager
def _undone(storage: Storage) -> Iterator[Connection]:
    with storage.writer.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def _rows_of(transaction: Connection, chain: str) -> list[dict[str, Any]]:
    query = sa.select(db.events).where(db.events.c.chain == chain).order_by(db.events.c.number)
    return [dict(row) for row in transaction.execute(query).mappings()]


def _set(transaction: Connection, chain: str, nth: int, /, **values: object) -> None:
    transaction.execute(sa.update(db.events).where(*IN_PLACE).values(**values), {"of": chain, "nth": nth})


def _delete(transaction: Connection, chain: str, *numbers: int) -> None:
    for number in numbers:
        transaction.execute(sa.delete(db.events).where(*IN_PLACE), {"of": chain, "nth": number})


def _named(audit: Audit) -> list[tuple[str, int]]:
    return [(fault.chain, fault.number) for fault in audit.faults]


def test_chains_that_nobody_touched_are_whole(storage: Storage) -> None:
    with storage.reading() as transaction:
        audit = verify(transaction, storage.person_key)
        last = {chain: _rows_of(transaction, chain)[-1]["hash"] for chain in LENGTHS}
    assert audit.faults == ()
    assert audit.rows == len(ROWS)
    assert {head.chain: (head.length, head.hash) for head in audit.heads} == {
        chain: (length, last[chain]) for chain, length in LENGTHS.items()
    }


def test_a_ledger_without_events_is_whole(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)
    migrate(storage)
    with storage.reading() as transaction:
        assert verify(transaction, storage.person_key) == Audit((), ())
    storage.close()


def _stored_bytes(value: int | str) -> bytes:
    return value.to_bytes(8, "big", signed=True) if isinstance(value, int) else value.encode()


def _write_bytes(transaction: Connection, row: tuple[str, int], column: str, raw: bytes, number: bool) -> None:
    value = sa.literal(int.from_bytes(raw, "big", signed=True)) if number else sa.cast(sa.literal(raw), sa.Text)
    edited = sa.update(db.events).where(*IN_PLACE).values({column: sa.type_coerce(value, sa.types.NullType())})
    try:
        transaction.execute(edited, {"of": row[0], "nth": row[1]})
    except IntegrityError:  # another row stands there: the database itself refuses
        assume(False)


@settings(max_examples=300, deadline=None)
@given(
    row=st.sampled_from(ROWS), column=st.sampled_from(COLUMNS), position=st.integers(0, 63), change=st.integers(1, 255)
)
@example(row=("poste-1", 4), column="chain", position=6, change=3)  # to the end of poste-2
@example(row=("poste-1", 5), column="number", position=7, change=3)
@example(row=("poste-1", 2), column="details", position=0, change=128)  # not UTF-8 any more
@example(row=("poste-1", 2), column="at", position=0, change=64)  # not a time any more
def test_any_byte_of_any_column_that_is_edited_is_found_and_named(
    storage: Storage, row: tuple[str, int], column: str, position: int, change: int
) -> None:
    with _undone(storage) as transaction:
        raw_columns = sa.select(sa.type_coerce(db.events.c[column], sa.types.NullType())).where(*IN_PLACE)
        value: Any = transaction.scalar(raw_columns, {"of": row[0], "nth": row[1]})
        assume(value is not None)
        raw = bytearray(_stored_bytes(value))
        raw[position % len(raw)] ^= change
        _write_bytes(transaction, row, column, bytes(raw), isinstance(value, int))
        audit = verify(transaction, storage.person_key)
    chain, number = row
    assert audit.rows == len(ROWS)
    if column == "chain":
        moved = (bytes(raw).decode(errors="surrogateescape"), number)
        assert set(_named(audit)) <= {moved, (chain, number + 1)}
        assert moved in _named(audit)
    elif column == "number":
        [named] = _named(audit)
        assert named in {(chain, int.from_bytes(raw, "big", signed=True)), (chain, number + 1)}
    else:
        assert _named(audit) == [row]


@pytest.mark.parametrize("column", COLUMNS)
def test_bytes_where_a_text_or_a_number_was_are_found(storage: Storage, column: str) -> None:
    with _undone(storage) as transaction:
        edited = sa.update(db.events).where(*IN_PLACE).values({column: sa.text("x'00'")})
        transaction.execute(edited, {"of": "poste-2", "nth": 2})
        assert verify(transaction, storage.person_key).faults


def test_the_fault_says_when(storage: Storage) -> None:
    with _undone(storage) as transaction:
        _set(transaction, "poste-1", 3, mediator="someone-else")
        audit = verify(transaction, storage.person_key)
    assert audit.faults == (Fault("poste-1", 3, NOW + dt.timedelta(minutes=3)),)


def test_the_first_broken_row_of_each_chain_is_named_oldest_first(storage: Storage) -> None:
    with _undone(storage) as transaction:
        for chain, number in [("poste-1", 4), ("poste-1", 5), ("poste-2", 2)]:
            _set(transaction, chain, number, action="cancel")
        assert _named(verify(transaction, storage.person_key)) == [("poste-2", 2), ("poste-1", 4)]


@pytest.mark.parametrize(("gone", "named"), [([1], 2), ([3], 4), ([2, 3], 4), ([1, 2, 3, 4], 5)])
def test_a_row_deleted_is_found_by_the_one_after_it(storage: Storage, gone: list[int], named: int) -> None:
    with _undone(storage) as transaction:
        _delete(transaction, "poste-1", *gone)
        assert _named(verify(transaction, storage.person_key)) == [("poste-1", named)]


def test_a_gap_closed_by_counting_anew_is_found(storage: Storage) -> None:
    with _undone(storage) as transaction:
        _delete(transaction, "poste-1", 2)
        for number in (3, 4, 5):
            _set(transaction, "poste-1", number, number=number - 1)
        assert _named(verify(transaction, storage.person_key)) == [("poste-1", 2)]


def test_two_rows_that_changed_places_are_found(storage: Storage) -> None:
    with _undone(storage) as transaction:
        for before, after in [(2, 99), (3, 2), (99, 3)]:
            _set(transaction, "poste-1", before, number=after)
        assert _named(verify(transaction, storage.person_key)) == [("poste-1", 2)]


def test_a_chain_made_anew_without_the_key_is_found(storage: Storage) -> None:
    with _undone(storage) as transaction:
        rows = _rows_of(transaction, "poste-1")
        _delete(transaction, "poste-1", 1, 2, 3, 4, 5)
        for row in rows:
            act = Act(row["action"], "another-hold", {})
            record(transaction, b"another key", Caller("awa", "poste-1"), row["at"], act)
        audit = verify(transaction, storage.person_key)
    assert _named(audit) == [("poste-1", 1)]


@pytest.mark.parametrize("number", [0, 3, 6])
def test_an_event_that_was_slipped_in_is_found(storage: Storage, number: int) -> None:
    with _undone(storage) as transaction:
        row = _rows_of(transaction, "poste-1")[2]
        for later in reversed(range(number, 6)):
            _set(transaction, "poste-1", later, number=later + 1)
        transaction.execute(sa.insert(db.events).values(row | {"number": number}))
        [named] = _named(verify(transaction, storage.person_key))
    assert named == ("poste-1", number if number != 3 else 4)  # what was slipped in at 3 is the row 3 itself


def test_a_row_of_another_chain_does_not_fit(storage: Storage) -> None:
    with _undone(storage) as transaction:
        row = _rows_of(transaction, "poste-2")[0]
        transaction.execute(sa.insert(db.events).values(row | {"chain": "poste-3"}))
        assert _named(verify(transaction, storage.person_key)) == [("poste-3", 1)]


def test_rows_cut_off_the_end_are_seen_by_whoever_noted_the_head(storage: Storage) -> None:
    with _undone(storage) as transaction:
        before = verify(transaction, storage.person_key)
        _delete(transaction, "poste-1", 4, 5)
        after = verify(transaction, storage.person_key)
        third = _rows_of(transaction, "poste-1")[2]["hash"]
    assert after.faults == ()
    assert Head("poste-1", 3, third) in after.heads
    assert Head("poste-1", 3, third) not in before.heads


def test_reading_damage_leaves_the_connection_as_it_was(storage: Storage) -> None:
    with _undone(storage) as transaction:
        verify(transaction, storage.person_key)
        driver = transaction.connection.driver_connection
        assert driver is not None
        assert driver.text_factory is str


def test_an_event_is_sound_whatever_the_zone_of_the_clock_that_made_it(storage: Storage) -> None:
    with _undone(storage) as transaction:
        for zone in ("Europe/Paris", "Pacific/Tahiti"):
            at = NOW.astimezone(ZoneInfo(zone))
            record(transaction, storage.person_key, Caller("awa", "poste-1"), at, Act("sign-in", "awa", {}))
        assert verify(transaction, storage.person_key).faults == ()


def test_the_first_row_of_a_chain_follows_nothing(storage: Storage) -> None:
    with storage.reading() as transaction:
        assert _rows_of(transaction, "poste-1")[0]["previous"] == GENESIS


def _missing(central: RunningCentral) -> list[Missing]:
    with central.storage.reading() as transaction:
        return missing(transaction)


def test_a_demonstration_says_who_made_its_bookings(central: RunningCentral) -> None:
    assert central.count(db.bookings) == 2
    assert _missing(central) == []


def test_a_booking_and_a_cancellation_without_their_event_are_named(central: RunningCentral) -> None:
    cancelled = {"status": "cancelled", "cancelled_at": NOW}
    silent, cut = add_booking(central, hold="silent"), add_booking(central, hold="cut", **cancelled)
    sound = add_booking(central, hold="sound", **cancelled)
    tell(central, Act("book", "cut", {"bookings": [cut.id]}))
    tell(central, Act("book", "sound", {"bookings": [sound.id]}))
    tell(central, Act("cancel", sound.id, {}))
    assert _missing(central) == [Missing(silent.reference, "book"), Missing(cut.reference, "cancel")]


def test_a_booking_slipped_into_a_hold_that_was_booked_is_named(central: RunningCentral) -> None:
    told = add_booking(central, hold="mine")
    tell(central, Act("book", "mine", {"bookings": [told.id]}))
    slipped = add_booking(central, hold="mine", position=1)
    assert _missing(central) == [Missing(slipped.reference, "book")]
