"""The keys of tickets: the root in a file, the others sealed in the database, and the list of them as published.

The root signs the list, and nothing else; only the first start and a change of keys need its private half.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from sqlalchemy.engine import Connection

from kiosk.central import tables as db
from kiosk.central import vault
from kiosk.central.key import WrongKey, write_once
from kiosk.central.storage import take_turn
from kiosk.tickets import cose, keys
from kiosk.tickets.cose import Signer
from kiosk.tickets.keys import BadKeySetError, KeySet, TicketKey

ROOT_NAME = "root.key"
ROOT_PUBLIC_NAME = "root.pub"
_PURPOSE = b"ticket keys"
_SCALAR_BYTES = 32

NEWEST = sa.select(sa.func.max(db.key_sets.c.number)).scalar_subquery()
_TO_COME = (
    sa.select(db.bookings.c.reference, db.bookings.c.changed_at)
    .where(db.bookings.c.status == "booked", db.bookings.c.ends_at > sa.bindparam("now"))
    .order_by(db.bookings.c.ends_at, db.bookings.c.reference)
)
_PUBLISHED = sa.select(db.key_sets).where(db.key_sets.c.number == NEWEST)
_SEALED = sa.select(db.ticket_keys)
_INSERT_KEY = sa.insert(db.ticket_keys)
_INSERT_SET = sa.insert(db.key_sets)


class BadTicketKey(OSError):  # noqa: N818 (it says so)
    """A key cannot be used: damaged, missing, or sealed for another central."""


class UnknownTicketKey(ValueError):  # noqa: N818 (it says so)
    """No key has that name."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The list in force, with the keys that may still sign."""

    listed: KeySet
    signers: Mapping[bytes, Signer] = field(repr=False)  # by key id

    def signing(self, moment: dt.datetime) -> tuple[Signer, dt.datetime]:
        """Return who signs what is of that moment, and the moment of the signature: see key_for."""
        key = key_for(self.listed.keys, moment)
        return self.signers[key.key_id], max(moment, key.not_before)


def prepare_keys(transaction: Connection, data_dir: Path, person_key: bytes, now: dt.datetime) -> None:
    """Make root and first key when the database has none, else check that all that is there belongs together.

    Raise OSError: BadTicketKey, WrongKey.
    """
    published = transaction.execute(_PUBLISHED).one_or_none()
    if published is None:
        root = _first_root(data_dir)
        _add_key(transaction, person_key, KeySet(0, now, _root_text(root), ()), root, now, now)
        return
    known = _read_public(data_dir)
    try:
        listed = keys.read(published.content, known)
    except BadKeySetError:
        raise WrongKey(f"the keys in the database are not signed by the root of {ROOT_PUBLIC_NAME}") from None
    if known is None:
        _write_public(data_dir, listed.root)
    if (data_dir / ROOT_NAME).exists():
        load_root(data_dir / ROOT_NAME, listed.root)
    load_keys(transaction, person_key)


def load_root(path: Path, expected: str | None) -> Signer:
    """Return the root's private half; raise OSError when it cannot be read or is not the one that is expected."""
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise BadTicketKey(f"there is no {path.name} here; --root says where the root's private key is") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise BadTicketKey(f"{path.name} is damaged; restore it from the backup")
    root = cose.signer_of(private)
    if expected not in {None, _root_text(root)}:
        raise WrongKey(f"{path.name} is not the root of this central's keys; restore it from the backup")
    return root


def load_keys(transaction: Connection, person_key: bytes) -> Keys:
    """Return the keys in force; raise BadTicketKey."""
    listed = listed_keys(transaction)
    sealed = {row.id: row.sealed for row in transaction.execute(_SEALED)}
    in_use = [key.key_id for key in listed.keys if key.revoked_at is None]
    return Keys(listed, {key_id: _unseal(person_key, key_id, sealed) for key_id in in_use})


def newest_number(transaction: Connection) -> int | None:
    """Return the number of the list in force."""
    number: int | None = transaction.scalar(sa.select(NEWEST))
    return number


def published_list(transaction: Connection) -> bytes:
    """Return the newest list of keys, signed by the root; raise BadTicketKey when none was ever made."""
    published = transaction.execute(_PUBLISHED).one_or_none()
    if published is None:
        raise BadTicketKey("this database has no ticket key; the first start makes one")
    return bytes(published.content)


def listed_keys(transaction: Connection) -> KeySet:
    """Return the newest list of keys, read; raise BadTicketKey."""
    try:
        return keys.read(published_list(transaction), None)
    except BadKeySetError:
        raise BadTicketKey("the list of ticket keys in the database is damaged; restore it from the backup") from None


def key_for(listed: Iterable[TicketKey], moment: dt.datetime) -> TicketKey:
    """Return the key that signs what is of that moment, the same for whoever asks and whenever.

    Of the keys not revoked, the one whose window holds the moment; when that one was revoked, or tickets were not
    signed yet, the next one. Raise BadTicketKey.
    """
    usable = [key for key in listed if key.revoked_at is None]
    holding = [key for key in usable if key.signs_at(moment)]
    later = [key for key in usable if key.not_before > moment]
    if holding:
        return max(holding, key=_order)
    if later:
        return min(later, key=_order)
    raise BadTicketKey("no ticket key is in force")


