"""How bytes leave for a printer, and how answers come back. Nothing here knows what the bytes mean."""

from pathlib import Path

from kiosk.printing.address import DeviceAddress, TcpAddress, VirtualAddress, parse_address
from kiosk.printing.transports.base import Channel, Transport
from kiosk.printing.transports.tcp import TcpTransport

__all__ = ["Channel", "Transport", "transport_for"]


def transport_for(url: str, state_dir: Path) -> Transport:
    """Return the way to the printer that a setting names; raise AddressError."""
    match parse_address(url):
        case TcpAddress(host, port):
            return TcpTransport(url, host, port, state_dir)
        case DeviceAddress() | VirtualAddress():
            raise NotImplementedError
