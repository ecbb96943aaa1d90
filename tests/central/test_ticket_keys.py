"""The keys of tickets over a central's life: made, rotated, revoked in an emergency, lost, damaged."""

import datetime as dt
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from kiosk.central import key_commands, ticket_keys
from kiosk.central import tables as db
from kiosk.central.command import prepare
from kiosk.central.events import COMMAND_LINE
from kiosk.central.key import KEY_BYTES, WrongKey
from kiosk.central.storage import Storage
from kiosk.central.ticket_keys import (
    ROOT_NAME,
    ROOT_PUBLIC_NAME,
    BadTicketKey,
    key_for,
    listed_keys,
    load_keys,
    load_root,
)
from kiosk.cli import DATABASE_URL_VARIABLE, main
from kiosk.tickets import keys
from kiosk.tickets.cose import Signer
from kiosk.tickets.keys import KeySet
from kiosk.tickets.reference import grouped
from kiosk.tickets.token import read
from kiosk.tickets.verify import Knowledge, State, verify_token
from tests.central.calls import Json, booked, cancel, done, sealing_key, signed_in
from tests.support.central import NOW, MovingClock, RunningCentral, running_central
from tests.support.databases import database_url

DAY = dt.timedelta(days=1)
MEDIA_TYPE = 'application/cose; cose-type="cose-sign1"'

