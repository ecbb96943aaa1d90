"""What left, what did not, and what nobody knows."""

import contextlib
import fcntl
import os
import stat
import threading
from pathlib import Path

import pytest
from PIL import Image

from kiosk.printing.errors import MaybeSentError, NotSentError, PayloadError
from kiosk.printing.escpos import encode
from kiosk.printing.paper import papers
from kiosk.printing.profiles import Form
from kiosk.printing.qr import verify
from kiosk.printing.service import render
from kiosk.printing.transport import DevicePrinter, Printer, TcpPrinter, VirtualPrinter, printer_from_url
from tests.printing.builders import LONG_TOKEN, ticket
from tests.support.printer import Faults, printer_simulator

PAYLOAD = render(ticket(), "58mm").payload
NAME = "7K4MQ2XP93TQ"


def printer_at(url: str, tmp_path: Path) -> Printer:
    """Return the printer of a URL, with a short patience."""
    printer = printer_from_url(url, tmp_path)
    assert isinstance(printer, TcpPrinter)
    return TcpPrinter(*printer.address, progress_seconds=0.3)


def test_a_network_printer_gets_the_ticket_whole(tmp_path: Path) -> None:
    with printer_simulator() as simulator:
        printer_at(simulator.url, tmp_path).send(PAYLOAD, name=NAME)
        verify(simulator.wait_for_ticket(), LONG_TOKEN)
        assert simulator.payloads == [PAYLOAD]


def test_a_printer_that_talks_loses_nothing(tmp_path: Path) -> None:
    with printer_simulator(Faults(talks=True)) as simulator:
        printer = printer_at(simulator.url, tmp_path)
        for _ in range(3):
            printer.send(PAYLOAD, name=NAME)
        for _ in range(3):
            simulator.wait_for_ticket()
        assert simulator.payloads == [PAYLOAD] * 3


def test_a_printer_that_is_off_was_sent_nothing(tmp_path: Path) -> None:
    with printer_simulator(Faults(refuses=True)) as simulator, pytest.raises(NotSentError):
        printer_at(simulator.url, tmp_path).send(PAYLOAD, name=NAME)


@pytest.mark.parametrize("faults", [Faults(closes_after=5000), Faults(resets_after=5000), Faults(deaf_after=5000)])
def test_a_printer_lost_on_the_way_leaves_nobody_sure(faults: Faults, tmp_path: Path) -> None:
    with printer_simulator(faults) as simulator:
        with pytest.raises(MaybeSentError):
            printer_at(simulator.url, tmp_path).send(PAYLOAD, name=NAME)
        simulator_papers = simulator.papers
    assert simulator_papers == []
    assert PAYLOAD.startswith(simulator.wait_for_payload())


def test_a_reset_after_the_last_byte_leaves_nobody_sure(tmp_path: Path) -> None:
    with printer_simulator(Faults(resets_after=len(PAYLOAD))) as simulator, pytest.raises(MaybeSentError):
        printer_at(simulator.url, tmp_path).send(PAYLOAD, name=NAME)


def test_a_printer_that_never_closes_its_side_does_not_hold_the_kiosk(tmp_path: Path) -> None:
    with printer_simulator(Faults(deaf_after=len(PAYLOAD))) as simulator:
        printer_at(simulator.url, tmp_path).send(PAYLOAD, name=NAME)
    assert simulator.wait_for_payload() == PAYLOAD


def test_two_jobs_never_mix(tmp_path: Path) -> None:
    with printer_simulator() as simulator:
        printer = printer_at(simulator.url, tmp_path)
        jobs = [threading.Thread(target=printer.send, args=(PAYLOAD,), kwargs={"name": NAME}) for _ in range(3)]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        for _ in range(3):
            simulator.wait_for_ticket()
        assert simulator.payloads == [PAYLOAD] * 3
    assert simulator.callers_waiting == 0


def test_a_file_grows_by_whole_tickets(tmp_path: Path) -> None:
    path = tmp_path / "lp0"
    path.touch()
    printer = printer_from_url(f"file://{path}", tmp_path)
    printer.send(PAYLOAD, name=NAME)
    printer.send(PAYLOAD, name=NAME)
    assert path.read_bytes() == PAYLOAD * 2


def test_a_device_that_is_unplugged_was_sent_nothing_and_no_file_is_made_up(tmp_path: Path) -> None:
    path = tmp_path / "lp0"
    with pytest.raises(NotSentError):
        DevicePrinter(path).send(PAYLOAD, name=NAME)
    assert not path.exists()


