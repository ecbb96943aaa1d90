"""Where a printer is, as a setting names it. Light to import: settings are read before anything is drawn."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

VIRTUAL = "virtual:"
EXPECTED = "virtual:, tcp://192.0.2.7:9100 ou file:///dev/usb/lp0"


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
class VirtualAddress:
    """No printer: tickets become pictures in the state directory."""


Address = TcpAddress | DeviceAddress | VirtualAddress


def parse_address(url: str) -> Address:
    """Return the address that `url` names; raise AddressError."""
    with contextlib.suppress(ValueError):  # urlsplit, on brackets or a port that are none
        parts = urlsplit(url)
        if url == VIRTUAL:
            return VirtualAddress()
        if parts.scheme == "tcp" and parts.hostname and parts.port and _is_bare(parts):
            return TcpAddress(parts.hostname, parts.port)
        if parts.scheme == "file" and not parts.netloc and len(parts.path) > 1:
            return DeviceAddress(Path(parts.path))
    raise AddressError(f"Imprimante attendue : {EXPECTED}.")


def _is_bare(parts: SplitResult) -> bool:
    return not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
