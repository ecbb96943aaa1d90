"""Which texts name a printer; all others are one line that says what was expected."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.printing.address import (
    Address,
    AddressError,
    CupsAddress,
    DeviceAddress,
    SerialAddress,
    TcpAddress,
    UsbAddress,
    VirtualAddress,
    parse_address,
)

GOOD: dict[str, Address] = {
    "virtual:": VirtualAddress(),
    "tcp://192.0.2.7:9100": TcpAddress("192.0.2.7", 9100),
    "tcp://imprimante-2.exemple.fr:9100": TcpAddress("imprimante-2.exemple.fr", 9100),
    "tcp://[2001:db8::7]:9100": TcpAddress("2001:db8::7", 9100),
    "file:///dev/usb/lp0": DeviceAddress(Path("/dev/usb/lp0")),
    "file:///home/a b/lp": DeviceAddress(Path("/home/a b/lp")),
    "serial:///dev/ttyUSB0": SerialAddress(Path("/dev/ttyUSB0"), 19200),
    "serial:///dev/ttyUSB0?baud=115200": SerialAddress(Path("/dev/ttyUSB0"), 115200),
    "usb://04b8:0e15": UsbAddress(0x04B8, 0x0E15, None),
    "usb://04B8:0E15/J5%2F1": UsbAddress(0x04B8, 0x0E15, "J5/1"),
    "cups:TICKETS_2": CupsAddress("TICKETS_2"),
}
BAD = [
    "",
    "lp0",
    "virtual",
    "virtual:x",
    "tcp:",
    "tcp://",
    "tcp://h",
    "tcp://h:0",
    "tcp://h:x",
    "tcp://h:99999",
    "tcp://[h:1",
    "tcp://[v1.x]:1",
    "tcp://a b:1",
    "tcp://-x:1",
    "tcp://h\n:9100",
    "tcp://h:9100\n",
    "tcp://h:9100/queue",
    "tcp://h:9100?x",
    "tcp://h:9100#x",
    "tcp://me@h:9100",
    "file:",
    "file://",
    "file:///",
    "file://h/dev/usb/lp0",
    "file:///dev/usb/lp0?x=1",
    "file:///dev/usb/lp0#1",
    "file:///dev/\0lp0",
    "serial://",
    "serial://ttyUSB0",
    "serial:///dev/ttyUSB0?",
    "serial:///dev/ttyUSB0?baud=",
    "serial:///dev/ttyUSB0?baud=12345",
    "serial:///dev/ttyUSB0?baud=١٩٢٠٠",
    "serial:///dev/ttyUSB0?baud=19200&parity=E",
    "serial:///dev/ttyUSB0#1",
    "usb:",
    "usb://",
    "usb://04b8",
    "usb://4b8:e15",
    "usb://04b8:0e15/",
    "usb://04b8:0e15/a/b",
    "usb://04b8:0e15/%FF",
    "usb://04b8:0e15/%0A",
    "cups:",
    "cups:-d",
    "cups:a b",
    "cups:a/b",
    "http://h:80",
    "TCP://h:9100",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_setting_names_a_printer(url: str) -> None:
    assert parse_address(url) == GOOD[url]


@pytest.mark.parametrize("url", BAD)
def test_a_setting_that_names_none_is_told_what_is_expected(url: str) -> None:
    with pytest.raises(AddressError) as error:
        parse_address(url)
    line = str(error.value)
    assert "\n" not in line
    for example in (
        "virtual:",
        "tcp://192.0.2.7:9100",
        "file:///dev/usb/lp0",
        "?baud=19200",
        "usb://04b8:0e15",
        "cups:",
    ):
        assert example in line


@given(st.one_of(st.text(), st.sampled_from([*GOOD, *BAD]).flatmap(lambda url: st.text().map(url.__add__))))
def test_whatever_is_written_is_an_address_or_an_address_error(url: str) -> None:
    try:
        parse_address(url)
    except AddressError:
        return
    assert url.isprintable()


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.text().filter(lambda text: text.isprintable() and text != ""))
def test_an_address_that_is_offered_for_pasting_names_the_same_printer(vendor: int, product: int, serial: str) -> None:
    address = UsbAddress(vendor, product, serial)
    assert parse_address(address.url) == address
