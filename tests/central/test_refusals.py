"""A refusal is final for its key: a copy that arrives late never does what the kiosk was told is refused."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest
import sqlalchemy as sa

from kiosk.api import contract
from kiosk.api.problems import Problem, ProblemName
from kiosk.central import tables as db
from kiosk.central.events import Caller
from kiosk.central.intents import Intent, begin, decided
from kiosk.central.refusal import FINAL, Refused, RefusedBefore
from tests.central.calls import (
    Held,
    Json,
    application,
    apply,
    book,
    booked,
    cancel,
    change,
    done,
    held,
    move,
    new_key,
    newcomer,
    person,
    problem_of,
    signed_in,
)
from tests.support.central import NOW, RunningCentral

Send = Callable[[str], httpx.Response]  # the same request, under a key
FULL_DAY = NOW + dt.timedelta(days=3, minutes=7)
REPORT = contract.ReportRequest(channel="shop")


@dataclass(frozen=True)
class Refusable:
    """A request that is refused, and what has to happen so that it could be granted."""

    send: Send
    relent: Callable[[], object]


def _widen(central: RunningCentral, slot: str) -> None:
    with central.storage.writing() as transaction:
        transaction.execute(sa.update(db.slots).where(db.slots.c.id == slot).values(capacity=9))


def _full_slot(central: RunningCentral, kiosk: httpx.Client) -> Refusable:
    full = central.add_slot("full", capacity=1, start=FULL_DAY)
    booked(kiosk, full)
    [mine] = booked(kiosk, central.add_slot("mine", capacity=1))
    return Refusable(lambda key: move(kiosk, mine, full, key), lambda: _widen(central, full))


def _no_place(central: RunningCentral, kiosk: httpx.Client) -> Refusable:
    wanted = application(site="pref-93", not_before="2027-01-11")
    central.set_limits(horizon_days=1)
    with central.storage.writing() as transaction:
        transaction.execute(sa.update(db.slots).where(db.slots.c.site == "pref-93").values(taken=db.slots.c.capacity))
    soon = NOW + dt.timedelta(hours=5, minutes=7)
    return Refusable(
        lambda key: apply(kiosk, key, **wanted), lambda: central.add_slot("opened", capacity=1, start=soon)
    )


def _booked_already(central: RunningCentral, kiosk: httpx.Client) -> Refusable:
    somebody = person()
    [theirs] = booked(kiosk, central.add_slot("theirs", capacity=1), somebody)
    wanted = application(person=somebody)
    return Refusable(lambda key: apply(kiosk, key, **wanted), lambda: done(cancel(kiosk, theirs, "illness")))


def _cooling_off(central: RunningCentral, kiosk: httpx.Client) -> Refusable:
    somebody = person()
    for name in ("one", "two"):
        start = FULL_DAY + dt.timedelta(minutes=len(name) + ord(name[0]))
        [given_up] = booked(kiosk, central.add_slot(name, capacity=1, start=start), somebody)
        done(cancel(kiosk, given_up))
    wanted = application(person=somebody)
    return Refusable(lambda key: apply(kiosk, key, **wanted), lambda: central.set_limits(cancels=3))


def _not_a_typo(central: RunningCentral, kiosk: httpx.Client) -> Refusable:
    [mine] = booked(kiosk, central.add_slot("mine", capacity=1), person("Dialo"))
    right = {"surname": "Tiallou", "given_names": "Issa", "birth_date": "1987-05-03", "reason": "typed-wrong"}
    return Refusable(
        lambda key: change(kiosk, mine, "correction", right, key), lambda: central.set_limits(typo_edits=5)
    )


def _stale(central: RunningCentral, kiosk: httpx.Client) -> Refusable:
    [mine] = booked(kiosk, central.add_slot("mine", capacity=1))
    tags = iter(['"2"', '"1"', '"1"', '"1"'])
    return Refusable(lambda key: change(kiosk, mine, "cancel", {"reason": "person"}, key, next(tags)), lambda: None)


def _moved_too_often(central: RunningCentral, kiosk: httpx.Client) -> Refusable:
    [mine] = booked(kiosk, central.add_slot("mine", capacity=1))
    other = central.add_slot("other", capacity=1, start=FULL_DAY)
    every = sa.update(db.bookings)
    with central.storage.writing() as transaction:
        transaction.execute(every.values(moves_allowed=0))

    def relent() -> None:
        with central.storage.writing() as transaction:
            transaction.execute(every.values(moves_allowed=1))

    return Refusable(lambda key: move(kiosk, mine, other, key), relent)


REFUSED = {
    ProblemName.SLOT_TAKEN: _full_slot,
    ProblemName.NO_PLACE: _no_place,
    ProblemName.PERSON_HAS_BOOKING: _booked_already,
    ProblemName.COOLING_OFF: _cooling_off,
    ProblemName.NOT_A_TYPO: _not_a_typo,
    ProblemName.STALE: _stale,
    ProblemName.MOVES_USED_UP: _moved_too_often,
}


@pytest.mark.parametrize("problem", REFUSED)
def test_what_was_refused_stays_so_under_its_key(
    central: RunningCentral, kiosk: httpx.Client, problem: ProblemName
) -> None:
    case, key = REFUSED[problem](central, kiosk), new_key()
    first = case.send(key)
    assert problem_of(first) is problem
    case.relent()
    again = case.send(key)
    assert (problem_of(again), again.headers["Idempotency-Replayed"]) == (problem, "true")
    assert again.json() == first.json()
    told = done(kiosk.get(f"/v1/bookings/by-key/{key}"))
    assert Problem.model_validate(told["refusal"]) == Problem.model_validate(first.json())
    assert (told["bookings"], told["hold"], told["attempt"], told["report"]) == ([], None, None, None)
    assert case.send(new_key()).is_success
    assert problem_of(case.send(key)) is problem


def test_a_booking_that_came_too_late_stays_refused(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept, key = held(kiosk, central.add_slot("mine", capacity=1)), new_key()
    central.clock.advance(seconds=300)
    assert problem_of(book(kiosk, kept, key=key)) is ProblemName.HOLD_EXPIRED
    central.clock.advance(seconds=-10)  # clocks are corrected
    assert problem_of(book(kiosk, kept, key=key)) is ProblemName.HOLD_EXPIRED


def test_of_an_appointment_that_nobody_has(kiosk: httpx.Client) -> None:
    nobodys, key = {"id": "nobodys", "revision": 1}, new_key()
    for _ in range(2):
        assert problem_of(cancel(kiosk, nobodys, key=key)) is ProblemName.NOT_FOUND
    assert done(kiosk.get(f"/v1/bookings/by-key/{key}"))["action"] == "cancel"
    search, key = {"service": "sejour-premiere", "sites": ["nowhere"]}, new_key()
    for _ in range(2):
        answer = kiosk.post("/v1/attempts", json=search, headers={"Idempotency-Key": key})
        assert problem_of(answer) is ProblemName.NOT_FOUND
    assert answer.headers["Idempotency-Replayed"] == "true"


def test_a_refused_key_is_not_for_another_request(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept, key = held(kiosk, central.add_slot("mine", capacity=1)), new_key()
    assert problem_of(book(kiosk, Held("nobodys", kept.persons), key=key)) is ProblemName.HOLD_EXPIRED
    assert problem_of(book(kiosk, kept, key=key)) is ProblemName.IDEMPOTENCY_MISMATCH
    assert book(kiosk, kept).status_code == 201


def test_what_passes_by_itself_is_not_final(central: RunningCentral, kiosk: httpx.Client) -> None:
    wanted, key = application(), new_key()
    central.set_source("pref-93", "unavailable")
    assert problem_of(apply(kiosk, key, **wanted)) is ProblemName.SOURCE_UNAVAILABLE
    central.set_source("pref-93", "ok")
    central.set_limits(kiosk_hour=1)
    done(apply(kiosk))
    assert problem_of(apply(kiosk, key, **wanted)) is ProblemName.KIOSK_LIMIT
    central.set_limits(kiosk_hour=9)
    with newcomer(central, "another") as other:
        elsewhere = held(other, central.add_slot("elsewhere", capacity=1), wanted["person"])
        assert problem_of(apply(kiosk, key, **wanted)) is ProblemName.PERSON_HAS_HOLD
        other.delete(f"/v1/holds/{elsewhere.id}")
    assert problem_of(kiosk.get(f"/v1/bookings/by-key/{key}")) is ProblemName.NOT_FOUND
    assert apply(kiosk, key, **wanted).status_code == 201


def test_what_is_no_request_is_not_kept(kiosk: httpx.Client) -> None:
    key = new_key()
    assert problem_of(apply(kiosk, key, not_before="soon")) is ProblemName.INVALID
    assert problem_of(kiosk.get(f"/v1/bookings/by-key/{key}")) is ProblemName.NOT_FOUND
    assert apply(kiosk, key).status_code == 201


def test_a_hold_is_refused_for_the_moment(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot, headers = central.add_slot("mine", capacity=1), {"Idempotency-Key": new_key()}
    wanted = {"slot": slot, "persons": [person(), person()]}
    assert problem_of(kiosk.post("/v1/holds", json=wanted, headers=headers)) is ProblemName.SLOT_TAKEN
    _widen(central, slot)
    made = done(kiosk.post("/v1/holds", json=wanted, headers=headers))
    assert done(kiosk.post("/v1/holds", json=wanted, headers=headers)) == made | {"slot": made["slot"]}
    central.clock.advance(seconds=299)
    assert done(kiosk.post("/v1/holds", json=wanted, headers=headers))["expires_at"] == made["expires_at"]
    central.clock.advance(seconds=1)
    assert problem_of(kiosk.post("/v1/holds", json=wanted, headers=headers)) is ProblemName.HOLD_EXPIRED


def test_a_hold_that_became_bookings_is_over_for_its_key(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot, key = central.add_slot("mine", capacity=2), new_key()
    wanted: Json = {"slot": slot, "persons": [person()]}
    made = done(kiosk.post("/v1/holds", json=wanted, headers={"Idempotency-Key": key}))
    assert done(kiosk.get(f"/v1/bookings/by-key/{key}"))["hold"] == made
    done(book(kiosk, Held(made["id"], tuple(wanted["persons"]))))
    again = kiosk.post("/v1/holds", json=wanted, headers={"Idempotency-Key": key})
    assert problem_of(again) is ProblemName.HOLD_EXPIRED
    assert done(kiosk.get(f"/v1/bookings/by-key/{key}"))["hold"] is None


# Two copies of one request, of which one could be granted and the other not.


@pytest.fixture
def intent(central: RunningCentral) -> Intent:
    """A report of the demonstration's kiosk."""
    return Intent(Caller("demo", "demo"), new_key(), "report", "", REPORT)


