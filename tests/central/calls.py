"""Calls to a central as tests write them."""

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from kiosk.api.problems import MEDIA_TYPE, Problem, ProblemName
from tests.support.central import RunningCentral

SIGN_IN = {"grant_type": "password", "username": "demo", "password": "000000", "client_id": "demo"}
SERVICE = "sejour-renouvellement"
_LETTERS = "ABCDEFGHIJ"
_numbers = itertools.count(1000)

Json = dict[str, Any]


@contextmanager
def signed_in(central: RunningCentral, kiosk: str = "demo") -> Iterator[httpx.Client]:
    """Give a kiosk's client whose mediator is signed in."""
    headers = {"Authorization": f"Bearer {central.token(kiosk)}"}
    with httpx.Client(base_url=central.base_url, headers=headers, timeout=30) as client:
        yield client


def person(surname: str | None = None, **members: str) -> Json:
    """Return a person on the wire; a new one each time unless the surname is given."""
    fresh = "Test" + "".join(_LETTERS[int(digit)] for digit in str(next(_numbers)))
    return {"surname": surname or fresh, "given_names": "Issa", "birth_date": "1987-05-03"} | members


def new_key() -> str:
    """Return an Idempotency-Key."""
    return str(uuid.uuid4())


def hold(kiosk: httpx.Client, slot: str, party: int = 1) -> httpx.Response:
    """Ask to keep a slot."""
    return kiosk.post("/v1/holds", json={"slot": slot, "party": party})


def held(kiosk: httpx.Client, slot: str, party: int = 1) -> str:
    """Keep a slot and return the hold's id."""
    answer = hold(kiosk, slot, party)
    assert answer.status_code == 201, answer.text
    identifier: str = answer.json()["id"]
    return identifier


def book(kiosk: httpx.Client, hold_id: str, *persons: Json, key: str | None = None) -> httpx.Response:
    """Ask to turn a hold into bookings."""
    return kiosk.post(
        "/v1/bookings",
        headers={"Idempotency-Key": key or new_key()},
        json={"hold": hold_id, "persons": list(persons) or [person()], "consent": {"mode": "present"}},
    )


def booked(kiosk: httpx.Client, slot: str, *persons: Json) -> list[Json]:
    """Hold a slot, book it, and return the bookings."""
    answer = book(kiosk, held(kiosk, slot, len(persons) or 1), *persons)
    assert answer.status_code == 201, answer.text
    bookings: list[Json] = answer.json()["bookings"]
    return bookings


def free_on(kiosk: httpx.Client, date: str, site: str = "pref-93") -> dict[str, int]:
    """Return the places left of each slot of a day."""
    page = kiosk.get("/v1/slots", params={"service": SERVICE, "site": site, "date": date}).raise_for_status().json()
    return {slot["id"]: slot["free"] for slot in page["slots"]}


def problem_of(answer: httpx.Response) -> ProblemName | None:
    """Return the problem that an answer states; fail if it is not a well-formed one."""
    assert answer.headers["Content-Type"] == MEDIA_TYPE, answer.text
    problem = Problem.model_validate_json(answer.content)
    assert problem.status == answer.status_code
    name = ProblemName.from_urn(problem.type)
    assert name is None or name.status == answer.status_code
    return name
