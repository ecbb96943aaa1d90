"""What registers say, and that a register in trouble says nothing: on a real database and real sockets."""

import asyncio
import datetime as dt
import gzip
import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from kiosk.booking.person import BirthDate, Person
from kiosk.central import registers
from kiosk.central import tables as db
from kiosk.central.registers import (
    CoordinationApi,
    EmbeddedForeigners,
    EmbeddedPreApplications,
    Registers,
    RegisterSilent,
    Verdict,
)
from kiosk.central.storage import Storage, open_storage
from tests.support.coordination import (
    Coordination,
    Manner,
    coordination,
    drips,
    published,
    resets,
    says,
    says_nothing,
    write_authority,
)
from tests.support.faulty import CUT, answer

PERMIT = "9912345678"
NUMBER = "A1B2C3D4E5"
TOKEN = "secret-token"
SHORT_SECONDS = 0.2
PATIENCE_SECONDS = 2.0  # far more than SHORT_SECONDS, far less than for ever

MARIAM = Person("N'Guessan-Diallo", "Mariam", BirthDate(1990, 2, 3))
VERDICTS = {
    "validated": Verdict.ACCEPTED,
    "consumed": Verdict.ANTS_CONSUMED,
    "declared": Verdict.ANTS_DECLARED,
    "unknown": Verdict.ANTS_UNKNOWN,
    "expired": Verdict.ANTS_EXPIRED,
}


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """A database with one permit and one pre-application of each status."""
    opened = open_storage(tmp_path_factory.mktemp("registers"))
    with opened.writing() as transaction:
        db.metadata.create_all(transaction, [db.foreigners, db.pre_applications])
        permit = {"number": PERMIT, "mrz_surname": "NGUESSAN<DIALLO", "birth_date": "1990-02-03"}
        transaction.execute(sa.insert(db.foreigners), [permit])
        applications = [{"number": f"{status:X<10}".upper(), "status": status} for status in VERDICTS]
        transaction.execute(sa.insert(db.pre_applications), applications)
    yield opened
    opened.close()


def _born(storage: Storage, birth_date: str) -> None:
    with storage.writing() as transaction:
        transaction.execute(sa.update(db.foreigners).values(birth_date=birth_date))


def _ask_born(storage: Storage, birth_date: BirthDate) -> Verdict:
    return EmbeddedForeigners(storage).check(PERMIT, Person(MARIAM.surname, "Mariam", birth_date))


@pytest.mark.parametrize("surname", ["N'Guessan-Diallo", "NGUESSAN DIALLO", "n’guessan‑diallo"])
def test_a_permit_is_this_persons_however_the_surname_is_typed(storage: Storage, surname: str) -> None:
    _born(storage, "1990-02-03")
    person = Person(surname, "", MARIAM.birth_date)
    assert EmbeddedForeigners(storage).check(PERMIT, person) is Verdict.ACCEPTED


@pytest.mark.parametrize("surname", ["Guessan", "N'Guessan", "Diallo"])
def test_a_permit_of_another_surname_does_not_match(storage: Storage, surname: str) -> None:
    _born(storage, "1990-02-03")
    person = Person(surname, "Mariam", MARIAM.birth_date)
    assert EmbeddedForeigners(storage).check(PERMIT, person) is Verdict.AGDREF_MISMATCH


def test_a_permit_that_is_not_in_the_register_is_unknown(storage: Storage) -> None:
    assert EmbeddedForeigners(storage).check("991234567", MARIAM) is Verdict.AGDREF_UNKNOWN


