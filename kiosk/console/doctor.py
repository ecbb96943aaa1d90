"""`kiosk doctor`: what works on this machine and what to do about the rest, in one screenful of plain French."""

import contextlib
import datetime as dt
import os
import platform
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from itertools import groupby
from pathlib import Path

from PIL import features

from kiosk import statefile
from kiosk.desk.desk import JOURNAL_FILE
from kiosk.desk.welcome import BOOK_FILE
from kiosk.journal import counter_book, outbox
from kiosk.printing import contacts, languages, spool
from kiosk.printing.address import VIRTUAL
from kiosk.printing.driver import Driver
from kiosk.printing.errors import PrintingError
from kiosk.printing.languages import Language, Missing
from kiosk.printing.phrases import Status
from kiosk.printing.profiles import form_for
from kiosk.printing.samples import Kind, sample
from kiosk.printing.service import render
from kiosk.printing.spool import PLACE, Learned, Spool
from kiosk.printing.status import Health
from kiosk.printing.transports import transport_for
from kiosk.settings import Settings, SettingsError, load, settings_file
from kiosk.statefile import Condition

LIBRARIES = ("pillow", "zxing-cpp", "qrcode", "resvg-py", "textual")

LEAST_FREE_BYTES = 200 * 2**20
LINE_LETTERS = 80
FAILURE = 1

_STATUS = {
    Status.MACHINE: "traduites par une machine, sans relecture",
    Status.TRANSLATED: "traduites par une personne, sans relecture",
    Status.REVIEWED: "relues",
    Status.TESTED: "essayées avec des lecteurs",
}
_HEALTH = {
    Health.READY: "elle est prête.",
    Health.NEAR_END: "elle est prête. Le rouleau est bientôt fini : préparez-en un autre.",
    Health.PAPER_OUT: "elle n'a plus de papier. Mettez un rouleau.",
    Health.COVER_OPEN: "son capot est ouvert. Fermez-le.",
    Health.CUTTER: "sa lame est bloquée. Éteignez-la, ouvrez le capot, enlevez le papier.",
    Health.FAULT: "elle signale une panne. Éteignez-la, attendez 10 secondes, rallumez-la.",
    Health.OFFLINE: "elle est hors ligne. Regardez ses voyants.",
    Health.SILENT: "elle ne répond plus. Vérifiez qu'elle est allumée.",
    Health.UNREACHABLE: "elle est injoignable, ou un kiosque ouvert s'en sert. Vérifiez le câble et l'adresse.",
    Health.UNKNOWN: "la ligne s'ouvre. Cette imprimante ne dit pas comment elle va.",
}
_USABLE = (Health.READY, Health.NEAR_END, Health.UNKNOWN)


class Mark(StrEnum):
    """How a thing is."""

    GOOD = "✓"
    CARE = "!"  # works, but somebody should know
    BAD = "✗"  # no ticket can be printed in French


