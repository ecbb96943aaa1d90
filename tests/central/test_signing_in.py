"""Codes, tokens, and how many wrong codes are too many."""

import httpx
import pytest
import sqlalchemy as sa

from kiosk.api.contract import Token
from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.signing_in import MAX_TRIALS, TOKEN_SECONDS, TRIALS_SECONDS
from tests.central.calls import SIGN_IN, problem_of
from tests.support.central import RunningCentral


def _sign_in(client: httpx.Client, **changes: str) -> httpx.Response:
    return client.post("/oauth/token", data=SIGN_IN | changes)


def test_the_right_code_gives_a_token_for_a_working_day(stranger: httpx.Client) -> None:
    token = Token.model_validate_json(_sign_in(stranger).content)
    assert token.expires_in == 10 * 3600
    answer = stranger.get("/v1/me", headers={"Authorization": f"Bearer {token.access_token}"}).json()
    assert answer["mediator"] == {"id": "demo", "name": "Camille"}
    assert answer["kiosk"]["department"] == "93"


def test_a_token_ends(central: RunningCentral, stranger: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {_sign_in(stranger).json()['access_token']}"}
    central.clock.advance(seconds=TOKEN_SECONDS - 1)
    assert stranger.get("/v1/me", headers=headers).status_code == 200
    central.clock.advance(seconds=1)
    assert problem_of(stranger.get("/v1/me", headers=headers)) is ProblemName.NOT_SIGNED_IN


@pytest.mark.parametrize("wrong", [{"password": "111111"}, {"username": "nobody"}, {"client_id": "nowhere"}])
def test_whatever_is_wrong_the_answer_is_the_same(stranger: httpx.Client, wrong: dict[str, str]) -> None:
    answer = _sign_in(stranger, **wrong)
    assert problem_of(answer) is ProblemName.WRONG_CODE
    assert "detail" not in answer.json()


def test_five_wrong_codes_close_the_door_for_a_quarter_of_an_hour(
    central: RunningCentral, stranger: httpx.Client
) -> None:
    for _ in range(MAX_TRIALS):
        assert problem_of(_sign_in(stranger, password="111111")) is ProblemName.WRONG_CODE
        central.clock.advance(seconds=60)
    closed = _sign_in(stranger)
    assert problem_of(closed) is ProblemName.TOO_MANY
    wait = int(closed.headers["Retry-After"])
    assert wait == TRIALS_SECONDS - MAX_TRIALS * 60
    central.clock.advance(seconds=wait)
    assert _sign_in(stranger).status_code == 200


def test_a_right_code_forgives_the_wrong_ones_before(stranger: httpx.Client) -> None:
    for password in ("1", "2", "3", "4", "000000", "5", "6", "7", "8", "000000"):
        assert _sign_in(stranger, password=password).status_code == (200 if password == "000000" else 403)


def test_a_name_nobody_has_closes_no_other_door(stranger: httpx.Client) -> None:
    for _ in range(MAX_TRIALS):
        _sign_in(stranger, username="nobody")
    assert problem_of(_sign_in(stranger, username="nobody")) is ProblemName.TOO_MANY
    assert _sign_in(stranger).status_code == 200


def test_neither_code_nor_token_is_stored(central: RunningCentral, stranger: httpx.Client) -> None:
    token = _sign_in(stranger).json()["access_token"]
    with central.storage.reading() as transaction:
        stored = [tuple(row) for table in (db.tokens, db.mediators) for row in transaction.execute(sa.select(table))]
    assert token not in repr(stored)
    assert SIGN_IN["password"] not in repr(stored)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/services"),
        ("GET", "/v1/services/passeport"),
        ("GET", "/v1/sites"),
        ("GET", "/v1/availability"),
        ("GET", "/v1/slots"),
        ("POST", "/v1/holds"),
        ("DELETE", "/v1/holds/any"),
        ("POST", "/v1/bookings"),
        ("GET", "/v1/bookings/by-key/0190c6e0-8f6e-7c3a-9d57"),
        ("POST", "/v1/bookings/search"),
        ("GET", "/v1/me"),
    ],
)
def test_every_call_but_health_needs_a_token(shared_stranger: httpx.Client, method: str, path: str) -> None:
    for authorization in ("", "Bearer", "Basic ZGVtbzowMDAwMDA=", "Bearer " + "x" * 43):
        answer = shared_stranger.request(method, path, headers={"Authorization": authorization})
        assert problem_of(answer) is ProblemName.NOT_SIGNED_IN
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "form",
    [
        {},
        SIGN_IN | {"grant_type": "client_credentials"},
        SIGN_IN | {"username": "a b"},
        SIGN_IN | {"password": "0" * 101},
    ],
)
def test_a_form_that_is_not_a_sign_in_is_not_valid(shared_stranger: httpx.Client, form: dict[str, str]) -> None:
    assert problem_of(shared_stranger.post("/oauth/token", data=form)) is ProblemName.INVALID