@pytest.mark.parametrize(
    ("registered", "said", "verdict"),
    [
        ("1990-02-03", BirthDate(1990, 2, 3), Verdict.ACCEPTED),
        ("1990-02-03", BirthDate(1990, 2), Verdict.ACCEPTED),
        ("1990-02-03", BirthDate(1990), Verdict.ACCEPTED),
        ("1990", BirthDate(1990, 2, 3), Verdict.ACCEPTED),
        ("1990-02", BirthDate(1990, 2, 3), Verdict.ACCEPTED),
        ("1990-02-03", BirthDate(1990, 2, 4), Verdict.AGDREF_MISMATCH),
        ("1990-02-03", BirthDate(1990, 3), Verdict.AGDREF_MISMATCH),
        ("1990-02", BirthDate(1990, 3, 3), Verdict.AGDREF_MISMATCH),
        ("1990", BirthDate(1991, 2, 3), Verdict.AGDREF_MISMATCH),
    ],
)
def test_what_is_known_of_the_birth_date_on_both_sides_must_agree(
    storage: Storage, registered: str, said: BirthDate, verdict: Verdict
) -> None:
    _born(storage, registered)
    assert _ask_born(storage, said) is verdict


@given(st.dates(dt.date(1910, 1, 1)), st.integers(1, 3), st.integers(1, 3))
def test_a_date_known_in_part_never_speaks_against_itself(
    storage: Storage, date: dt.date, here: int, there: int
) -> None:
    parts = (date.year, date.month, date.day)
    _born(storage, BirthDate(*parts[:there]).iso())
    assert _ask_born(storage, BirthDate(*parts[:here])) is Verdict.ACCEPTED


@pytest.mark.parametrize("damaged", ["", "199", "1990-13-01", "03/02/1990"])
def test_a_register_whose_birth_date_is_not_readable_says_nothing(storage: Storage, damaged: str) -> None:
    _born(storage, damaged)
    with pytest.raises(RegisterSilent):
        _ask_born(storage, MARIAM.birth_date)


@pytest.mark.parametrize(("status", "verdict"), VERDICTS.items())
def test_only_a_validated_pre_application_is_accepted(storage: Storage, status: str, verdict: Verdict) -> None:
    assert EmbeddedPreApplications(storage).check(f"{status:X<10}".upper()) is verdict


def test_a_pre_application_that_is_not_in_the_register_is_unknown(storage: Storage) -> None:
    assert EmbeddedPreApplications(storage).check(NUMBER) is Verdict.ANTS_UNKNOWN


def test_a_status_that_nobody_defined_cannot_be_stored(storage: Storage) -> None:
    with (
        pytest.raises(IntegrityError, match="pre_application_status_is_known"),
        storage.writing() as transaction,
    ):
        transaction.execute(sa.insert(db.pre_applications).values(number=NUMBER, status="lost"))


def _api(server: Coordination, answer_seconds: float = 10.0) -> CoordinationApi:
    return CoordinationApi(server.url, TOKEN, answer_seconds=answer_seconds)


def _assert_silent(api: CoordinationApi, log: pytest.LogCaptureFixture) -> None:
    """Ask, get no verdict, and find neither number nor token in what a log or a traceback could show."""
    log.set_level(logging.DEBUG)
    with pytest.raises(RegisterSilent) as silent:
        api.check(NUMBER)
    shown = "".join(traceback.format_exception(silent.value)) + log.text + repr(api)
    assert NUMBER not in shown
    assert TOKEN not in shown


