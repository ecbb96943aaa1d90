"""`kiosk printer`, as an installer types it."""

import re
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from kiosk import cli
from kiosk.console import printer
from kiosk.console.printer import FaultError, read_fault
from kiosk.printing.find import Found, SourceError
from kiosk.printing.paper import papers
from kiosk.printing.transports import transport_for
from tests.printing.transports.handing import NAME, PAYLOAD, hand_over


def test_what_is_found_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    assert printer.find([lambda: [Found("EPSON TM-T20II, en USB", "usb://04b8:0e15", "TM-T20II")]]) == 0
    shown = capsys.readouterr().out
    assert tomllib.loads(shown) == {"printer": "usb://04b8:0e15", "profile": "TM-T20II"}
    assert "EPSON TM-T20II, en USB" in shown


def test_nothing_found_is_said_with_what_could_not_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> list[Found]:
        raise SourceError("USB : non.")

    assert printer.find([failing]) == 1
    shown = capsys.readouterr().out
    assert tomllib.loads(shown) == {}
    assert "USB : non." in shown
    assert "Aucune imprimante" in shown


def test_the_command_looks_at_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["printer", "find"])
    assert ("printer = " in capsys.readouterr().out) == (code == 0)


def typed(capsys: pytest.CaptureFixture[str], state_dir: Path, *lines: str) -> Iterator[str]:
    """Yield lines that are typed once a ticket was sent to the printer that the first line of output names."""
    [url] = re.findall(r"tcp://\S+\d", capsys.readouterr().out)
    channel = transport_for(url, state_dir).open(NAME)
    hand_over(channel)
    channel.finish(5)
    channel.close()
    yield from lines


def test_a_simulated_printer_leaves_a_picture_and_the_bytes_of_each_paper(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("paper out", "paper low", "help", "nonsense", "closes-after=no\n", "faults", "quit")
    keyboard = typed(capsys, tmp_path, *lines)
    output = tmp_path / "new" / "papers"
    assert printer.simulate(0, output, 384, ["process-id=late", "process_id_delay=0.5"], keyboard) == 0
    [picture], [code] = output.glob("*.png"), output.glob("*.bin")
    expected = papers(PAYLOAD, 384)[0].tobytes()
    with Image.open(picture) as image:
        assert image.tobytes() == expected
    assert papers(code.read_bytes(), 384)[0].tobytes() == expected
    said = capsys.readouterr().out
    assert "paper_near_end=True, process_id=late, process_id_delay=0.5" in said
    assert "no such fault" in said
    assert "cover open" in said


def test_a_paper_that_was_torn_is_named_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keyboard = typed(capsys, tmp_path, "quit\n")
    assert printer.simulate(0, tmp_path / "papers", 384, ["paper-out-after=5000", "resumes=no"], keyboard) == 0
    assert [path.name.endswith("-torn.png") for path in (tmp_path / "papers").glob("*.png")] == [True]


def test_a_full_disk_does_not_stop_the_printer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def gone() -> Iterator[str]:
        (tmp_path / "papers").rmdir()
        yield from typed(capsys, tmp_path, "quit\n")

    assert printer.simulate(0, tmp_path / "papers", 384, [], gone()) == 0
    assert "No such file" in capsys.readouterr().out


def test_without_faults_that_exist_or_a_free_port_it_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["printer", "simulate", "--output", str(tmp_path), "--fault", "flies"]) == 1
    assert "no such fault" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert cli.main(["printer", "simulate", "--output", str(tmp_path), "--port", port]) == 1
    assert "in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("silent", {"silent": True}),
        ("resumes=no", {"resumes": False}),
        ("closes-after=0", {"closes_after": 0}),
        ("closes-after=no", {"closes_after": None}),
        ("process_id=missing", {"process_id": "missing"}),
        ("process_id_delay=1.5", {"process_id_delay": 1.5}),
    ],
)
def test_a_fault_is_a_name_or_a_name_and_a_value(text: str, change: dict[str, object]) -> None:
    assert read_fault(text) == change


@pytest.mark.parametrize(
    "text",
    ["", "x", "silent=maybe", "closes_after", "closes_after=-1", "process_id=no", "process_id_delay=nan", "offline"],
)
def test_a_fault_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(FaultError):
        read_fault(text)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_goes_on_without_a_keyboard_until_it_is_interrupted(tmp_path: Path, ending: signal.Signals) -> None:
    in_background = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]  # as a shell without job control starts it
    command = [*in_background, sys.executable, "-m", "kiosk", "printer", "simulate", "--output", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        [url] = re.findall(r"tcp://\S+\d", process.stdout.readline())
        channel = transport_for(url, tmp_path).open(NAME)
        channel.write(b"\x10\x04\x01", 5)
        assert channel.read(5) == b"\x12"
        channel.close()
        process.send_signal(ending)
        try:
            assert process.wait(10) == 0
        finally:
            process.kill()
