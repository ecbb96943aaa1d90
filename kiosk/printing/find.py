"""What is plugged into this machine that may be a ticket printer, as addresses that a setting can hold."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.printing.address import DEFAULT_BAUD, AddressError, UsbAddress, parse_address
from kiosk.printing.errors import PrintingError
from kiosk.printing.profiles import profile_names

QUEUES_SECONDS = 5.0
_DEVICES = Path("/dev/usb")


class SourceError(PrintingError):
    """Here nothing could be looked for; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that may be a printer."""

    name: str
    address: str
    profile: str | None = None  # python-escpos' name of the model, where it is certain


Source = Callable[[], Sequence[Found]]


def find(sources: Iterable[Source] | None = None) -> tuple[list[Found], list[str]]:
    """Return what was found, and a line for each source that failed."""
    found: list[Found] = []
    failures: list[str] = []
    for source in sources or (usb_printers, device_files, serial_ports, cups_queues):
        try:
            found += [one for one in source() if _is_address(one.address)]
        except SourceError as error:
            failures.append(str(error))
    return found, failures


def usb_printers(backend: Any = None) -> list[Found]:
    """Return the USB printers, by vendor, product and serial number. `backend` is pyusb's, else libusb. SourceError."""
    from kiosk.printing.transports.usb import printers

    try:
        return [_usb_printer(device) for device in printers(backend)]
    except (OSError, ValueError, NotImplementedError) as error:  # ValueError: pyusb found no libusb
        raise SourceError("USB : la recherche n'est pas possible sur cette machine (libusb ne répond pas).") from error


def _usb_printer(device: Any) -> Found:
    address = UsbAddress(device.idVendor, device.idProduct, None)
    try:
        texts = [_clean(text) for text in (device.manufacturer, device.product) if text]
        serial = device.serial_number
    except (OSError, ValueError, NotImplementedError):
        return Found("Imprimante USB, nom illisible : l'application n'a pas le droit de l'ouvrir", address.url)
    if serial and serial.isprintable():
        address = UsbAddress(device.idVendor, device.idProduct, serial)
    name = " ".join(texts) or "Imprimante sans nom"
    return Found(f"{name}, en USB", address.url, _profile_in(name))


def device_files(directory: Path = _DEVICES) -> list[Found]:
    """Return the printers that the kernel's usblp holds."""
    return [Found(f"{path}{_access(path)}", f"file://{path}") for path in sorted(directory.glob("lp*"))]


def _access(path: Path) -> str:
    return "" if os.access(path, os.W_OK) else ", que l'application n'a pas le droit d'écrire"


def serial_ports() -> list[Found]:
    """Return the serial ports; whether a printer is at the other end, a port does not say. SourceError."""
    from serial.tools import list_ports

    try:
        ports = sorted(list_ports.comports())
    except OSError as error:
        raise SourceError("Ports série : la liste n'est pas lisible.") from error
    return [
        Found(
            f"Port série {_name(port)} : la vitesse se lit sur le test que l'imprimante fait d'elle-même",
            f"serial://{port.device}?baud={DEFAULT_BAUD}",
        )
        for port in ports
    ]


def _name(port: Any) -> str:
    known = port.description not in (None, "", "n/a")
    return _clean(port.description if known else port.device)


def cups_queues() -> list[Found]:
    """Return the queues of CUPS, if it is installed. SourceError."""
    if not shutil.which("lpstat"):
        return []
    environment = os.environ | {"LC_ALL": "C"}
    try:
        listed = subprocess.run(
            ["lpstat", "-e"], capture_output=True, timeout=QUEUES_SECONDS, env=environment, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SourceError("CUPS : le service d'impression ne répond pas.") from error
    names = listed.stdout.decode(errors="replace").split()
    return [Found(f"File d'impression CUPS {_clean(name)}", f"cups:{name}") for name in names]


def _profile_in(name: str) -> str | None:
    """Return the profile that a word of the name is; part of a word is another model (TM-T88V, TM-T88VI)."""
    profiles = {_plain(profile): profile for profile in profile_names()}
    return next((profiles[word] for word in map(_plain, name.split()) if word in profiles), None)


def _plain(name: str) -> str:
    return name.replace("-", "").upper()


def _clean(text: str) -> str:
    """Return a text that a device gave of itself, without what would steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text).strip()


def _is_address(url: str) -> bool:
    try:
        parse_address(url)
    except AddressError:
        return False
    return True
