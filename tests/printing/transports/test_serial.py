"""A serial port, on a pseudo-terminal of this machine. That has no DSR and CTS lines: these are stood in for."""

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.transports import transport_for
from kiosk.printing.transports.base import claim
from kiosk.printing.transports.serial import SerialChannel, SerialTransport
from tests.printing.transports.handing import NAME, PAYLOAD

PIECE = bytes(range(256)) * 4


@dataclass(frozen=True)
class Cable:
    """A pseudo-terminal: the end of the printer, and the address of the other."""

    printer: int
    url: str


@pytest.fixture
def cable() -> Iterator[Cable]:
    printer, line = os.openpty()
    os.set_blocking(printer, False)
    yield Cable(printer, f"serial://{os.ttyname(line)}?baud=115200")
    os.close(line)
    os.close(printer)


def opened(cable: Cable, state_dir: Path) -> SerialChannel:
    transport = transport_for(cable.url, state_dir)
    assert isinstance(transport, SerialTransport)
    return transport.open(NAME)


def test_every_byte_arrives_as_it_is_and_every_answer_is_heard(cable: Cable, tmp_path: Path) -> None:
    channel = opened(cable, tmp_path)
    assert channel.talks
    arrived = b""
    payload = PIECE * 5
    while len(arrived) < len(payload):
        assert channel.write(payload[len(arrived) :], 5) > 0
        arrived += os.read(cable.printer, 8192)
    assert arrived == payload
    os.write(cable.printer, bytes(range(0x14, 256)))
    assert channel.read(5) == bytes(range(0x14, 256))
    assert channel.read(0) == b""
    assert channel.finish(5) is None
    channel.close()


def test_the_speed_is_that_of_the_address(tmp_path: Path) -> None:
    assert transport_for("serial:///dev/ttyUSB0?baud=9600", tmp_path).bytes_per_second == 960
    assert transport_for("serial:///dev/ttyUSB0", tmp_path).bytes_per_second == 1920


def test_a_printer_that_takes_nothing_more_holds_nobody(cable: Cable, tmp_path: Path) -> None:
    channel = opened(cable, tmp_path)
    taken = 0
    while more := channel.write(PAYLOAD[taken:], 0.02):
        taken += more
    assert 0 < taken < len(PAYLOAD)
    channel.close()


def test_a_printer_may_stop_the_line_by_xoff_and_let_it_go_on(cable: Cable, tmp_path: Path) -> None:
    channel = opened(cable, tmp_path)
    os.write(cable.printer, b"\x13")
    assert channel.write(PIECE, 0.02) == 0
    os.write(cable.printer, b"\x11")
    assert channel.write(PIECE, 5) > 0
    channel.close()


def test_what_was_said_before_this_job_is_no_answer(cable: Cable, tmp_path: Path) -> None:
    opened(cable, tmp_path).close()
    os.write(cable.printer, b"\x1a")
    channel = opened(cable, tmp_path)
    assert channel.read(0) == b""
    channel.close()


def test_a_port_that_is_not_there_is_no_port_or_is_in_use_was_sent_nothing(cable: Cable, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(NotSentError):
            transport_for(f"serial://{path}", tmp_path).open(NAME)
    channel = opened(cable, tmp_path)
    with pytest.raises(NotSentError, match="ne s'ouvre pas"):  # somebody else's kiosk, with a state of its own
        opened(cable, tmp_path / "other")
    channel.close()


def test_a_cable_that_is_pulled_breaks_the_line(tmp_path: Path) -> None:
    printer, line = os.openpty()
    channel = opened(Cable(printer, f"serial://{os.ttyname(line)}"), tmp_path)
    os.close(line)
    os.close(printer)
    for use in (lambda: channel.write(PIECE, 1), lambda: channel.read(1)):
        with pytest.raises(LineError, match="plus branchée"):
            use()
    channel.close()
    channel.close()


class Port:
    """What pyserial gives for a port with modem lines; takes everything at once."""

    def __init__(self, *, dsr: bool, cts: bool) -> None:
        self.dsr, self.cts, self.out_waiting = dsr, cts, 0
        self._end, self._other_end = socket.socketpair()

    def fileno(self) -> int:
        return self._end.fileno()

    def write(self, data: bytes) -> int:
        return len(data)

    def read(self, _: int) -> bytes:
        return b""

    def reset_output_buffer(self) -> None:
        self.out_waiting = 0

    def close(self) -> None:
        self._end.close()
        self._other_end.close()


@pytest.mark.parametrize("line", ["dsr", "cts"])
def test_a_line_that_was_up_and_falls_stops_the_bytes_until_it_rises(line: str, tmp_path: Path) -> None:
    port = Port(dsr=True, cts=True)
    channel = SerialChannel(port, claim("x", tmp_path), 64)
    assert channel.write(PIECE, 1) == 64
    setattr(port, line, False)
    assert channel.write(PIECE, 0) == 0
    setattr(port, line, True)
    assert channel.write(PIECE, 1) == 64
    channel.close()


def test_a_cable_of_three_wires_is_written_to(tmp_path: Path) -> None:
    channel = SerialChannel(Port(dsr=False, cts=False), claim("x", tmp_path), 64)
    assert channel.write(PIECE, 1) == 64
    channel.close()


def test_what_the_port_still_holds_is_waited_for(tmp_path: Path) -> None:
    port = Port(dsr=True, cts=True)
    channel = SerialChannel(port, claim("x", tmp_path), 64)
    port.out_waiting = 64
    assert channel.write(PIECE, 0) == 0
    with pytest.raises(LineError, match="ne prend plus rien"):
        channel.finish(0)
    port.out_waiting = 0
    channel.finish(0)
    channel.close()
