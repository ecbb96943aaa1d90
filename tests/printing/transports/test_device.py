"""Devices and files: what they take, and that nothing waits for ever."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.escpos import encode
from kiosk.printing.profiles import Form
from kiosk.printing.transports import transport_for
from tests.printing.transports.handing import NAME, PAYLOAD, hand_over


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[int]:
    """Return the reading end of a pipe at lp0."""
    os.mkfifo(tmp_path / "lp0")
    reader = os.open(tmp_path / "lp0", os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    yield reader
    os.close(reader)


def test_a_file_grows_by_whole_tickets(tmp_path: Path) -> None:
    path = tmp_path / "lp0"
    path.touch()
    for _ in range(2):
        channel = transport_for(f"file://{path}", tmp_path).open(NAME)
        assert not channel.talks
        assert hand_over(channel) == len(PAYLOAD)
        assert channel.read(0) == b""
        channel.finish(1)
        channel.close()
    assert path.read_bytes() == PAYLOAD * 2


def test_a_device_that_is_unplugged_was_sent_nothing_and_no_file_is_made_up(tmp_path: Path) -> None:
    with pytest.raises(NotSentError, match="pas branchée"):
        transport_for(f"file://{tmp_path}/lp0", tmp_path).open(NAME)
    assert not (tmp_path / "lp0").exists()


def test_a_pipe_that_nobody_reads_was_sent_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lp0")
    with pytest.raises(NotSentError):
        transport_for(f"file://{tmp_path}/lp0", tmp_path).open(NAME)


def test_a_device_that_stops_taking_says_how_much_it_took(reader: int, tmp_path: Path) -> None:
    channel = transport_for(f"file://{tmp_path}/lp0", tmp_path).open(NAME)
    taken = hand_over(channel, patience=0.05)
    assert 0 < taken < len(PAYLOAD)
    assert os.read(reader, 2**16) == PAYLOAD[:taken]
    channel.close()


def test_a_device_is_not_closed_on_its_last_block(reader: int, tmp_path: Path) -> None:
    short = encode(Image.new("1", (384, 80), 0), Form(384))  # fits into the pipe, and leaves it busy
    channel = transport_for(f"file://{tmp_path}/lp0", tmp_path).open(NAME)
    assert hand_over(channel, short) == len(short)
    with pytest.raises(LineError):
        channel.finish(0.05)
    assert os.read(reader, 8192) == short
    channel.finish(0.05)
    channel.close()


def test_a_device_that_takes_nothing_at_all_says_so(reader: int, tmp_path: Path) -> None:
    writer = os.open(tmp_path / "lp0", os.O_WRONLY | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while os.write(writer, bytes(4096)):  # fill it to the brim
            pass
    channel = transport_for(f"file://{tmp_path}/lp0", tmp_path).open(NAME)
    assert channel.write(PAYLOAD, 0.05) == 0
    channel.close()
    os.close(writer)


def test_a_device_that_fails_breaks_the_line(tmp_path: Path) -> None:
    channel = transport_for("file:///dev/full", tmp_path).open(NAME)
    with pytest.raises(LineError) as broken:
        hand_over(channel)
    assert not broken.value.sent_nothing
    channel.close()
    with pytest.raises(LineError):
        channel.write(PAYLOAD, 0)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_without_end_is_no_printer_that_answers(device: str, tmp_path: Path) -> None:
    channel = transport_for(f"file://{device}", tmp_path).open(NAME)
    assert not channel.talks
    channel.close()


def test_a_device_that_can_be_read_is_heard_and_gets_every_byte_as_it_is(tmp_path: Path) -> None:
    printer, line = os.openpty()
    os.write(printer, b"said before\n")
    assert os.read(printer, 512)  # the echo of a terminal
    channel = transport_for(f"file://{os.ttyname(line)}", tmp_path).open(NAME)
    assert channel.talks
    assert channel.read(0) == b""
    assert channel.write(bytes(range(256)), 5) == 256
    assert os.read(printer, 512) == bytes(range(256))
    os.write(printer, b"\x12")
    assert channel.read(5) == b"\x12"
    os.close(line)
    channel.finish(1)
    channel.close()
    os.close(printer)
