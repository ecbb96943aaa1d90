"""The program itself: how it starts, says that it is ready, ends, and what a kill leaves behind."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from kiosk.api.problems import ProblemName
from kiosk.central.key import KEY_BYTES, KEY_NAME
from kiosk.cli import COORDINATION_TOKEN_VARIABLE, DATABASE_URL_VARIABLE, main
from tests.central.calls import SERVICE, SIGN_IN, book, done, held, hold, new_key, person, problem_of
from tests.support.coordination import coordination, published
from tests.support.databases import database_url, only_postgresql, only_sqlite

ROOT = Path(__file__).resolve().parents[2]
READY = "listening on "
END_SECONDS = 20
SECRET = "s3cret"  # stands for the password of a database

OPEN_TO_ALL = {"/v1/health", "/oauth/token", "/.well-known/rdv-keys", "/.well-known/rdv-sealing-key"}


@contextmanager
def _central(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `kiosk central` on the folder's database; whatever the test does, nothing is left running."""
    url = database_url(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "central", "--data", str(folder), *arguments],
        cwd=ROOT,
        env={**os.environ, DATABASE_URL_VARIABLE: url or ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(READY), process.communicate()
    return line.removeprefix(READY).strip()


def _sign_in(client: httpx.Client) -> None:
    token = client.post("/oauth/token", data=SIGN_IN).raise_for_status().json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_cleanly_when_told(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "data"
    with _central(folder) as process:
        health = httpx.get(f"{_ready(process)}/v1/health").json()
        process.send_signal(number)
        rest, errors = process.communicate(timeout=END_SECONDS)
    assert health["demonstration"] is False
    assert (process.returncode, rest, errors) == (0, "", "")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    with _central(tmp_path, "--watch-stdin") as process:
        _ready(process)
        rest, errors = process.communicate(timeout=END_SECONDS)  # closes its standard input
    assert (process.returncode, rest, errors) == (0, "", "")


def test_it_ends_even_while_a_client_stays_connected(tmp_path: Path) -> None:
    with _central(tmp_path) as process, httpx.Client() as client:
        client.get(f"{_ready(process)}/v1/health")
        process.terminate()
        assert process.wait(timeout=END_SECONDS) == 0


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with _central(tmp_path, "--port", port) as process:
            _, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 1
    assert errors == f"kiosk central: port {port}: Address already in use\n"


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with _central(tmp_path / "file" / "data") as process:
        _, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 1
    assert errors == f"kiosk central: {tmp_path}/file/data: Not a directory\n"


@only_sqlite
def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "central.sqlite").write_text("no database " * 1000)
    with _central(tmp_path) as process:
        _, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 1
    assert errors == f"kiosk central: {tmp_path}: file is not a database\n"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"mysql://kiosk:{SECRET}@db/kiosk", "the database URL must begin with postgresql+psycopg://"),
        (f"postgresql://kiosk:{SECRET}@db/kiosk", "the database URL must begin with postgresql+psycopg://"),
        (f"kiosk:{SECRET}@db/kiosk", "the database URL cannot be read"),
        (f"postgresql+psycopg://kiosk@db:{SECRET}/kiosk", "the database URL cannot be read"),
        (
            f"postgresql+psycopg://kiosk:a@{SECRET}/@db/kiosk",
            "in the database URL, an @ of the password is written %40",
        ),
        (f"postgresql+psycopg://kiosk:{SECRET}@/kiosk?host=/none", "database: connection"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_in_one_line_without_its_password(
    tmp_path: Path, url: str, reason: str
) -> None:
    with _central(tmp_path, "--database-url", url) as process:
        _, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 1
    assert errors.startswith(f"kiosk central: {reason}")
    assert errors.count("\n") == 1
    assert SECRET not in errors


def test_the_key_of_another_database_is_said_in_one_line(tmp_path: Path) -> None:
    with _central(tmp_path) as process:
        _ready(process)
    (tmp_path / KEY_NAME).write_bytes(bytes(KEY_BYTES))
    with _central(tmp_path) as process:
        _, errors = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 1
    assert errors == (
        f"kiosk central: {tmp_path}: person.key is not the key of this database; restore it from the backup\n"
    )


@only_postgresql
def test_two_started_at_once_on_an_empty_database_serve_it_together(tmp_path: Path) -> None:
    url = database_url(tmp_path)
    assert url is not None
    with ExitStack() as stack:
        processes = [
            stack.enter_context(_central(_folder_with_key(tmp_path / name), "--seed", "demo", "--database-url", url))
            for name in ("one", "two")
        ]
        one, two = [
            stack.enter_context(httpx.Client(base_url=_ready(process), timeout=END_SECONDS)) for process in processes
        ]
        _sign_in(one)
        two.headers["Authorization"] = one.headers["Authorization"]
        key = new_key()
        booked = book(one, held(one, _free_slot(one)), key=key)
        found = two.get(f"/v1/bookings/by-key/{key}").json()["bookings"]
        assert found == booked.raise_for_status().json()["bookings"]


def _free_slot(client: httpx.Client, service: str = SERVICE) -> str:
    query = {"service": service, "site": "pref-93"}
    [offer] = done(client.get("/v1/availability", params=query))["sites"]
    slot: str = done(client.get("/v1/slots", params=query | {"date": offer["next_free"]}))["slots"][0]["id"]
    return slot


def _folder_with_key(folder: Path) -> Path:
    folder.mkdir()
    (folder / KEY_NAME).write_bytes(bytes(KEY_BYTES))
    return folder


@pytest.mark.parametrize("wrong", [[], ["--port", "70000", "--data", "x"], ["--data", "x", "--seed", "real"]])
def test_wrong_usage_ends_with_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["central", *wrong])
    assert ended.value.code == 2
    assert "usage: kiosk" in capsys.readouterr().err


