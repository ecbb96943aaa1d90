"""What is only true, or only in doubt, where the database is a server that others use too."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api.problems import ProblemName
from kiosk.central import storage as storage_at
from kiosk.central import tables as db
from tests.central.calls import problem_of, signed_in
from tests.support.central import RunningCentral, running_central
from tests.support.databases import only_postgresql, server_lost

pytestmark = only_postgresql


def _shown(transaction: Connection, *names: str) -> list[str]:
    return [str(transaction.exec_driver_sql(f"SHOW {name}").scalar()) for name in names]


def test_an_answer_survives_a_power_cut_and_a_lock_is_not_waited_for_without_end(central: RunningCentral) -> None:
    for transaction_of in (central.storage.reading, central.storage.writing):
        with transaction_of() as transaction:
            assert _shown(transaction, "synchronous_commit", "lock_timeout") == ["on", "5s"]


def test_a_read_is_one_view_and_a_write_sees_what_others_committed(central: RunningCentral) -> None:
    wanted = ("transaction_isolation", "transaction_read_only")
    for _ in range(2):  # a connection forgets what it was used for before
        with central.storage.reading() as transaction:
            assert _shown(transaction, *wanted) == ["repeatable read", "on"]
        with central.storage.writing() as transaction:
            assert _shown(transaction, *wanted) == ["read committed", "off"]


def test_a_read_cannot_write(central: RunningCentral) -> None:
    with pytest.raises(sa.exc.InternalError, match="read-only"), central.storage.reading() as transaction:
        transaction.execute(sa.delete(db.holds))


def test_two_who_wait_for_each_other_both_succeed_in_the_end(central: RunningCentral) -> None:
    slots = [central.add_slot("one", capacity=2), central.add_slot("two", capacity=2, site="pref-75")]
    each_has_its_first = threading.Barrier(2)

    def take_both(order: list[str]) -> int:
        tries = 0

        def take(transaction: Connection) -> None:
            nonlocal tries
            tries += 1
            for slot in order:
                seats = sa.update(db.slots).where(db.slots.c.id == slot).values(taken=db.slots.c.taken + 1)
                transaction.execute(seats)
                if tries == 1 and slot == order[0]:
                    each_has_its_first.wait()

        central.storage.write(take)
        return tries

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(take_both, [slots, slots[::-1]])) == [1, 2]
    assert central.count(db.slots, db.slots.c.id.in_(slots), db.slots.c.taken == 2) == 2


def test_a_lost_server_is_said_and_found_again(central: RunningCentral, tmp_path: Path, kiosk: httpx.Client) -> None:
    assert kiosk.get("/v1/me").status_code == 200
    with server_lost(tmp_path / "data"):
        assert problem_of(kiosk.get("/v1/me")) is ProblemName.STORAGE_UNAVAILABLE
        assert problem_of(kiosk.get("/v1/health")) is ProblemName.STORAGE_UNAVAILABLE
    assert kiosk.get("/v1/me").status_code == 200


def test_more_at_once_than_there_are_connections_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_at, "BUSY_MILLISECONDS", 100)
    with running_central(tmp_path / "data") as central, signed_in(central) as kiosk:
        with ExitStack() as others:
            for _ in range(storage_at.POSTGRESQL_POOL):
                others.enter_context(central.storage.reading())
            assert problem_of(kiosk.get("/v1/me")) is ProblemName.STORAGE_UNAVAILABLE
        assert kiosk.get("/v1/me").status_code == 200


def test_a_search_can_use_an_index(central: RunningCentral) -> None:
    query = "SELECT * FROM bookings WHERE birth_date = '1990' AND (mrz_surname = 'A' OR mrz_surname LIKE 'A%%')"
    with central.storage.reading() as transaction:
        transaction.exec_driver_sql("SET LOCAL enable_seqscan = off")  # a table of two rows is read as a whole
        plan = str(transaction.exec_driver_sql(f"EXPLAIN {query}").all())
    assert "bookings_by_person" in plan


def test_only_slots_with_a_place_are_searched(central: RunningCentral) -> None:
    query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'slots_with_a_place'"
    with central.storage.reading() as transaction:
        definition = str(transaction.exec_driver_sql(query).scalar())
    assert definition.endswith("(service, site, date, start_at, capacity, taken, id) WHERE (taken < capacity)")
