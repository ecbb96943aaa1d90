"""The commands about a central's ticket keys: `kiosk central keys rotate`, `revoke` and `list`."""

import datetime as dt
import re
import sys
from pathlib import Path

from sqlalchemy.engine import Connection

from kiosk.central.clock import utc_now
from kiosk.central.events import Act, record_command
from kiosk.central.failure import fail
from kiosk.central.intents import settle
from kiosk.central.ledger_commands import WRONG_USAGE, on_ledger
from kiosk.central.sealing_keys import add_key
from kiosk.central.storage import Storage
from kiosk.central.ticket_keys import (
    ROOT_NAME,
    UnknownTicketKey,
    hold_still,
    listed_keys,
    load_root,
    revoke,
    rotate,
    to_reissue,
    whole_seconds,
)
from kiosk.tickets.cose import KEY_ID_BYTES, Signer
from kiosk.tickets.keys import TicketKey
from kiosk.tickets.reference import grouped


def rotate_keys(data_dir: Path, database_url: str | None, days: int, root_file: Path | None) -> int:
    """Publish a new key that signs in so many days; the one before stops then. Kiosks seal to a new one at once."""

    def work(storage: Storage) -> int:
        def once(transaction: Connection) -> TicketKey:
            hold_still(transaction)
            now, root = utc_now(), _root(transaction, data_dir, root_file)
            key = rotate(transaction, storage.person_key, root, now, now + dt.timedelta(days=days))
            add_key(transaction, storage.person_key, now)
            act = Act("rotate-keys", key.key_id.hex(), {"from": key.not_before.isoformat()})
            record_command(transaction, storage.person_key, now, act)
            return key

        key = settle(storage, once)
        _say(f"{key.key_id.hex()} is published; it signs from {key.not_before.isoformat()} on")
        return 0

    return on_ledger(data_dir, database_url, work)


def revoke_key(data_dir: Path, database_url: str | None, name: str, root_file: Path | None) -> int:
    """Take a key out of use at once, and list the tickets to reissue; a second time only the list is said again."""

    def work(storage: Storage) -> int:
        def once(transaction: Connection) -> tuple[TicketKey | None, list[str]]:
            hold_still(transaction)
            now, key_id = utc_now(), bytes.fromhex(name)
            references = to_reissue(transaction, now, key_id)
            root = _root(transaction, data_dir, root_file)
            made = revoke(transaction, storage.person_key, root, now, key_id)
            act = Act("revoke-key", name, {"made": made.key_id.hex() if made else None, "tickets": len(references)})
            record_command(transaction, storage.person_key, now, act)
            return made, references

        try:
            made, references = settle(storage, once)
        except UnknownTicketKey as error:
            fail(str(error))
            return WRONG_USAGE
        _say(f"{name} is revoked" + (f"; {made.key_id.hex()} signs from now on" if made else ""))
        _say(f"tickets to reissue: {len(references)}")
        for reference in references:
            _say(grouped(reference))
        return 0

    if not re.fullmatch(rf"[0-9a-f]{{{2 * KEY_ID_BYTES}}}", name):
        fail(f"a key is called by {2 * KEY_ID_BYTES} hex digits, as `keys list` says them")
        return WRONG_USAGE
    return on_ledger(data_dir, database_url, work)


def list_keys(data_dir: Path, database_url: str | None) -> int:
    """Say the root that verifiers must know, and each key with its state and window."""

    def work(storage: Storage) -> int:
        with storage.reading() as transaction:
            listed = listed_keys(transaction)
        _say(f"root {listed.root}")
        _say(f"list {listed.number} of {listed.issued_at.isoformat()}")
        now = whole_seconds(utc_now())
        for key in listed.keys:
            until = key.not_after.isoformat() if key.not_after else "further notice"
            _say(f"{key.key_id.hex()} {_state(key, now)}: from {key.not_before.isoformat()} until {until}")
        return 0

    return on_ledger(data_dir, database_url, work)


def _root(transaction: Connection, data_dir: Path, root_file: Path | None) -> Signer:
    return load_root(root_file or data_dir / ROOT_NAME, listed_keys(transaction).root)


def _state(key: TicketKey, now: dt.datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at.isoformat()}"
    if key.not_before > now:
        return "will sign"
    return "signs" if key.signs_at(now) else "verifies only"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