@pytest.mark.parametrize(("status", "verdict"), VERDICTS.items())
def test_the_coordination_api_is_asked_as_published(
    status: str, verdict: Verdict, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with coordination(published({NUMBER: status}, TOKEN)) as server:
        assert _api(server).check(NUMBER) is verdict
    assert NUMBER not in caplog.text
    assert TOKEN not in caplog.text


def test_nothing_is_sent_but_the_number_and_the_token() -> None:
    with coordination(published({NUMBER: "validated"}, TOKEN)) as server:
        _api(server).check(NUMBER)
    assert [head.splitlines() for head in server.requests] == [
        [
            f"GET /api/status?application_ids={NUMBER} HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Accept: application/json",
            "Accept-Encoding: identity",
            f"x-rdv-opt-auth-token: {TOKEN}",
            "",
        ]
    ]


def test_a_slash_after_the_address_makes_no_difference() -> None:
    with coordination(published({NUMBER: "validated"}, TOKEN)) as server:
        assert CoordinationApi(f"{server.url}/", TOKEN).check(NUMBER) is Verdict.ACCEPTED


def test_a_rival_appointment_is_not_a_reason_of_its_own() -> None:
    body = {NUMBER: {"status": "validated", "appointments": [{"meeting_point": "Mairie", "management_url": "x"}]}}
    with coordination(says(answer("200 OK", "application/json", json.dumps(body).encode()))) as server:
        assert _api(server).check(NUMBER) is Verdict.ACCEPTED


async def test_worker_threads_ask_at_the_same_time_while_the_server_goes_on() -> None:
    with coordination(published({NUMBER: "validated"}, TOKEN)) as server:
        api = _api(server)
        verdicts = await asyncio.gather(*(asyncio.to_thread(api.check, NUMBER) for _ in range(8)))
    assert set(verdicts) == {Verdict.ACCEPTED}


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        coordination(published({NUMBER: "validated"}, TOKEN)) as server,
        coordination(published({NUMBER: "expired"}, TOKEN)) as proxy,
    ):
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert _api(server).check(NUMBER) is Verdict.ACCEPTED
        assert proxy.requests == []


def test_a_redirect_is_not_followed(caplog: pytest.LogCaptureFixture) -> None:
    with coordination(published({NUMBER: "validated"}, TOKEN)) as elsewhere:
        head = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}/status\r\nContent-Length: 0\r\n\r\n"
        with coordination(says(head.encode())) as server:
            _assert_silent(_api(server), caplog)
        assert elsewhere.requests == []


def _ok(body: bytes, *, length: int | None = None, status: str = "200 OK") -> bytes:
    return answer(status, "application/json", body, length=length)


def _about(number: str, application: object) -> bytes:
    return json.dumps({number: application}).encode()


GOOD = _about(NUMBER, {"status": "validated", "appointments": []})

WRONG_ANSWERS = {
    "cut before the answer": CUT,
    "half an answer": _ok(GOOD, length=len(GOOD) + 1),
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + GOOD,
    "an endless head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    "created": _ok(GOOD, status="201 Created"),
    "no token for you": _ok(GOOD, status="401 Unauthorized"),
    "too many": _ok(GOOD, status="429 Too Many Requests"),
    "broken server": _ok(GOOD, status="500 Internal Server Error"),
    "nothing": _ok(b""),
    "a login page": answer("200 OK", "text/html", b"<html><body>Sign in</body></html>"),
    "half a JSON": _ok(GOOD[:-1]),
    "bottomless JSON": _ok(b"[" * 60_000),
    "a list": _ok(b'["validated"]'),
    "another alphabet": _ok(GOOD.decode().encode("utf-16")),
    "compressed unasked": _ok(gzip.compress(GOOD)).replace(b"Connection:", b"Content-Encoding: gzip\r\nConnection:"),
    "one byte too many": _ok(GOOD.ljust(registers.MAX_ANSWER_BYTES + 1)),
    "no number": _ok(b"{}"),
    "another number": _ok(_about("Z" * 10, {"status": "validated"})),
    "the number in lower case": _ok(_about(NUMBER.lower(), {"status": "validated"})),
    "no status": _ok(_about(NUMBER, {"appointments": []})),
    "the status alone": _ok(_about(NUMBER, "validated")),
    "a status that nobody defined": _ok(_about(NUMBER, {"status": "pending"})),
    "a status in capitals": _ok(_about(NUMBER, {"status": "VALIDATED"})),
    "a hostile status": _ok(_about(NUMBER, {"status": f"\x1b]0;{NUMBER}\x07\u202e\x00" + "validated" * 1000})),
    "a number as status": _ok(_about(NUMBER, {"status": 1})),
}


