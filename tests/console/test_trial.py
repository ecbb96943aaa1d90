"""`kiosk printer test`: what an installer is told of a printer, and what is remembered."""

import contextlib
import datetime as dt
from pathlib import Path

import pytest

from kiosk import cli
from kiosk.console.printer import trial
from kiosk.printing.driver import Patience
from kiosk.printing.simulator import Faults, Simulator
from kiosk.printing.spool import PLACE, Learned, Spool

PATIENCE = Patience(answer=5.0, margin=1.0, poll=0.02, goodbye=0.5, finish=0.5, late=0.02, millimetres_per_second=1e6)
QUICK = Patience(answer=0.05, margin=0.05, poll=0.02, goodbye=0.1, finish=0.1, late=0.02, millimetres_per_second=1e6)


def environ(state_dir: Path, printer: str) -> dict[str, str]:
    """Return the settings of a kiosk on narrow paper."""
    return {"KIOSK_STATE_DIR": str(state_dir), "KIOSK_PRINTER": printer, "KIOSK_PAPER": "58mm"}


def learned(state_dir: Path, printer: str) -> Learned | None:
    """Return what is remembered of a printer."""
    with contextlib.closing(Spool(state_dir / PLACE, lambda: dt.datetime.now(dt.UTC))) as spool:
        assert spool.open_jobs() == ()
        return spool.learned(printer)


@pytest.mark.parametrize(
    ("faults", "code", "sentence", "known"),
    [
        (Faults(process_id="missing"), 0, "ne confirme pas", Learned(True, False, "SIMULATOR")),
        (
            Faults(paper_near_end=True),
            0,
            "presque fini. Préparez-en un autre.\nElle se nomme SIMULATOR.\nElle dit",
            Learned(True, True, "SIMULATOR"),
        ),
        (Faults(silent=True), 3, "ne répond pas aux questions", Learned(False, False, "")),
        (Faults(resets_after=5000), 3, "Recommencez", None),
        (Faults(paper_out=True), 1, "Mettez un rouleau", None),
    ],
)
def test_an_installer_is_told_what_the_printer_can_do(
    faults: Faults, code: int, sentence: str, known: Learned | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Simulator(faults, dots=384) as printer:
        assert trial(environ(tmp_path, printer.url), QUICK if faults.silent else PATIENCE) == code
        assert sentence in capsys.readouterr().out
        assert learned(tmp_path, printer.url) == known
        if code == 0:
            assert len(printer.papers) == 1


def test_the_command_tries_the_printer_that_is_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ(tmp_path, "virtual:").items():
        monkeypatch.setenv(name, value)
    assert cli.main(["printer", "test"]) == 0
    assert "dans un fichier" in capsys.readouterr().out
    assert len(list((tmp_path / "tickets").glob("*.png"))) == 1


def test_a_wrong_setting_and_a_kiosk_at_work_are_said_on_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trial(environ(tmp_path, "lpt1")) == 1
    with contextlib.closing(Spool(tmp_path / PLACE, lambda: dt.datetime.now(dt.UTC))):
        assert trial(environ(tmp_path, "virtual:")) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 2
    assert "Un autre kiosque" in said.err
