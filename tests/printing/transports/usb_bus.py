"""What stands in for libusb: no USB device is plugged into a machine that tests. pyusb itself is the real one."""

import errno
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

BULK, INTERRUPT = 2, 3
LIBUSB_TIMEOUT = -7


@dataclass
class Endpoint:
    address: int
    kind: int = BULK


@dataclass
class Interface:
    """One setting of one interface."""

    usb_class: int = 7
    protocol: int = 2
    endpoints: tuple[Endpoint, ...] = (Endpoint(0x03), Endpoint(0x81, INTERRUPT), Endpoint(0x82), Endpoint(0x01))
    number: int = 0
    setting: int = 0


@dataclass
class Plugged:
    """One device: what it is, what happens to it, what it was asked to do."""

    vendor: int = 0x04B8
    product: int = 0x0E15
    texts: tuple[str | None, str | None, str | None] = ("EPSON", "TM-T20II", "J5SF001")
    interfaces: tuple[Interface, ...] = (Interface(),)
    configured: bool = True
    kernel_driver: bool = True
    refuses: bool = False  # no right to open it
    takes: list[int | None] = field(default_factory=list)  # of each transfer in turn; None: fails; empty: everything
    says: list[bytes] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    timeouts: list[int] = field(default_factory=list)  # milliseconds
    done: list[str] = field(default_factory=list)


class Bus(usb.backend.IBackend):  # type: ignore[misc]
    """A backend of pyusb with these devices on it."""

    def __init__(self, *devices: Plugged) -> None:
        super().__init__()
        self._devices = devices

    def enumerate_devices(self) -> Iterator[Plugged]:
        return iter(self._devices)

    def get_parent(self, dev: Plugged) -> None:
        return None

    def get_device_descriptor(self, dev: Plugged) -> Any:
        indexes = [number if text else 0 for number, text in enumerate(dev.texts, 1)]
        return SimpleNamespace(
            **dict.fromkeys(("bLength", "bDescriptorType", "bDeviceSubClass", "bDeviceProtocol", "bcdDevice"), 0),
            **dict.fromkeys(("address", "bus", "port_number", "speed", "bDeviceClass"), 0),
            **dict(zip(("iManufacturer", "iProduct", "iSerialNumber"), indexes, strict=True)),
            bcdUSB=0x200,
            bMaxPacketSize0=64,
            idVendor=dev.vendor,
            idProduct=dev.product,
            bNumConfigurations=1,
            port_numbers=None,
        )

    def get_configuration_descriptor(self, dev: Plugged, config: int) -> Any:
        if config:
            raise IndexError
        names = ("bLength", "bDescriptorType", "wTotalLength", "iConfiguration", "bmAttributes", "bMaxPower")
        numbers = {interface.number for interface in dev.interfaces}
        return SimpleNamespace(
            **dict.fromkeys(names, 0), bNumInterfaces=len(numbers), bConfigurationValue=1, extra_descriptors=[]
        )

    def get_interface_descriptor(self, dev: Plugged, intf: int, alt: int, config: int) -> Any:
        interface = [interface for interface in dev.interfaces if interface.number == intf][alt]
        return SimpleNamespace(
            **dict.fromkeys(("bLength", "bDescriptorType", "bInterfaceSubClass", "iInterface"), 0),
            bInterfaceNumber=intf,
            bAlternateSetting=interface.setting,
            bNumEndpoints=len(interface.endpoints),
            bInterfaceClass=interface.usb_class,
            bInterfaceProtocol=interface.protocol,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(self, dev: Plugged, ep: int, intf: int, alt: int, config: int) -> Any:
        endpoint = [interface for interface in dev.interfaces if interface.number == intf][alt].endpoints[ep]
        return SimpleNamespace(
            **dict.fromkeys(("bLength", "bDescriptorType", "bInterval", "bRefresh", "bSynchAddress"), 0),
            bEndpointAddress=endpoint.address,
            bmAttributes=endpoint.kind,
            wMaxPacketSize=64,
            extra_descriptors=[],
        )

    def open_device(self, dev: Plugged) -> Plugged:
        if dev.refuses:
            raise usb.core.USBError("Access denied (insufficient permissions)", -3, errno.EACCES)
        dev.done.append("open")
        return dev

    def close_device(self, dev_handle: Plugged) -> None:
        dev_handle.done.append("close")

    def set_configuration(self, dev_handle: Plugged, config_value: int) -> None:
        dev_handle.done.append("configure")
        dev_handle.configured = True

    def get_configuration(self, dev_handle: Plugged) -> int:
        return int(dev_handle.configured)

    def set_interface_altsetting(self, dev_handle: Plugged, intf: int, altsetting: int) -> None:
        dev_handle.done.append(f"setting {altsetting}")

    def claim_interface(self, dev_handle: Plugged, intf: int) -> None:
        if dev_handle.kernel_driver:
            raise usb.core.USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.done.append(f"claim {intf}")

    def release_interface(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.done.append(f"release {intf}")

    def is_kernel_driver_active(self, dev_handle: Plugged, intf: int) -> bool:
        return dev_handle.kernel_driver

    def detach_kernel_driver(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.done.append("detach")
        dev_handle.kernel_driver = False

    def attach_kernel_driver(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.done.append("attach")
        dev_handle.kernel_driver = True

    def reset_device(self, dev_handle: Plugged) -> None:
        dev_handle.done.append("reset")

    def bulk_write(self, dev_handle: Plugged, ep: int, intf: int, data: "array[int]", timeout: int) -> int:
        dev_handle.timeouts.append(timeout)
        taken = dev_handle.takes.pop(0) if dev_handle.takes else len(data)
        if taken is None:
            raise usb.core.USBError("No such device (it may have been disconnected)", -4, errno.ENODEV)
        if not taken:
            raise usb.core.USBTimeoutError("Operation timed out", LIBUSB_TIMEOUT, errno.ETIMEDOUT)
        dev_handle.received += data.tobytes()[:taken]
        return taken

    def bulk_read(self, dev_handle: Plugged, ep: int, intf: int, buff: "array[int]", timeout: int) -> int:
        dev_handle.timeouts.append(timeout)
        if not dev_handle.says:
            raise usb.core.USBTimeoutError("Operation timed out", LIBUSB_TIMEOUT, errno.ETIMEDOUT)
        said = dev_handle.says.pop(0)
        buff[: len(said)] = array("B", said)
        return len(said)

    def ctrl_transfer(
        self,
        dev_handle: Plugged,
        bm_request_type: int,
        b_request: int,
        w_value: int,
        w_index: int,
        data: "array[int]",
        timeout: int,
    ) -> int:
        """Answer GET_DESCRIPTOR of strings, the only control transfer that is asked for."""
        number = w_value & 0xFF
        text = (dev_handle.texts[number - 1] or "").encode("utf-16-le") if number else b"\x09\x04"
        answer = bytes([len(text) + 2, 3]) + text
        data[: len(answer)] = array("B", answer)
        return len(answer)