@pytest.mark.parametrize("raw", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
def test_a_wrong_answer_is_silence(raw: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with coordination(says(raw)) as server:
        _assert_silent(_api(server), caplog)


def test_an_answer_may_be_as_long_as_the_limit() -> None:
    with coordination(says(_ok(GOOD.ljust(registers.MAX_ANSWER_BYTES)))) as server:
        assert _api(server).check(NUMBER) is Verdict.ACCEPTED


LATE_ANSWERS: dict[str, Manner] = {
    "nothing at all": says_nothing,
    "a head, drop by drop": drips(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
    "wait, wait, wait": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body, drop by drop": drips(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b" "),
    "chunks, drop by drop": drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "all but the end": drips(_ok(GOOD, length=60_000), b""),
}


@pytest.mark.parametrize("manner", LATE_ANSWERS.values(), ids=LATE_ANSWERS)
def test_the_deadline_is_for_the_whole_answer(manner: Manner, caplog: pytest.LogCaptureFixture) -> None:
    with coordination(manner) as server:
        began = time.monotonic()
        _assert_silent(_api(server, SHORT_SECONDS), caplog)
    assert SHORT_SECONDS <= time.monotonic() - began < PATIENCE_SECONDS


def test_a_name_server_that_never_answers_does_not_move_the_deadline(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    released = threading.Event()

    def never(*_: object, **__: object) -> None:
        released.wait(2 * PATIENCE_SECONDS)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", never)
    api = CoordinationApi("https://coordination.invalid/api", TOKEN, answer_seconds=SHORT_SECONDS)
    began = time.monotonic()
    try:
        _assert_silent(api, caplog)
        assert time.monotonic() - began < PATIENCE_SECONDS
    finally:
        released.set()


def test_the_deadline_is_that_of_the_public_service() -> None:
    assert registers.ANSWER_SECONDS == 4


def test_a_line_that_is_cut_is_silence(caplog: pytest.LogCaptureFixture) -> None:
    with coordination(resets) as server:
        _assert_silent(_api(server), caplog)


def test_nobody_at_the_address_is_silence(caplog: pytest.LogCaptureFixture) -> None:
    with coordination(resets) as server:
        api = _api(server)
    _assert_silent(api, caplog)


@pytest.mark.parametrize("host", ["coordination.invalid", "a..b", "ho st", "x" * 70 + ".invalid"])
def test_a_name_that_leads_nowhere_is_silence(host: str, caplog: pytest.LogCaptureFixture) -> None:
    _assert_silent(CoordinationApi(f"https://{host}/api", TOKEN), caplog)


def test_a_certificate_that_is_trusted_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_authority(tmp_path / "authority.pem")
    monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "authority.pem"))
    with coordination(published({NUMBER: "validated"}, TOKEN), tls=True) as server:
        assert _api(server).check(NUMBER) is Verdict.ACCEPTED


def test_a_certificate_that_nobody_trusts_gets_neither_number_nor_token(caplog: pytest.LogCaptureFixture) -> None:
    with coordination(published({NUMBER: "validated"}, TOKEN), tls=True) as server:
        _assert_silent(_api(server), caplog)
        assert server.requests == []


def test_a_server_that_does_not_speak_tls_is_silence(caplog: pytest.LogCaptureFixture) -> None:
    with coordination(says(_ok(GOOD))) as server:
        api = CoordinationApi(server.url.replace("http:", "https:"), TOKEN)
        _assert_silent(api, caplog)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([NUMBER, *VERDICTS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([NUMBER, "status", "x"]), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=300)
    | st.binary(max_size=200).map(_ok)
    | _JSON.map(lambda found: _ok(json.dumps(found).encode()))
)
def test_no_answer_makes_it_fail_in_another_way(raw: bytes) -> None:
    with coordination(says(raw)) as server:
        try:
            verdict = _api(server).check(NUMBER)
        except RegisterSilent:
            return
    assert verdict in VERDICTS.values()


@pytest.mark.parametrize(
    "address",
    [
        "https://coordination.example.fr/api",
        "https://192.0.2.7:8443",
        "http://localhost:8000/api",
        "http://127.0.0.1/api",
        "http://[::1]:8000",
    ],
)
def test_an_address_is_https_or_on_this_machine(address: str) -> None:
    CoordinationApi(address, TOKEN)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "coordination.example.fr",
        "http://coordination.example.fr/api",
        "http://192.0.2.7/api",
        "http://127.0.0.1.example.fr/api",
        "http://localhost.example.fr/api",
        "http://0.0.0.0/api",
        "ftp://127.0.0.1/api",
        "https:///api",
        "https://host:99999/api",
        "https://host:port/api",
        "https://user:password@host/api",
        "https://host/api?x=1",
        "https://host/api#x",
        "https://host/\x1b[2J",
    ],
)
def test_any_other_address_is_refused_in_one_line(address: str) -> None:
    with pytest.raises(ValueError) as refused:
        CoordinationApi(address, TOKEN)
    assert str(refused.value) == (
        "the coordination API needs an address like https://host/api (http only on this machine)"
    )