def test_a_device_that_stops_taking_leaves_nobody_sure(tmp_path: Path) -> None:
    path = tmp_path / "lp0"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    try:
        with pytest.raises(MaybeSentError):
            DevicePrinter(path, progress_seconds=0.2).send(PAYLOAD, name=NAME)
    finally:
        os.close(reader)


def test_a_device_is_not_closed_on_its_last_block(tmp_path: Path) -> None:
    path = tmp_path / "lp0"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    short = encode(Image.new("1", (384, 80), 1), Form(384))  # fits into the pipe, and leaves it busy
    try:
        with pytest.raises(MaybeSentError):
            DevicePrinter(path, progress_seconds=0.2).send(short, name=NAME)
        assert os.read(reader, 8192) == short
    finally:
        os.close(reader)


def test_a_device_that_takes_nothing_at_all_was_sent_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lp0"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    try:
        with contextlib.suppress(BlockingIOError):
            while os.write(writer, bytes(4096)):  # fill it to the brim
                pass
        with pytest.raises(NotSentError):
            DevicePrinter(path, progress_seconds=0.2).send(PAYLOAD, name=NAME)
    finally:
        os.close(writer)
        os.close(reader)


def test_virtual_paper_is_a_picture_that_only_its_owner_reads(tmp_path: Path) -> None:
    (tmp_path / "state" / "tickets").mkdir(mode=0o755, parents=True)
    old_mask = os.umask(0)
    try:
        picture = printer_from_url("virtual:", tmp_path / "state").send(PAYLOAD, name=NAME)
    finally:
        os.umask(old_mask)
    assert picture is not None
    assert picture.name.endswith(f"-{NAME}.png")
    with Image.open(picture) as image:
        verify(image, LONG_TOKEN)
        assert image.tobytes() == papers(PAYLOAD)[0].tobytes()
    assert picture.with_suffix(".bin").read_bytes() == PAYLOAD
    assert {stat.S_IMODE(path.stat().st_mode) for path in picture.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(picture.parent.stat().st_mode) == 0o700
    assert len(list(picture.parent.iterdir())) == 2  # nothing half written stays


def test_virtual_papers_never_overwrite_each_other(tmp_path: Path) -> None:
    printer = VirtualPrinter(tmp_path / "tickets")
    assert len({printer.send(PAYLOAD, name=NAME) for _ in range(5)}) == 5


def test_a_directory_that_cannot_be_written_was_sent_nothing(tmp_path: Path) -> None:
    (tmp_path / "tickets").write_text("a file is in the way")
    with pytest.raises(NotSentError):
        VirtualPrinter(tmp_path / "tickets").send(PAYLOAD, name=NAME)


@pytest.mark.parametrize("url", ["tcp", "file", "virtual"])
def test_no_printer_sends_what_the_gate_refuses(url: str, tmp_path: Path) -> None:
    path = tmp_path / "lp0"
    path.touch()
    with printer_simulator() as simulator:
        printers = {"tcp": simulator.url, "file": f"file://{path}", "virtual": "virtual:"}
        with pytest.raises(PayloadError):
            printer_from_url(printers[url], tmp_path).send(PAYLOAD + b"\x1bp\x00\x19\xfa", name=NAME)
        assert simulator.payloads == []
    assert path.read_bytes() == b""
    assert not (tmp_path / "tickets").exists()


@pytest.mark.parametrize("name", ["", "../x", "a b", "a" * 41])
def test_a_jobs_name_cannot_leave_its_directory(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        VirtualPrinter(tmp_path).send(PAYLOAD, name=name)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("virtual:", VirtualPrinter),
        ("tcp://192.0.2.7:9100", TcpPrinter),
        ("tcp://[2001:db8::7]:9100", TcpPrinter),
        ("file:///dev/usb/lp0", DevicePrinter),
    ],
)
def test_a_setting_names_a_printer(url: str, kind: type, tmp_path: Path) -> None:
    assert isinstance(printer_from_url(url, tmp_path), kind)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lp0",
        "usb:",
        "virtual:x",
        "tcp://",
        "tcp://h",
        "tcp://h:x",
        "tcp://h:99999",
        "tcp://[h:1",
        "tcp://h:9100/queue",
        "tcp://me@h:9100",
        "file://",
        "file:///",
        "file://h/dev/usb/lp0",
        "http://h:80",
    ],
)
def test_a_setting_that_names_none_is_told_what_is_expected(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"virtual:.*tcp://192\.0\.2\.7:9100.*file:///dev/usb/lp0"):
        printer_from_url(url, tmp_path)
