"""The commands about a ledger: is it whole, what looks like resale, what does each service allow."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from kiosk.central import tables as db
from kiosk.central.clock import utc_now
from kiosk.central.command import prepare
from kiosk.central.events import COMMAND_LINE, Act
from kiosk.central.key import KEY_BYTES, KEY_NAME
from kiosk.central.storage import FILE_NAME
from kiosk.cli import DATABASE_URL_VARIABLE, main
from tests.central.rows import add_booking, tell
from tests.support.central import NOW, RunningCentral
from tests.support.databases import database_url, only_postgresql, only_sqlite
from tests.support.pty import Terminal

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 20
DEFAULTS = (
    "hold_seconds=300 horizon_days=84 hidden_minutes_least=120 hidden_minutes_most=1440 mediator_hour=12"
    " mediator_day=60 kiosk_hour=15 rejections_hour=30 site_day=120 moves=2 typo_edits=2 cancels=2 cancel_days=90"
)


@pytest.fixture
def data(tmp_path: Path, central: RunningCentral, monkeypatch: pytest.MonkeyPatch) -> str:
    """The directory of a central that is running: nobody has to stop it to look."""
    folder = tmp_path / "data"
    monkeypatch.setenv(DATABASE_URL_VARIABLE, database_url(folder) or "")
    return str(folder)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "kiosk", "central", *arguments]


def _run(*arguments: str) -> tuple[int, str, str]:
    """Run the real program."""
    ended = subprocess.run(
        _command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=END_SECONDS, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


def _shown(*arguments: str) -> str:
    """Run the real program in a terminal, and return what it left there."""
    with Terminal(_command(*arguments), rows=200, cwd=ROOT) as terminal:
        assert terminal.wait_exit() == 0
        return terminal.text


def _last_event(central: RunningCentral) -> sa.RowMapping:
    query = sa.select(db.events).where(db.events.c.chain == COMMAND_LINE).order_by(db.events.c.number.desc()).limit(1)
    with central.storage.reading() as transaction:
        return transaction.execute(query).mappings().one()


def test_a_whole_ledger_is_told_with_the_end_of_each_chain(central: RunningCentral, data: str) -> None:
    tell(central, Act("sign-in", "demo", {}))
    code, out, errors = _run("audit", "--data", data)
    assert (code, errors) == (0, "")
    first, *heads = out.splitlines()
    assert first == "3 rows, 2 chains: whole"
    assert all(re.fullmatch(r"head: \S+ \d+ [0-9a-f]{64}", head) for head in heads)
    assert [head.split()[1:3] for head in sorted(heads)] == [["demo", "1"], [COMMAND_LINE, "2"]]


def test_the_first_row_that_was_changed_is_named(
    central: RunningCentral, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        tell(central, Act("sign-in", "demo", {}))
    with central.storage.writing() as transaction:
        second = (db.events.c.chain == "demo") & (db.events.c.number == 2)
        transaction.execute(sa.update(db.events).where(second).values(mediator="someone-else"))
    assert main(["central", "audit", "--data", data]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["5 rows, 2 chains: broken", f"broken: demo row 2, {NOW.isoformat()}"]


def test_a_booking_that_nobody_made_is_named(
    central: RunningCentral, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    booking = add_booking(central)
    assert main(["central", "audit", "--data", data]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["2 rows, 1 chain: incomplete", f"missing: {booking.reference} has no event 'book'"]


def test_what_was_written_into_a_row_does_not_command_the_terminal(
    central: RunningCentral, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(central, Act("sign-in", "demo", {}))
    with central.storage.writing() as transaction:
        mine = db.events.c.chain == "demo"
        transaction.execute(sa.update(db.events).where(mine).values(chain="\x1b[2J", at=NOW, hash="é\x9b"))
    assert main(["central", "audit", "--data", data]) == 1
    assert r"broken: \x1b[2J row 1, " in (out := capsys.readouterr().out)
    assert out.isascii()
    assert "\x1b" not in out


def test_nothing_to_review_is_said(data: str) -> None:
    assert _run("review", "--data", data) == (0, "Rien à revoir.\n", "")


def test_what_to_review_is_a_line_each(central: RunningCentral, data: str) -> None:
    lately = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    booked = [
        add_booking(central, phone="+33612345642", created_at=lately + number * dt.timedelta(hours=1)).reference
        for number in range(4)
    ]
    code, out, errors = _run("review", "--data", data)
    assert (code, errors) == (0, "")
    reason = f"4 personnes différentes sous ce numéro : {', '.join(booked)}."
    assert out == f"même téléphone | téléphone …42 | {reason}\n"


def test_the_rules_of_every_service_are_a_line_each(data: str) -> None:
    code, out, errors = _run("rules", "--data", data)
    assert (code, errors) == (0, "")
    assert len(out.splitlines()) == 9
    assert f"passeport {DEFAULTS}\n" in out


def test_a_rule_is_set_shown_and_written_down(
    central: RunningCentral, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["central", "rules", "--data", data, "passeport", "moves=3", "hold_seconds=120"]) == 0
    expected = DEFAULTS.replace("moves=2", "moves=3").replace("hold_seconds=300", "hold_seconds=120")
    assert capsys.readouterr().out == f"passeport {expected}\n"
    assert main(["central", "rules", "--data", data, "carte-grise"]) == 0
    assert capsys.readouterr().out == f"carte-grise {DEFAULTS}\n"
    event = _last_event(central)
    assert (event["action"], event["subject"]) == ("rules", "passeport")
    assert json.loads(event["details"]) == {"moves": 3, "hold_seconds": 120}
    assert main(["central", "audit", "--data", data]) == 0


def test_what_is_shown_can_be_typed_to_set_it_again(
    central: RunningCentral, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["central", "rules", "--data", data, "passeport"])
    before = capsys.readouterr().out
    central.set_limits(moves=7, hidden_minutes_least=1)
    assert main(["central", "rules", "--data", data, *before.split()]) == 0
    assert capsys.readouterr().out == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["nowhere"], "no service is called 'nowhere'"),
        (["moves=3"], "no service is called 'moves=3'"),
        (["nowhere", "moves=3"], "no service is called 'nowhere'"),
        (["passeport", "colour=3"], "no setting is called 'colour'"),
        (["passeport", "moves"], "moves is a whole number from 0 to 20"),
        (["passeport", "moves=21"], "moves is a whole number from 0 to 20"),
        (["passeport", "moves=-1"], "moves is a whole number from 0 to 20"),
        (["passeport", "hidden_minutes_least=1441"], "hidden_minutes_least cannot be more than hidden_minutes_most"),
        (["passeport", "moves=3", "hidden_minutes_most=119"], "hidden_minutes_least cannot be more than"),
    ],
)
def test_a_wrong_rule_is_one_line_and_changes_nothing(
    central: RunningCentral, data: str, wrong: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _last_event(central)
    assert main(["central", "rules", "--data", data, *wrong]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"kiosk central: {said}")
    assert printed.err.count("\n") == 1
    assert _last_event(central) == before
    assert central.count(db.services, db.services.c.moves != 2) == 0


def test_both_ends_of_hiding_can_be_moved_at_once(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    both = ["hidden_minutes_least=2000", "hidden_minutes_most=3000"]
    assert main(["central", "rules", "--data", data, "passeport", *both]) == 0
    assert " ".join(both) in capsys.readouterr().out


def test_in_a_terminal_the_rules_are_a_table_that_says_what_they_mean(data: str) -> None:
    one, every = (_shown("rules", "--data", data, *service) for service in (["passeport"], []))
    assert re.search(r"hold_seconds +300 +300 +60–900 +how long a slot is kept", one)
    assert re.search(r"passeport\s+setting +value +default +bounds\s", every)
    assert "how long" not in every


@pytest.mark.parametrize("command", ["audit", "review", "rules"])
def test_no_command_makes_a_database(tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "nothing"
    assert main(["central", command, "--data", str(folder)]) == 1
    assert capsys.readouterr().err.startswith(f"kiosk central: {folder}: there is no ")
    assert not folder.exists()


@only_sqlite
@pytest.mark.parametrize("left", [FILE_NAME, KEY_NAME])
def test_a_database_needs_its_key_and_a_key_its_database(
    tmp_path: Path, left: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / left).write_bytes(bytes(KEY_BYTES))
    assert main(["central", "audit", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"kiosk central: {tmp_path}: there is no ")
    assert [path.name for path in tmp_path.iterdir()] == [left]


@only_sqlite
def test_a_database_without_tables_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / FILE_NAME).touch()
    (tmp_path / KEY_NAME).write_bytes(bytes(KEY_BYTES))
    assert main(["central", "audit", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"kiosk central: {tmp_path}: no such table: facts\n"


def test_another_key_does_not_make_every_row_look_broken(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    (Path(data) / KEY_NAME).write_bytes(bytes(KEY_BYTES))
    assert main(["central", "audit", "--data", data]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert (
        printed.err
        == f"kiosk central: {data}: {KEY_NAME} is not the key of this database; restore it from the backup\n"
    )


def test_an_address_that_is_none_is_said_without_quoting_it(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["central", "audit", "--data", data, "--database-url", "mysql://awa:s3cret@there/"]) == 1
    assert capsys.readouterr().err == "kiosk central: the database URL must begin with postgresql+psycopg://\n"


@only_postgresql
def test_the_address_can_be_given_as_an_option(
    data: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = os.environ[DATABASE_URL_VARIABLE]
    monkeypatch.delenv(DATABASE_URL_VARIABLE)
    assert main(["central", "audit", "--data", data, "--database-url", url]) == 0
    assert capsys.readouterr().out.startswith("2 rows, 1 chain: whole\n")


@pytest.mark.parametrize("command", ["audit", "review", "rules"])
def test_the_directory_is_needed_and_may_stand_before_the_command(
    data: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["central", "--data", data, command]) == 0
    with pytest.raises(SystemExit) as ended:
        main(["central", command])
    assert ended.value.code == 2
    assert "--data is required" in capsys.readouterr().err


@only_sqlite
def test_a_name_edited_in_the_file_is_found_in_the_table_and_in_the_index(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(tmp_path / "data", utc_now, "demo").close()
    file = tmp_path / "data" / FILE_NAME
    sound, name = file.read_bytes(), b"~central"
    places = [found.start() for found in re.finditer(re.escape(name), sound)]
    assert len(places) >= 4  # two rows, and the index of each
    for place in places:
        file.write_bytes(sound[:place] + b"demo7777" + sound[place + len(name) :])
        assert main(["central", "audit", "--data", str(tmp_path / "data")]) == 1, place
    file.write_bytes(sound)
    assert main(["central", "audit", "--data", str(tmp_path / "data")]) == 0
    assert capsys.readouterr().err == ""
