"""The papers asked for and what is known of each, in SQLite: written before the first byte leaves, proven afterwards.

At most once unless a person says otherwise: a job of which a byte may have left is never sent again, and the next paper
of its subject is a duplicate that says so. Payloads are personal data: they go as soon as nothing will send them.

What is not known here may have been printed. Hence rows may be forgotten, and the file lost, without a second paper
that looks like the first: only a caller that knows a subject to be new gets the number 1 for it.
"""

import contextlib
import datetime as dt
import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from kiosk.printing.errors import PrintingError
from kiosk.statefile import InUseError, NewerError, StateFile, StateFileError, put_aside

PLACE = Path("printing", "spool.sqlite")  # in the state directory
LOCK_SECONDS = 1.0
PROCESS_ID_CHARACTERS = range(32, 127)  # what GS ( H <Function 48> allows, four of them
PROCESS_IDS = len(PROCESS_ID_CHARACTERS) ** 4

_SCHEMA = """
CREATE TABLE job (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    copy INTEGER NOT NULL CHECK (copy >= 1),
    state TEXT NOT NULL
        CHECK (state IN ('queued', 'sending', 'sent', 'printed', 'unconfirmed', 'spoiled', 'cancelled')),
    proof TEXT CHECK (proof IN ('process-id', 'processed', 'person', 'file')),
    process_id BLOB NOT NULL CHECK (length(process_id) = 4),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    payload BLOB,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    CHECK ((state = 'printed') = (proof IS NOT NULL)),
    CHECK (payload IS NOT NULL OR state NOT IN ('queued', 'sending', 'sent'))
) STRICT;
CREATE UNIQUE INDEX one_paper_per_copy ON job (kind, subject, copy) WHERE state <> 'cancelled';
CREATE UNIQUE INDEX one_job_under_way ON job (kind, subject) WHERE state IN ('queued', 'sending', 'sent');
CREATE VIEW paper AS
    SELECT number, kind, subject, copy, state, proof, process_id, created_at, changed_at FROM job;
CREATE TABLE learned (
    address TEXT PRIMARY KEY,
    answers INTEGER NOT NULL CHECK (answers IN (0, 1)),
    process_id INTEGER NOT NULL CHECK (process_id IN (0, 1)),
    identity TEXT NOT NULL
) STRICT;
CREATE TABLE process_id_origin (value INTEGER NOT NULL) STRICT;
"""
# A row that holds a picture is written anew with it at each step: on a full disk a proof would find no room.
_PAYLOADS_APART = """
CREATE TABLE payload (number INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;
INSERT INTO payload SELECT number, payload FROM job WHERE state IN ('queued', 'sending', 'sent');
DROP VIEW paper;
CREATE TABLE light_job (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    copy INTEGER NOT NULL CHECK (copy >= 1),
    state TEXT NOT NULL
        CHECK (state IN ('queued', 'sending', 'sent', 'printed', 'unconfirmed', 'spoiled', 'cancelled')),
    proof TEXT CHECK (proof IN ('process-id', 'processed', 'person', 'file')),
    process_id BLOB NOT NULL CHECK (length(process_id) = 4),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    CHECK ((state = 'printed') = (proof IS NOT NULL))
) STRICT;
INSERT INTO light_job
    SELECT number, kind, subject, copy, state, proof, process_id, sha256, created_at, changed_at FROM job;
DROP TABLE job;
ALTER TABLE light_job RENAME TO job;
CREATE UNIQUE INDEX one_paper_per_copy ON job (kind, subject, copy) WHERE state <> 'cancelled';
CREATE UNIQUE INDEX one_job_under_way ON job (kind, subject) WHERE state IN ('queued', 'sending', 'sent');
CREATE VIEW paper AS
    SELECT number, kind, subject, copy, state, proof, process_id, created_at, changed_at FROM job;
"""
MIGRATIONS = [_SCHEMA, _PAYLOADS_APART]

T = TypeVar("T")


class SpoolError(PrintingError):
    """The record of papers cannot be read or written: nothing may be printed."""


class IllegalStepError(SpoolError):
    """The job is not in a state from which this can happen."""


class UnderWayError(SpoolError):
    """A paper of this subject is queued or being printed: print that one."""


class WrongCopyError(SpoolError):
    """The paper was drawn with another copy number than the next one: draw it again."""


class PayloadLostError(SpoolError):
    """The stored bytes are damaged, or were erased because nothing was to send them: they are never printed."""


