"""One decision per Idempotency-Key and kiosk: done or refused, it is found again, and races are settled."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from kiosk.api.problems import ProblemName, Rejection
from kiosk.central import tables as db
from kiosk.central.events import Caller
from kiosk.central.identity import payload_hmac
from kiosk.central.refusal import FINAL, Refused, RefusedBefore
from kiosk.central.storage import Storage, take_turn

RACES = 8  # lost in a row before the central gives up

Answer = TypeVar("Answer")

# PostgreSQL names the constraint in its error, SQLite the columns.
_WORTH_RETRYING = (
    "one_booking_per_reference",
    "bookings.reference",
    "one_attempt_per_reference",
    "attempts.reference",
    "one_report_per_reference",
    "reports.reference",
    "one_event_per_number",
    "events.chain, events.number",
    "one_hold_per_kiosk",
    "holds.kiosk",
    "one_known_identifier_per_kind",
    "known_identifiers.person_ref, known_identifiers.kind",
)
_FIND = sa.select(db.intents).where(db.intents.c.kiosk == sa.bindparam("of"), db.intents.c.key == sa.bindparam("under"))
_BEGIN = sa.text(
    "INSERT INTO intents (kiosk, key, action, subject, payload_hmac)"
    " VALUES (:of, :under, :action, :subject, :fingerprint) ON CONFLICT (kiosk, key) DO NOTHING RETURNING key"
)
_REFUSE = sa.text(
    "INSERT INTO intents (kiosk, key, action, subject, payload_hmac, problem, reason, detail)"
    " VALUES (:of, :under, :action, '', :fingerprint, :problem, :reason, :detail)"
    " ON CONFLICT (kiosk, key) DO NOTHING RETURNING key"
)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Answer]):
    """What an intent came to; `replayed` when an earlier call had done it already."""

    answer: Answer
    replayed: bool


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that is done once: by whom, under which key, what to do to what, and the whole request."""

    caller: Caller
    key: str
    action: str
    target: str  # of the request: a hold, a booking; empty for what is new
    request: BaseModel


def settle(storage: Storage, work: Callable[[Connection], Answer]) -> Answer:
    """Run `work` in one write transaction; again when it lost a race for a number, a reference or a key."""
    for _ in range(RACES):
        try:
            return storage.write(work)
        except IntegrityError as error:
            if not is_about(error, _WORTH_RETRYING):
                raise
            lost = error
    raise lost


def in_turn(storage: Storage, caller: Caller, work: Callable[[Connection], Answer]) -> Answer:
    """Run `work` as `settle` does, and after whatever else this kiosk is doing.

    A kiosk has one hold, one chain of events and its own keys: two of its writes at once could only lose races.
    """

    def alone(transaction: Connection) -> Answer:
        take_turn(transaction, f"kiosk {caller.kiosk}")
        return work(transaction)

    return settle(storage, alone)


def decided(storage: Storage, intent: Intent, attempt: Callable[[], Answer]) -> Answer:
    """Return what `attempt` answers; when it refuses, for a reason that is the request's own, that is kept.

    Whichever copy of a request commits first under the key decides: a refusal never meets a success that comes late,
    since that finds the refusal, nor hides one that came in between.
    """
    try:
        return attempt()
    except RefusedBefore:
        raise
    except Refused as refused:
        said = refused
        if said.problem not in FINAL:
            raise
        if in_turn(storage, intent.caller, lambda tx: _refuse(tx, storage.person_key, intent, said)) is None:
            raise
    return attempt()


def begin(transaction: Connection, key: bytes, intent: Intent, subject: str) -> str | None:
    """Write down, in the transaction that does it, what the intent is about; return the subject if it was done before.

    Raise Refused: idempotency-mismatch when the key was used for anything else; RefusedBefore.
    """
    return _write_down(transaction, key, intent, _BEGIN, {"subject": subject})


def settled(transaction: Connection, key: bytes, intent: Intent) -> str | None:
    """Return the subject if it was done before, and raise as `begin` does; for who must look before it begins."""
    row = find(transaction, intent.caller.kiosk, intent.key)
    return None if row is None else _decision(row, intent, payload_hmac(key, intent.target, intent.request))


def find(transaction: Connection, kiosk: str, key: str) -> sa.RowMapping | None:
    """Return what was decided under this kiosk's key."""
    return transaction.execute(_FIND, {"of": kiosk, "under": key}).mappings().one_or_none()


def refusal_in(row: sa.RowMapping) -> RefusedBefore | None:
    """Return the refusal that was kept in a row of `find`; None when it was done."""
    if row["problem"] is None:
        return None
    reason = Rejection(row["reason"]) if row["reason"] else None
    return RefusedBefore(ProblemName(row["problem"]), row["detail"], reason)


def _refuse(transaction: Connection, key: bytes, intent: Intent, said: Refused) -> str | None:
    kept = {"problem": said.problem.value, "reason": said.reason and said.reason.value, "detail": said.detail}
    return _write_down(transaction, key, intent, _REFUSE, kept)


def _write_down(
    transaction: Connection, key: bytes, intent: Intent, how: sa.TextClause, what: dict[str, str | None]
) -> str | None:
    fingerprint = payload_hmac(key, intent.target, intent.request)
    named = {"of": intent.caller.kiosk, "under": intent.key, "action": intent.action, "fingerprint": fingerprint}
    if transaction.scalar(how, named | what) is not None:
        return None
    row = transaction.execute(_FIND, {"of": intent.caller.kiosk, "under": intent.key}).mappings().one()
    return _decision(row, intent, fingerprint)


def _decision(row: sa.RowMapping, intent: Intent, fingerprint: str) -> str:
    if row["action"] != intent.action or row["payload_hmac"] != fingerprint:
        raise Refused(ProblemName.IDEMPOTENCY_MISMATCH)
    refused = refusal_in(row)
    if refused is not None:
        raise refused
    return str(row["subject"])


def is_about(error: IntegrityError, names: tuple[str, ...]) -> bool:
    """Return whether one of these constraints stopped the write."""
    return any(name in str(error.orig) for name in names)
