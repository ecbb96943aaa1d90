"""What is found on a machine, and what is said where nothing can be looked for."""

import os
from pathlib import Path

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from kiosk.printing import find
from kiosk.printing.address import parse_address
from kiosk.printing.find import Found, SourceError
from tests.printing.transports.usb_bus import Bus, Interface, Plugged


def usb(*plugged: Plugged) -> list[Found]:
    return find.usb_printers(Bus(*plugged))


def test_a_usb_printer_is_an_address_with_its_serial_number_and_its_profile() -> None:
    assert usb(Plugged(), Plugged(interfaces=(Interface(usb_class=3),))) == [
        Found("EPSON TM-T20II, en USB", "usb://04b8:0e15/J5SF001", "TM-T20II")
    ]


@pytest.mark.parametrize(
    ("product", "profile"),
    [("TM-T88V", "TM-T88V"), ("TM-T88VI", None), ("TM-T88", None), ("TMT20II", "TM-T20II"), ("USB Printing", None)],
)
def test_a_profile_is_only_offered_when_the_model_is_named(product: str, profile: str | None) -> None:
    [found] = usb(Plugged(texts=("EPSON", product, None)))
    assert found.profile == profile


def test_what_a_device_says_of_itself_cannot_steer_the_terminal_nor_the_setting() -> None:
    hostile, quoted = Plugged(texts=("\x1b[2J", "x\n", "a\nb")), Plugged(texts=("Q", "\\", 'a"\\/b'))
    first, second = usb(hostile, quoted)
    assert first == Found("?[2J x?, en USB", "usb://04b8:0e15")
    assert second.address == "usb://04b8:0e15/a%22%5C%2Fb"
    assert parse_address(second.address)


def test_a_usb_printer_without_texts_or_that_may_not_be_opened_is_still_found() -> None:
    nameless, closed = usb(Plugged(texts=(None, None, None)), Plugged(refuses=True))
    assert nameless.name == "Imprimante sans nom, en USB"
    assert "n'a pas le droit" in closed.name
    assert nameless.address == closed.address == "usb://04b8:0e15"


def test_without_libusb_this_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libusb_package.get_libusb1_backend", lambda: None)
    monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda *_, **__: None)
    monkeypatch.setattr("usb.backend.libusb0.get_backend", lambda *_, **__: None)
    monkeypatch.setattr("usb.backend.openusb.get_backend", lambda *_, **__: None)
    with pytest.raises(SourceError, match="libusb"):
        find.usb_printers()


def test_a_bus_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Bus, "enumerate_devices", refused)
    with pytest.raises(SourceError, match="USB"):
        usb()


def test_the_devices_of_the_kernel_are_found(tmp_path: Path) -> None:
    for name in ("lp1", "lp0", "other"):
        (tmp_path / name).touch()
    assert [found.address for found in find.device_files(tmp_path)] == [f"file://{tmp_path}/lp{n}" for n in (0, 1)]
    assert find.device_files(tmp_path / "absent") == []


def test_a_device_that_may_not_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lp0").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    [found] = find.device_files(tmp_path)
    assert "n'a pas le droit d'écrire" in found.name


def test_serial_ports_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter, bare = ListPortInfo("/dev/ttyUSB0"), ListPortInfo("/dev/ttyS0")
    adapter.description = "FT232R\x1b"
    monkeypatch.setattr(list_ports, "comports", lambda: [adapter, bare])
    first, second = find.serial_ports()
    assert "/dev/ttyS0" in first.name
    assert second.address == "serial:///dev/ttyUSB0?baud=19200"
    assert "FT232R?" in second.name


def test_the_queues_of_cups_are_found_and_its_silence_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}")
    assert find.cups_queues() == []
    lpstat = tmp_path / "lpstat"
    lpstat.write_text('#!/bin/sh\n[ "$1" = -e ] && echo TICKETS && echo "-d"\n')
    lpstat.chmod(0o755)
    assert [found.address for found in find.find([find.cups_queues])[0]] == ["cups:TICKETS"]  # the other is no address
    lpstat.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(SourceError, match="CUPS"):
        find.cups_queues()


def test_a_source_that_fails_does_not_hide_the_others() -> None:
    def failing() -> list[Found]:
        raise SourceError("USB : non.")

    here = Found("x", "cups:TICKETS")
    assert find.find([failing, lambda: [here]]) == ([here], ["USB : non."])


def test_this_machine_can_be_looked_at() -> None:
    for found in find.find()[0]:
        assert parse_address(found.address)