def hold_still(transaction: Connection) -> None:
    """Let no other change of keys, nor any booking, be half done: each is signed under the list before or after."""
    take_turn(transaction, "ticket keys")
    if transaction.dialect.name == "postgresql":
        transaction.exec_driver_sql("LOCK TABLE bookings IN SHARE MODE")


def rotate(transaction: Connection, person_key: bytes, root: Signer, now: dt.datetime, start: dt.datetime) -> TicketKey:
    """Publish a new key that signs from `start` on, when the one before stops; return it."""
    return _add_key(transaction, person_key, listed_keys(transaction), root, now, start)


def revoke(
    transaction: Connection, person_key: bytes, root: Signer, now: dt.datetime, key_id: bytes
) -> TicketKey | None:
    """Take a key out of use at once; return the new one that had to be made, if no other signs now.

    A key that was revoked before stays as it is. Raise UnknownTicketKey.
    """
    listed = listed_keys(transaction)
    key = _find(listed, key_id)
    if key.revoked_at is not None:
        return None
    moment = whole_seconds(now)
    ended = replace(key, revoked_at=moment, not_after=min(key.not_after or moment, moment))
    left = replace(listed, keys=tuple(ended if each is key else each for each in listed.keys))
    if any(each.revoked_at is None and each.signs_at(moment) for each in left.keys):
        _publish(transaction, left, root, moment)
        return None
    return _add_key(transaction, person_key, left, root, now, now)


def to_reissue(transaction: Connection, now: dt.datetime, key_id: bytes) -> list[str]:
    """Return the references of appointments to come whose ticket the key signed, the soonest first.

    Of a key that is revoked already, those that it had signed by then. Raise UnknownTicketKey.
    """
    listed = listed_keys(transaction)
    key = _find(listed, key_id)
    before = [replace(each, revoked_at=None) if each is key else each for each in listed.keys]
    return [
        row.reference
        for row in transaction.execute(_TO_COME, {"now": now})
        if key_for(before, whole_seconds(row.changed_at)).key_id == key_id
    ]


def whole_seconds(moment: dt.datetime) -> dt.datetime:
    """Return the second in which it is: tokens and lists count in seconds."""
    return moment.replace(microsecond=0)


def _find(listed: KeySet, key_id: bytes) -> TicketKey:
    key = listed.find(key_id)
    if key is None:
        raise UnknownTicketKey(f"no ticket key is called {key_id.hex()}")
    return key


def _order(key: TicketKey) -> tuple[dt.datetime, bytes]:
    return key.not_before, key.key_id


def _add_key(
    transaction: Connection, person_key: bytes, listed: KeySet, root: Signer, now: dt.datetime, start: dt.datetime
) -> TicketKey:
    signer = cose.new_signer()
    transaction.execute(_INSERT_KEY, {"id": signer.key_id.hex(), "sealed": _seal(person_key, signer)})
    key = TicketKey(signer.key_id, signer.private.public_key(), whole_seconds(start), None, None)
    _publish(transaction, replace(listed, keys=(*listed.keys, key)), root, whole_seconds(now))
    return key


def _publish(transaction: Connection, listed: KeySet, root: Signer, moment: dt.datetime) -> None:
    number = listed.number + 1
    content = keys.write(number, moment, _end_to_end(listed.keys, moment), root)
    transaction.execute(_INSERT_SET, {"number": number, "content": content})


def _end_to_end(listed: Iterable[TicketKey], moment: dt.datetime) -> list[TicketKey]:
    # From the key in force on, each signs until the next one begins: whatever was added or revoked, one always does.
    ends: dt.datetime | None = None
    backwards = []
    for key in sorted(listed, key=_order, reverse=True):
        is_over = key.not_after is not None and key.not_after < moment
        backwards.append(key if key.revoked_at or is_over else replace(key, not_after=ends))
        if not key.revoked_at:
            ends = key.not_before
    return backwards[::-1]


def _seal(person_key: bytes, signer: Signer) -> bytes:
    scalar = signer.private.private_numbers().private_value.to_bytes(_SCALAR_BYTES, "big")
    return vault.lock(person_key, _PURPOSE, signer.key_id, scalar)


def _unseal(person_key: bytes, key_id: bytes, sealed: Mapping[str, bytes]) -> Signer:
    name = key_id.hex()
    try:
        scalar = vault.unlock(person_key, _PURPOSE, key_id, sealed[name])
        return Signer(ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1()), key_id)
    except (KeyError, ValueError):
        raise BadTicketKey(
            f"ticket key {name} in the database is damaged; restore it from the backup, or revoke it"
        ) from None


def _first_root(data_dir: Path) -> Signer:
    path = data_dir / ROOT_NAME
    known = _read_public(data_dir)
    if known is None:  # or it is kept elsewhere, and a new one would be nobody's
        write_once(path, _pem(cose.new_signer()))
    elif not path.exists():
        raise BadTicketKey(f"{ROOT_NAME} is not here, and the first ticket key needs it")
    root = load_root(path, known)
    _write_public(data_dir, _root_text(root))
    return root


def _pem(root: Signer) -> bytes:
    return root.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read_public(data_dir: Path) -> str | None:
    path = data_dir / ROOT_PUBLIC_NAME
    return path.read_text(encoding="ascii", errors="replace").strip() if path.exists() else None


def _write_public(data_dir: Path, root: str) -> None:
    write_once(data_dir / ROOT_PUBLIC_NAME, f"{root}\n".encode())


def _root_text(root: Signer) -> str:
    return keys.root_text(root.private.public_key())
