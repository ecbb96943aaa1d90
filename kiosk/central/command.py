"""The commands `kiosk central` and `kiosk central openapi`."""

import json
import signal
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from sqlalchemy.exc import SQLAlchemyError

from kiosk import log
from kiosk.central.catalogue import load_catalogue, register
from kiosk.central.clock import Chance, Clock, utc_now
from kiosk.central.failure import fail, reason
from kiosk.central.key import check_key
from kiosk.central.listener import Listener, base_url, bind
from kiosk.central.migrations import migrate
from kiosk.central.registers import CoordinationApi, EmbeddedForeigners, EmbeddedPreApplications, Registers
from kiosk.central.sealing_keys import prepare_sealing
from kiosk.central.seed import HoldsRealData, seed_demo
from kiosk.central.server import create_app, openapi_document
from kiosk.central.storage import Storage, open_storage
from kiosk.central.ticket_keys import prepare_keys


@dataclass(frozen=True, slots=True)
class Serving:
    """What a server is told: where its data live, whom to ask about pre-applications (None: its own register)."""

    port: int
    data_dir: Path
    database_url: str | None
    seed: str | None
    watch_stdin: bool
    coordination_url: str | None
    coordination_token: str = field(repr=False)


def run_central(serving: Serving) -> int:
    """Serve until told to end; return the exit code. What goes wrong at start is one line on stderr."""
    log.to_stderr()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_before_start)
    try:
        listening = bind(serving.port)
    except OSError as error:
        return fail(f"port {serving.port}: {reason(error)}")
    with listening:
        try:
            coordination = _coordination(serving)
            storage = prepare(serving.data_dir, utc_now, serving.seed, serving.database_url)
        except SQLAlchemyError as error:
            return fail(f"{'database' if serving.database_url else serving.data_dir}: {reason(error)}")
        except (OSError, HoldsRealData) as error:
            return fail(f"{serving.data_dir}: {reason(error)}")
        except ValueError as error:  # an address or a token that cannot be right
            return fail(str(error))
        try:
            registers = Registers(EmbeddedForeigners(storage), coordination or EmbeddedPreApplications(storage))
            app = create_app(storage, load_catalogue(), registers, utc_now, Chance())
            listener = Listener(app, lambda: _say(f"listening on {base_url(listening)}"))
            listener.end_on_signals()
            if serving.watch_stdin:
                threading.Thread(target=_end_with_stdin, args=(listener,), name="stdin", daemon=True).start()
            listener.run(sockets=[listening])
        finally:
            storage.close()
    return 0


def prepare(data_dir: Path, clock: Clock, seed: str | None, database_url: str | None = None) -> Storage:
    """Open the database, bring its shape and catalogue up to date, top the demonstration up if asked.

    Raise OSError, WrongKey, BadTicketKey, SQLAlchemyError, HoldsRealData, BadDatabaseUrl.
    """
    storage = open_storage(data_dir, database_url)
    try:
        migrate(storage)
        catalogue = load_catalogue()
        with storage.preparing() as transaction:
            check_key(transaction, storage.person_key)
            prepare_keys(transaction, data_dir, storage.person_key, clock())
            prepare_sealing(transaction, storage.person_key, clock())
            register(catalogue, transaction)
            if seed == "demo":
                seed_demo(transaction, catalogue, clock(), storage.person_key)
    except BaseException:
        storage.close()
        raise
    return storage


def openapi() -> str:
    """Return the OpenAPI description as text, the same for the same program."""
    return json.dumps(openapi_document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _coordination(serving: Serving) -> CoordinationApi | None:
    if serving.coordination_url is None:
        return None
    return CoordinationApi(serving.coordination_url, serving.coordination_token)


def _end_before_start(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _end_with_stdin(listener: Listener) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    listener.should_exit = True


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
