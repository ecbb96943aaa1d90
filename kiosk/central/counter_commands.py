"""The commands about counters: `kiosk central counters add`, `list` and `revoke`, and `kiosk central admissions`."""

import datetime as dt
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from kiosk.booking import french
from kiosk.central import counters
from kiosk.central.admissions import Day, DayReport, Fault, report
from kiosk.central.catalogue import Catalogue, load_catalogue
from kiosk.central.clock import new_token, utc_now
from kiosk.central.counters import MAX_NAME, BadCounterError, Counter
from kiosk.central.failure import fail
from kiosk.central.intents import settle
from kiosk.central.ledger_commands import WRONG_USAGE, on_ledger
from kiosk.central.refusal import Refused
from kiosk.central.storage import Storage
from kiosk.tickets.manifest import Admission
from kiosk.tickets.reference import LENGTH, grouped
from kiosk.tickets.verify import State

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._~-]{{0,{MAX_NAME - 1}}}")
_FAULTS = {Fault.UNKNOWN: "code inconnu ici", Fault.CANCELLED: "rendez-vous annulé", Fault.MOVED: "rendez-vous déplacé"}
_STATES = {
    State.NOT_OURS: "pas un de nos tickets",
    State.ALTERED: "ticket modifié",
    State.UNKNOWN_KEY: "signature inconnue",
    State.REVOKED_KEY: "signature retirée",
    State.CANCELLED: "rendez-vous annulé",
    State.MOVED: "rendez-vous déplacé",
    State.WRONG_SITE: "autre site",
    State.EXPIRED: "heure passée",
    State.WRONG_DAY: "autre jour",
    State.NOT_LISTED: "pas sur la liste du jour",
    State.ALREADY_ADMITTED: "déjà entré",
    State.VALID: "valable, personne non vérifiée",
}


def add_counter(data_dir: Path, database_url: str | None, site: str, name: str) -> int:
    """Let a counter in; its token is said once, alone on standard output."""
    token = new_token()
    if not _NAME.fullmatch(name):
        fail(f"a counter's name is 1 to {MAX_NAME} of A-Z a-z 0-9 . _ ~ - and begins with a letter or a digit")
        return WRONG_USAGE

    def once(transaction: Connection, key: bytes) -> None:
        counters.add(transaction, key, utc_now(), Counter(name, site), token)

    return _change(data_dir, database_url, once, token)


def revoke_counter(data_dir: Path, database_url: str | None, name: str) -> int:
    """Let a counter in no more; what it noted stays."""

    def once(transaction: Connection, key: bytes) -> None:
        counters.revoke(transaction, key, utc_now(), name)

    return _change(data_dir, database_url, once, f"{name} is revoked")


def list_counters(data_dir: Path, database_url: str | None) -> int:
    """Say each counter, its site and since when it is there, or no more."""

    def work(storage: Storage) -> int:
        with storage.reading() as transaction:
            found = counters.every(transaction)
        for each in found:
            end = f", revoked {_second(each.revoked_at)}" if each.revoked_at else ""
            _say(f"{each.counter.id} {each.counter.site}: added {_second(each.created_at)}{end}")
        return 0

    return on_ledger(data_dir, database_url, work)


def admissions(data_dir: Path, database_url: str | None, site: str, date: dt.date, *, as_json: bool) -> int:
    """Report a day of a site over all its counters, as far as they delivered what they noted."""
    catalogue = load_catalogue()

    def work(storage: Storage) -> int:
        try:
            day = Day(catalogue.site(site).id, catalogue.zone(site), date)
        except Refused:
            fail(f"no site is called {site!r}")
            return WRONG_USAGE
        with storage.reading() as transaction:
            found = report(transaction, day)
        if as_json:
            _say(json.dumps(_as_json(found), ensure_ascii=False, indent=1))
        else:
            for line in _lines(found, catalogue):
                _say(line)
        return 0

    return on_ledger(data_dir, database_url, work)


def _change(data_dir: Path, database_url: str | None, once: Callable[[Connection, bytes], None], done: str) -> int:
    def work(storage: Storage) -> int:
        try:
            settle(storage, lambda transaction: once(transaction, storage.person_key))
        except BadCounterError as error:
            fail(str(error))
            return WRONG_USAGE
        _say(done)
        return 0

    return on_ledger(data_dir, database_url, work)


def _as_json(found: DayReport) -> dict[str, Any]:
    def seen(admission: Admission) -> dict[str, str]:
        return {"at": admission.at.astimezone(found.day.zone).isoformat(), "counter": admission.counter}

    return {
        "site": found.day.site,
        "date": found.day.date.isoformat(),
        "time_zone": found.day.zone.key,
        "admitted": found.persons,
        "again": [
            {"reference": each.reference, "first": seen(each.first), "again": seen(each.again)} for each in found.again
        ],
        "doubtful": [
            {"reference": each.reference, "why": each.fault.value, **seen(each.admission)} for each in found.doubtful
        ],
        "withdrawn": found.withdrawn,
        "refused": dict(found.refused),
    }


def _lines(found: DayReport, catalogue: Catalogue) -> list[str]:
    def seen(admission: Admission) -> str:
        return f"{french.hour(admission.at.astimezone(found.day.zone).time())} à {admission.counter}"

    town = french.of_place(catalogue.site(found.day.site).commune)
    return [
        f"Entrées {town}, {french.long_date(found.day.date)}",
        f"Personnes entrées : {found.persons}",
        f"Entrées plusieurs fois avec le même ticket : {len(found.again)}",
        *(f"  {_code(each.reference)} : {seen(each.first)}, puis {seen(each.again)}" for each in found.again),
        f"Entrées malgré un rendez-vous qui ne tenait plus : {len(found.doubtful)}",
        *(f"  {_code(each.reference)} : {seen(each.admission)}, {_FAULTS[each.fault]}" for each in found.doubtful),
        f"Entrées retirées aussitôt : {found.withdrawn}",
        f"Tickets montrés sans entrer : {sum(found.refused.values())}",
        *(f"  {_STATES[State(state)]} : {many}" for state, many in found.refused.items()),
    ]


def _code(reference: str) -> str:
    return grouped(reference) if len(reference) == LENGTH else reference or "sans code"


def _second(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
