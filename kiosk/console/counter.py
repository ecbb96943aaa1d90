"""`kiosk counter sync`: one meeting of a counter with its central, told in a few lines."""

import asyncio
import datetime as dt
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from kiosk.booking import french
from kiosk.desk.answers import (
    CentralRefusedError,
    CentralSilentError,
    DeskError,
    JournalError,
    NotGenuineError,
    Refusal,
    StateError,
)
from kiosk.desk.welcome import BOOK_FILE, Conflict, Synced, Welcome
from kiosk.embedded import host_for
from kiosk.journal.counter_book import BookError, BookFullError, BookInUseError, BookNewerError
from kiosk.settings import SettingsError, load, open_lock
from kiosk.statefile import put_aside

FAILURE, USAGE_ERROR = 1, 2

_FULL = "ce poste ne peut pas écrire. Faites de la place sur le disque."
_ERRORS: dict[type[DeskError], str] = {
    CentralSilentError: "le central ne répond pas. Les tickets se vérifient quand même ; essayez plus tard.",
    NotGenuineError: "la réponse du central n'est pas signée comme il faut, rien n'en est gardé. "
    "Vérifiez la clé « root_key » avec le central.",
    JournalError: _FULL,
    StateError: "le carnet de ce poste ne se lit pas. Lancez : kiosk doctor",
}
_BOOK_ERRORS: dict[type[BookError], str] = {
    BookInUseError: "un accueil ouvert se sert déjà de ce dossier. Il se tient à jour tout seul.",
    BookNewerError: "le carnet de ce poste vient d'une version plus récente du kiosque. Installez-la.",
    BookFullError: _FULL,
}
_REFUSALS = {
    Refusal.NOT_SIGNED_IN: "le central ne connaît pas ce poste. Vérifiez la clé « counter_token ».",
    Refusal.NOT_FOUND: "ce poste n'est pas de ce lieu pour le central. Vérifiez --site.",
}
_REFUSED = "le central refuse pour le moment. Essayez plus tard."
_NOT_OPENED = "le central de démonstration ne démarre pas."
_CONFLICTS = {
    "again": "déjà passé",
    "cancelled": "rendez-vous annulé avant ce passage",
    "moved": "rendez-vous déplacé avant ce passage",
    "unknown": "rendez-vous inconnu du central",
}


def sync(environ: Mapping[str, str], site: str | None) -> int:
    """Deliver and learn once; write to standard output what came of it.

    Return 0, 1 when it was not done whole, 2 for a wrong setting; what is wrong is one French line on standard error.
    """
    try:
        settings = load(environ)
        site = settings.site_of_counter(site)
        open_lock(settings.counter_dir(site)).close()  # who holds it keeps the book as well, and that says it better
    except SettingsError as error:
        return _refuse(str(error), USAGE_ERROR)
    welcome = Welcome(settings, site, host=host_for(settings), now=_now, new_nonce=lambda: str(uuid.uuid4()))
    try:
        synced = asyncio.run(_meet(welcome))
    except DeskError as error:
        return _refuse(_sentence(error), FAILURE)
    lines = [*_told(synced), *_put_aside(settings.counter_dir(site) / BOOK_FILE)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


async def _meet(welcome: Welcome) -> Synced:
    try:
        await welcome.open()
        return await welcome.sync()
    finally:
        await welcome.close()


def _told(synced: Synced) -> Iterator[str]:
    yield f"Transmis au central : {french.counted(synced.delivered, 'note', 'notes')}."
    for conflict in synced.conflicts:
        yield f"! {_conflict(conflict)}"
    for date, number in synced.appointments.items():
        count = french.counted(number, "rendez-vous", "rendez-vous")
        yield f"{french.capitalised(french.long_date(date))} : {count}."


def _put_aside(book: Path) -> Iterator[str]:
    for damaged in put_aside(book):
        yield f"! Un carnet abîmé est mis de côté : {damaged.name}. Ce qu'il n'avait pas transmis y est resté."


def _conflict(conflict: Conflict) -> str:
    told = _CONFLICTS[conflict.finding]
    if conflict.first_at is not None:
        told = f"{told} à {french.hour(conflict.first_at.time())}, poste {conflict.first_by}"
    return f"Ticket {conflict.code}, passé ici à {french.hour(conflict.at.time())} : {told}."


def _sentence(error: DeskError) -> str:
    if isinstance(error, CentralRefusedError):
        return _REFUSALS.get(error.refusal, _REFUSED)
    if isinstance(error.__cause__, BookError) and (known := _BOOK_ERRORS.get(type(error.__cause__))):
        return known
    return _ERRORS.get(type(error), _NOT_OPENED)


def _now() -> dt.datetime:
    return dt.datetime.now().astimezone()


def _refuse(line: str, code: int) -> int:
    sys.stderr.write(f"kiosk counter : {line}\n")
    return code
