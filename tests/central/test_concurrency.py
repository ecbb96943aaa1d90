"""Many at once: what must hold whoever is faster."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx
import sqlalchemy as sa

from kiosk.central import tables as db
from tests.central.calls import SIGN_IN, book, held, hold, new_key, person, signed_in
from tests.support.central import RunningCentral

Answer = TypeVar("Answer")


def _together(count: int, call: Callable[[int], Answer]) -> list[Answer]:
    """Run `call` in as many threads, all let go at the same moment."""
    gate = threading.Barrier(count)

    def one(number: int) -> Answer:
        gate.wait()
        return call(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def test_five_seats_are_booked_five_times_by_sixteen(central: RunningCentral) -> None:
    slot = central.add_slot("wanted", capacity=5)

    def fight(_: int) -> int:
        with signed_in(central) as kiosk:
            answer = hold(kiosk, slot)
            return answer.status_code if answer.status_code != 201 else book(kiosk, answer.json()["id"]).status_code

    assert Counter(_together(16, fight)) == {201: 5, 409: 11}
    assert central.count(db.bookings, db.bookings.c.slot == slot) == 5
    assert central.count(db.slots, db.slots.c.id == slot, db.slots.c.taken == 5) == 1


def test_one_key_replayed_by_eight_makes_one_booking(central: RunningCentral, kiosk: httpx.Client) -> None:
    hold_id, key, someone = held(kiosk, central.add_slot("wanted", capacity=8)), new_key(), person()
    answers = _together(8, lambda _: book(kiosk, hold_id, someone, key=key))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 7}
    assert len({answer.content for answer in answers}) == 1
    assert central.count(db.bookings, db.bookings.c.hold == hold_id) == 1


def test_one_hold_booked_under_eight_keys_makes_one_booking(central: RunningCentral, kiosk: httpx.Client) -> None:
    hold_id = held(kiosk, central.add_slot("wanted", capacity=8))
    answers = _together(8, lambda _: book(kiosk, hold_id))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 410: 7}


def test_one_person_in_eight_places_at_once_gets_one_booking(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot, someone = central.add_slot("wanted", capacity=8), person()
    holds = [held(kiosk, slot) for _ in range(8)]
    answers = _together(8, lambda number: book(kiosk, holds[number], someone))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 7}


def test_seats_are_neither_lost_nor_made_by_holding_and_releasing(central: RunningCentral) -> None:
    slot = central.add_slot("wanted", capacity=3)

    def hesitate(_: int) -> None:
        with signed_in(central) as kiosk:
            for _ in range(4):
                answer = hold(kiosk, slot)
                if answer.status_code == 201:
                    kiosk.delete(f"/v1/holds/{answer.json()['id']}")

    _together(8, hesitate)
    assert central.count(db.slots, db.slots.c.id == slot, db.slots.c.taken == 0) == 1
    assert central.count(db.holds) == 0


def test_wrong_codes_tried_together_are_counted_one_by_one(central: RunningCentral) -> None:
    def guess(number: int) -> int:
        form = SIGN_IN | {"password": f"{number:06}x"}
        return httpx.post(f"{central.base_url}/oauth/token", data=form, timeout=30).status_code

    assert Counter(_together(12, guess)) == {403: 5, 429: 7}


def test_seats_taken_are_always_seats_held_or_booked(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("wanted", capacity=6)
    holds = [held(kiosk, slot) for _ in range(5)]
    _together(
        4, lambda number: book(kiosk, holds[number]) if number % 2 else kiosk.delete(f"/v1/holds/{holds[number]}")
    )
    with central.storage.reading() as transaction:
        taken = transaction.scalar(sa.select(db.slots.c.taken).where(db.slots.c.id == slot))
    assert taken == central.count(db.holds) + central.count(db.bookings, db.bookings.c.slot == slot) == 3
