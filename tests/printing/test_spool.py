"""The record of papers on a real file: what may follow what, across lives, and what is left of it on disk."""

import contextlib
import dataclasses
import datetime as dt
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk.printing.spool import (
    PROCESS_IDS,
    IllegalStepError,
    Job,
    Learned,
    PayloadLostError,
    Proof,
    Spool,
    SpoolError,
    State,
    UnderWayError,
    WrongCopyError,
    _process_id,
)

START = dt.datetime(2027, 1, 11, 9, 0, tzinfo=dt.UTC)
SUBJECT = "7K4MQ2XP93TQ"
PAYLOAD = b"Mariam D., who waits for nobody to read this\x00\xff" * 2000


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> dt.datetime:
        return self.time


@contextlib.contextmanager
def opened(path: Path, clock: Callable[[], dt.datetime] | None = None) -> Iterator[Spool]:
    """Open the spool for one life."""
    with contextlib.closing(Spool(path, clock or Clock())) as spool:
        yield spool


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the spool of a test is."""
    return tmp_path / "printing" / "spool.sqlite"


def queued(spool: Spool) -> Job:
    """Add the next paper of the subject."""
    return spool.add("ticket", SUBJECT, spool.next_copy("ticket", SUBJECT), PAYLOAD)


def unconfirmed(spool: Spool) -> Job:
    """Bring a paper to where nobody knows."""
    return spool.unconfirmed(spool.sending(queued(spool).number).number)


def test_a_paper_goes_from_queued_to_printed_with_its_proof(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as spool:
        job = queued(spool)
        assert (job.kind, job.subject, job.copy, job.state, job.proof) == ("ticket", SUBJECT, 1, State.QUEUED, None)
        assert spool.payload(job.number) == PAYLOAD
        assert spool.open_jobs() == (job,)
        clock.time += dt.timedelta(seconds=2)
        spool.sending(job.number)
        spool.sent(job.number)
        done = spool.printed(job.number, Proof.PROCESS_ID)
        assert (done.state, done.proof) == (State.PRINTED, Proof.PROCESS_ID)
        assert (done.created_at, done.changed_at) == (START, clock.time)
        assert spool.open_jobs() == ()


@pytest.mark.parametrize("last", [State.SENDING, State.SENT])
def test_a_job_that_a_dead_process_left_half_sent_is_known_to_nobody(path: Path, last: State) -> None:
    with opened(path) as spool:
        job = spool.sending(queued(spool).number)
        if last is State.SENT:
            spool.sent(job.number)
    with opened(path) as spool:
        (found,) = spool.open_jobs()
        assert (found.number, found.state) == (job.number, State.UNCONFIRMED)
        assert spool.next_copy("ticket", SUBJECT) == 2


def test_a_queued_job_survives_and_is_the_same_paper(path: Path) -> None:
    with opened(path) as spool:
        job = queued(spool)
        spool.sending(job.number)
        spool.not_sent(job.number)
    with opened(path) as spool:
        assert spool.open_jobs() == (job,)
        assert spool.payload(job.number) == PAYLOAD
        assert spool.next_copy("ticket", SUBJECT) == 1


def test_a_cancelled_paper_never_existed_and_a_spoiled_one_did(path: Path) -> None:
    with opened(path) as spool:
        spool.cancel(queued(spool).number)
        assert spool.next_copy("ticket", SUBJECT) == 1
        spool.spoiled(unconfirmed(spool).number)
        assert spool.next_copy("ticket", SUBJECT) == 2
        assert spool.next_copy("cancelled", SUBJECT) == 1
        assert spool.open_jobs() == ()


def test_a_subject_has_one_paper_under_way_and_the_right_number_on_it(path: Path) -> None:
    with opened(path) as spool:
        job = queued(spool)
        with pytest.raises(UnderWayError):
            queued(spool)
        spool.unconfirmed(spool.sending(job.number).number)
        with pytest.raises(WrongCopyError):
            spool.add("ticket", SUBJECT, 1, PAYLOAD)
        assert queued(spool).copy == 2


def test_a_paper_printed_elsewhere_first_is_a_duplicate_here_too(path: Path) -> None:
    with opened(path) as spool:
        job = spool.add("ticket", SUBJECT, 2, PAYLOAD)
        spool.unconfirmed(spool.sending(job.number).number)
        assert spool.next_copy("ticket", SUBJECT) == 3


def test_process_ids_are_printable_and_last_a_lifetime(path: Path) -> None:
    with opened(path) as spool:
        first = queued(spool)
        spool.cancel(first.number)
    with opened(path) as spool:
        second = queued(spool)
    assert first.process_id != second.process_id
    assert all(32 <= character <= 126 for character in first.process_id + second.process_id)
    ids = {_process_id(serial) for serial in range(PROCESS_IDS - 2000, PROCESS_IDS + 2000)}
    assert len(ids) == 4000
    assert _process_id(5) == _process_id(5 + PROCESS_IDS)
    assert min(ids) == b"    "
    assert max(ids) == b"~~~~"


def test_only_this_user_reads_the_files(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    with opened(path) as spool:
        queued(spool)
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(files) == {"spool.sqlite", "spool.sqlite-wal", "spool.sqlite-shm", "spool.sqlite-owner"}
    assert set(files.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_nobody_else_opens_a_spool_in_use(path: Path) -> None:
    with opened(path) as spool:
        job = spool.sending(queued(spool).number)
        with pytest.raises(SpoolError, match="Un autre kiosque"):
            Spool(path, Clock())
        assert spool.job(job.number).state is State.SENDING


def test_a_purged_paper_is_nowhere_on_disk(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as spool:
        spool.spoiled(unconfirmed(spool).number)
        unconfirmed(spool)
        kept = queued(spool)
        clock.time += dt.timedelta(hours=1)
        assert spool.purge(START) == 0
        assert spool.payload(1) == PAYLOAD
        assert spool.purge(clock.time) == 2
        with pytest.raises(PayloadLostError):
            spool.payload(1)
        assert spool.payload(kept.number) == PAYLOAD
        spool.cancel(kept.number)
        clock.time += dt.timedelta(hours=1)
        assert spool.purge(clock.time) == 1
        assert not any(b"who waits for nobody" in file.read_bytes() for file in path.parent.iterdir())
        assert spool.job(kept.number).state is State.CANCELLED


def test_a_purge_that_a_reader_holds_up_says_so(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as spool, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
        unconfirmed(spool)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM job").fetchone()
        clock.time += dt.timedelta(hours=1)
        with pytest.raises(SpoolError, match="effacés"):
            spool.purge(clock.time)
        reader.execute("COMMIT")
        assert spool.purge(clock.time) == 0
        assert not any(b"who waits for nobody" in file.read_bytes() for file in path.parent.iterdir())


def test_damaged_bytes_are_never_given_out(path: Path) -> None:
    with opened(path) as spool:
        job = queued(spool)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE job SET payload = ?", (PAYLOAD[:-1],))
    with opened(path) as spool:
        with pytest.raises(PayloadLostError):
            spool.payload(job.number)
        assert spool.job(job.number).state is State.QUEUED


def test_what_a_printer_showed_is_remembered(path: Path) -> None:
    with opened(path) as spool:
        assert spool.learned("tcp://192.0.2.7:9100") is None
        spool.learn("tcp://192.0.2.7:9100", Learned(False, False, ""))
        spool.learn("tcp://192.0.2.7:9100", Learned(True, True, "TM-T20III"))
    with opened(path) as spool:
        assert spool.learned("tcp://192.0.2.7:9100") == Learned(True, True, "TM-T20III")
        assert spool.learned("virtual:") is None


def test_a_file_that_is_not_ours_is_refused(path: Path) -> None:
    with opened(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(SpoolError, match="autre version"):
        Spool(path, Clock())
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(SpoolError, match="lu ou écrit"):
        Spool(path, Clock())
    with pytest.raises(SpoolError, match="dossier"):
        Spool(path / "deeper", Clock())


def test_an_unknown_job_is_an_error_of_the_spool(path: Path) -> None:
    with opened(path) as spool:
        for step in (spool.job, spool.sending, spool.payload):
            with pytest.raises(SpoolError):
                step(7)


STEPS: dict[str, tuple[set[State], State]] = {
    "sending": ({State.QUEUED}, State.SENDING),
    "not_sent": ({State.SENDING}, State.QUEUED),
    "sent": ({State.SENDING}, State.SENT),
    "unconfirmed": ({State.SENDING, State.SENT}, State.UNCONFIRMED),
    "spoiled": ({State.UNCONFIRMED}, State.SPOILED),
    "cancel": ({State.QUEUED}, State.CANCELLED),
}
PROOFS = {
    Proof.PROCESS_ID: {State.SENT, State.UNCONFIRMED},
    Proof.PROCESSED: {State.SENT},
    Proof.PERSON: {State.UNCONFIRMED},
    Proof.FILE: {State.SENT},
}
WAYS: dict[State, tuple[Callable[[Spool, int], Job], ...]] = {
    State.QUEUED: (),
    State.SENDING: (Spool.sending,),
    State.SENT: (Spool.sending, Spool.sent),
    State.PRINTED: (Spool.sending, Spool.sent, lambda spool, number: spool.printed(number, Proof.FILE)),
    State.UNCONFIRMED: (Spool.sending, Spool.unconfirmed),
    State.SPOILED: (Spool.sending, Spool.unconfirmed, Spool.spoiled),
    State.CANCELLED: (Spool.cancel,),
}


@pytest.mark.parametrize("state", list(State))
def test_every_step_from_every_state_is_taken_or_refused(state: State, path: Path) -> None:
    with opened(path) as spool:
        for step, (sources, target) in STEPS.items():
            job = spool.add("ticket", step, 1, PAYLOAD[:100])
            for way in WAYS[state]:
                way(spool, job.number)
            if state in sources:
                assert getattr(spool, step)(job.number).state is target
            else:
                with pytest.raises(IllegalStepError):
                    getattr(spool, step)(job.number)
                assert spool.job(job.number).state is state
        for proof, sources in PROOFS.items():
            job = spool.add("ticket", proof, 1, PAYLOAD[:100])
            for way in WAYS[state]:
                way(spool, job.number)
            if state in sources:
                assert spool.printed(job.number, proof).proof is proof
            else:
                with pytest.raises(IllegalStepError):
                    spool.printed(job.number, proof)


SUBJECTS = st.sampled_from(["A", "B"])


class Lives(RuleBasedStateMachine):
    """Any order of calls and of deaths, against a model of one dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._clock = Clock()
        self._path = Path(self._directory.name) / "spool.sqlite"
        self._spool = Spool(self._path, self._clock)
        self._model: dict[int, Job] = {}

    def teardown(self) -> None:
        self._spool.close()
        self._directory.cleanup()

    def _next_copy(self, subject: str) -> int:
        away = [job for job in self._model.values() if job.state not in (State.QUEUED, State.CANCELLED)]
        return 1 + max((job.copy for job in away if job.subject == subject), default=0)

    @rule(subject=SUBJECTS, offset=st.sampled_from([0, 0, 0, -1, 1]))
    def add(self, subject: str, offset: int) -> None:
        copy = self._next_copy(subject) + offset
        under_way = {State.QUEUED, State.SENDING, State.SENT}
        if any(job.subject == subject and job.state in under_way for job in self._model.values()):
            with pytest.raises(UnderWayError):
                self._spool.add("ticket", subject, copy, PAYLOAD[:100])
        elif offset < 0:
            with pytest.raises(WrongCopyError):
                self._spool.add("ticket", subject, copy, PAYLOAD[:100])
        else:
            job = self._spool.add("ticket", subject, copy, PAYLOAD[:100])
            assert job.number not in self._model
            assert (job.subject, job.copy, job.state) == (subject, copy, State.QUEUED)
            self._model[job.number] = job

    @precondition(lambda self: self._model)
    @rule(data=st.data(), step=st.sampled_from(sorted(STEPS)))
    def take_a_step(self, data: st.DataObject, step: str) -> None:
        number = data.draw(st.sampled_from(sorted(self._model)[-3:]))
        sources, target = STEPS[step]
        self._expect(number, sources, target, None, lambda: getattr(self._spool, step)(number))

    @precondition(lambda self: self._model)
    @rule(data=st.data(), proof=st.sampled_from(list(Proof)))
    def prove(self, data: st.DataObject, proof: Proof) -> None:
        number = data.draw(st.sampled_from(sorted(self._model)[-3:]))
        self._expect(number, PROOFS[proof], State.PRINTED, proof, lambda: self._spool.printed(number, proof))

    def _expect(
        self, number: int, sources: set[State], target: State, proof: Proof | None, step: Callable[[], Job]
    ) -> None:
        if self._model[number].state in sources:
            self._model[number] = dataclasses.replace(self._model[number], state=target, proof=proof)
            assert step() == self._model[number]
        else:
            with pytest.raises(IllegalStepError):
                step()

    @rule()
    def live_again(self) -> None:
        self._spool.close()
        self._spool = Spool(self._path, self._clock)
        for number, job in self._model.items():
            if job.state in (State.SENDING, State.SENT):
                self._model[number] = dataclasses.replace(job, state=State.UNCONFIRMED)

    @rule()
    def purge(self) -> None:
        self._spool.purge(START + dt.timedelta(days=1))
        for number, job in self._model.items():
            if job.state in (State.QUEUED, State.SENDING, State.SENT):
                assert self._spool.payload(number) == PAYLOAD[:100]
            else:
                with pytest.raises(PayloadLostError):
                    self._spool.payload(number)

    @invariant()
    def everything_is_as_modelled(self) -> None:
        assert {number: self._spool.job(number) for number in self._model} == self._model
        for subject in ("A", "B"):
            assert self._spool.next_copy("ticket", subject) == self._next_copy(subject)
            unmarked = [
                job
                for job in self._model.values()
                if job.subject == subject and job.copy == 1 and job.state is not State.CANCELLED
            ]
            assert len(unmarked) <= 1


Lives.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestLives = Lives.TestCase
