"""Calls to a central as tests write them."""

import datetime as dt
import itertools
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import sqlalchemy as sa

from kiosk.api import contract, sealing
from kiosk.api.problems import MEDIA_TYPE, Problem, ProblemName
from kiosk.api.sealing import Binding, SealingKey
from kiosk.central import tables as db
from kiosk.central.clock import new_token
from kiosk.central.counters import Counter, row_of
from kiosk.central.seed import COUNTER_TOKEN
from kiosk.tickets import keys
from tests.support.central import NOW, RunningCentral

SIGN_IN = {"grant_type": "password", "username": "demo", "password": "000000", "client_id": "demo"}
SERVICE = "sejour-premiere"  # up to three persons, no number wanted
_OF_A_PERSON = frozenset(contract.Person.model_fields)
_LETTERS = "ABCDEFGHIJ"
_numbers = itertools.count(1000)

Json = dict[str, Any]


@dataclass(frozen=True)
class Held:
    """A hold, and for whom."""

    id: str
    persons: tuple[Json, ...]


@contextmanager
def signed_in(
    central: RunningCentral, kiosk: str = "demo", mediator: str = "demo", *, sealed: bool = False
) -> Iterator[httpx.Client]:
    """Give a kiosk's client whose mediator is signed in; `sealed`: which seals every write that has a key."""
    headers = {"Authorization": f"Bearer {central.token(kiosk, mediator)}"}
    with httpx.Client(base_url=central.base_url, headers=headers, timeout=30) as client:
        if sealed:
            client.auth = Sealing(kiosk, sealing_key(client))
        yield client


class Sealing(httpx.Auth):
    """Seals bodies on their way out, as a kiosk does before it writes them down."""

    requires_request_body = True

    def __init__(self, kiosk: str, key: SealingKey) -> None:
        """Seal as this kiosk, to that key."""
        self.kiosk, self.key = kiosk, key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request, sealed if it is a write with a key."""
        intent_key = request.headers.get("Idempotency-Key")
        if request.method != "POST" or intent_key is None:
            yield request
            return
        binding = Binding(self.kiosk, intent_key, request.url.path)
        clear = {"content-type", "content-length"}
        headers = {name: value for name, value in request.headers.items() if name not in clear}
        headers["Content-Type"] = sealing.MEDIA_TYPE
        body = sealing.seal(self.key, binding, request.content)
        yield httpx.Request(request.method, request.url, headers=headers, content=body)


def sealing_key(client: httpx.Client) -> SealingKey:
    """Return the central's key, as whoever knows the list of ticket keys reads it."""
    listed = client.get("/.well-known/rdv-keys", headers={"Authorization": ""})
    published = client.get("/.well-known/rdv-sealing-key", headers={"Authorization": ""})
    return sealing.read_key(published.content, keys.read(listed.content, None))


def post_sealed(kiosk: httpx.Client, path: str, sealed: bytes, key: str, tag: str = '"1"') -> httpx.Response:
    """Send an envelope, whatever it is bound to."""
    headers = {"Content-Type": sealing.MEDIA_TYPE, "Idempotency-Key": key, "If-Match": tag}
    return kiosk.post(path, content=sealed, headers=headers)


@contextmanager
def newcomer(central: RunningCentral, name: str) -> Iterator[httpx.Client]:
    """Give a client with a kiosk and a mediator of its own."""
    central.add_kiosk(name)
    central.add_mediator(name)
    with signed_in(central, name, name) as client:
        yield client


