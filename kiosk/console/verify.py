"""`kiosk ticket verify`: is this ticket good? Reads what is known, asks once, says it, and keeps nothing.

Nothing that was typed is repeated on standard error: it may be a name.
"""

import contextlib
import datetime as dt
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kiosk.booking import french, person
from kiosk.booking.catalogue import Document, Service, Site
from kiosk.booking.person import PersonError
from kiosk.console.answer import Answer
from kiosk.desk.checks import Directory, directory_of
from kiosk.settings import Settings, SettingsError, load, read_central_url
from kiosk.tickets import cose, identity, keys, manifest
from kiosk.tickets.identity import Bearer
from kiosk.tickets.keys import BadKeySetError, KeySet
from kiosk.tickets.manifest import BadManifestError, Manifest
from kiosk.tickets.mrz_zone import BadZoneError, read_zone
from kiosk.tickets.reference import BadReferenceError, read_reference
from kiosk.tickets.token import PREFIX
from kiosk.tickets.verify import Here, Knowledge, Verdict, knowledge_of, verify_reference, verify_token

VALID, NOT_VALID, USAGE_ERROR = 0, 1, 2
STANDARD_INPUT = "-"
MAX_INPUT_BYTES = 10_000
YEARS = range(2000, 2100)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_CODE = re.compile(r"[0-9A-Za-z]{4}([ -]?[0-9A-Za-z]{4}){2}")
_CLOSED = (OSError, AttributeError)  # a standard stream that the shell closed is None


