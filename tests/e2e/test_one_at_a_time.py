"""Two programs on one state directory: the second is told in one line, the first goes on."""

import subprocess
from pathlib import Path

import pytest

from tests.support.mediator import KIOSK, environment
from tests.support.pty import Terminal

USAGE_ERROR = 2
ELSEWHERE = {"KIOSK_CENTRAL_URL": "http://127.0.0.1:9", "KIOSK_ROOT_KEY": "02" + 64 * "a"}  # nobody answers there
TOKEN = {"KIOSK_COUNTER_TOKEN": "0123456789abcdefghij"}


@pytest.mark.parametrize(
    ("command", "first_words"),
    [((), "Qui tient ce poste"), (("counter", "--site", "pref-93"), "Scannez")],
    ids=["kiosk", "counter"],
)
def test_a_second_one_on_the_same_directory_is_refused_in_one_line(
    tmp_path: Path, command: tuple[str, ...], first_words: str
) -> None:
    variables = environment(tmp_path / "state", tmp_path, ELSEWHERE | TOKEN)
    with Terminal((*KIOSK, *command), variables, cwd=tmp_path) as first:
        first.wait_for(lambda text: first_words in text)
        with Terminal((*KIOSK, *command), variables, cwd=tmp_path) as second:
            assert second.wait_exit() == USAGE_ERROR
            assert b"\x1b" not in second.output
        ended = subprocess.run(
            (*KIOSK, *command), env=variables, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout) == (USAGE_ERROR, "")
        [line] = ended.stderr.splitlines()
        assert "un autre poste se sert déjà de ce dossier" in line
        assert first_words in first.text