def test_the_committed_description_is_the_one_of_this_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["central", "openapi"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")


def test_the_description_documents_every_call() -> None:
    document = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1")
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, calls in document["paths"].items():
        for call in calls.values():
            assert call["summary"]
            assert call["operationId"]
            assert path in OPEN_TO_ALL or call["security"]
            problems = [answer for status, answer in call["responses"].items() if int(status) >= 400]
            assert all(list(answer["content"]) == ["application/problem+json"] for answer in problems)
            assert {"422", "500", "503"} <= set(call["responses"])
            bodies = [body for answer in call["responses"].values() for body in answer.get("content", {}).items()]
            texts = [body for media_type, body in bodies if "json" in media_type]
            assert all("example" in body or body["examples"] for body in texts), call["operationId"]


def test_pre_applications_are_asked_about_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COORDINATION_TOKEN_VARIABLE, SECRET)
    with (
        coordination(published({"BBBBBBBBB1": "validated"}, SECRET)) as api,
        _central(tmp_path, "--seed", "demo", "--coordination-url", api.url) as process,
        httpx.Client(base_url=_ready(process), timeout=END_SECONDS) as client,
    ):
        _sign_in(client)
        slot = _free_slot(client, "passeport")
        unknown = hold(client, slot, person(identifiers={"ants": "AAAAAAAAA1"}))
        assert problem_of(unknown) is ProblemName.IDENTITY_REJECTED
        held(client, slot, person(identifiers={"ants": "BBBBBBBBB1"}))


@pytest.mark.parametrize(
    ("url", "token"), [("http://elsewhere.invalid/api", SECRET), ("nonsense", SECRET), ("https://api.invalid", "")]
)
def test_a_coordination_api_that_cannot_be_right_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, token: str
) -> None:
    monkeypatch.setenv(COORDINATION_TOKEN_VARIABLE, token)
    with _central(tmp_path, "--coordination-url", url) as process:
        _, said = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 1
    assert said.startswith("kiosk central: the coordination API")
    assert said.count("\n") == 1
    assert SECRET not in said