Command = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def command(
    central: RunningCentral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`kiosk central keys` on the running central, at its time; gives the exit code and the lines that it says."""
    folder = tmp_path / "data"
    monkeypatch.setenv(DATABASE_URL_VARIABLE, database_url(folder) or "")
    monkeypatch.setattr(key_commands, "utc_now", central.clock)

    def run(*arguments: str) -> tuple[int, list[str]]:
        code = main(["central", "keys", *arguments, "--data", str(folder)])
        said = capsys.readouterr()
        return code, (said.out or said.err).splitlines()

    return run


@contextmanager
def _second_server(central: RunningCentral, data_dir: Path) -> Iterator[httpx.Client]:
    with running_central(data_dir, central.clock) as other, signed_in(other) as client:
        yield client


def _published(kiosk: httpx.Client, data_dir: Path) -> KeySet:
    """Return the keys as a counter gets them, which knows the root."""
    answer = kiosk.get("/.well-known/rdv-keys", headers={"Authorization": ""})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, MEDIA_TYPE)
    return keys.read(answer.content, (data_dir / ROOT_PUBLIC_NAME).read_text().strip())


def _book(central: RunningCentral, kiosk: httpx.Client, name: str, days: int = 40) -> Json:
    start = NOW + days * DAY + dt.timedelta(minutes=len(name))  # at a minute that is no other slot's
    [made] = booked(kiosk, central.add_slot(name, capacity=1, start=start))
    return made


def _again(kiosk: httpx.Client, booking: Json) -> str:
    """Return the token of a booking that is looked for by its code."""
    asked = {"reference": booking["reference"], "birth_date": booking["person"]["birth_date"]}
    [found] = done(kiosk.post("/v1/bookings/search", json=asked))["bookings"]
    token: str = found["token"]
    return token


def _state(central: RunningCentral, token: str, known: KeySet) -> State:
    return verify_token(token, known, Knowledge(), None, central.clock()).state


def _key_id(token: str) -> str:
    return read(token).message.key_id.hex()


def test_a_rotation_makes_a_new_key_to_seal_to(central: RunningCentral, kiosk: httpx.Client, command: Command) -> None:
    before = sealing_key(kiosk)
    central.clock.advance(days=1)
    assert command("rotate")[0] == 0
    assert sealing_key(kiosk) != before
    assert central.count(db.sealing_keys) == 2


def test_a_rotation_leaves_every_ticket_good(
    central: RunningCentral, kiosk: httpx.Client, command: Command, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    with _second_server(central, data_dir) as other:
        before = _book(central, kiosk, "before")
        code, [line] = command("rotate")
        assert code == 0
        assert line.endswith("is published; it signs from 2027-01-18T08:00:00+00:00 on")
        central.clock.advance(days=6)
        meanwhile = _book(central, other, "meanwhile")
        central.clock.advance(days=2)
        after = _book(central, other, "after")
        tokens = [booking["token"] for booking in (before, meanwhile, after)]
        assert [_key_id(token) == line[:8] for token in tokens] == [False, False, True]
        for server in (kiosk, other):
            known = _published(server, data_dir)
            assert [_state(central, token, known) for token in tokens] == [State.VALID] * 3
            assert [_again(server, booking) for booking in (before, meanwhile, after)] == tokens


def test_an_emergency_ends_a_key_and_says_which_tickets_to_reissue(
    central: RunningCentral, kiosk: httpx.Client, command: Command, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    with _second_server(central, data_dir) as other:
        late, soon = _book(central, kiosk, "late", days=40), _book(central, other, "soon", days=20)
        done(cancel(kiosk, _book(central, kiosk, "cancelled")))
        _book(central, kiosk, "past", days=1)
        central.clock.advance(days=3)
        leaked = _key_id(late["token"])
        code, said = command("revoke", leaked)
        new = said[0].removeprefix(f"{leaked} is revoked; ")[:8]
        assert (code, said) == (
            0,
            [
                f"{leaked} is revoked; {new} signs from now on",
                "tickets to reissue: 2",
                *(grouped(booking["reference"]) for booking in (soon, late)),
            ],
        )
        for server in (kiosk, other):
            known = _published(server, data_dir)
            for booking in (late, soon):
                assert _state(central, booking["token"], known) is State.REVOKED_KEY
                assert _key_id(_again(server, booking)) == new
                assert _state(central, _again(server, booking), known) is State.VALID
        assert _again(kiosk, late) == _again(other, late)
        central.clock.advance(seconds=5)
        assert _key_id(_book(central, other, "afterwards")["token"]) == new
    assert command("revoke", leaked) == (0, [f"{leaked} is revoked", *said[1:]])
    told = (db.events.c.chain == COMMAND_LINE) & (db.events.c.subject == leaked)
    assert central.count(db.events, told, db.events.c.action == "revoke-key") == 2


def test_revoking_the_next_key_leaves_the_present_one_in_force(
    central: RunningCentral, kiosk: httpx.Client, command: Command, tmp_path: Path
) -> None:
    _, [line] = command("rotate", "--in", "2")
    assert command("revoke", line[:8]) == (0, [f"{line[:8]} is revoked", "tickets to reissue: 0"])
    central.clock.advance(days=3)
    token = _book(central, kiosk, "wanted")["token"]
    assert _state(central, token, _published(kiosk, tmp_path / "data")) is State.VALID


def test_the_list_says_root_and_state_of_each_key(central: RunningCentral, command: Command, tmp_path: Path) -> None:
    command("rotate", "--in", "1")
    central.clock.advance(days=2)
    command("rotate")
    code, [root, number, *lines] = command("list")
    assert code == 0
    assert root == f"root {(tmp_path / 'data' / ROOT_PUBLIC_NAME).read_text().strip()}"
    assert number == "list 3 of 2027-01-13T08:00:00+00:00"
    assert [line[8:] for line in lines] == [
        " verifies only: from 2027-01-11T08:00:00+00:00 until 2027-01-12T08:00:00+00:00",
        " signs: from 2027-01-12T08:00:00+00:00 until 2027-01-20T08:00:00+00:00",
        " will sign: from 2027-01-20T08:00:00+00:00 until further notice",
    ]
    command("revoke", lines[0][:8])
    assert command("list")[1][2][8:].startswith(" revoked 2027-01-13T08:00:00+00:00: from ")


def test_the_root_may_be_kept_elsewhere(command: Command, tmp_path: Path) -> None:
    folder, stick = tmp_path / "data", tmp_path / "stick"
    (folder / ROOT_NAME).rename(stick)
    code, [line] = command("rotate")
    assert code == 1
    assert line.endswith("there is no root.key here; --root says where the root's private key is")
    assert command("rotate", "--root", str(stick))[0] == 0


def test_what_no_key_is_called_is_wrong_usage(command: Command) -> None:
    assert command("revoke", "0badc0de") == (2, ["kiosk central: no ticket key is called 0badc0de"])
    code, [line] = command("revoke", "cafe")
    assert (code, line) == (2, "kiosk central: a key is called by 8 hex digits, as `keys list` says them")
    with pytest.raises(SystemExit, match="2"):
        command("rotate", "--in", "366")


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as the first start leaves it."""
    data_dir = tmp_path_factory.mktemp("first") / "data"
    prepare(data_dir, lambda: NOW, None, database_url(data_dir)).close()
    return data_dir


@pytest.fixture
def folder(first_start: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(first_start, tmp_path / "copy"))


def _start(folder: Path, first_start: Path) -> Storage:
    return prepare(folder, MovingClock(NOW + DAY), None, database_url(folder, first_start))


def _write(folder: Path, first_start: Path, statement: sa.Executable) -> None:
    storage = _start(folder, first_start)
    with storage.writing() as transaction:
        transaction.execute(statement)
    storage.close()


def test_the_first_start_makes_a_root_that_only_its_owner_reads(first_start: Path) -> None:
    root = load_root(first_start / ROOT_NAME, (first_start / ROOT_PUBLIC_NAME).read_text().strip())
    assert stat.S_IMODE((first_start / ROOT_NAME).stat().st_mode) == 0o600
    assert root.private.curve.name == "secp256r1"


def test_a_later_start_changes_nothing(folder: Path, first_start: Path) -> None:
    storage = _start(folder, first_start)
    with storage.reading() as transaction:
        listed = listed_keys(transaction)
    storage.close()
    assert (listed.number, len(listed.keys), listed.keys[0].not_before) == (1, 1, NOW)


@pytest.mark.parametrize("lost", [(ROOT_NAME,), (ROOT_PUBLIC_NAME,), (ROOT_NAME, ROOT_PUBLIC_NAME)])
def test_a_server_needs_neither_half_of_the_root(folder: Path, first_start: Path, lost: tuple[str, ...]) -> None:
    for name in lost:
        (folder / name).unlink()
    _start(folder, first_start).close()
    assert (folder / ROOT_PUBLIC_NAME).read_bytes() == (first_start / ROOT_PUBLIC_NAME).read_bytes()
    assert (folder / ROOT_NAME).exists() == (ROOT_NAME not in lost)


def _stranger(name: str, tmp_path: Path) -> bytes:
    other = tmp_path / "other"
    other.mkdir()
    ticket_keys._first_root(other)
    return (other / name).read_bytes()


@pytest.mark.parametrize("name", [ROOT_NAME, ROOT_PUBLIC_NAME])
def test_the_root_of_another_central_is_refused(folder: Path, first_start: Path, tmp_path: Path, name: str) -> None:
    (folder / name).write_bytes(_stranger(name, tmp_path))
    with pytest.raises(WrongKey, match=name):
        _start(folder, first_start)


@pytest.mark.parametrize(
    "content", [b"", b"not a key\n", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_a_damaged_root_is_said_before_it_is_needed(folder: Path, first_start: Path, content: bytes) -> None:
    (folder / ROOT_NAME).write_bytes(content)
    with pytest.raises(BadTicketKey, match=r"root\.key is damaged; restore it from the backup"):
        _start(folder, first_start)


def test_a_new_root_is_never_made_in_the_place_of_one_that_is_kept_elsewhere(tmp_path: Path) -> None:
    (tmp_path / ROOT_PUBLIC_NAME).write_text("02" * 33)
    with pytest.raises(BadTicketKey, match=r"root\.key is not here"):
        prepare(tmp_path, lambda: NOW, None, database_url(tmp_path))
    assert not (tmp_path / ROOT_NAME).exists()


def test_a_ticket_key_is_of_no_use_without_the_key_of_persons(folder: Path, first_start: Path) -> None:
    storage = _start(folder, first_start)
    with (
        storage.reading() as transaction,
        pytest.raises(BadTicketKey, match=r"ticket key [0-9a-f]{8} in the database is damaged"),
    ):
        load_keys(transaction, bytes(KEY_BYTES))
    storage.close()


@pytest.mark.parametrize(
    "damage",
    [
        sa.update(db.ticket_keys).values(sealed=b"nonsense"),
        sa.update(db.ticket_keys).values(sealed=bytes(60)),
        sa.delete(db.ticket_keys),
    ],
)
def test_a_damaged_ticket_key_is_said_at_start_and_can_be_revoked(
    folder: Path,
    first_start: Path,
    damage: sa.Executable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _write(folder, first_start, damage)
    with pytest.raises(BadTicketKey) as refused:
        _start(folder, first_start)
    name = str(refused.value).split()[2]
    monkeypatch.setenv(DATABASE_URL_VARIABLE, database_url(folder) or "")
    monkeypatch.setattr(key_commands, "utc_now", lambda: NOW + DAY)
    assert main(["central", "keys", "revoke", name, "--data", str(folder)]) == 0
    _start(folder, first_start).close()


@pytest.mark.parametrize("content", [b"", b"\xd2\x84"])
def test_a_list_that_its_root_did_not_sign_is_refused(folder: Path, first_start: Path, content: bytes) -> None:
    _write(folder, first_start, sa.update(db.key_sets).values(content=content))
    with pytest.raises(WrongKey, match=r"not signed by the root of root\.pub"):
        _start(folder, first_start)


_steps = st.lists(
    st.tuples(st.sampled_from(["rotate", "revoke", "wait"]), st.integers(0, 9)),
    max_size=8,
)


@pytest.fixture(scope="module")
def started(first_start: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """A storage with one key, for what is undone at the end."""
    copy = Path(shutil.copytree(first_start, tmp_path_factory.mktemp("started") / "copy"))
    storage = _start(copy, first_start)
    yield storage
    storage.close()


@given(_steps)
@settings(max_examples=40, deadline=None)
def test_whatever_is_rotated_and_revoked_a_key_signs_and_earlier_tickets_stay_good(
    started: Storage, first_start: Path, steps: list[tuple[str, int]]
) -> None:
    root = load_root(first_start / ROOT_NAME, None)
    with started.writing() as transaction, transaction.begin_nested() as undone:
        _live(transaction, started.person_key, root, steps)
        undone.rollback()


def _live(transaction: Connection, key: bytes, root: Signer, steps: list[tuple[str, int]]) -> None:
    now, signed = NOW + DAY, []
    for step, number in steps:
        listed = listed_keys(transaction)
        if step == "rotate":
            ticket_keys.rotate(transaction, key, root, now, now + number * DAY)
        elif step == "revoke":
            ticket_keys.revoke(transaction, key, root, now, listed.keys[number % len(listed.keys)].key_id)
        else:
            now += number * DAY / 2
        listed = listed_keys(transaction)
        assert any(each.revoked_at is None and each.signs_at(now) for each in listed.keys)
        using = key_for(listed.keys, now)
        assert using.revoked_at is None
        assert using.signs_at(now)
        signed.append((using.key_id, now))
        for key_id, moment in signed:
            found = listed.find(key_id)
            assert found is not None
            assert found.revoked_at or found.signs_at(moment)
