"""The keys to which kiosks seal what they ask: private halves in the database, the newest public one published.

Old ones stay: a kiosk that was cut off for days still delivers what it sealed then.
"""

import datetime as dt
from dataclasses import dataclass, field

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.engine import Connection

from kiosk.api import sealing
from kiosk.api.sealing import BadSealError, Binding, Envelope
from kiosk.central import tables as db
from kiosk.central import vault
from kiosk.central.clock import Clock
from kiosk.central.issuer import Issuer
from kiosk.central.storage import Storage
from kiosk.central.ticket_keys import BadTicketKey

_PURPOSE = b"sealing keys"
_NEWEST = sa.select(db.sealing_keys).order_by(db.sealing_keys.c.number.desc()).limit(1)
_ONE = sa.select(db.sealing_keys).where(db.sealing_keys.c.id == sa.bindparam("which"))


def prepare_sealing(transaction: Connection, person_key: bytes, now: dt.datetime) -> None:
    """Make the first key when there is none, else check that the newest opens; raise BadTicketKey."""
    row = transaction.execute(_NEWEST).mappings().one_or_none()
    if row is None:
        add_key(transaction, person_key, now)
    else:
        _private(person_key, row)


def add_key(transaction: Connection, person_key: bytes, now: dt.datetime) -> None:
    """Make a new key, to which kiosks seal from their next sign-in on."""
    private = X25519PrivateKey.generate()
    name = sealing.key_of(private.public_key()).key_id
    locked = vault.lock(person_key, _PURPOSE, name, private.private_bytes_raw())
    transaction.execute(sa.insert(db.sealing_keys), {"id": name.hex(), "sealed": locked, "created_at": now})


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """Publishes the newest key, and opens what was sealed to any."""

    storage: Storage
    issuer: Issuer
    clock: Clock
    _opened: dict[bytes, X25519PrivateKey] = field(default_factory=dict, repr=False)

    def published(self) -> bytes:
        """Return the newest public key, signed by the key of tickets in force; raise BadTicketKey."""
        with self.storage.reading() as transaction:
            row = transaction.execute(_NEWEST).mappings().one()
            private = _private(self.storage.person_key, row)
            signer = self.issuer.signer(transaction, self.clock())
        return sealing.write_key(private.public_key(), row["created_at"], signer)

    def open(self, binding: Binding, envelope: Envelope) -> bytes:
        """Return the body; raise BadSealError, also for a key that nobody has."""
        private = self._opened.get(envelope.key_id)
        if private is None:
            with self.storage.looking() as connection:
                row = connection.execute(_ONE, {"which": envelope.key_id.hex()}).mappings().one_or_none()
            if row is None:
                raise BadSealError
            private = self._opened[envelope.key_id] = _private(self.storage.person_key, row)
        return sealing.open_sealed(private, binding, envelope)


def _private(person_key: bytes, row: sa.RowMapping) -> X25519PrivateKey:
    try:
        raw = vault.unlock(person_key, _PURPOSE, bytes.fromhex(row["id"]), row["sealed"])
    except vault.BadSecretError:
        raise BadTicketKey(f"sealing key {row['id']} in the database is damaged; restore it from the backup") from None
    return X25519PrivateKey.from_private_bytes(raw)
