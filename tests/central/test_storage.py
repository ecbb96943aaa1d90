"""The rules that the database keeps by itself, whatever Python does; and who can read the files."""

import datetime as dt
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.schema import CheckConstraint

from kiosk.api.problems import ProblemName
from kiosk.central import storage as storage_at
from kiosk.central import tables as db
from kiosk.central.clock import utc_now
from kiosk.central.command import prepare
from kiosk.central.key import KEY_BYTES, KEY_NAME, WrongKey
from kiosk.central.migrations import migrate
from tests.central.calls import booked, hold, person, problem_of, signed_in
from tests.support.central import NOW, RunningCentral, running_central
from tests.support.databases import ON_POSTGRESQL, database_url, only_sqlite


def _copy_of_a_booking(central: RunningCentral, **changes: Any) -> dict[str, Any]:
    """Book one person, and return the row as a bug would insert it again: new id, reference and place."""
    with signed_in(central) as kiosk:
        [booking] = booked(kiosk, central.add_slot("mine", capacity=2), person())
    with central.storage.reading() as transaction:
        row = transaction.execute(sa.select(db.bookings).where(db.bookings.c.id == booking["id"])).mappings().one()
    return dict(row) | {"id": "again", "reference": "0" * 12, "position": 1} | changes


def _insert(central: RunningCentral, table: sa.Table, row: dict[str, Any]) -> None:
    with central.storage.writing() as transaction:
        transaction.execute(sa.insert(table).values(row))


@pytest.mark.parametrize("taken", [-1, 3])
def test_a_slot_is_never_oversold(central: RunningCentral, taken: int) -> None:
    slot = central.add_slot("mine", capacity=2)
    with pytest.raises(IntegrityError, match="never_oversold"), central.storage.writing() as transaction:
        transaction.execute(sa.update(db.slots).where(db.slots.c.id == slot).values(taken=taken))


def test_a_person_has_one_active_booking_per_service(central: RunningCentral) -> None:
    claim = {"service": "passeport", "ref": "somebody", "hold": "h", "position": 0, "expires_at": NOW}
    _insert(central, db.claims, claim)
    with pytest.raises(IntegrityError, match=r"one_claim_per_person|claims\.service, claims\.ref"):
        _insert(central, db.claims, claim | {"hold": "another"})
    _insert(central, db.claims, claim | {"service": "carte-grise"})


@pytest.mark.parametrize(
    "broken",
    [
        {"reference": None},
        {"position": 0},
        {"status": "lost"},
        {"status": "cancelled"},
        {"cancelled_at": NOW},
        {"moves": 3},
        {"hold": None},
        {"slot": "unknown"},
        {"kiosk": "unknown"},
    ],
)
def test_a_booking_that_makes_no_sense_cannot_be_stored(central: RunningCentral, broken: dict[str, Any]) -> None:
    row = _copy_of_a_booking(central)
    with pytest.raises(IntegrityError):
        _insert(central, db.bookings, row | broken)


def test_two_bookings_never_share_a_reference(central: RunningCentral) -> None:
    row = _copy_of_a_booking(central)
    _insert(central, db.bookings, row)
    with pytest.raises(IntegrityError, match=r"one_booking_per_reference|bookings\.reference"):
        _insert(central, db.bookings, row | {"id": "third", "position": 2})


def test_a_key_succeeds_once(central: RunningCentral) -> None:
    intent = {"kiosk": "demo", "key": "key", "action": "book", "subject": "hold", "payload_hmac": ""}
    _insert(central, db.intents, intent)
    with pytest.raises(IntegrityError, match=r"one_intent_per_key|intents\.kiosk, intents\.key"):
        _insert(central, db.intents, intent | {"subject": "other"})


def test_a_kiosk_has_one_hold(central: RunningCentral) -> None:
    _insert(central, db.holds, _hold_row(central))
    with pytest.raises(IntegrityError, match=r"one_hold_per_kiosk|holds\.kiosk"):
        _insert(central, db.holds, _hold_row(central) | {"id": "another"})


def test_a_window_never_counts_more_than_its_cap(central: RunningCentral) -> None:
    row = {"scope": "kiosk-hour", "subject": "demo", "starts_at": NOW, "ends_at": NOW, "used": 4, "cap": 3}
    with pytest.raises(IntegrityError, match="never_over_cap"):
        _insert(central, db.caps, row)


def _hold_row(central: RunningCentral) -> dict[str, Any]:
    if not central.count(db.slots, db.slots.c.id == "held"):
        central.add_slot("held", capacity=2)
    who = {"kiosk": "demo", "mediator": "demo", "identities": ""}
    return who | {"id": "h", "slot": "held", "seats": 1, "expires_at": NOW}


def test_a_hold_of_nothing_cannot_be_stored(central: RunningCentral) -> None:
    row = _hold_row(central) | {"seats": 0}
    with pytest.raises(IntegrityError, match="a_hold_holds_something"):
        _insert(central, db.holds, row)


def test_a_failed_write_leaves_nothing(central: RunningCentral) -> None:
    with suppress(RuntimeError), central.storage.writing() as transaction:
        transaction.execute(sa.insert(db.facts).values(name="half"))
        raise RuntimeError
    assert central.count(db.facts, db.facts.c.name == "half") == 0


