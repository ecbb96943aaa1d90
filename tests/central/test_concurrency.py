"""Many at once: what must hold whoever is faster."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

import httpx
import pytest
import sqlalchemy as sa

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.events import verify
from tests.central.calls import (
    SIGN_IN,
    Held,
    book,
    booked,
    cancel,
    correct,
    done,
    held,
    hold,
    move,
    new_key,
    newcomer,
    person,
    problem_of,
    signed_in,
)
from tests.support.central import RunningCentral

Answer = TypeVar("Answer")

CROWD = 16


@pytest.fixture
def crowd(central: RunningCentral) -> Iterator[list[httpx.Client]]:
    """Sixteen kiosks, each with a mediator of its own."""
    with ExitStack() as open_clients:
        yield [open_clients.enter_context(newcomer(central, f"crowd-{number}")) for number in range(CROWD)]


def test_five_places_are_booked_five_times_by_sixteen(central: RunningCentral, crowd: list[httpx.Client]) -> None:
    slot = central.add_slot("wanted", capacity=5)

    def fight(number: int) -> int:
        someone = person()
        answer = hold(crowd[number], slot, someone)
        if answer.status_code != 201:
            return answer.status_code
        return book(crowd[number], Held(answer.json()["id"], (someone,))).status_code

    assert Counter(_together(CROWD, fight)) == {201: 5, 409: 11}
    assert central.count(db.bookings, db.bookings.c.slot == slot) == 5
    assert _taken(central, slot) == 5


def test_one_person_wanted_by_sixteen_kiosks_is_held_once(central: RunningCentral, crowd: list[httpx.Client]) -> None:
    slot, someone = central.add_slot("wanted", capacity=CROWD), person()
    answers = _together(CROWD, lambda number: hold(crowd[number], slot, someone))
    assert _outcomes(answers) == {None: 1, ProblemName.PERSON_HAS_HOLD: CROWD - 1}
    assert _taken(central, slot) == 1


def test_two_families_that_share_two_persons_do_not_wait_in_a_ring(
    central: RunningCentral, crowd: list[httpx.Client]
) -> None:
    slot, family = central.add_slot("wanted", capacity=CROWD), [person(), person()]
    answers = _together(8, lambda number: hold(crowd[number], slot, *(family if number % 2 else family[::-1])))
    assert _outcomes(answers) == {None: 1, ProblemName.PERSON_HAS_HOLD: 7}


def test_sixteen_wishes_of_one_kiosk_leave_it_one_hold(central: RunningCentral, kiosk: httpx.Client) -> None:
    central.set_limits(kiosk_hour=100, mediator_hour=100)
    slot = central.add_slot("wanted", capacity=CROWD)
    answers = _together(CROWD, lambda _: hold(kiosk, slot))
    assert _outcomes(answers) == {None: CROWD}
    assert central.count(db.holds) == 1
    assert central.count(db.releases) == CROWD - 1
    assert _taken(central, slot) == CROWD


def test_the_same_wish_sixteen_times_takes_one_place(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot, someone = central.add_slot("wanted", capacity=CROWD), person()
    answers = _together(CROWD, lambda _: hold(kiosk, slot, someone))
    assert len({done(answer)["id"] for answer in answers}) == 1
    assert _taken(central, slot) == 1


def test_one_key_replayed_by_eight_makes_one_booking(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept, key = held(kiosk, central.add_slot("wanted", capacity=8)), new_key()
    answers = _together(8, lambda _: book(kiosk, kept, key=key))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 7}
    assert len({answer.content for answer in answers}) == 1
    assert central.count(db.bookings, db.bookings.c.hold == kept.id) == 1


def test_one_hold_booked_under_eight_keys_makes_one_booking(central: RunningCentral, kiosk: httpx.Client) -> None:
    kept = held(kiosk, central.add_slot("wanted", capacity=8))
    answers = _together(8, lambda _: book(kiosk, kept))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 410: 7}


@pytest.mark.parametrize("_", range(3))
def test_a_hold_is_booked_or_given_back_never_both(central: RunningCentral, kiosk: httpx.Client, _: int) -> None:
    slot = central.add_slot("wanted", capacity=1)
    kept = held(kiosk, slot)
    answers = _together(8, lambda n: book(kiosk, kept) if n % 2 else kiosk.delete(f"/v1/holds/{kept.id}"))
    bookings = sum(answer.status_code == 201 for answer in answers)
    assert bookings + central.count(db.releases) == _taken(central, slot) == 1


def test_eight_moves_and_cancellations_of_one_revision_are_one_change(
    central: RunningCentral, crowd: list[httpx.Client]
) -> None:
    [booking] = booked(crowd[0], central.add_slot("old", capacity=1))
    new = central.add_slot("new", capacity=8, site="sp-932")
    answers = _together(8, lambda n: move(crowd[n], booking, new) if n % 2 else cancel(crowd[n], booking))
    assert _outcomes(answers) == {None: 1, ProblemName.STALE: 7}
    assert central.count(db.releases) == 1


def test_one_change_replayed_by_eight_is_made_once(central: RunningCentral, kiosk: httpx.Client) -> None:
    [booking] = booked(kiosk, central.add_slot("old", capacity=1))
    new, key = central.add_slot("new", capacity=8, site="sp-932"), new_key()
    answers = _together(8, lambda _: move(kiosk, booking, new, key))
    assert Counter("Idempotency-Replayed" in answer.headers for answer in answers) == {False: 1, True: 7}
    assert len({answer.content for answer in answers}) == 1
    assert _taken(central, new) == 1


def test_a_name_that_is_asked_for_while_it_is_corrected_is_spoken_for_once(
    central: RunningCentral, crowd: list[httpx.Client]
) -> None:
    slot = central.add_slot("wanted", capacity=CROWD)
    bookings = [booked(crowd[number], slot, person(f"Diall{letter}"))[0] for number, letter in enumerate("abcd")]

    def ask(number: int) -> httpx.Response:
        if number < len(bookings):
            return correct(crowd[number], bookings[number], surname="Diallo")
        return hold(crowd[number], slot, person("Diallo"))

    answers = _together(8, ask)
    assert sum(answer.is_success for answer in answers) == 1
    assert {problem_of(each) for each in answers if not each.is_success} <= {
        ProblemName.PERSON_HAS_BOOKING,
        ProblemName.PERSON_HAS_HOLD,
    }


def test_a_cap_is_not_exceeded_by_sixteen_kiosks_of_one_mediator(central: RunningCentral) -> None:
    central.set_limits(mediator_hour=5)
    slot = central.add_slot("wanted", capacity=CROWD)
    with ExitStack() as open_clients:
        kiosks = []
        for number in range(CROWD):
            central.add_kiosk(f"kiosk-{number}")
            kiosks.append(open_clients.enter_context(signed_in(central, f"kiosk-{number}")))
        answers = _together(CROWD, lambda number: hold(kiosks[number], slot))
    assert _outcomes(answers) == {None: 5, ProblemName.MEDIATOR_LIMIT: CROWD - 5}
    assert _taken(central, slot) == 5


def test_places_are_neither_lost_nor_made_by_holding_and_releasing(
    central: RunningCentral, crowd: list[httpx.Client]
) -> None:
    slot = central.add_slot("wanted", capacity=20)

    def hesitate(number: int) -> int:
        answers = [hold(crowd[number], slot) for _ in range(3)]
        kept = [answer.json()["id"] for answer in answers if answer.status_code == 201]
        for each in kept:
            crowd[number].delete(f"/v1/holds/{each}")
        return len(kept)

    given_up = sum(_together(8, hesitate))
    assert central.count(db.holds) == central.count(db.claims) == 0
    assert central.count(db.releases) == _taken(central, slot) == given_up


def test_holds_that_expire_while_sixteen_ask_are_hidden_once(
    central: RunningCentral, crowd: list[httpx.Client]
) -> None:
    slot = central.add_slot("wanted", capacity=CROWD)
    for client in crowd[:8]:
        held(client, slot)
    central.clock.advance(seconds=300)
    _together(CROWD, lambda number: hold(crowd[number], slot) if number % 2 else crowd[number].get("/v1/me"))
    assert central.count(db.releases) == 8
    assert _taken(central, slot) == 8 + central.count(db.holds)


def test_places_that_return_while_sixteen_ask_return_once(central: RunningCentral, crowd: list[httpx.Client]) -> None:
    slot = central.add_slot("wanted", capacity=8)
    for client in crowd[:8]:
        client.delete(f"/v1/holds/{held(client, slot).id}")
    central.clock.advance(hours=24)
    answers = _together(CROWD, lambda number: hold(crowd[number], slot))
    taken_by = [number for number, answer in enumerate(answers) if answer.status_code == 201]
    assert len(taken_by) == _taken(central, slot) == 8
    # Seven places of eight are others' for who gave one up, so these may win too, though never the last place.
    assert set(taken_by) & set(range(8, CROWD))


def test_sixteen_events_of_one_kiosk_form_one_chain(central: RunningCentral, kiosk: httpx.Client) -> None:
    answers = _together(
        CROWD, lambda _: kiosk.post("/v1/reports", headers={"Idempotency-Key": new_key()}, json={"channel": "shop"})
    )
    assert Counter(answer.status_code for answer in answers) == {201: CROWD}
    with central.storage.reading() as transaction:
        audit = verify(transaction, central.storage.person_key)
    assert ({head.chain: head.length for head in audit.heads}["demo"], audit.faults) == (CROWD, ())


def test_wrong_codes_tried_together_are_counted_one_by_one(central: RunningCentral) -> None:
    def guess(number: int) -> int:
        form = SIGN_IN | {"password": f"{number:06}x"}
        return httpx.post(f"{central.base_url}/oauth/token", data=form, timeout=30).status_code

    assert Counter(_together(12, guess)) == {403: 5, 429: 7}


def _together(count: int, call: Callable[[int], Answer]) -> list[Answer]:
    """Run `call` in as many threads, all let go at the same moment."""
    gate = threading.Barrier(count)

    def one(number: int) -> Answer:
        gate.wait()
        return call(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def _outcomes(answers: list[httpx.Response]) -> Counter[ProblemName | None]:
    return Counter(None if answer.is_success else problem_of(answer) for answer in answers)


def _taken(central: RunningCentral, slot: str) -> int:
    with central.storage.reading() as transaction:
        return int(transaction.execute(sa.select(db.slots.c.taken).where(db.slots.c.id == slot)).scalar_one())
