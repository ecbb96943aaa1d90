"""The key under which persons are compared: a file beside the database, never in it, and never the wrong one."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.central import tables as db

KEY_NAME = "person.key"
KEY_BYTES = 32
_FACT = "person-key"


class WrongKey(OSError):  # noqa: N818 (it says so)
    """Under another key, every person of this database would be a stranger."""


def load_key(data_dir: Path) -> bytes:
    """Return the key of `data_dir`, made the first time; raise OSError."""
    path = data_dir / KEY_NAME
    if not path.exists():
        write_once(path, secrets.token_bytes(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise OSError(f"{KEY_NAME} is damaged; restore it from the backup")
    return key


def check_key(transaction: Connection, key: bytes) -> None:
    """Tie the key to the database the first time; raise WrongKey when it is tied to another one."""
    expected = hmac.new(key, b"person key check", hashlib.sha256).hexdigest()
    found = transaction.scalar(sa.select(db.facts.c.value).where(db.facts.c.name == _FACT))
    if found is None:
        transaction.execute(sa.insert(db.facts).values(name=_FACT, value=expected))
    elif not hmac.compare_digest(found, expected):
        raise WrongKey(f"{KEY_NAME} is not the key of this database; restore it from the backup")


def write_once(path: Path, content: bytes) -> None:
    """Make a file that only its owner reads; one that is there stays as it is. Raise OSError."""
    # Written aside, then named: a power cut leaves no half key, and of two starts at once one key wins.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
