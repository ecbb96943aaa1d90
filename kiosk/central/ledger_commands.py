"""The commands about a central's ledger: `kiosk central audit`, `review` and `rules`. None makes a database."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import sqlalchemy as sa
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from kiosk.booking.text import clean
from kiosk.central import tables as db
from kiosk.central.clock import utc_now
from kiosk.central.events import Act, Audit, Missing, missing, record_command, verify
from kiosk.central.failure import FAILED, fail, reason
from kiosk.central.intents import settle
from kiosk.central.key import KEY_NAME, check_key
from kiosk.central.limits import BOUNDS, BadLimitError, Limits, read_limit
from kiosk.central.places import limits_of
from kiosk.central.review import signals
from kiosk.central.storage import FILE_NAME, BadDatabaseUrl, Storage, open_storage

WRONG_USAGE = 2
NOTHING = "Rien à revoir."

_SERVICES = sa.select(db.services).order_by(db.services.c.id)

Settings = dict[str, Limits]  # by service


def audit(data_dir: Path, database_url: str | None) -> int:
    """Say whether every chain of events is whole, and how each ends; the exit code is 1 when something is missing."""

    def work(storage: Storage) -> int:
        with storage.reading() as transaction:
            found, lost = verify(transaction, storage.person_key), missing(transaction)
            damage = _damage(transaction)
        _print_audit(found, lost)
        for line in damage:
            _say(f"damaged: {_legible(line)}")
        return FAILED if found.faults or lost or damage else 0

    return on_ledger(data_dir, database_url, work)


def review(data_dir: Path, database_url: str | None) -> int:
    """List what a person should look at, strongest first."""

    def work(storage: Storage) -> int:
        with storage.reading() as transaction:
            found = signals(transaction, utc_now())
        for signal in found:
            line = f"{signal.kind} | {signal.subject} | {signal.reason}"
            _say(clean(line, len(line)))
        if not found:
            _say(NOTHING)
        return 0

    return on_ledger(data_dir, database_url, work)


def rules(data_dir: Path, database_url: str | None, service: str | None, changes: list[str]) -> int:
    """Show the limits of all services or of one, whose changes are made first."""

    def work(storage: Storage) -> int:
        try:
            wanted = dict(read_limit(change) for change in changes)
            if service is not None and wanted:
                settle(storage, lambda tx: _set(tx, storage.person_key, service, wanted))
            with storage.reading() as transaction:
                settings = _settings(transaction, service)
        except BadLimitError as error:
            fail(str(error))
            return WRONG_USAGE
        _print_settings(settings)
        return 0

    return on_ledger(data_dir, database_url, work)


def on_ledger(data_dir: Path, database_url: str | None, work: Callable[[Storage], int]) -> int:
    """Return the exit code of work on a database that is there; what stands in its way is one line on stderr."""
    try:
        storage = _open_existing(data_dir, database_url)
    except BadDatabaseUrl as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{data_dir}: {reason(error)}")
    try:
        with storage.writing() as transaction:
            check_key(transaction, storage.person_key)
        return work(storage)
    except SQLAlchemyError as error:
        return fail(f"{'database' if database_url else data_dir}: {reason(error)}")
    except OSError as error:
        return fail(f"{data_dir}: {reason(error)}")
    finally:
        storage.close()


def _open_existing(data_dir: Path, database_url: str | None) -> Storage:
    needed = [KEY_NAME] if database_url else [FILE_NAME, KEY_NAME]
    for name in needed:
        if not (data_dir / name).is_file():
            raise OSError(f"there is no {name} here")
    return open_storage(data_dir, database_url)


def _damage(transaction: Connection) -> list[str]:
    # SQLite looks rows up in indexes: one that no longer says what the table says could hide an edit.
    if transaction.dialect.name != "sqlite":
        return []
    return [line for line in transaction.exec_driver_sql("PRAGMA integrity_check").scalars() if line != "ok"]


def _print_audit(found: Audit, lost: list[Missing]) -> None:
    extent = f"{_counted(found.rows, 'row')}, {_counted(len(found.heads), 'chain')}"
    state = "broken" if found.faults else "incomplete" if lost else "whole"
    _say(f"{extent}: {state}")
    for fault in found.faults:
        at = fault.at.isoformat(timespec="seconds") if fault.at else "a time that cannot be read"
        _say(f"broken: {_legible(fault.chain)} row {_legible(fault.number)}, {at}")
    for booking in lost:
        _say(f"missing: {_legible(booking.reference)} has no event {booking.action!r}")
    for head in found.heads:
        _say(f"head: {_legible(head.chain)} {head.length} {_legible(head.hash)}")


def _legible(value: object) -> str:
    # Whoever edited a row may have written bytes that a terminal obeys.
    return str(value).encode("unicode_escape").decode()


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _settings(transaction: Connection, service: str | None) -> Settings:
    """Return the limits of all services or of one; raise BadLimitError when there is no such one."""
    query = _SERVICES if service is None else _SERVICES.where(db.services.c.id == service)
    settings = {row["id"]: limits_of(row) for row in transaction.execute(query).mappings()}
    if service is not None and service not in settings:
        raise BadLimitError(f"no service is called {service!r}")
    return settings


def _set(transaction: Connection, key: bytes, service: str, wanted: dict[str, int]) -> None:
    this = db.services.c.id == service
    transaction.execute(sa.select(db.services).where(this).with_for_update())  # two at once: each sees the other's
    after = asdict(_settings(transaction, service)[service]) | wanted
    if after["hidden_minutes_least"] > after["hidden_minutes_most"]:
        raise BadLimitError("hidden_minutes_least cannot be more than hidden_minutes_most")
    transaction.execute(sa.update(db.services).where(this).values(wanted))
    record_command(transaction, key, utc_now(), Act("rules", service, wanted))


def _print_settings(settings: Settings) -> None:
    for service, limits in settings.items():
        if sys.stdout.isatty():
            Console().print(_table(service, limits, meanings=len(settings) == 1))
        else:  # as it is typed to set them again
            _say(" ".join([service, *(f"{name}={value}" for name, value in asdict(limits).items())]))


def _table(service: str, limits: Limits, *, meanings: bool) -> Table:
    table = Table(title=Text(service, "bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("setting")
    for column in ("value", "default", "bounds"):
        table.add_column(column, justify="right", no_wrap=True)
    if meanings:  # once is enough
        table.add_column("meaning")
    for name, value in asdict(limits).items():
        bound = BOUNDS[name]
        cells = [name, str(value), str(bound.default), f"{bound.least}–{bound.most}"]
        table.add_row(*cells, *([bound.meaning] if meanings else []), style="" if value == bound.default else "bold")
    return table


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
