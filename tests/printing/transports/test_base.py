"""One job of one process at a time holds a printer."""

import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.printing.errors import NotSentError
from kiosk.printing.transports import transport_for

HOLDER = """
import sys
from pathlib import Path
from kiosk.printing.transports import transport_for
channel = transport_for(sys.argv[1], Path(sys.argv[2])).open("HELD")
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_second_process_is_told_that_the_printer_is_in_use(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, "virtual:", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(NotSentError, match="déjà utilisée par un autre programme"):
            transport_for("virtual:", tmp_path).open("7K4MQ2XP93TQ")
        holder.kill()  # whoever dies lets go
    transport_for("virtual:", tmp_path).open("7K4MQ2XP93TQ").close()


def test_two_jobs_of_one_process_never_mix(tmp_path: Path) -> None:
    transport = transport_for("virtual:", tmp_path)
    channel = transport.open("A")
    with pytest.raises(NotSentError):
        transport.open("B")
    channel.close()
    transport.open("B").close()


def test_printers_do_not_wait_for_each_other_and_one_device_has_one_lock(tmp_path: Path) -> None:
    device, alias = tmp_path / "lp0", tmp_path / "by-id"
    device.touch()
    alias.symlink_to(device)
    first = transport_for(f"file://{device}", tmp_path).open("A")
    transport_for("virtual:", tmp_path).open("B").close()
    with pytest.raises(NotSentError):
        transport_for(f"file://{alias}", tmp_path).open("C")
    first.close()


def test_without_a_place_for_the_lock_nothing_is_sent(tmp_path: Path) -> None:
    (tmp_path / "printers").write_text("a file is in the way")
    with pytest.raises(NotSentError, match="n'est pas accessible"):
        transport_for("virtual:", tmp_path).open("A")


@pytest.mark.parametrize("name", ["", "../x", "a b", "a" * 41, "x\n"])
@pytest.mark.parametrize("url", ["virtual:", "cups:TICKETS", "tcp://127.0.0.1:9", "file:///dev/null"])
def test_a_jobs_name_cannot_leave_its_directory(url: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        transport_for(url, tmp_path).open(name)