class State(StrEnum):
    """Where a paper stands."""

    QUEUED = "queued"  # not one byte has left: it may be sent, or sent again, as it is
    SENDING = "sending"  # committed before the first byte
    SENT = "sent"  # every byte was handed over
    PRINTED = "printed"  # final, with a proof
    UNCONFIRMED = "unconfirmed"  # bytes may have left and nobody knows what came out: a person is asked
    SPOILED = "spoiled"  # final: a person said that it did not come out whole
    CANCELLED = "cancelled"  # final, and only ever from QUEUED


class Proof(StrEnum):
    """Why a paper is called printed."""

    PROCESS_ID = "process-id"  # the printer gave back the id that follows the cut: printing is complete
    PROCESSED = "processed"  # the printer answered a question that stands behind the cut
    PERSON = "person"  # somebody holds it
    FILE = "file"  # a virtual printer: the picture is whole on disk


_PROVABLE = {
    Proof.PROCESS_ID: (State.SENT, State.UNCONFIRMED),  # an id may come late
    Proof.PROCESSED: (State.SENT,),
    Proof.PERSON: (State.UNCONFIRMED,),
    Proof.FILE: (State.SENT,),
}


@dataclass(frozen=True, slots=True)
class Job:
    """One paper. `subject` is a reference that names no person; `process_id` is what the printer is asked to repeat."""

    number: int
    kind: str
    subject: str
    copy: int  # 1 for the first paper, k for « DUPLICATA n° k »
    state: State
    proof: Proof | None
    process_id: bytes
    created_at: dt.datetime
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Learned:
    """What an installation test showed of a printer."""

    answers: bool  # to status queries; from then on its silence means that it is off line
    process_id: bool  # whether it repeats the id that follows a paper
    identity: str  # what it calls itself, empty when it does not say


