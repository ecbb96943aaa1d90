"""The hardened floor in a real terminal: what cannot be done to it, and what it leaves behind."""

import re
import signal
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pty import Terminal

ROOT = Path(__file__).parents[2]
SECRET = "LUMUMBA-1961"
COMMAND = (sys.executable, "-m", "tests.support.counter_app", SECRET)
ENDINGS = [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT]
RESTORED = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?2004l", b"\x1b[<u", b"\x1b[3J")


def start(folder: Path, **env: str) -> Terminal:
    return Terminal(COMMAND, {"PYTHONPATH": str(ROOT), **env}, cwd=folder)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with start(tmp_path) as terminal:
        terminal.wait_for("ACCUEIL")
        yield terminal


def test_no_control_key_leaves_or_suspends_the_application(terminal: Terminal) -> None:
    terminal.press("ctrl+q", "ctrl+c", "ctrl+p", "ctrl+z", "ctrl+\\", "ctrl+s", "ctrl+d", "esc")
    terminal.type("ok")
    terminal.wait_for(r"first=\[ok\]")
    assert terminal.alive()
    assert "quit" not in terminal.text.lower()


def test_stop_signals_are_ignored(terminal: Terminal) -> None:
    for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
        terminal.kill(number)
    terminal.type("ok")
    terminal.wait_for(r"first=\[ok\]")


@pytest.mark.parametrize("number", ENDINGS)
def test_an_ending_signal_restores_the_terminal(terminal: Terminal, number: signal.Signals) -> None:
    before = len(terminal.output)
    terminal.kill(number)
    assert terminal.wait_exit() == 128 + number
    for sequence in RESTORED:
        assert sequence in terminal.output[before:], sequence
    assert terminal.lflags() & (termios.ECHO | termios.ICANON) == termios.ECHO | termios.ICANON


def test_a_terminal_that_goes_away_ends_the_program(terminal: Terminal) -> None:
    terminal.hang_up()
    assert terminal.wait_exit() == 128 + signal.SIGHUP


def test_a_byte_that_is_not_utf8_kills_nothing(terminal: Terminal) -> None:
    terminal.send(b"Ren\xe9e")
    terminal.wait_for(r"first=\[Ren�e\]")


def test_a_sequence_that_breaks_the_parser_kills_nothing(terminal: Terminal, tmp_path: Path) -> None:
    terminal.send(b"\x1b[99999999u")
    terminal.wait_for(lambda _: "input-unreadable" in (tmp_path / "app.log").read_text())
    terminal.type("ok")
    terminal.wait_for(r"first=\[ok\]")


@pytest.mark.parametrize("key", ["f2", "f4"])
def test_a_crash_shows_nothing_and_starts_again(terminal: Terminal, tmp_path: Path, key: str) -> None:
    terminal.type("abc")
    terminal.wait_for(r"first=\[abc\]")
    terminal.press(key)
    terminal.wait_for("REPRISE")
    terminal.type("xyz")
    terminal.wait_for(r"first=\[xyz\]")
    terminal.kill(signal.SIGTERM)
    terminal.wait_exit()
    written = terminal.output.decode(errors="replace") + (tmp_path / "app.log").read_text()
    assert SECRET not in written
    assert "Traceback" not in written
    assert re.search(r'"event": "crash", "fault": "ValueError at support/counter_app.py:\d+', written)


def test_repeated_crashes_end_with_70(terminal: Terminal) -> None:
    for _ in range(4):
        terminal.type("x")
        terminal.wait_for(r"first=\[x\]")
        terminal.press("f2")
        terminal.wait_for(r"REPRISE(.|\n)*first=\[\]")
    terminal.press("f2")
    assert terminal.wait_exit() == 70


def test_textual_variables_have_no_effect(tmp_path: Path) -> None:
    with start(tmp_path, TEXTUAL_DEBUG="1", TEXTUAL_LOG="textual.log", TEXTUAL_PRESS="z") as terminal:
        terminal.wait_for("ACCUEIL")
        terminal.type("ok")
        terminal.wait_for(r"first=\[ok\]")
        assert {path.name for path in tmp_path.iterdir()} <= {"app.log"}


def test_a_burst_across_a_screen_push_reaches_no_wrong_field(terminal: Terminal) -> None:
    terminal.send("FIRST\rSECOND\rTHIRD")
    terminal.wait_for("DEUXIÈME")
    terminal.settle()
    terminal.type("ok")
    terminal.wait_for(r"second=\[ok\]")
    terminal.press("esc")
    terminal.wait_for(r"first=\[FIRST\]")


def test_keys_typed_during_a_wait_reach_nobody(terminal: Terminal) -> None:
    terminal.press("f3")
    terminal.wait_for("ATTENTE")
    terminal.send("lost")
    terminal.wait_for("RÉPONSE")
    terminal.type("ok")
    terminal.wait_for(r"first=\[ok\]")


def test_a_paste_is_ignored(terminal: Terminal) -> None:
    terminal.send("\x1b[200~pasted\rtext\x1b[201~")
    terminal.type("ok")
    terminal.wait_for(r"first=\[ok\]")


def test_the_real_cursor_follows_the_field(terminal: Terminal) -> None:
    terminal.type("a")
    terminal.wait_for(r"first=\[a\]")
    terminal.settle()
    column, row = terminal.cursor
    terminal.type("bc")
    terminal.wait_for(lambda _: terminal.cursor == (column + 2, row))


def test_it_survives_a_tiny_terminal(terminal: Terminal) -> None:
    before = len(terminal.output)
    terminal.resize(1, 1)
    terminal.wait_for(lambda _: len(terminal.output) > before)
    terminal.resize(24, 80)
    terminal.wait_for("ACCUEIL")
