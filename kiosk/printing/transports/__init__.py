"""How bytes leave for a printer, and how answers come back. Nothing here knows what the bytes mean."""

from pathlib import Path

from kiosk.printing.address import (
    CupsAddress,
    DeviceAddress,
    SerialAddress,
    TcpAddress,
    UsbAddress,
    VirtualAddress,
    parse_address,
)
from kiosk.printing.paper import HEAD_DOTS
from kiosk.printing.transports.base import Channel, Transport
from kiosk.printing.transports.cups import CupsTransport
from kiosk.printing.transports.device import DeviceTransport
from kiosk.printing.transports.serial import SerialTransport
from kiosk.printing.transports.tcp import TcpTransport
from kiosk.printing.transports.usb import UsbTransport
from kiosk.printing.transports.virtual import VirtualTransport

__all__ = ["Channel", "Transport", "transport_for"]


def transport_for(url: str, state_dir: Path, dots: int = HEAD_DOTS) -> Transport:
    """Return the way to the printer that a setting names; raise AddressError. A virtual head is `dots` wide."""
    match parse_address(url):
        case TcpAddress(host, port):
            return TcpTransport(url, host, port, state_dir)
        case DeviceAddress(path):
            return DeviceTransport(url, path, state_dir)
        case SerialAddress(path, baud):
            return SerialTransport(url, path, baud, state_dir)
        case UsbAddress() as wanted:
            return UsbTransport(url, wanted, state_dir)
        case CupsAddress(queue):
            return CupsTransport(url, queue, state_dir)
        case VirtualAddress():
            return VirtualTransport(url, state_dir / "tickets", state_dir, dots)