class Spool:
    """The record of one kiosk's papers. Threads may share it; a second process may not open it."""

    def __init__(self, path: Path, now: Callable[[], dt.datetime]) -> None:
        """Open the file, made for this user only; jobs that a dead process left half sent become UNCONFIRMED.

        `now` returns aware times. A damaged file is put aside. Raise SpoolError when another process has it open, or it
        cannot be read.
        """
        self._now = now
        self._path = path
        self._forgotten: set[int] = set()  # in this life; hashes, so that no code stays in memory
        with _as_spool_errors():
            self._file = StateFile(path, MIGRATIONS)
        with contextlib.ExitStack() as undo:
            undo.callback(self._file.close)
            self._origin = self._process_id_origin()
            self._recover()
            self._erase_settled()
            undo.pop_all()

    @property
    def put_aside(self) -> Path | None:
        """Return the last damaged file that was put aside and is still there."""
        found = put_aside(self._path)
        return found[-1] if found else None

    def close(self) -> None:
        """Close the file and let go of it."""
        self._file.close()

    def add(self, kind: str, subject: str, copy: int, payload: bytes) -> Job:
        """Store a paper, QUEUED. Its bytes never change.

        `copy` is the next one, or more where papers may have been printed elsewhere. Raise UnderWayError when the
        subject has a paper under way, WrongCopyError when a paper of that number may be about.
        """

        def store(db: sqlite3.Connection) -> Job:
            if db.execute(
                "SELECT 1 FROM job WHERE kind = ? AND subject = ? AND state IN ('queued', 'sending', 'sent')",
                (kind, subject),
            ).fetchone():
                raise UnderWayError("Ce papier est déjà en cours d'impression.")
            if copy <= _highest_away(db, kind, subject):
                raise WrongCopyError("Le numéro de ce papier n'est plus le bon.")
            stamp = self._stamp()
            cursor = db.execute(
                "INSERT INTO job (kind, subject, copy, state, process_id, sha256, created_at, changed_at)"
                " VALUES (?, ?, ?, 'queued', zeroblob(4), ?, ?, ?)",
                (kind, subject, copy, hashlib.sha256(payload).digest(), stamp, stamp),
            )
            number = cursor.lastrowid or 0
            db.execute("INSERT INTO payload VALUES (?, ?)", (number, payload))
            db.execute("UPDATE job SET process_id = ? WHERE number = ?", (_process_id(self._origin + number), number))
            return _job(db, number)

        return self._write(store)

    def next_copy(self, kind: str, subject: str, *, new: bool) -> int:
        """Return the copy number to draw: one more than the highest of which a byte may have left, or of what waits.

        `new`: the caller knows that nothing was printed of it, here or elsewhere, before this spool was opened.
        Otherwise the first paper that is known here is a duplicate.
        """
        away, waiting = self._read(
            lambda db: (
                _highest_away(db, kind, subject),
                db.execute(
                    "SELECT copy FROM job WHERE kind = ? AND subject = ? AND state = 'queued'", (kind, subject)
                ).fetchone(),
            )
        )
        if waiting:
            return max(away + 1, int(waiting[0]))
        return max(away + 1, 1 if new and hash((kind, subject)) not in self._forgotten else 2)

    def job(self, number: int) -> Job:
        """Return a job as it stands; raise SpoolError if there is none of that number."""
        return self._read(lambda db: _job(db, number))

    def open_jobs(self) -> tuple[Job, ...]:
        """Return the jobs that still want something of somebody, oldest first."""
        rows = self._read(
            lambda db: db.execute(
                "SELECT * FROM paper WHERE state IN ('queued', 'sending', 'sent', 'unconfirmed') ORDER BY number"
            ).fetchall()
        )
        return tuple(_from_row(row) for row in rows)

    def payload(self, number: int) -> bytes:
        """Return the bytes of a job exactly as they were added; raise PayloadLostError."""
        row = self._read(
            lambda db: db.execute(
                "SELECT content, sha256 FROM payload JOIN job USING (number) WHERE number = ?", (number,)
            ).fetchone()
        )
        if row is None:
            raise PayloadLostError("Ce papier n'est plus en mémoire.")
        payload, digest = bytes(row[0]), bytes(row[1])
        if hashlib.sha256(payload).digest() != digest:
            raise PayloadLostError("Ce papier est abîmé en mémoire. Il ne sera pas imprimé.")
        return payload

    def sending(self, number: int) -> Job:
        """Record that the first byte is about to leave. On a full disk it may not: then this raises SpoolError."""
        return self._move(number, (State.QUEUED,), State.SENDING, reserve=False)

    def not_sent(self, number: int) -> Job:
        """Record that not one byte left after all."""
        return self._move(number, (State.SENDING,), State.QUEUED)

    def sent(self, number: int) -> Job:
        """Record that every byte was handed over."""
        return self._move(number, (State.SENDING,), State.SENT)

    def printed(self, number: int, proof: Proof) -> Job:
        """Record that the paper came out; only a process id or a person proves it once nobody was sure."""
        return self._settle(number, _PROVABLE[proof], State.PRINTED, proof)

    def unconfirmed(self, number: int) -> Job:
        """Record that nobody knows what came out."""
        return self._settle(number, (State.SENDING, State.SENT), State.UNCONFIRMED)

    def spoiled(self, number: int) -> Job:
        """Record that a person has no whole paper in hand."""
        return self._settle(number, (State.UNCONFIRMED,), State.SPOILED)

    def cancel(self, number: int) -> Job:
        """Give up a paper of which nothing has left."""
        return self._settle(number, (State.QUEUED,), State.CANCELLED)

    def purge(self, before: dt.datetime) -> None:
        """Erase what a reader or a full disk kept from being erased, and forget subjects unchanged since `before`.

        A subject is forgotten with all of its papers, and never while one is under way. Raise SpoolError while a reader
        keeps old pages alive.
        """

        def forget(db: sqlite3.Connection) -> list[tuple[str, str]]:
            return db.execute(
                "DELETE FROM job WHERE (kind, subject) NOT IN"
                " (SELECT kind, subject FROM job WHERE state IN ('queued', 'sending', 'sent') OR changed_at >= ?)"
                " RETURNING kind, subject",
                (_text(before),),
            ).fetchall()

        self._forgotten |= {hash(one) for one in self._write(forget, reserve=True)}
        self._erase()

    def learned(self, address: str) -> Learned | None:
        """Return what is known of the printer at an address, None before it was tried."""
        return self._read(lambda db: _learned(db, address))

    def learn(self, address: str, learned: Learned) -> None:
        """Remember what a test of the printer showed, in the place of any earlier one."""
        self._write(
            lambda db: db.execute(
                "INSERT OR REPLACE INTO learned VALUES (?, ?, ?, ?)",
                (address, learned.answers, learned.process_id, learned.identity),
            )
        )

    def _recover(self) -> None:
        """Say of every job under way that nobody knows: this process owns the file, so nobody is sending them."""
        self._write(
            lambda db: db.execute(
                "UPDATE job SET state = 'unconfirmed', changed_at = ? WHERE state IN ('sending', 'sent')",
                (self._stamp(),),
            ),
            reserve=True,
        )

    def _process_id_origin(self) -> int:
        """Return where this file's ids start: at random, so that a new file does not repeat those of the old one."""

        def origin(db: sqlite3.Connection) -> int:
            row = db.execute("SELECT value FROM process_id_origin").fetchone()
            if row is None:
                row = (secrets.randbelow(PROCESS_IDS),)
                db.execute("INSERT INTO process_id_origin VALUES (?)", row)
            return int(row[0])

        return self._write(origin)

    def _move(
        self,
        number: int,
        sources: tuple[State, ...],
        target: State,
        proof: Proof | None = None,
        *,
        reserve: bool = True,
    ) -> Job:
        def move(db: sqlite3.Connection) -> Job:
            moved = db.execute(
                "UPDATE job SET state = ?, proof = ?, changed_at = ? WHERE number = ? AND state IN (?, ?)",
                (target, proof, self._stamp(), number, sources[0], sources[-1]),
            ).rowcount
            job = _job(db, number)
            if not moved:
                raise IllegalStepError(f"Impression {number} : « {job.state} » ne peut pas devenir « {target} ».")
            return job

        return self._write(move, reserve=reserve)

    def _settle(self, number: int, sources: tuple[State, ...], target: State, proof: Proof | None = None) -> Job:
        """Record first, erase then: on a full disk what happened takes less room than to overwrite a picture."""
        job = self._move(number, sources, target, proof)
        self._erase_settled()
        return job

    def _erase_settled(self) -> None:
        with contextlib.suppress(SpoolError):  # by `purge`, soon
            self._erase()

    def _erase(self) -> None:
        self._write(
            lambda db: db.execute(
                "DELETE FROM payload WHERE number NOT IN"
                " (SELECT number FROM job WHERE state IN ('queued', 'sending', 'sent'))"
            ),
            reserve=True,
        )
        with _as_spool_errors():
            self._file.erase()

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _as_spool_errors():
            return self._file.read(work)

    def _write(self, work: Callable[[sqlite3.Connection], T], *, reserve: bool = False) -> T:
        with _as_spool_errors():
            return self._file.write(work, reserve=reserve)

    def _stamp(self) -> str:
        return _text(self._now())


