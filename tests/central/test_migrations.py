"""A database of the first version, with people in it, brought to today's shape."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import IntegrityError

from kiosk.central import tables as db
from kiosk.central.identity import keyed, person_ref
from kiosk.central.migrations import migrate
from kiosk.central.sealing_keys import add_key
from kiosk.central.storage import Storage, open_storage
from tests.support.central import NOW
from tests.support.databases import database_url

MICROSECONDS = 1_000_000
HOUR = 3600 * MICROSECONDS
START = int((NOW + dt.timedelta(days=2)).timestamp()) * MICROSECONDS

BOOKING: dict[str, Any] = {
    "service": "passeport",
    "ends_at": START + HOUR,
    "surname": "Öztürk",
    "given_names": "Ali",
    "birth_date": "1987-05-03",
    "mrz_surname": "OEZTUERK",
    "consent_mode": "present",
    "mediator": "m",
    "kiosk": "k",
    "demonstration": False,
    "created_at": START - HOUR,
    "position": 0,
    "slot": "s",
}
FIRST: dict[str, list[dict[str, Any]]] = {
    "mediators": [{"id": "m", "name": "M", "code_salt": b"", "code_hash": b""}],
    "kiosks": [{"id": "k", "name": "K", "department": "93", "region": "R"}],
    "services": [{"id": "passeport"}],
    "sites": [{"id": "pref-93"}],
    "slots": [
        {
            "id": "s",
            "service": "passeport",
            "site": "pref-93",
            "date": "2027-01-13",
            "start_at": START,
            "minutes": 20,
            "capacity": 5,
            "taken": 4,  # two held, two booked
        }
    ],
    "holds": [{"id": "kept", "slot": "s", "kiosk": "k", "seats": 2, "expires_at": START}],
    "intents": [
        {"kiosk": "k", "key": f"key-{hold}", "hold": hold, "payload_hmac": ""} for hold in ("one", "two", "three")
    ],
    "bookings": [
        BOOKING | {"id": "b1", "reference": "1", "hold": "one", "person_ref": "r1", "status": "booked", "active": True},
        BOOKING
        | {"id": "b2", "reference": "2", "hold": "two", "person_ref": "r2", "status": "fulfilled", "active": False},
        BOOKING
        | {"id": "b3", "reference": "3", "hold": "three", "person_ref": "r1", "status": "cancelled", "active": False},
    ],
}


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """A database as the first version left it, migrated."""
    opened = open_storage(tmp_path, database_url(tmp_path))
    _upgrade(opened, "0001")
    tables = sa.MetaData()
    with opened.writing() as transaction:
        tables.reflect(transaction)
        for name, rows in FIRST.items():
            transaction.execute(sa.insert(tables.tables[name]), [_typed(row) for row in rows])
        spoken_for = {"person_ref": keyed(opened.person_key, "person", "OEZTUERK<<ALI\n1987-05-03")}
        transaction.execute(sa.update(tables.tables["bookings"]).values(spoken_for).where(sa.text("active")))
    migrate(opened)
    return opened


def test_holds_are_let_go_and_bookings_keep_their_places(storage: Storage) -> None:
    with storage.reading() as transaction:
        assert transaction.scalar(sa.select(db.slots.c.taken)) == 2
        assert transaction.execute(sa.select(db.holds)).all() == []
    storage.close()


def test_bookings_keep_their_persons_and_learn_their_identity(storage: Storage) -> None:
    with storage.reading() as transaction:
        rows = transaction.execute(sa.select(db.bookings).order_by(db.bookings.c.id)).all()
    storage.close()
    assert [row.reference for row in rows] == ["1", "2", "3"]
    assert {row.first_identity for row in rows} == {"OEZTUERK<<ALI/1987-05-03"}
    assert [row.revision for row in rows] == [1, 1, 1]
    assert [row.cancelled_at is None for row in rows] == [True, True, False]


def test_who_has_an_appointment_to_come_is_spoken_for(storage: Storage) -> None:
    with storage.reading() as transaction:
        [claim] = transaction.execute(sa.select(db.claims)).all()
    assert (claim.service, claim.hold, claim.position) == ("passeport", "one", 0)
    assert claim.ref == person_ref(storage.person_key, "OEZTUERK<<ALI/1987-05-03")
    with pytest.raises(IntegrityError), storage.writing() as transaction:
        transaction.execute(sa.insert(db.claims).values(claim._asdict() | {"hold": "other"}))
    storage.close()


def test_what_succeeded_under_a_key_is_still_found(storage: Storage) -> None:
    with storage.reading() as transaction:
        rows = transaction.execute(sa.select(db.intents).order_by(db.intents.c.key)).all()
    storage.close()
    assert {(row.action, row.subject) for row in rows} == {("book", "one"), ("book", "two"), ("book", "three")}


def test_a_booking_changed_last_when_it_was_cancelled_or_made(storage: Storage) -> None:
    with storage.reading() as transaction:
        rows = transaction.execute(sa.select(db.bookings)).all()
    storage.close()
    assert [row.changed_at for row in rows] == [row.cancelled_at or row.created_at for row in rows]


@pytest.mark.parametrize("wrong", [{"changed_at": None}, {"moves": 3}, {"status": "lost"}, {"status": "cancelled"}])
def test_what_a_booking_must_be_is_still_asked_of_it(storage: Storage, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), storage.writing() as transaction:
        transaction.execute(sa.update(db.bookings).where(db.bookings.c.id == "b1").values(wrong))
    with storage.reading() as transaction:
        conditions = sa.inspect(transaction).get_check_constraints("bookings")
    storage.close()
    assert len(conditions) == 3


def test_sealing_keys_are_numbered_by_the_times_at_which_they_were_made(tmp_path: Path) -> None:
    opened = open_storage(tmp_path, database_url(tmp_path))
    _upgrade(opened, "0009")
    with opened.writing() as transaction:
        for name, created_at in (("b", START), ("a", START + HOUR), ("c", START - HOUR)):
            transaction.execute(sa.text(f"INSERT INTO sealing_keys VALUES ('{name}', '', {created_at})"))  # noqa: S608
    migrate(opened)
    with opened.writing() as transaction:
        add_key(transaction, opened.person_key, NOW - dt.timedelta(days=400))
        numbered = transaction.execute(sa.select(db.sealing_keys.c.number, db.sealing_keys.c.id)).all()
    opened.close()
    assert [row.id for row in sorted(numbered)][:3] == ["c", "b", "a"]
    assert [row.number for row in sorted(numbered)] == [1, 2, 3, 4]


def _upgrade(storage: Storage, version: str) -> None:
    with storage.writing() as transaction:
        config = Config(attributes={"connection": transaction})
        config.set_main_option("script_location", "kiosk.central:migrations")
        command.upgrade(config, version)


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    return row | ({"date": dt.date.fromisoformat(row["date"])} if "date" in row else {})
