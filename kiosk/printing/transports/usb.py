"""Printers on USB, spoken to without the kernel's usblp: vendor and product find them wherever they are plugged in."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.printing.address import UsbAddress
from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.transports.base import CHUNK_BYTES, Claim, Deadline, claim, job_name

PRINTER_CLASS = 7
_IPP = 4  # the protocol of an interface that speaks HTTP, not bytes for a print head
_READ_BYTES = 512  # whole packets of any speed: less would overflow
_STALE_READS = 16
_STALE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class UsbTransport:
    """A printer by vendor, product and perhaps serial number. See base.Transport."""

    address: str
    wanted: UsbAddress
    state_dir: Path
    backend: Any = None  # of pyusb; None: the libusb that comes with the package
    bytes_per_second: int | None = None

    def open(self, name: str) -> "UsbChannel":
        """Take the printer's interface from the kernel, for this job."""
        job_name(name)
        held = claim(self.wanted.url, self.state_dir)
        try:
            return UsbChannel(_Interface(self._find()), held)
        except NotSentError:
            held.release()
            raise
        except _usb_errors() as error:
            held.release()
            raise NotSentError("L'imprimante USB ne s'ouvre pas. Rien n'est imprimé.") from error

    def _find(self) -> Any:
        for device in printers(self.backend):
            if (device.idVendor, device.idProduct) == (self.wanted.vendor, self.wanted.product) and (
                self.wanted.serial in (None, serial_number(device))
            ):
                return device
        raise NotSentError("L'imprimante USB n'est pas branchée. Rien n'est imprimé.")


def printers(backend: Any = None) -> Iterator[Any]:
    """Yield pyusb's device for everything plugged in that is a printer; raise OSError or ValueError of pyusb."""
    import libusb_package
    import usb.core

    backend = backend or libusb_package.get_libusb1_backend()
    for device in usb.core.find(find_all=True, backend=backend):
        if any(_is_printer(interface) for configuration in device for interface in configuration):
            yield device


def serial_number(device: Any) -> str | None:
    """Return the serial number of a device; None if it has none or may not be asked."""
    try:
        number: str | None = device.serial_number
    except _usb_errors():
        return None
    return number


def _usb_errors() -> tuple[type[Exception], ...]:
    """Return what pyusb raises: USBError is an OSError, ValueError says that a device hides its texts."""
    return OSError, ValueError, NotImplementedError


def _is_printer(interface: Any) -> bool:
    return bool(interface.bInterfaceClass == PRINTER_CLASS and interface.bInterfaceProtocol != _IPP)


class _Interface:
    """The claimed interface of a printer, and its two bulk endpoints."""

    def __init__(self, device: Any) -> None:
        self._device = device
        chosen = self._choose()
        self._number: int = chosen.bInterfaceNumber
        self._detached = False
        try:
            self._take(chosen)
        except _usb_errors():
            self.give_back()
            raise
        self.writer = self._endpoint(chosen, is_input=False)
        self.reader = self._endpoint(chosen, is_input=True)
        if self.writer is None:
            self.give_back()
            raise NotSentError("Cette imprimante USB n'a pas d'entrée. Rien n'est imprimé.")

    def _choose(self) -> Any:
        """Return the interface that answers (protocol 2 or 3) if there is one.

        A device that is configured is neither configured again nor reset: others may be using it, and it forgets.
        """
        import usb.core

        try:
            configuration = self._device.get_active_configuration()
        except usb.core.USBError:
            self._device.set_configuration()
            configuration = self._device.get_active_configuration()
        interfaces = [interface for interface in configuration if _is_printer(interface)]
        if not interfaces:
            raise NotSentError("Cette imprimante USB n'a pas d'entrée. Rien n'est imprimé.")
        return max(interfaces, key=lambda interface: (interface.bInterfaceProtocol in (2, 3), -interface.index))

    def _take(self, chosen: Any) -> None:
        import usb.util

        with contextlib.suppress(NotImplementedError):  # a system where nothing is to be detached
            if self._device.is_kernel_driver_active(self._number):
                self._device.detach_kernel_driver(self._number)
                self._detached = True
        usb.util.claim_interface(self._device, self._number)
        if chosen.bAlternateSetting:
            chosen.set_altsetting()

    @staticmethod
    def _endpoint(chosen: Any, *, is_input: bool) -> Any:
        import usb.util

        direction = usb.util.ENDPOINT_IN if is_input else usb.util.ENDPOINT_OUT
        for endpoint in chosen:
            is_bulk = usb.util.endpoint_type(endpoint.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
            if is_bulk and usb.util.endpoint_direction(endpoint.bEndpointAddress) == direction:
                return endpoint
        return None

    def give_back(self) -> None:
        """Release the interface and hand it to the kernel's driver again, if that had it. Never raises."""
        import usb.util

        with contextlib.suppress(*_usb_errors()):
            usb.util.release_interface(self._device, self._number)
        if self._detached:
            with contextlib.suppress(*_usb_errors()):
                self._device.attach_kernel_driver(self._number)
        with contextlib.suppress(*_usb_errors()):
            usb.util.dispose_resources(self._device)


class UsbChannel:
    """A claimed printer. See base.Channel."""

    def __init__(self, interface: _Interface, held: Claim) -> None:
        self._interface: _Interface | None = interface
        self._held = held
        self.talks = interface.reader is not None
        self._forget_what_was_said()

    def write(self, data: bytes, seconds: float) -> int:
        """See base.Channel. A transfer that runs out of time may have been taken in part: its count is believed."""
        import usb.core

        try:
            taken: int = self._open_interface().writer.write(data[:CHUNK_BYTES], _milliseconds(seconds))
        except usb.core.USBTimeoutError:
            return 0
        except usb.core.USBError as error:
            raise LineError("L'imprimante USB ne répond plus.") from error
        return taken

    def read(self, seconds: float) -> bytes:
        """See base.Channel."""
        import usb.core

        interface = self._open_interface()
        if interface.reader is None:
            return b""
        deadline = Deadline(seconds)
        try:
            while not (said := bytes(interface.reader.read(_READ_BYTES, _milliseconds(deadline.left)))):
                if not deadline.left:  # printers with nothing to say answer with empty packets
                    return b""
        except usb.core.USBTimeoutError:
            return b""
        except usb.core.USBError as error:
            raise LineError("L'imprimante USB ne répond plus.") from error
        return said

    def finish(self, seconds: float) -> Path | None:
        """See base.Channel. Nothing is left here: every transfer was waited for."""
        return None

    def close(self) -> None:
        """See base.Channel."""
        if self._interface is not None:
            interface, self._interface = self._interface, None
            interface.give_back()
        self._held.release()

    def _open_interface(self) -> _Interface:
        if self._interface is None:
            raise LineError("L'imprimante n'est plus ouverte.", sent_nothing=True)
        return self._interface

    def _forget_what_was_said(self) -> None:
        with contextlib.suppress(LineError):
            for _ in range(_STALE_READS):
                if not self.read(_STALE_SECONDS):
                    return


def _milliseconds(seconds: float) -> int:
    """Return a time for libusb, where 0 would mean for ever."""
    return max(1, round(1000 * seconds))
