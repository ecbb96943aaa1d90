"""USB printers, through pyusb, with a stand-in for libusb underneath."""

from pathlib import Path
from typing import Any

import pytest

from kiosk.printing.address import UsbAddress, parse_address
from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.transports import transport_for
from kiosk.printing.transports.usb import UsbChannel, UsbTransport
from tests.printing.transports.handing import NAME, PAYLOAD, hand_over
from tests.printing.transports.usb_bus import Bus, Endpoint, Interface, Plugged


def opened(state_dir: Path, *plugged: Plugged, url: str = "usb://04b8:0e15") -> UsbChannel:
    address = parse_address(url)
    assert isinstance(address, UsbAddress)
    return UsbTransport(url, address, state_dir, Bus(*plugged)).open(NAME)


def test_a_ticket_leaves_and_the_kernel_gets_its_printer_back(tmp_path: Path) -> None:
    printer = Plugged()
    channel = opened(tmp_path, printer)
    assert channel.talks
    assert hand_over(channel) == len(PAYLOAD)
    channel.finish(1)
    channel.close()
    channel.close()
    assert printer.received == PAYLOAD
    assert printer.done == ["open", "detach", "claim 0", "release 0", "attach", "close"]


def test_a_transfer_taken_in_part_goes_on_where_it_stopped(tmp_path: Path) -> None:
    printer = Plugged(takes=[100, 64, 1])
    channel = opened(tmp_path, printer)
    assert channel.write(PAYLOAD, 1) == 100
    assert hand_over(channel, PAYLOAD[100:]) == len(PAYLOAD) - 100
    assert printer.received == PAYLOAD
    channel.close()


def test_no_transfer_waits_for_ever(tmp_path: Path) -> None:
    printer = Plugged(takes=[0])
    channel = opened(tmp_path, printer)
    printer.timeouts.clear()
    assert channel.write(PAYLOAD, 2.5) == 0
    assert channel.write(PAYLOAD, 0) > 0
    assert channel.read(0) == b""
    assert printer.timeouts == [2500, 1, 1]
    channel.close()


def test_a_printer_that_is_pulled_out_leaves_nobody_sure(tmp_path: Path) -> None:
    printer = Plugged(takes=[None])
    channel = opened(tmp_path, printer)
    with pytest.raises(LineError) as broken:
        channel.write(PAYLOAD, 1)
    assert not broken.value.sent_nothing
    channel.close()
    with pytest.raises(LineError):
        channel.write(PAYLOAD, 1)


def test_answers_are_heard_and_old_ones_are_not(tmp_path: Path) -> None:
    printer = Plugged(says=[b"\x1a"])
    channel = opened(tmp_path, printer)
    printer.says += [b"", b"\x12\x12"]  # printers with nothing to say send empty packets
    assert channel.read(1) == b"\x12\x12"
    assert channel.read(0) == b""
    printer.says.append(b"")
    assert channel.read(0) == b""
    channel.close()


def test_a_printer_of_one_direction_is_printed_on_and_never_asked(tmp_path: Path) -> None:
    printer = Plugged(interfaces=(Interface(protocol=1, endpoints=(Endpoint(0x01),)),), kernel_driver=False)
    channel = opened(tmp_path, printer)
    assert not channel.talks
    assert channel.read(1) == b""
    assert hand_over(channel) == len(PAYLOAD)
    channel.close()
    assert printer.done == ["open", "claim 0", "release 0", "close"]


def test_among_several_interfaces_the_one_that_answers_is_taken(tmp_path: Path) -> None:
    one_way = Interface(protocol=1, number=1, setting=0)
    two_ways = Interface(protocol=2, number=1, setting=1)
    printer = Plugged(interfaces=(Interface(usb_class=3), one_way, two_ways, Interface(protocol=4, number=2)))
    channel = opened(tmp_path, printer)
    channel.close()
    assert printer.done[:4] == ["open", "detach", "claim 1", "setting 1"]


def test_a_printer_is_configured_only_when_nobody_did(tmp_path: Path) -> None:
    printer = Plugged(configured=False)
    opened(tmp_path, printer).close()
    assert printer.done.count("configure") == 1
    assert "reset" not in printer.done


def test_of_two_of_a_kind_the_serial_number_tells(tmp_path: Path) -> None:
    first, second = Plugged(), Plugged(texts=("EPSON", "TM-T20II", "J5SF002"))
    opened(tmp_path, first, second, url="usb://04b8:0e15/J5SF002").close()
    assert "claim 0" not in first.done
    assert "claim 0" in second.done


@pytest.mark.parametrize(
    "printer",
    [
        Plugged(product=0x0202),
        Plugged(texts=(None, None, None)),
        Plugged(refuses=True),
        Plugged(interfaces=(Interface(usb_class=3),)),
        Plugged(interfaces=(Interface(protocol=4),)),
        Plugged(interfaces=(Interface(endpoints=(Endpoint(0x82),)),)),
    ],
)
def test_a_printer_that_is_not_there_or_not_ours_was_sent_nothing(printer: Plugged, tmp_path: Path) -> None:
    with pytest.raises(NotSentError):
        opened(tmp_path, printer, url="usb://04b8:0e15/J5SF001")
    assert printer.kernel_driver
    opened(tmp_path, Plugged()).close()  # the lock was let go


def test_a_printer_that_may_not_be_opened_was_sent_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotSentError, match="ne s'ouvre pas"):
        opened(tmp_path, Plugged(refuses=True))


def test_a_driver_that_does_not_let_go_was_sent_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(Bus, "is_kernel_driver_active", refused)  # as on systems without such drivers
    with pytest.raises(NotSentError, match="ne s'ouvre pas"):
        opened(tmp_path, Plugged())


def test_the_libusb_that_comes_with_the_kiosk_answers(tmp_path: Path) -> None:
    with pytest.raises(NotSentError):
        transport_for("usb://ffff:ffff", tmp_path).open(NAME)