def _done(central: RunningCentral, intent: Intent, subject: str) -> str:
    """Do it, as every write does: in a transaction that begins with the key; return what it is about."""
    with central.storage.writing() as transaction:
        return begin(transaction, central.storage.person_key, intent, subject) or subject


def test_a_copy_that_was_granted_first_decides(central: RunningCentral, intent: Intent) -> None:
    tries: list[int] = []

    def refused_once() -> str:
        tries.append(len(tries))
        if len(tries) == 1:
            assert _done(central, intent, "of the copy") == "of the copy"
            raise Refused(ProblemName.SLOT_TAKEN)
        return _done(central, intent, "mine")

    assert decided(central.storage, intent, refused_once) == "of the copy"


def test_a_copy_that_was_refused_first_decides(central: RunningCentral, intent: Intent) -> None:
    def refused() -> str:
        raise Refused(ProblemName.SLOT_TAKEN)

    def late() -> str:
        with pytest.raises(Refused):
            decided(central.storage, intent, refused)
        return _done(central, intent, "late")

    with pytest.raises(RefusedBefore) as said:
        decided(central.storage, intent, late)
    assert said.value.problem is ProblemName.SLOT_TAKEN


def test_of_two_refusals_the_first_is_told(central: RunningCentral, intent: Intent) -> None:
    def stale_after_the_copy() -> str:
        with pytest.raises(Refused):
            decided(central.storage, intent, not_active)
        raise Refused(ProblemName.STALE)

    def not_active() -> str:
        raise Refused(ProblemName.NOT_ACTIVE)

    with pytest.raises(RefusedBefore) as said:
        decided(central.storage, intent, stale_after_the_copy)
    assert said.value.problem is ProblemName.NOT_ACTIVE