_TROUBLES = {
    Condition.DAMAGED: (Mark.CARE, "il est abîmé. Au démarrage, le poste le met de côté et en fait un neuf."),
    Condition.NEWER: (Mark.BAD, "il vient d'une version plus récente du kiosque. Installez-la."),
    Condition.UNREADABLE: (Mark.BAD, "il ne se lit pas. Vérifiez le disque et les droits sur ce fichier."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    mark: Mark
    text: str


def run(environ: Mapping[str, str], today: dt.date, *, ask_printer: bool) -> int:
    """Write what was found to standard output; return 1 when tickets cannot be printed in French, else 0.

    Nothing is printed on paper, and nothing is sent to the printer unless `ask_printer`.
    """
    findings = list(_findings(environ, today, ask_printer))
    for finding in findings:
        lines = textwrap.wrap(finding.text, LINE_LETTERS - 2, break_long_words=False, break_on_hyphens=False)
        sys.stdout.write(f"{finding.mark} " + "\n  ".join(lines) + "\n")
    bad = any(finding.mark is Mark.BAD for finding in findings)
    sys.stdout.write("Les tickets ne peuvent pas sortir.\n" if bad else "Les tickets peuvent sortir en français.\n")
    return FAILURE if bad else 0


def _findings(environ: Mapping[str, str], today: dt.date, ask_printer: bool) -> Iterator[Finding]:
    yield _versions()
    yield _shaping()
    try:
        settings = load(environ)
    except SettingsError as error:
        yield Finding(Mark.BAD, f"Réglages : {error}")
        return
    yield _file(environ)
    yield _state_directory(settings.state_dir)
    yield from _records(settings.state_dir)
    yield from _paper(settings)
    yield from languages_found(languages.offered(Status.MACHINE), Status(settings.least_translation))
    yield from languages_missing(languages.missing())
    yield _contacts(today)
    yield from _printer(settings, ask_printer)


def _versions() -> Finding:
    found = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    return Finding(Mark.GOOD, f"Python {platform.python_version()}, {found}")


def _shaping() -> Finding:
    raqm, fribidi = features.version("raqm"), features.version("fribidi")
    if features.check("raqm") and fribidi:
        return Finding(Mark.GOOD, f"Lettres liées (arabe, tamoul, bengali) : raqm {raqm}, fribidi {fribidi}")
    return Finding(Mark.CARE, "Lettres liées (arabe, tamoul, bengali) : impossibles. Installez le paquet libfribidi0.")


def _file(environ: Mapping[str, str]) -> Finding:
    path = settings_file(environ)
    if path is None:
        return Finding(Mark.CARE, "Réglages : aucun fichier. Le poste fait une démonstration, sans vrais rendez-vous.")
    return Finding(Mark.GOOD, f"Réglages : {path}")


def _state_directory(directory: Path) -> Finding:
    there = next(parent for parent in (directory, *directory.parents) if parent.exists())
    try:
        if there == directory:
            with tempfile.TemporaryFile(dir=directory):
                free = shutil.disk_usage(directory).free
        else:
            free = shutil.disk_usage(there).free
    except OSError:
        return Finding(Mark.BAD, f"Dossier {directory} : ce poste ne peut pas y écrire.")
    if there != directory and not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Finding(Mark.BAD, f"Dossier {directory} : il n'existe pas, et ce poste ne peut pas le créer.")
    place = f"{free // 2**20} Mo libres" if free < 2**30 else f"{free // 2**30} Go libres"
    if free < LEAST_FREE_BYTES:
        return Finding(Mark.CARE, f"Dossier {directory} : {place} seulement. Faites de la place.")
    later = "" if there == directory else " (créé au premier démarrage)"
    return Finding(Mark.GOOD, f"Dossier {directory}{later} : {place}")


def _records(directory: Path) -> Iterator[Finding]:
    """Tell which of the kiosk's own files are damaged, cannot be opened, or were put aside."""
    records = [(directory / PLACE, spool.MIGRATIONS), (directory / JOURNAL_FILE, outbox.MIGRATIONS)]
    records += [(book, counter_book.MIGRATIONS) for book in sorted(directory.glob(f"counter-*/{BOOK_FILE}"))]
    for path, migrations in records:
        if path.exists() and (trouble := _TROUBLES.get(statefile.examined(path, migrations))):
            yield Finding(trouble[0], f"Fichier {path} : {trouble[1]}")
        for damaged in statefile.put_aside(path):
            yield Finding(
                Mark.CARE, f"Fichier {damaged} : il était abîmé et il est mis de côté. Enlevez-le une fois regardé."
            )


def _paper(settings: Settings) -> Iterator[Finding]:
    """Draw a French ticket as it would be printed here, and read its code back."""
    profile = settings.profile or "aucun"
    try:
        form = form_for(settings.paper, settings.profile)
        render(sample(Kind.TICKET), form)
    except PrintingError as error:
        yield Finding(Mark.BAD, f"Ticket en français, papier {settings.paper}, profil {profile} : {error}")
    else:
        yield Finding(Mark.GOOD, f"Ticket en français, papier {settings.paper} : dessiné, son code se lit")


def languages_found(offered: Iterable[Language], least: Status) -> Iterator[Finding]:
    """Tell how far the translation of each language is, and which the settings hold back."""
    ladder = list(Status)
    for status, group in groupby(sorted(offered, key=lambda one: -ladder.index(one.status)), lambda one: one.status):
        names = ", ".join(language.french_name for language in group)
        text = f"Langues {_STATUS[status]} : {names}"
        if status.reaches(least):
            yield Finding(Mark.GOOD if status.reaches(Status.REVIEWED) else Mark.CARE, text)
        else:
            yield Finding(Mark.CARE, f"{text}. Vos réglages ne les laissent pas imprimer.")


def languages_missing(missing: Iterable[Missing]) -> Iterator[Finding]:
    """Tell which languages this machine cannot print, together where the same thing helps."""
    by_reason: dict[str, list[str]] = {}
    for language in missing:
        by_reason.setdefault(language.reason, []).append(language.french_name)
    for reason, names in by_reason.items():
        yield Finding(Mark.CARE, f"Pas de ticket en {', '.join(names)}. {reason}")


def _contacts(today: dt.date) -> Finding:
    try:
        known = contacts.load()
    except PrintingError as error:
        return Finding(Mark.CARE, f"Contacts contre la revente : {error}")
    old = contacts.stale(known, today)
    if old:
        names = ", ".join(f"{contact.name} ({contact.checked_on:%d/%m/%Y})" for contact in old)
        return Finding(Mark.CARE, f"Contacts vérifiés il y a plus de {contacts.FRESH_DAYS} jours : {names}")
    oldest = min(contact.checked_on for contact in known)
    return Finding(Mark.GOOD, f"Contacts contre la revente : {len(known)}, vérifiés le {oldest:%d/%m/%Y} ou après")


def _printer(settings: Settings, ask: bool) -> Iterator[Finding]:
    learned = spool.last_learned(settings.state_dir / PLACE, settings.printer)
    profile = f"profil {settings.profile}" if settings.profile else "sans profil"
    yield Finding(Mark.GOOD, f"Imprimante {settings.printer}, {profile}")
    if settings.printer == VIRTUAL:
        yield Finding(Mark.CARE, "Aucun papier ne sort : les tickets deviennent des images.")
        return
    yield _last_trial(learned)
    if ask:
        health = _look(settings, learned)
        yield Finding(Mark.GOOD if health in _USABLE else Mark.BAD, f"Imprimante, en ce moment : {_HEALTH[health]}")


def _last_trial(learned: Learned | None) -> Finding:
    if learned is None:
        return Finding(Mark.CARE, "Imprimante jamais essayée. Lancez : kiosk printer test")
    name = f" ({learned.identity})" if learned.identity else ""
    answers = "elle dit comment elle va" if learned.answers else "elle ne dit pas comment elle va"
    proof = "confirme chaque ticket" if learned.process_id else "ne confirme pas les tickets"
    return Finding(Mark.GOOD, f"Dernier essai{name} : {answers}, {proof}.")


def _look(settings: Settings, learned: Learned | None) -> Health:
    """Ask the printer how it is, with a record of its own: that of the kiosk may be in use."""
    transport = transport_for(settings.printer, settings.state_dir)
    with tempfile.TemporaryDirectory() as directory:
        scratch = Spool(Path(directory) / "spool.sqlite", lambda: dt.datetime.now(dt.UTC))
        with contextlib.closing(scratch):
            if learned:
                scratch.learn(settings.printer, learned)
            return Driver(transport, scratch).look()
