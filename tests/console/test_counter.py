"""`kiosk counter sync`: a few lines that say what came of it, or one that says what is wrong."""

import asyncio
import datetime as dt
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from kiosk import cli
from kiosk.console import counter
from kiosk.desk.welcome import BOOK_FILE
from kiosk.journal.counter_book import CounterBook
from kiosk.settings import DEMO_COUNTER_TOKEN
from kiosk.tickets.cose import new_signer
from kiosk.tickets.keys import root_text
from kiosk.tickets.scan import Ticket
from tests.central.calls import new_key, signed_in
from tests.support.central import NOW, RunningCentral
from tests.support.welcome import (
    SECOND_TOKEN,
    SITE,
    add_second_counter,
    book_at,
    counter_settings,
    root_of,
    tickets_of,
    welcome_at,
)


@pytest.fixture
def environ(demo_central: RunningCentral, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "kiosk.toml").touch()
    return {
        "KIOSK_CONFIG": str(tmp_path / "kiosk.toml"),
        "KIOSK_STATE_DIR": str(tmp_path / "state"),
        "KIOSK_CENTRAL_URL": demo_central.base_url,
        "KIOSK_ROOT_KEY": root_of(demo_central),
        "KIOSK_COUNTER_TOKEN": DEMO_COUNTER_TOKEN.format(SITE),
    }


def refusal(environ: Mapping[str, str], site: str | None, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return the exit code and the one line on standard error."""
    code = counter.sync(environ, site)
    said = capsys.readouterr()
    assert said.out == ""
    [line] = said.err.splitlines()
    assert line.startswith("kiosk counter : ")
    return code, line


def test_it_tells_what_was_delivered_what_was_found_and_how_many_are_expected(
    demo_central: RunningCentral, environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_second_counter(demo_central)
    start = NOW + dt.timedelta(hours=2)
    demo_central.add_slot("today", capacity=9, start=start)
    demo_central.add_slot("tomorrow", capacity=9, start=start + dt.timedelta(days=1))
    twice, cancelled, _, _ = book_at(demo_central, "today", "today", "today", "tomorrow")

    async def a_morning() -> None:
        settings = counter_settings(demo_central, tmp_path / "state")
        texts = tickets_of(demo_central, [twice, cancelled])
        async with welcome_at(settings, demo_central.clock) as welcome:
            await welcome.sync()
            for text in texts:
                await welcome.check(Ticket(text))

    asyncio.run(a_morning())
    with signed_in(demo_central) as kiosk:
        kiosk.post(
            f"/v1/bookings/{cancelled.id}/cancel",
            headers={"Idempotency-Key": new_key(), "If-Match": '"1"'},
            json={"reason": "person"},
        ).raise_for_status()
    demo_central.clock.advance(hours=8)
    assert counter.sync(environ, SITE) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Transmis au central : 2 notes.",
        f"! Ticket {cancelled.reference[:4]}-{cancelled.reference[4:8]}-{cancelled.reference[8:]}, "
        "passé ici à 9\u00a0h\u00a000 : rendez-vous annulé avant ce passage.",
        "Lundi 11 janvier 2027 : 2 rendez-vous.",
        "Mardi 12 janvier 2027 : 1 rendez-vous.",
    ]
    assert counter.sync(environ, SITE) == 0
    assert capsys.readouterr().out.splitlines()[0] == "Transmis au central : 0 note."


def test_it_is_a_command(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    for arguments in (["counter", "sync", "--site", SITE], ["counter", "--site", SITE, "sync"]):
        assert cli.main(arguments) == 0
        assert "rendez-vous." in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        cli.main(["counter", "sync", "--site", "../etc"])
    assert ended.value.code == 2


def test_settings_that_a_counter_lacks_are_named(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for variable, said in (("KIOSK_ROOT_KEY", "« root_key »"), ("KIOSK_COUNTER_TOKEN", "« counter_token »")):
        code, line = refusal({name: environ[name] for name in environ if name != variable}, SITE, capsys)
        assert code == 2
        assert said in line
    code, line = refusal(environ, None, capsys)
    assert code == 2
    assert "--site" in line


def test_a_state_directory_that_cannot_be_used_is_a_wrong_setting(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    code, line = refusal(environ | {"KIOSK_STATE_DIR": str(tmp_path / "file")}, SITE, capsys)
    assert code == 2
    assert "« state_dir »" in line


def test_what_goes_wrong_with_the_central_is_one_line(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = root_text(new_signer().private.public_key())
    for changed, site, said in (
        ({"KIOSK_CENTRAL_URL": "http://127.0.0.1:9"}, SITE, "ne répond pas"),
        ({"KIOSK_ROOT_KEY": stranger}, SITE, "« root_key »"),
        ({"KIOSK_COUNTER_TOKEN": SECOND_TOKEN}, SITE, "« counter_token »"),
        ({}, "pref-75", "--site"),
    ):
        code, line = refusal(environ | changed, site, capsys)
        assert code == 1
        assert said in line
        assert SECOND_TOKEN not in line


def test_a_damaged_book_is_put_aside_and_said(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "state" / f"counter-{SITE}" / BOOK_FILE
    book.parent.mkdir(parents=True)
    book.write_bytes(b"no database" * 1000)
    assert counter.sync(environ, SITE) == 0
    assert "! Un carnet abîmé est mis de côté : book.sqlite.damaged-" in capsys.readouterr().out


def test_what_goes_wrong_with_the_book_is_one_line(
    environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "state" / f"counter-{SITE}" / BOOK_FILE
    with closing(CounterBook(book)):
        code, line = refusal(environ, SITE, capsys)
    assert code == 1
    assert "un accueil ouvert" in line
    with closing(sqlite3.connect(book)) as db:
        db.execute("PRAGMA user_version = 99")
    code, line = refusal(environ, SITE, capsys)
    assert code == 1
    assert "version plus récente" in line
    book.unlink()
    book.mkdir()
    code, line = refusal(environ, SITE, capsys)
    assert code == 1
    assert "ne se lit pas" in line