class UsageError(ValueError):
    """The question cannot be asked like that; the message is a French sentence that repeats nothing personal."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The command as typed; None is what was not."""

    ticket: str | None  # a token, a code, or - for standard input
    keys: Path | None = None
    central: str | None = None
    manifest: Path | None = None
    site: str | None = None
    at: str | None = None
    mrz: str | None = None
    surname: str | None = None
    given_names: str | None = None
    birth_date: str | None = None
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known, and at whose counter."""

    known: Knowledge
    here: Here | None


def run(asked: Asked, environ: Mapping[str, str], now: dt.datetime) -> int:
    """Say on standard output what the ticket is worth; return 0, 1 when it is not valid, 2 when it cannot be asked."""
    try:
        moment = now if asked.at is None else _moment(asked.at)
        bearer = _bearer(asked, moment.date())
        settings = load(environ)
        key_set = _key_set(asked, settings)
        directory = _directory()
        place = _place(asked, key_set, directory, moment)
        found = _ask(_text(asked.ticket), asked, key_set, place, moment, bearer)
    except (UsageError, SettingsError, PersonError, BadReferenceError) as error:
        return _refuse(str(error))
    answer = Answer(found, directory, place.here, moment, is_vouched=settings.root_key is not None)
    return _write(answer.json() if asked.as_json else answer.text(), VALID if answer.is_good else NOT_VALID)


def _write(text: str, code: int) -> int:
    try:
        # Not every terminal's alphabet has our signs, and a verdict must not end in a traceback.
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding))
        sys.stdout.flush()
    except _CLOSED:
        return _refuse("la réponse ne peut pas être écrite")
    return code


def _refuse(line: str) -> int:
    with contextlib.suppress(*_CLOSED):
        sys.stderr.write(f"kiosk ticket verify : {line}\n")
    return USAGE_ERROR


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text.upper()) if _RFC3339.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None or moment.year not in YEARS:
        raise UsageError("--at : attendu une heure avec son décalage, comme 2027-02-03T14:05:00+01:00")
    return moment


def _bearer(asked: Asked, today: dt.date) -> Bearer | None:
    typed = (asked.surname, asked.given_names, asked.birth_date)
    if asked.mrz is not None:
        if any(each is not None for each in typed):
            raise UsageError("donnez --mrz, ou bien --surname, --given-names et --birth-date")
        with _named("--mrz"):
            return read_zone(asked.mrz)
    if all(each is None for each in typed):
        return None
    surname, given_names, birth_date = typed
    if surname is None or given_names is None or birth_date is None:
        raise UsageError('--surname, --given-names et --birth-date vont ensemble ; un seul nom : --given-names ""')
    with _named("--surname"):
        surname = person.surname(surname)
    with _named("--given-names"):
        given_names = person.given_names(given_names)
    with _named("--birth-date"):
        born = person.birth_date(birth_date, today)
    return identity.bearer_of(surname, given_names, born)


@contextlib.contextmanager
def _named(option: str) -> Iterator[None]:
    """Say of what is wrong with a person in which option it stands."""
    try:
        yield
    except (PersonError, BadZoneError) as error:
        raise UsageError(f"{option} : {error}") from None


def _text(ticket: str | None) -> str:
    if ticket == STANDARD_INPUT:
        # A token is far shorter: what comes after is not read, and what is cut is no token either.
        try:
            ticket = sys.stdin.buffer.read(MAX_INPUT_BYTES).decode(errors="replace")
        except _CLOSED:
            raise UsageError("l'entrée standard ne peut pas être lue") from None
    if not ticket or not (text := ticket.strip()):
        raise UsageError("donnez le texte du carré, ou son code, ou - pour lire l'entrée standard")
    return text


def _ask(
    text: str, asked: Asked, key_set: KeySet, place: _Place, moment: dt.datetime, bearer: Bearer | None
) -> Verdict:
    if text.startswith(PREFIX) or not _CODE.fullmatch(text):
        return verify_token(text, key_set, place.known, place.here, moment, bearer)
    if asked.manifest is None:
        raise UsageError("un code tapé se cherche dans la liste du jour : donnez --manifest")
    return verify_reference(read_reference(text), place.known, place.here, moment, bearer)


def _key_set(asked: Asked, settings: Settings) -> KeySet:
    match asked:
        case Asked(keys=Path() as path, central=None):
            raw = _file(path, "--keys")
        case Asked(keys=None, central=str(url)):
            raw = _fetched(url)
        case _:
            raise UsageError("donnez la liste des clés : --keys FICHIER, ou bien --central ADRESSE")
    try:
        return keys.read(raw, settings.root_key)
    except BadKeySetError:
        root = "" if settings.root_key is None else ", ou signée par une autre racine que root_key"
        raise UsageError(f"cette liste de clés n'est pas lisible{root}") from None


def _fetched(url: str) -> bytes:
    address = read_central_url(url, "--central")
    # httpx and pydantic take longer than everything else here: only who asks a central waits for them.
    import asyncio

    from kiosk.api.client import CentralClient, CentralError

    async def fetch() -> bytes:
        client = CentralClient(address)
        try:
            return await client.keys()
        finally:
            await client.close()

    try:
        return asyncio.run(fetch())
    except CentralError:
        raise UsageError("--central : ce central ne donne pas sa liste de clés") from None


def _file(path: Path, option: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(cose.MAX_BYTES + 1)
    except (OSError, ValueError):
        raise UsageError(f"{option} : ce fichier ne peut pas être lu") from None


def _place(asked: Asked, key_set: KeySet, directory: Directory, moment: dt.datetime) -> _Place:
    if asked.manifest is not None:
        day = _day(asked.manifest, key_set)
        here = _here_of(day, asked.site, moment)
        return _Place(knowledge_of(day, {}), here)
    if asked.site is None:
        return _Place(Knowledge(), None)
    site = next((site for site in directory.sites.values() if site.id == asked.site), None)
    if site is None:
        raise UsageError("--site : ce lieu n'est pas au catalogue ; donnez --manifest, qui dit son heure")
    return _Place(Knowledge(), Here(site.id, site.zone))


def _day(path: Path, key_set: KeySet) -> Manifest:
    try:
        day = manifest.read(_file(path, "--manifest"), key_set)
    except BadManifestError:
        raise UsageError("--manifest : ce n'est pas une liste du jour signée par une de ces clés") from None
    if day.since is not None:
        raise UsageError("--manifest : cette liste ne dit que ce qui a changé ; demandez-la sans since")
    return day


def _here_of(day: Manifest, site: str | None, moment: dt.datetime) -> Here:
    if site not in {None, day.site}:
        raise UsageError("--manifest : cette liste est celle d'un autre lieu que --site")
    try:
        here = Here(day.site, ZoneInfo(day.zone))
    except (KeyError, ValueError, OSError):  # what ZoneInfo raises for a name that is no zone
        raise UsageError("--manifest : l'heure de ce lieu n'est pas connue sur cette machine") from None
    if moment.astimezone(here.zone).date() != day.date:
        # Of tickets of another day it knows nothing, and would seem to.
        date = french.long_date(day.date)
        raise UsageError(f"--manifest : c'est la liste du {date} ; donnez celle du jour, ou --at")
    return here


def _directory() -> Directory:
    sites = [
        Site(
            entry["id"],
            entry["kind"],
            entry["commune"],
            entry["postcode"],
            entry["department"],
            entry["department_name"],
            entry["region"],
            ZoneInfo(entry["time_zone"]),
        )
        for entry in _catalogue("prefectures.json")["sites"]
    ]
    services = [
        Service(
            entry["id"],
            entry["name"],
            entry["purpose"],
            entry["minutes"],
            tuple(entry["identifiers"]),
            tuple(Document(**document) for document in entry["documents"]),
        )
        for entry in _catalogue("services.json")["services"]
    ]
    return directory_of(sites, services)


def _catalogue(name: str) -> Any:
    return json.loads(resources.files("kiosk").joinpath("assets", "catalogue", name).read_text(encoding="utf-8"))