@pytest.mark.parametrize("broken", [{"position": 0}, {"status": "lost"}, {"reference": None}])
def test_an_error_of_the_database_never_quotes_a_name(central: RunningCentral, broken: dict[str, Any]) -> None:
    row = _copy_of_a_booking(central, surname="Zanzibar")
    with pytest.raises(IntegrityError) as caught:
        _insert(central, db.bookings, row | broken)
    assert "Zanzibar" not in f"{caught.value} {caught.value.orig}"


def test_migrations_lead_to_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    storage = storage_at.open_storage(tmp_path, database_url(tmp_path))
    migrate(storage)
    with storage.writing() as transaction:
        assert compare_metadata(MigrationContext.configure(transaction), db.metadata) == []
        found = {
            check["name"]
            for checks in sa.inspect(transaction).get_multi_check_constraints().values()
            for check in checks
        }
    storage.close()
    every = [item for table in db.metadata.tables.values() for item in table.constraints]
    assert found == {item.name for item in every if isinstance(item, CheckConstraint)}


@only_sqlite
def test_migrations_write_the_constraints_that_the_code_knows(central: RunningCentral) -> None:
    with central.storage.reading() as transaction:
        schema = " ".join(transaction.scalars(sa.text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")))
    checks = [item for table in db.metadata.tables.values() for item in table.constraints]
    for check in checks:
        assert not isinstance(check, CheckConstraint) or f"CONSTRAINT {check.name} CHECK ({check.sqltext})" in schema
    assert (
        "slots_with_a_place ON slots (service, site, date, start_at, capacity, taken, id) WHERE taken < capacity"
        in schema
    )


def test_migrating_again_changes_nothing(central: RunningCentral) -> None:
    before = central.count(db.slots)
    migrate(central.storage)
    assert central.count(db.slots) == before


@only_sqlite
def test_an_answer_survives_a_power_cut(central: RunningCentral) -> None:
    with central.storage.reading() as transaction:
        asked = {
            name: transaction.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")
        }
    assert asked == {"synchronous": 2, "journal_mode": "wal"}


def test_only_the_owner_reads_the_data(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    storage = storage_at.open_storage(folder, database_url(folder))
    migrate(storage)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}
    storage.close()
    assert modes.pop("data") == 0o700
    assert set(modes) >= {KEY_NAME} | (set() if ON_POSTGRESQL else {"central.sqlite"})
    assert set(modes.values()) == {0o600}


def test_the_key_is_made_once_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    first = storage_at.open_storage(tmp_path)
    again = storage_at.open_storage(tmp_path)
    assert first.person_key == again.person_key
    first.close()
    again.close()
    (tmp_path / KEY_NAME).write_bytes(b"short")
    with pytest.raises(OSError, match="damaged"):
        storage_at.open_storage(tmp_path)


def test_a_database_is_never_opened_with_the_key_of_another(tmp_path: Path) -> None:
    with running_central(tmp_path / "data"):
        (tmp_path / "data" / KEY_NAME).write_bytes(bytes(KEY_BYTES))
        with pytest.raises(WrongKey, match=r"person\.key is not the key of this database; restore it from the backup"):
            prepare(tmp_path / "data", utc_now, None, database_url(tmp_path / "data"))


def test_a_view_does_not_change_while_others_write(central: RunningCentral) -> None:
    query = sa.select(sa.func.count()).select_from(db.slots)
    with central.storage.reading() as transaction:
        before = transaction.scalar(query)
        central.add_slot("mine", capacity=1)
        assert transaction.scalar(query) == before
    assert central.count(db.slots) == (before or 0) + 1


class _LostError(Exception):
    sqlstate = "40001"


@pytest.mark.parametrize(("origin", "tries"), [(_LostError(), storage_at.RACES), (Exception(), 1)])
def test_only_a_lost_race_is_run_again_and_not_for_ever(central: RunningCentral, origin: Exception, tries: int) -> None:
    tried = []

    def lose(transaction: Connection) -> None:
        tried.append(transaction)
        raise OperationalError("UPDATE", {}, origin)

    with pytest.raises(OperationalError):
        central.storage.write(lose)
    assert len(tried) == tries


def test_a_lock_that_does_not_come_is_said_to_be_the_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_at, "BUSY_MILLISECONDS", 100)
    with running_central(tmp_path / "data") as central, signed_in(central) as kiosk:
        slot = central.add_slot("mine", capacity=1)
        with central.storage.writing() as transaction:
            transaction.execute(sa.update(db.slots).where(db.slots.c.id == slot).values(minutes=30))
            assert problem_of(hold(kiosk, slot)) is ProblemName.STORAGE_UNAVAILABLE
        assert hold(kiosk, slot).status_code == 201


@only_sqlite
def test_a_search_uses_an_index(central: RunningCentral) -> None:
    query = "SELECT * FROM bookings WHERE birth_date = '1990' AND (mrz_surname = 'A' OR mrz_surname LIKE 'A%')"
    with central.storage.reading() as transaction:
        plan = str(transaction.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all())
    assert "USING INDEX bookings_by_person" in plan


def test_an_instant_is_the_same_number_whatever_its_zone(central: RunningCentral) -> None:
    east = NOW.astimezone(dt.timezone(dt.timedelta(hours=4)))
    central.add_slot("utc", capacity=1, start=NOW)
    central.add_slot("east", capacity=1, start=east, site="pref-976")
    assert central.count(db.slots, db.slots.c.id.in_(["utc", "east"]), db.slots.c.start_at == NOW) == 2
    with pytest.raises(sa.exc.StatementError):
        central.count(db.slots, db.slots.c.start_at == NOW.replace(tzinfo=None))
