"""`kiosk doctor`: one screenful, true, and an exit code that says whether a French ticket can come out."""

import contextlib
import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from kiosk.console import doctor
from kiosk.console.doctor import Mark, languages_found, languages_missing
from kiosk.printing.languages import Language, Missing
from kiosk.printing.phrases import Status
from kiosk.printing.simulator import Simulator
from kiosk.printing.spool import PLACE, Learned, Spool
from kiosk.statefile import StateFile, put_aside

TODAY = dt.date(2026, 11, 24)


def run(state_dir: Path, environ: dict[str, str] | None = None, *, ask: bool = False, today: dt.date = TODAY) -> int:
    (state_dir / "kiosk.toml").write_text('id = "essai-1"\n', encoding="utf-8")
    variables = {"KIOSK_STATE_DIR": str(state_dir), "KIOSK_CONFIG": str(state_dir / "kiosk.toml")}
    return doctor.run(variables | (environ or {}), today, ask_printer=ask)


def test_a_working_machine_fits_on_a_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= 80 or str(tmp_path) in line for line in lines)  # a path is never cut
    assert {line[0] for line in lines[:-1]} <= {"✓", "!", " "}
    assert lines[-1] == "Les tickets peuvent sortir en français."


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("KIOSK_PAPER", "90mm", "80mm ou 58mm"),
        ("KIOSK_PROFILE", "Rien du tout", "n'est pas connu"),
        ("KIOSK_CONFIG", "/nonexistent/kiosk.toml", "illisible"),
        ("KIOSK_STATE_DIR", f"{__file__}/kiosk", "ne peut pas"),
    ],
)
def test_what_stops_tickets_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], variable: str, value: str, said: str
) -> None:
    assert run(tmp_path, {variable: value}) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert said in shown
    assert "✗" in shown


def test_contacts_that_nobody_checked_for_long_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, today=dt.date(2027, 11, 24)) == 0
    assert "plus de 180 jours" in " ".join(capsys.readouterr().out.split())


def test_the_printer_is_asked_only_when_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Simulator() as printer:
        assert run(tmp_path, {"KIOSK_PRINTER": printer.url}) == 0
        assert "jamais essayée" in capsys.readouterr().out
        assert run(tmp_path, {"KIOSK_PRINTER": printer.url}, ask=True) == 0
        assert "elle est prête" in capsys.readouterr().out
        assert not printer.papers
    assert run(tmp_path, {"KIOSK_PRINTER": printer.url}, ask=True) == 1
    assert "injoignable" in capsys.readouterr().out


def test_what_a_trial_showed_is_told_while_a_kiosk_is_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool = Spool(tmp_path / PLACE, lambda: dt.datetime.now(dt.UTC))
    spool.learn("tcp://192.0.2.7:9100", Learned(answers=True, process_id=True, identity="TM-T20II"))
    assert run(tmp_path, {"KIOSK_PRINTER": "tcp://192.0.2.7:9100"}) == 0
    spool.close()
    assert "(TM-T20II) : elle dit comment elle va, confirme chaque ticket." in capsys.readouterr().out


def test_languages_are_told_by_how_far_they_are() -> None:
    english = Language("en", "anglais", "English", False, Status.REVIEWED)
    tamil = Language("ta", "tamoul", "தமிழ்", False, Status.MACHINE)
    reviewed, machine = languages_found((tamil, english), Status.REVIEWED)
    assert (reviewed.mark, machine.mark) == (Mark.GOOD, Mark.CARE)
    assert "anglais" in reviewed.text
    assert "tamoul. Vos réglages" in machine.text


def test_languages_that_lack_the_same_are_told_together() -> None:
    reason = "Installez le paquet fonts-noto-core."
    [found] = languages_missing((Missing("bn", "bengali", reason), Missing("ti", "tigrigna", reason)))
    assert found.mark is Mark.CARE
    assert found.text == f"Pas de ticket en bengali, tigrigna. {reason}"


RECORDS = [PLACE, Path("journal.sqlite"), Path("counter-pref-93", "book.sqlite")]


@pytest.mark.parametrize("name", RECORDS)
def test_a_damaged_file_of_the_kiosk_is_named_and_stops_no_ticket(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: Path
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"no database" * 1000)
    assert run(tmp_path) == 0
    shown = "".join(capsys.readouterr().out.split())
    assert f"!Fichier{tmp_path / name}:ilestabîmé." in shown
    StateFile(tmp_path / name, ["CREATE TABLE thing (name TEXT) STRICT;"]).close()
    (aside,) = put_aside(tmp_path / name)
    assert run(tmp_path) == 0
    assert f"!Fichier{aside}:ilétaitabîmé" in "".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", RECORDS)
def test_a_file_that_the_kiosk_cannot_start_on_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: Path
) -> None:
    StateFile(tmp_path / name, ["CREATE TABLE thing (name TEXT) STRICT;"]).close()
    with contextlib.closing(sqlite3.connect(tmp_path / name)) as db:
        db.execute("PRAGMA user_version = 99")
    assert run(tmp_path) == 1
    assert f"✗Fichier{tmp_path / name}:ilvientd'uneversionplusrécente" in "".join(capsys.readouterr().out.split())
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    assert run(tmp_path) == 1
    assert f"✗Fichier{tmp_path / name}:ilneselitpas." in "".join(capsys.readouterr().out.split())
