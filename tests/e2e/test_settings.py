"""A wrong setting is one line, before anything is drawn."""

import subprocess
from pathlib import Path

import pytest

from tests.support.mediator import KIOSK, environment, kiosk

USAGE_ERROR = 2

WRONG = [
    ({"KIOSK_PRINTER": "imprimante"}, ["KIOSK_PRINTER", "tcp://"]),
    ({"KIOSK_PRINTER": "tcp://192.0.2.7"}, ["KIOSK_PRINTER", "9100"]),
    ({"KIOSK_PRINTER": "tcp://192.0.2.7:9100?speed=2"}, ["KIOSK_PRINTER", "9100"]),
    ({"KIOSK_PAPER": "A4"}, ["KIOSK_PAPER", "80mm", "58mm"]),
    ({"KIOSK_CENTRAL_URL": "central.example"}, ["KIOSK_CENTRAL_URL", "https://"]),
    ({"KIOSK_ID": "poste n°1"}, ["KIOSK_ID", "bobigny-1"]),
    ({"KIOSK_IDLE_MASK_SECONDS": "60"}, ["idle_warning_seconds = 90", "idle_mask_seconds = 60", "90, 120, 300"]),
    ({"KIOSK_CONFIG": "/nowhere/kiosk.toml"}, ["/nowhere/kiosk.toml"]),
]


@pytest.mark.parametrize(("settings", "named"), WRONG)
def test_a_wrong_variable_is_named_with_what_was_expected(
    tmp_path: Path, settings: dict[str, str], named: list[str]
) -> None:
    assert_refused(tmp_path, settings, named)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('printr = "virtual:"', ["printr", "printer"]),
        ('paper = "A4"', ["paper", "80mm"]),
        ("printer = 9100", ["printer", "tcp://"]),
        ("printer = ", ["TOML"]),
    ],
)
def test_a_wrong_line_of_the_file_is_named_with_what_was_expected(tmp_path: Path, line: str, named: list[str]) -> None:
    file = tmp_path / "home" / "kiosk" / "kiosk.toml"
    file.parent.mkdir(parents=True)
    file.write_text(line + "\n", encoding="utf-8")
    assert_refused(tmp_path, {}, [str(file), *named])


def assert_refused(folder: Path, settings: dict[str, str], named: list[str]) -> None:
    """The program ends with 2 and one line on stderr that names these; the terminal is left as it was."""
    with kiosk(folder / "state", settings) as mediator:
        assert mediator.terminal.wait_exit() == USAGE_ERROR
        assert b"\x1b" not in mediator.terminal.output
    variables = environment(folder / "state", folder / "home", settings)
    ended = subprocess.run(KIOSK, env=variables, cwd=folder / "home", capture_output=True, text=True, check=False)
    assert ended.returncode == USAGE_ERROR
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert all(word in line for word in named), line
    assert "Traceback" not in line
