"""Where a printer is, as a setting names it. Light to import: settings are read before anything is drawn."""

import contextlib
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

VIRTUAL = "virtual:"
EXPECTED = (
    "virtual:, tcp://192.0.2.7:9100, file:///dev/usb/lp0, serial:///dev/ttyUSB0?baud=19200, "
    "usb://04b8:0e15 ou cups:TICKETS"
)
BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)
DEFAULT_BAUD = 19200

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_BAUD = re.compile(r"baud=([0-9]{4,6})")
_USB = re.compile(r"usb://([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?:/([^/?#]+))?")
_CUPS = re.compile(r"cups:([A-Za-z0-9_][A-Za-z0-9_.@-]{0,126})")


class AddressError(ValueError):
    """Not the address of a printer; the message says what one looks like."""


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A network printer that takes raw bytes."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class DeviceAddress:
    """A character device, or a file that is there already."""

    path: Path


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """A serial port, and the speed that the printer is set to, in bits per second."""

    path: Path
    baud: int


@dataclass(frozen=True, slots=True)
class UsbAddress:
    """A USB printer by vendor and product; by serial number too, where two of a kind are plugged in."""

    vendor: int
    product: int
    serial: str | None

    @property
    def url(self) -> str:
        """Return this address as a setting writes it."""
        serial = f"/{quote(self.serial, safe='')}" if self.serial else ""
        return f"usb://{self.vendor:04x}:{self.product:04x}{serial}"


@dataclass(frozen=True, slots=True)
class CupsAddress:
    """A queue of CUPS on this machine."""

    queue: str


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """No printer: tickets become pictures in the state directory."""


Address = TcpAddress | DeviceAddress | SerialAddress | UsbAddress | CupsAddress | VirtualAddress


def parse_address(url: str) -> Address:
    """Return the address that `url` names; raise AddressError."""
    if url == VIRTUAL:
        return VirtualAddress()
    scheme, _, _ = url.partition(":")
    address: Address | None = None
    # urlsplit drops tabs and line ends in silence, and raises ValueError on brackets or a port that are none.
    with contextlib.suppress(ValueError):
        if url.isprintable() and scheme in _PARSERS:
            address = _PARSERS[scheme](url)
    if address is None:
        raise AddressError(f"Imprimante attendue : {EXPECTED}.")
    return address


def _tcp(url: str) -> TcpAddress | None:
    parts = urlsplit(url)
    extra = parts.path.strip("/") or "?" in url or "#" in url or "@" in parts.netloc
    if extra or not parts.hostname or not parts.port or not _is_host(parts.hostname, bracketed="[" in parts.netloc):
        return None
    return TcpAddress(parts.hostname, parts.port)


def _is_host(host: str, *, bracketed: bool) -> bool:
    return bool(ipaddress.IPv6Address(host) if bracketed else _HOST.fullmatch(host))


def _device(url: str) -> DeviceAddress | None:
    path = _path(url)
    return DeviceAddress(path) if path and "?" not in url else None


def _serial(url: str) -> SerialAddress | None:
    path, query = _path(url.partition("?")[0]), urlsplit(url).query
    if "?" not in url:
        return SerialAddress(path, DEFAULT_BAUD) if path else None
    baud = _BAUD.fullmatch(query)
    if not path or not baud or int(baud[1]) not in BAUDS:
        return None
    return SerialAddress(path, int(baud[1]))


def _path(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(parts.path) if not parts.netloc and len(parts.path) > 1 and "#" not in url else None


def _usb(url: str) -> UsbAddress | None:
    if not (parts := _USB.fullmatch(url)):
        return None
    serial = unquote(parts[3], errors="strict") if parts[3] else None
    if serial and not serial.isprintable():
        return None
    return UsbAddress(int(parts[1], 16), int(parts[2], 16), serial)


def _cups(url: str) -> CupsAddress | None:
    name = _CUPS.fullmatch(url)
    return CupsAddress(name[1]) if name else None


_PARSERS = {"tcp": _tcp, "file": _device, "serial": _serial, "usb": _usb, "cups": _cups}
