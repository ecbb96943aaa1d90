"""`kiosk printer`: find the printers of this machine, try the one that is set, or stand in for one."""

import contextlib
import dataclasses
import datetime as dt
import io
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kiosk.printing.driver import Driver, Patience, Step, Trial
from kiosk.printing.errors import PrintingError
from kiosk.printing.facts import PrinterCard
from kiosk.printing.find import Source
from kiosk.printing.find import find as find_printers
from kiosk.printing.profiles import form_for
from kiosk.printing.service import render
from kiosk.printing.simulator import Faults, Sheet, Simulator
from kiosk.printing.spool import PLACE, Learned, Proof, Spool, State
from kiosk.printing.status import Health
from kiosk.printing.transports import transport_for
from kiosk.settings import Settings, SettingsError, load

PRINTED, NOT_PRINTED, NOT_KNOWN = 0, 1, 3  # exit codes of a trial

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

_RESULTS = {
    Proof.PROCESS_ID: "La page d'essai est sortie : l'imprimante l'a confirmé après la coupe.",
    Proof.PROCESSED: "L'imprimante a traité toute la page d'essai.",
    Proof.FILE: "La page d'essai est dans un fichier : il n'y a pas d'imprimante.",
    None: "La page d'essai est partie. Personne ne sait si elle est sortie en entier : regardez le papier.",
}
_HINTS = {
    Health.PAPER_OUT: "Il n'y a plus de papier. Mettez un rouleau, fermez le capot et recommencez.",
    Health.COVER_OPEN: "Le capot est ouvert. Fermez-le jusqu'au déclic et recommencez.",
    Health.CUTTER: "Le couteau est bloqué. Éteignez l'imprimante, ouvrez le capot, retirez le papier coincé.",
    Health.FAULT: "L'imprimante signale une panne. Éteignez-la, attendez un peu, rallumez-la et recommencez.",
    Health.OFFLINE: "L'imprimante ne prend rien. Regardez le papier, le capot et le bouton de pause.",
    Health.SILENT: "L'imprimante ne répond plus. Regardez le papier, le capot et le câble.",
    Health.UNREACHABLE: "L'imprimante n'est pas joignable. Regardez si elle est allumée, branchée, et libre.",
}
_NEAR_END = "Le rouleau est presque fini. Préparez-en un autre."


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


def trial(environ: Mapping[str, str], patience: Patience | None = None) -> int:
    """Print the test card on the printer that is set, and remember what it showed of itself.

    Return 0 when it is printed with a proof, 3 when nobody knows, 1 when nothing was printed.
    """
    try:
        settings = load(environ)
        with contextlib.closing(Spool(settings.state_dir / PLACE, _now)) as spool:
            result = _tried(settings, spool, patience)
    except (SettingsError, PrintingError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return NOT_PRINTED
    _say("\n".join(_told(result)))
    if result.state is State.QUEUED:
        return NOT_PRINTED
    return PRINTED if result.proof else NOT_KNOWN


def _tried(settings: Settings, spool: Spool, patience: Patience | None) -> Trial:
    head = form_for(settings.paper, settings.profile)
    transport = transport_for(settings.printer, settings.state_dir, head.dots)
    form = form_for(settings.paper, settings.profile, bytes_per_second=transport.bytes_per_second)
    card = PrinterCard(settings.printer, settings.profile or "", settings.id, issued_at=_now())
    return Driver(transport, spool, patience, at=_told_to_wait).trial(render(card, form).payload)


def _told_to_wait(step: Step) -> None:
    if step is Step.WAITING_FOR_PAPER:
        _say("Le rouleau est fini. Mettez-en un autre : l'imprimante continue d'elle-même.")


def _told(result: Trial) -> Iterable[str]:
    """Yield what the trial showed, in plain sentences."""
    if result.state is State.QUEUED:
        yield f"Rien n'est imprimé. {_HINTS[result.health]}"
        return
    yield _RESULTS[result.proof]
    if result.health is Health.NEAR_END:
        yield _NEAR_END
    if result.proof is not Proof.FILE:
        yield from _capacities(result.learned)


def _capacities(learned: Learned | None) -> Iterable[str]:
    if learned is None:
        yield "L'essai n'est pas allé au bout : rien n'est retenu de cette imprimante. Recommencez."
        return
    if learned.identity:
        yield f"Elle se nomme {learned.identity}."
    if not learned.answers:
        yield "Elle ne répond pas aux questions : après chaque ticket, l'application demandera s'il est sorti."
    elif learned.process_id:
        yield "Elle dit comment elle va, et confirme chaque ticket sorti."
    else:
        yield "Elle dit comment elle va, mais ne confirme pas la sortie de chaque ticket."


def _now() -> dt.datetime:
    return dt.datetime.now().astimezone()


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
    with simulator, contextlib.suppress(KeyboardInterrupt), _interruptible():
        _say(f"{simulator.url}, papers go to {output}; try help")
        for line in commands or sys.stdin:
            if line.strip() == "quit":
                return 0
            _say(_obey(simulator, line.strip()))
        threading.Event().wait()  # without anybody at the keyboard it goes on
    return 0


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Obey SIGINT and SIGTERM, the first also where a shell started us in the background and had it ignored."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
