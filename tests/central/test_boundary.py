"""Every answer that is not a success is a problem; nothing hostile gets further than that."""

import logging
import socket
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.boundary import MAX_BODY_BYTES, guard
from kiosk.central.refusal import TITLES
from tests.central.calls import held, new_key, person, problem_of
from tests.support.central import RunningCentral

SECRET = "Zanzibar"  # stands for a person's name: it must never come back


def test_every_problem_has_a_title() -> None:
    assert set(TITLES) == set(ProblemName)


def test_an_unknown_path_is_a_problem(shared_stranger: httpx.Client) -> None:
    for path in ("/", "/v1", "/v1/health/", "/docs", "/openapi.json", "/v1/bookings/%00"):
        assert problem_of(shared_stranger.get(path)) in {ProblemName.NOT_FOUND, ProblemName.METHOD_NOT_ALLOWED}


def test_a_method_that_does_not_exist_is_a_problem(shared_stranger: httpx.Client) -> None:
    for method in ("PUT", "PATCH", "HEAD", "OPTIONS", "BREW"):
        answer = shared_stranger.request(method, "/v1/health")
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"hold": 1}',
        b"[" * 60_000,
        b'{"hold":"h","persons":[],"consent":{"mode":"present"}}',
        b'{"hold":"h","persons":[{}],"consent":{"mode":"present"}}',
        b'{"hold":"h","persons":[{"surname":"R2","given_names":"","birth_date":"1987"}],"consent":{"mode":"present"}}',
        b'{"hold":"h","persons":[{"surname":"A","given_names":"","birth_date":"1987-02-30"}],"consent":{"mode":"present"}}',
    ],
)
def test_a_body_that_makes_no_sense_is_not_valid(shared_kiosk: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": new_key()}
    assert problem_of(shared_kiosk.post("/v1/bookings", content=body, headers=headers)) is ProblemName.INVALID


def test_a_booking_without_a_key_says_so(shared_kiosk: httpx.Client) -> None:
    body = {"hold": "h", "persons": [person()], "consent": {"mode": "present"}}
    assert problem_of(shared_kiosk.post("/v1/bookings", json=body)) is ProblemName.IDEMPOTENCY_KEY_MISSING
    for key in ("short", "x" * 65, "0190c6e0_8f6e_7c3a_9d57"):
        answer = shared_kiosk.post("/v1/bookings", json=body, headers={"Idempotency-Key": key})
        assert problem_of(answer) is ProblemName.INVALID


def test_what_was_sent_never_comes_back_in_a_problem(shared_kiosk: httpx.Client) -> None:
    wrong = [
        {"hold": "h", "persons": [person(SECRET) | {SECRET: SECRET}], "consent": {"mode": "present"}},
        {"hold": "h", "persons": [person(SECRET, birth_date=SECRET)], "consent": {"mode": SECRET}},
        {"hold": SECRET, "persons": [person(SECRET)], "consent": {"mode": "present"}},
        {SECRET: SECRET},
    ]
    for body in wrong:
        answer = shared_kiosk.post("/v1/bookings", json=body, headers={"Idempotency-Key": new_key()})
        assert answer.status_code >= 400
        assert SECRET not in answer.text


def test_a_body_over_the_limit_is_refused_before_it_is_read(shared_kiosk: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b" " * 8192

    for content in (b" " * (MAX_BODY_BYTES + 1), endless()):
        try:
            answer = shared_kiosk.post("/v1/holds", content=content, headers={"Content-Type": "application/json"})
        except httpx.WriteError:
            continue  # the central hung up while the client was still sending
        assert problem_of(answer) is ProblemName.INVALID


def test_a_body_that_is_cut_off_books_nothing(central: RunningCentral, kiosk: httpx.Client) -> None:
    slot = central.add_slot("mine", capacity=1)
    hold_id = held(kiosk, slot).id
    address = ("127.0.0.1", kiosk.base_url.port or 0)
    with socket.create_connection(address) as cut:
        head = f"DELETE /v1/holds/{hold_id} HTTP/1.1\r\nHost: central\r\nContent-Length: 10\r\n"
        cut.sendall(f"{head}Authorization: {kiosk.headers['Authorization']}\r\n\r\n12345".encode())
    assert kiosk.get("/v1/health").status_code == 200
    assert central.count(db.holds, db.holds.c.id == hold_id) == 1


def test_no_answer_may_be_kept_by_a_cache(shared_kiosk: httpx.Client) -> None:
    for path in ("/v1/health", "/v1/me", "/v1/none"):
        assert shared_kiosk.get(path).headers["Cache-Control"] == "no-store"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    surname=st.text(max_size=30),
    birth_date=st.text(max_size=12) | st.just("1990-02-03"),
    extra=st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5), max_size=2),
)
def test_whatever_is_searched_is_answered_or_refused_but_never_breaks(
    shared_kiosk: httpx.Client, surname: str, birth_date: str, extra: dict[str, object]
) -> None:
    answer = shared_kiosk.post("/v1/bookings/search", json={"surname": surname, "birth_date": birth_date} | extra)
    assert answer.status_code == 200 or problem_of(answer) is ProblemName.INVALID


async def _ask(app: FastAPI, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://central") as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (RuntimeError(SECRET), ProblemName.INTERNAL),
        (IntegrityError("INSERT", {}, Exception(f"DETAIL:  Key (surname)=({SECRET})")), ProblemName.INTERNAL),
        (OperationalError("INSERT", {}, Exception(SECRET)), ProblemName.STORAGE_UNAVAILABLE),
        (InterfaceError("INSERT", {}, Exception(SECRET)), ProblemName.STORAGE_UNAVAILABLE),
        (PoolTimeoutError(SECRET), ProblemName.STORAGE_UNAVAILABLE),
    ],
)
async def test_what_breaks_inside_stays_inside(
    error: Exception, problem: ProblemName, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()
    guard(app)

    @app.get("/broken")
    async def broken() -> None:
        raise error

    with caplog.at_level(logging.DEBUG):
        answer = await _ask(app, "/broken")
    assert problem_of(answer) is problem
    assert SECRET not in answer.text
    assert SECRET not in caplog.text
    assert f"unexpected {type(error).__name__} in broken" in caplog.text