@pytest.mark.parametrize("token", ["", "two words", "line\n", "clé", "a\r\nX-Other: b"])
def test_a_token_that_cannot_be_sent_is_refused_without_being_quoted(token: str) -> None:
    with pytest.raises(ValueError) as refused:
        CoordinationApi("https://host/api", token)
    assert str(refused.value) == "the coordination API needs a token, one word of ASCII letters, digits and signs"


def _registers(storage: Storage) -> Registers:
    return Registers(EmbeddedForeigners(storage), EmbeddedPreApplications(storage))


def test_a_person_without_numbers_is_accepted(storage: Storage) -> None:
    assert _registers(storage).check(MARIAM, {}) is Verdict.ACCEPTED


def test_every_number_must_be_accepted(storage: Storage) -> None:
    _born(storage, "1990-02-03")
    ask = _registers(storage).check
    assert ask(MARIAM, {"agdref": PERMIT, "ants": "VALIDATEDX"}) is Verdict.ACCEPTED
    assert ask(MARIAM, {"agdref": PERMIT, "ants": "EXPIREDXXX"}) is Verdict.ANTS_EXPIRED
    assert ask(MARIAM, {"agdref": "991234567", "ants": "EXPIREDXXX"}) is Verdict.AGDREF_UNKNOWN


def test_no_register_is_asked_about_a_driving_licence(storage: Storage) -> None:
    assert _registers(storage).check(MARIAM, {"neph": "120175200123"}) is Verdict.ACCEPTED


def test_silence_is_passed_on_and_never_an_acceptance(storage: Storage) -> None:
    with coordination(says(CUT)) as server:
        ask = Registers(EmbeddedForeigners(storage), _api(server)).check
        with pytest.raises(RegisterSilent):
            ask(MARIAM, {"ants": NUMBER})


def test_a_silent_register_keeps_few_workers_waiting() -> None:
    with coordination(says_nothing) as server:
        api = CoordinationApi(server.url, TOKEN, answer_seconds=registers.ANSWER_SECONDS)
        waiting = [threading.Thread(target=_ask_in_vain, args=(api,)) for _ in range(registers.AT_ONCE)]
        for thread in waiting:
            thread.start()
        while len(server.requests) < registers.AT_ONCE:
            waiting[0].join(timeout=0.005)
        with pytest.raises(RegisterSilent, match="too many"):
            api.check(NUMBER)
    for thread in waiting:
        thread.join()
    _ask_in_vain(api)  # a place is free again: it fails by the line, not by the crowd


def _ask_in_vain(api: CoordinationApi) -> None:
    with pytest.raises(RegisterSilent) as silent:
        api.check(NUMBER)
    assert "too many" not in str(silent.value)