def test_many_copies_of_many_requests_get_one_answer_each(central: RunningCentral, kiosk: httpx.Client) -> None:
    """Eight want the last three places, four copies of each."""
    day = NOW + dt.timedelta(days=200)
    central.set_limits(horizon_days=210)
    for n in range(3):
        central.add_slot(f"last-{n}", capacity=1, start=day + dt.timedelta(minutes=n))
    asked = [(new_key(), application(not_before=day.date().isoformat())) for _ in range(8)]

    def one(number: int) -> tuple[int, bool, ProblemName | None, Json]:
        key, wanted = asked[number % 8]
        answer = apply(kiosk, key, **wanted)
        problem = None if answer.is_success else problem_of(answer)
        return number % 8, "Idempotency-Replayed" in answer.headers, problem, answer.json()

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(one, range(32)))
    for n in range(8):
        mine = [answer for answer in answers if answer[0] == n]
        assert sum(not replayed for _, replayed, _, _ in mine) == 1
        assert all(answer[2:] == mine[0][2:] for answer in mine)
        assert mine[0][2] in {None, ProblemName.NO_PLACE}
    assert central.count(db.events, db.events.c.action == "application") == 3
    assert central.count(db.intents, db.intents.c.problem.is_not(None)) == 5


def test_a_sealed_copy_of_a_refused_request_is_refused(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept, key = held(kiosk, central.add_slot("mine", capacity=1)), new_key()
    with signed_in(central, sealed=True) as sealer:
        refused = book(sealer, Held("nobodys", kept.persons), key=key)
        assert problem_of(refused) is ProblemName.HOLD_EXPIRED
        assert book(sealer, Held("nobodys", kept.persons), key=key).json() == refused.json()


def test_nothing_that_says_how_long_to_wait_is_final() -> None:
    waiting = {name for name in ProblemName if name.status in {429, 503, 500, 401, 403, 400, 428, 405}}
    assert not FINAL & (waiting | {ProblemName.PERSON_HAS_HOLD, ProblemName.SEALED_UNREADABLE})
    assert not FINAL & {ProblemName.IDEMPOTENCY_MISMATCH}
