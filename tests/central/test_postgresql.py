"""What is only true, or only in doubt, where the database is a server that others use too."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.central import storage as storage_at
from kiosk.central import tables as db
from kiosk.central.admissions import Admissions
from kiosk.central.counters import Counter
from tests.central.calls import note, problem_of, signed_in
from tests.central.rows import add_booking
from tests.support.central import NOW, RunningCentral, running_central
from tests.support.databases import only_postgresql, server_lost
from tests.support.welcome import FIRST_COUNTER, SECOND_COUNTER, SITE, add_second_counter

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


def test_of_two_counters_that_deliver_the_same_ticket_at_once_the_second_is_told_of_the_first(
    central: RunningCentral,
) -> None:
    add_second_counter(central)
    reference = add_booking(central, slot=central.add_slot("one", capacity=1)).reference
    first, second = (Counter(name, SITE) for name in (FIRST_COUNTER, SECOND_COUNTER))
    has_written = threading.Event()

    class Slow(Admissions):
        """Has written, and commits once the other one waits for it, or is done."""

        def _findings(self, *arguments: Any) -> dict[str, contract.Finding]:
            has_written.set()
            while not (other.done() or _waits_for_its_turn(central)):
                pass
            return super()._findings(*arguments)

    def deliver(admissions: Admissions, counter: Counter, at: dt.datetime) -> contract.Finding:
        let_in = contract.Note.model_validate(note(at=at, reference=reference, revision=1))
        [finding] = admissions.deliver(counter, contract.Notes(notes=[let_in])).findings
        return finding

    def deliver_second() -> contract.Finding:
        assert has_written.wait(30)
        admissions = Admissions(central.storage, central.catalogue, central.clock)
        return deliver(admissions, second, NOW + dt.timedelta(minutes=1))

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(deliver_second)
        slow = Slow(central.storage, central.catalogue, central.clock)
        assert deliver(slow, first, NOW).finding == "kept"
        told = other.result()
    assert (told.finding, told.first and told.first.counter) == ("again", FIRST_COUNTER)


def _waits_for_its_turn(central: RunningCentral) -> bool:
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database"
        " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
    )
    with central.storage.reading() as transaction:
        return transaction.exec_driver_sql(query).scalar() == 1


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
