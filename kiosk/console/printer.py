"""`kiosk printer`: find the printers of this machine, or stand in for one."""

import contextlib
import dataclasses
import datetime as dt
import io
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from kiosk.printing.find import Source
from kiosk.printing.find import find as find_printers
from kiosk.printing.simulator import Faults, Sheet, Simulator

HELP = """\
paper out | paper low | paper ok
cover open | cover closed
cutter stuck | cutter ok
FAULT, FAULT=VALUE or FAULT=no, as with --fault
faults   what goes wrong at this moment
quit
"""
_WORDS: dict[str, dict[str, bool]] = {
    "paper out": {"paper_out": True},
    "paper low": {"paper_out": False, "paper_near_end": True},
    "paper ok": {"paper_out": False, "paper_near_end": False},
    "cover open": {"cover_open": True},
    "cover closed": {"cover_open": False},
    "cutter stuck": {"cutter_stuck": True},
    "cutter ok": {"cutter_stuck": False},
}
_TRUTHS = {"": True, "yes": True, "no": False}
_DEFAULTS: dict[str, object] = {fault.name: fault.default for fault in dataclasses.fields(Faults)}


class FaultError(ValueError):
    """No fault of a printer; the message says which there are."""


def find(sources: Iterable[Source] | None = None) -> int:
    """Print a setting for each printer that is plugged in; everything else is a comment. Return 1 if there is none."""
    found, failures = find_printers(sources)
    for one in found:
        sys.stdout.write(f'# {one.name}\nprinter = "{one.address}"\n')
        sys.stdout.write(f'profile = "{one.profile}"\n\n' if one.profile else "\n")
    for line in failures:
        sys.stdout.write(f"# {line}\n")
    if not found:
        sys.stdout.write("# Aucune imprimante n'est branchée à cette machine.\n")
    return 0 if found else 1


def read_fault(text: str) -> dict[str, object]:
    """Return the change that NAME or NAME=VALUE stands for; raise FaultError."""
    name, _, value = text.strip().replace("-", "_").partition("=")
    if name not in _DEFAULTS:
        raise FaultError(f"{name}: no such fault; there are {', '.join(_DEFAULTS)}")
    try:
        return {name: _value(name, value)}
    except (ValueError, KeyError) as error:
        raise FaultError(f"{name}: {value!r} makes no sense") from error


def _value(name: str, value: str) -> object:
    default = _DEFAULTS[name]
    if isinstance(default, bool):
        return _TRUTHS[value]
    if isinstance(default, str):
        return {"yes": "yes", "late": "late", "missing": "missing"}[value]
    if value == "no":
        return default
    number = float(value) if isinstance(default, float) else int(value)
    if not 0 <= number < 2**31:
        raise ValueError(value)
    return number


def simulate(port: int, output: Path, dots: int, faults: Sequence[str], commands: Iterable[str] | None = None) -> int:
    """Print as a printer on this machine would, a PNG and a .bin per paper, until told to quit or interrupted.

    `commands` are lines that change its faults, standard input if not given. Return 1 when it cannot start.
    """
    try:
        changes = {name: value for text in faults for name, value in read_fault(text).items()}
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
        simulator = Simulator(
            Faults(**changes),  # type: ignore[arg-type]
            port=port,
            dots=dots,
            on_sheet=lambda sheet: _keep(sheet, output),
        )
    except (FaultError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with simulator, contextlib.suppress(KeyboardInterrupt):
        _say(f"{simulator.url}, papers go to {output}; try help")
        for line in commands or sys.stdin:
            if line.strip() == "quit":
                return 0
            _say(_obey(simulator, line.strip()))
        threading.Event().wait()  # without anybody at the keyboard it goes on
    return 0


def _obey(simulator: Simulator, line: str) -> str:
    if line in ("", "help"):
        return HELP.rstrip()
    if line != "faults":
        try:
            simulator.set(**(_WORDS[line] if line in _WORDS else read_fault(line)))
        except FaultError as error:
            return str(error)
    faults = {name: value for name, value in dataclasses.asdict(simulator.faults).items() if value != _DEFAULTS[name]}
    return ", ".join(f"{name}={value}" for name, value in faults.items()) or "nothing goes wrong"


def _keep(sheet: Sheet, output: Path) -> None:
    stem = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}{'' if sheet.whole else '-torn'}"
    picture = io.BytesIO()
    sheet.image.save(picture, format="PNG")
    try:
        (output / f"{stem}.bin").write_bytes(sheet.code)
        (output / f"{stem}.png").write_bytes(picture.getvalue())
    except OSError as error:
        _say(f"{stem}: {error}")
        return
    _say(f"{output / stem}.png")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