@contextmanager
def at_counter(central: RunningCentral, name: str | None = None, site: str = "pref-93") -> Iterator[httpx.Client]:
    """Give the client of a counter: the demonstration's of that site, or a new one of that name."""
    token = COUNTER_TOKEN.format(site)
    if name is not None:
        token = new_token()
        with central.storage.writing() as transaction:
            transaction.execute(sa.insert(db.counters).values(row_of(Counter(name, site), token, NOW)))
    with httpx.Client(base_url=central.base_url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        yield client


def note(outcome: str = "admitted", *, at: dt.datetime = NOW, **members: Any) -> Json:
    """Return what a counter notes, under a nonce of its own."""
    return {"nonce": new_key(), "at": at.isoformat(), "outcome": outcome} | members


def deliver(counter: httpx.Client, *notes: Json) -> list[Json]:
    """Deliver notes and return the findings."""
    findings: list[Json] = done(counter.post("/v1/admissions", json={"notes": notes}))["findings"]
    return findings


def person(surname: str | None = None, **members: Any) -> Json:
    """Return a person on the wire; unlike any other by more than a typing error unless the surname is given."""
    digits = str(next(_numbers))
    fresh = "Test" + "".join(_LETTERS[int(digit)] * 3 for digit in digits)
    return {"surname": surname or fresh, "given_names": "Issa", "birth_date": "1987-05-03"} | members


def new_key() -> str:
    """Return an Idempotency-Key."""
    return str(uuid.uuid4())


def hold(kiosk: httpx.Client, slot: str, *persons: Json) -> httpx.Response:
    """Ask to keep a slot."""
    return kiosk.post("/v1/holds", json={"slot": slot, "persons": list(persons or (person(),))})


def held(kiosk: httpx.Client, slot: str, *persons: Json) -> Held:
    """Keep a slot for these persons, or for somebody."""
    who = persons or (person(),)
    answer = hold(kiosk, slot, *who)
    assert answer.status_code == 201, answer.text
    return Held(answer.json()["id"], who)


def book(kiosk: httpx.Client, kept: Held, *persons: Json, key: str | None = None) -> httpx.Response:
    """Ask to turn a hold into bookings, for its own persons unless others are given."""
    who = [{name: one[name] for name in one if name in _OF_A_PERSON} for one in persons or kept.persons]
    return kiosk.post(
        "/v1/bookings",
        headers={"Idempotency-Key": key or new_key()},
        json={"hold": kept.id, "persons": who, "consent": {"mode": "present"}},
    )


def booked(kiosk: httpx.Client, slot: str, *persons: Json) -> list[Json]:
    """Hold a slot, book it, and return the bookings."""
    answer = book(kiosk, held(kiosk, slot, *persons))
    assert answer.status_code == 201, answer.text
    bookings: list[Json] = answer.json()["bookings"]
    return bookings


def application(**members: Any) -> Json:
    """Return what an application says, for somebody new unless told otherwise."""
    return {
        "service": SERVICE,
        "site": "pref-93",
        "not_before": NOW.date().isoformat(),
        "person": person(),
        "consent": {"mode": "present"},
        "asked_at": NOW.isoformat(),
    } | members


def apply(kiosk: httpx.Client, key: str | None = None, **members: Any) -> httpx.Response:
    """Ask for the first free place."""
    headers = {"Idempotency-Key": key or new_key()}
    return kiosk.post("/v1/applications", headers=headers, json=application(**members))


def change(
    kiosk: httpx.Client, booking: Json, what: str, body: Json, key: str | None = None, tag: str | None = None
) -> httpx.Response:
    """Ask to change a booking as it was last seen: `reschedule`, `cancel`, `correction`."""
    headers = {"Idempotency-Key": key or new_key(), "If-Match": tag or f'"{booking["revision"]}"'}
    return kiosk.post(f"/v1/bookings/{booking['id']}/{what}", headers=headers, json=body)


def move(kiosk: httpx.Client, booking: Json, slot: str, key: str | None = None) -> httpx.Response:
    """Ask to move a booking."""
    return change(kiosk, booking, "reschedule", {"slot": slot}, key)


def cancel(kiosk: httpx.Client, booking: Json, reason: str = "person", key: str | None = None) -> httpx.Response:
    """Ask to cancel a booking."""
    return change(kiosk, booking, "cancel", {"reason": reason}, key)


def correct(kiosk: httpx.Client, booking: Json, **identity: str) -> httpx.Response:
    """Ask to correct a booking's person, as last seen but for these members."""
    seen = {name: booking["person"][name] for name in ("surname", "given_names", "birth_date")}
    return change(kiosk, booking, "correction", seen | identity | {"reason": "typed-wrong"})


def done(answer: httpx.Response) -> Json:
    """Return what a call answered; fail if it did not succeed."""
    assert answer.is_success, answer.text
    body: Json = answer.json()
    return body


def free_on(kiosk: httpx.Client, date: str, site: str = "pref-93") -> dict[str, int]:
    """Return the places left of each slot of a day."""
    page = done(kiosk.get("/v1/slots", params={"service": SERVICE, "site": site, "date": date}))
    return {slot["id"]: slot["free"] for slot in page["slots"]}


def problem_of(answer: httpx.Response) -> ProblemName | None:
    """Return the problem that an answer states; fail if it is not a well-formed one."""
    assert answer.headers["Content-Type"] == MEDIA_TYPE, answer.text
    problem = Problem.model_validate_json(answer.content)
    assert problem.status == answer.status_code
    name = ProblemName.from_urn(problem.type)
    assert name is None or name.status == answer.status_code
    return name
