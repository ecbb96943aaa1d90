"""Who may act: codes of mediators, the count of wrong ones, bearer tokens.

The password grant of RFC 6749 stands in until kiosks enrol: RFC 8628 device authorization with DPoP-bound tokens
replaces `SignIn.token`; the bearer check of every other call, and all of the rest of the API, stays as it is.
"""

import datetime as dt
import hashlib
import hmac
import math
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.central import places
from kiosk.central import tables as db
from kiosk.central.clock import Chance, Clock
from kiosk.central.events import Act, Caller, record
from kiosk.central.intents import in_turn
from kiosk.central.refusal import Refused
from kiosk.central.storage import Storage, take_turn

TOKEN_SECONDS = 10 * 3600  # a working day
MAX_TRIALS = 5
TRIALS_SECONDS = 15 * 60
SALT_BYTES = 16
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}  # about 16 MiB and 40 ms

_CALLER = sa.select(db.tokens.c.mediator, db.tokens.c.kiosk).where(
    db.tokens.c.token_sha256 == sa.bindparam("of"), db.tokens.c.expires_at > sa.bindparam("now")
)


def hash_code(code: str, salt: bytes) -> bytes:
    """Return what is stored of a mediator's code."""
    return hashlib.scrypt(code.encode(), salt=salt, **_SCRYPT)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Codes in, tokens out, callers recognised."""

    storage: Storage
    clock: Clock
    chance: Chance

    def token(self, mediator: str, code: str, kiosk: str) -> contract.Token:
        """Return a bearer token for TOKEN_SECONDS; raise Refused: wrong-code, too-many."""
        self.storage.write(lambda transaction: self._count_trial(transaction, mediator))
        if not self._is_right(mediator, code, kiosk):
            raise Refused(ProblemName.WRONG_CODE)
        token = self.chance.new_token()
        in_turn(self.storage, Caller(mediator, kiosk), lambda tx: self._insert_token(tx, token, mediator, kiosk))
        return contract.Token(access_token=token, expires_in=TOKEN_SECONDS)

    def caller(self, token: str) -> Caller:
        """Return who holds the token; raise Refused(not-signed-in)."""
        with self.storage.looking() as connection:
            row = connection.execute(_CALLER, {"of": sha256(token), "now": self.clock()}).one_or_none()
        if row is None:
            raise Refused(ProblemName.NOT_SIGNED_IN)
        return Caller(row.mediator, row.kiosk)

    def me(self, caller: Caller) -> contract.Me:
        """Return the names behind a token, and what they may still take."""
        now = self.clock()
        with self.storage.reading() as transaction:
            mediator = transaction.execute(
                sa.select(db.mediators.c.id, db.mediators.c.name).where(db.mediators.c.id == caller.mediator)
            ).one()
            kiosk = transaction.execute(sa.select(db.kiosks).where(db.kiosks.c.id == caller.kiosk)).one()
            left = places.left(transaction, places.windows(caller, places.strictest(transaction), now))
        return contract.Me(
            mediator=contract.Mediator(id=mediator.id, name=mediator.name),
            kiosk=contract.Kiosk(id=kiosk.id, name=kiosk.name, department=kiosk.department, region=kiosk.region),
            caps=[
                contract.Cap.model_validate(
                    {"scope": each.window.scope, "limit": each.window.cap, "left": each.left}
                    | {"resets_at": each.window.ends_at.astimezone(dt.UTC)}
                )
                for each in left
            ],
        )

    def _count_trial(self, transaction: Connection, mediator: str) -> None:
        # Counted as wrong before it is looked at, one after the other: trials in parallel cannot slip through together.
        take_turn(transaction, f"code-trial {mediator}")
        mine = db.code_trials.c.mediator == mediator
        now = self.clock()
        since = now - dt.timedelta(seconds=TRIALS_SECONDS)
        transaction.execute(sa.delete(db.code_trials).where(db.code_trials.c.at <= since))
        trials = list(transaction.scalars(sa.select(db.code_trials.c.at).where(mine).order_by(db.code_trials.c.at)))
        if len(trials) >= MAX_TRIALS:
            wait = math.ceil((trials[0] - since).total_seconds())
            raise Refused(ProblemName.TOO_MANY, retry_after_seconds=wait)
        transaction.execute(sa.insert(db.code_trials).values(id=self.chance.new_id(), mediator=mediator, at=now))

    def _insert_token(self, transaction: Connection, token: str, mediator: str, kiosk: str) -> None:
        now = self.clock()
        transaction.execute(sa.delete(db.tokens).where(db.tokens.c.expires_at <= now))
        transaction.execute(sa.delete(db.code_trials).where(db.code_trials.c.mediator == mediator))
        transaction.execute(
            sa.insert(db.tokens).values(
                token_sha256=sha256(token),
                mediator=mediator,
                kiosk=kiosk,
                expires_at=now + dt.timedelta(seconds=TOKEN_SECONDS),
            )
        )
        record(transaction, self.storage.person_key, Caller(mediator, kiosk), now, Act("sign-in", mediator, {}))

    def _is_right(self, mediator: str, code: str, kiosk: str) -> bool:
        with self.storage.reading() as transaction:
            row = transaction.execute(sa.select(db.mediators).where(db.mediators.c.id == mediator)).one_or_none()
            known_kiosk = transaction.scalar(sa.select(db.kiosks.c.id).where(db.kiosks.c.id == kiosk)) is not None
        # An unknown mediator costs the same time as a wrong code: the answer tells nobody who exists.
        salt, expected = (row.code_salt, row.code_hash) if row else (bytes(SALT_BYTES), b"")
        return hmac.compare_digest(hash_code(code, salt), expected) and known_kiosk


def sha256(token: str) -> bytes:
    """Return what is stored of a token: 256 random bits need neither salt nor slowness."""
    return hashlib.sha256(token.encode()).digest()