def last_learned(path: Path, address: str) -> Learned | None:
    """Return what is known of a printer without owning the spool, which a kiosk may have open; None if nothing is."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", timeout=LOCK_SECONDS, uri=True)) as db:
            return _learned(db, address)
    except sqlite3.Error:
        return None


def _learned(db: sqlite3.Connection, address: str) -> Learned | None:
    row = db.execute("SELECT answers, process_id, identity FROM learned WHERE address = ?", (address,)).fetchone()
    return Learned(bool(row[0]), bool(row[1]), row[2]) if row else None


@contextlib.contextmanager
def _as_spool_errors() -> Iterator[None]:
    try:
        yield
    except InUseError as error:
        raise SpoolError("Un autre kiosque ouvert utilise déjà cette imprimante.") from error
    except NewerError as error:
        raise SpoolError("Le registre des impressions vient d'une version plus récente du kiosque.") from error
    except StateFileError as error:
        raise SpoolError("Le registre des impressions ne peut pas être lu ou écrit.") from error


def _highest_away(db: sqlite3.Connection, kind: str, subject: str) -> int:
    """Return the highest copy of which a byte may have left, 0 when there is none."""
    (highest,) = db.execute(
        "SELECT coalesce(max(copy), 0) FROM job"
        " WHERE kind = ? AND subject = ? AND state NOT IN ('queued', 'cancelled')",
        (kind, subject),
    ).fetchone()
    return int(highest)


def _job(db: sqlite3.Connection, number: int) -> Job:
    row = db.execute("SELECT * FROM paper WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise SpoolError(f"Il n'y a pas d'impression {number}.")
    return _from_row(row)


def _from_row(row: tuple[int, str, str, int, str, str | None, bytes, str, str]) -> Job:
    number, kind, subject, copy, state, proof, process_id, created_at, changed_at = row
    return Job(
        number,
        kind,
        subject,
        copy,
        State(state),
        Proof(proof) if proof else None,
        process_id,
        dt.datetime.fromisoformat(created_at),
        dt.datetime.fromisoformat(changed_at),
    )


def _text(moment: dt.datetime) -> str:
    """Return the moment so that texts sort as times do."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _process_id(serial: int) -> bytes:
    """Write a serial number in base 95: the same id comes back after 81 million."""
    digits = []
    for _ in range(4):
        serial, digit = divmod(serial, len(PROCESS_ID_CHARACTERS))
        digits.append(PROCESS_ID_CHARACTERS[digit])
    return bytes(reversed(digits))
