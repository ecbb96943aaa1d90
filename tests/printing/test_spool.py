"""The record of papers on a real file: what may follow what, across lives, and what is left of it on disk."""

import contextlib
import dataclasses
import datetime as dt
import hashlib
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
    MIGRATIONS,
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
from kiosk.statefile import StateFile

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


def next_copy(spool: Spool, *, new: bool = True) -> int:
    """Return the number of the subject's next paper."""
    return spool.next_copy("ticket", SUBJECT, new=new)


def queued(spool: Spool) -> Job:
    """Add the next paper of the subject, which was booked a moment ago."""
    return spool.add("ticket", SUBJECT, next_copy(spool), PAYLOAD)


def printed(spool: Spool) -> Job:
    """Bring a paper to where a person has it."""
    return spool.printed(unconfirmed(spool).number, Proof.PERSON)


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
        assert next_copy(spool) == 2


def test_a_queued_job_survives_and_is_the_same_paper(path: Path) -> None:
    with opened(path) as spool:
        job = queued(spool)
        spool.sending(job.number)
        spool.not_sent(job.number)
    with opened(path) as spool:
        assert spool.open_jobs() == (job,)
        assert spool.payload(job.number) == PAYLOAD
        assert next_copy(spool) == 1


def test_a_cancelled_paper_never_existed_and_a_spoiled_one_did(path: Path) -> None:
    with opened(path) as spool:
        spool.cancel(queued(spool).number)
        assert next_copy(spool) == 1
        spool.spoiled(unconfirmed(spool).number)
        assert next_copy(spool) == 2
        assert spool.next_copy("cancelled", SUBJECT, new=True) == 1
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
        assert next_copy(spool) == 3


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
    assert set(files) == {"spool.sqlite", "spool.sqlite-wal", "spool.sqlite-shm", "spool.sqlite-owner", "ballast"}
    assert set(files.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_nobody_else_opens_a_spool_in_use(path: Path) -> None:
    with opened(path) as spool:
        job = spool.sending(queued(spool).number)
        with pytest.raises(SpoolError, match="Un autre kiosque"):
            Spool(path, Clock())
        assert spool.job(job.number).state is State.SENDING


def on_disk(path: Path) -> bool:
    """Tell whether any file beside the spool still holds what the paper says."""
    return any(b"who waits for nobody" in file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize("last", [State.PRINTED, State.UNCONFIRMED, State.SPOILED, State.CANCELLED])
def test_what_a_paper_says_leaves_the_disk_as_soon_as_nothing_will_send_it(path: Path, last: State) -> None:
    with opened(path) as spool:
        job = queued(spool)
        for step in WAYS[last]:
            assert on_disk(path) == (spool.job(job.number).state in (State.QUEUED, State.SENDING, State.SENT))
            step(spool, job.number)
        assert not on_disk(path)
        with pytest.raises(PayloadLostError):
            spool.payload(job.number)
        assert spool.job(job.number).state is last


def test_what_waits_to_be_sent_is_kept(path: Path) -> None:
    with opened(path) as spool:
        spool.not_sent(spool.sending(queued(spool).number).number)
        other = spool.add("ticket", "other", 1, PAYLOAD)
        spool.cancel(other.number)
        spool.purge(START + dt.timedelta(days=99))
        assert spool.payload(1) == PAYLOAD


def test_what_a_dead_process_was_sending_is_erased_at_the_next_start(path: Path) -> None:
    with opened(path) as spool:
        spool.sent(spool.sending(queued(spool).number).number)
    assert on_disk(path)
    with opened(path):
        assert not on_disk(path)


def test_what_a_reader_keeps_alive_is_erased_at_the_next_purge(path: Path) -> None:
    with opened(path) as spool, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
        job = queued(spool)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM job").fetchone()
        assert spool.cancel(job.number).state is State.CANCELLED
        with pytest.raises(SpoolError):
            spool.purge(START)
        assert on_disk(path)
        reader.execute("COMMIT")
        spool.purge(START)
        assert not on_disk(path)


def test_old_subjects_are_forgotten_and_their_next_paper_is_a_duplicate(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as spool:
        old = printed(spool)
        clock.time += dt.timedelta(days=31)
        spool.purge(START + dt.timedelta(days=1))
        with pytest.raises(SpoolError):
            spool.job(old.number)
        assert next_copy(spool, new=True) == 2, "in the visit of which the clock jumped"
        assert next_copy(spool, new=False) == 2
    assert SUBJECT.encode() not in path.read_bytes()
    with opened(path, clock) as spool:
        assert next_copy(spool, new=False) == 2
        assert queued(spool).number > old.number, "no process id comes again"


def test_a_subject_is_forgotten_whole_or_not_at_all(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as spool:
        printed(spool)
        clock.time += dt.timedelta(days=31)
        printed(spool)
        spool.purge(clock.time)
        assert next_copy(spool) == 3
        clock.time += dt.timedelta(days=31)
        waiting = queued(spool)
        spool.purge(clock.time + dt.timedelta(days=1))
        assert [spool.job(number).copy for number in (1, 2, waiting.number)] == [1, 2, 3]


def test_a_clock_that_jumps_back_changes_no_number(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as spool:
        first = printed(spool)
        clock.time -= dt.timedelta(days=4000)
        second = printed(spool)
        assert (first.copy, second.copy, next_copy(spool)) == (1, 2, 3)
        spool.purge(clock.time + dt.timedelta(days=1))
        assert next_copy(spool) == 3
    with opened(path, clock) as spool:
        assert [spool.job(number).copy for number in (1, 2)] == [1, 2]


def test_of_an_appointment_of_which_nothing_is_known_a_paper_may_be_about(path: Path) -> None:
    with opened(path) as spool:
        assert next_copy(spool, new=True) == 1
        assert next_copy(spool, new=False) == 2
        queued(spool)
        assert next_copy(spool, new=False) == 1, "that one, of which nothing left"


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 100])
def test_after_a_damaged_spool_no_second_paper_looks_like_a_first_one(path: Path, damage: bytes) -> None:
    with opened(path) as spool:
        printed(spool)
        assert spool.put_aside is None
    path.write_bytes(damage)
    with opened(path) as spool:
        assert spool.put_aside is not None
        assert spool.put_aside.read_bytes() == damage
        assert next_copy(spool, new=False) == 2
        job = spool.add("ticket", SUBJECT, 2, PAYLOAD)
        spool.cancel(job.number)
        assert next_copy(spool, new=False) == 2
        assert spool.next_copy("ticket", "booked since", new=True) == 1
    with opened(path) as spool:
        assert spool.put_aside is not None, "until somebody takes it away"


def test_damaged_bytes_are_never_given_out(path: Path) -> None:
    with opened(path) as spool:
        job = queued(spool)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE payload SET content = ?", (PAYLOAD[:-1],))
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
    with pytest.raises(SpoolError, match="plus récente"):
        Spool(path, Clock())
    with pytest.raises(SpoolError, match="lu ou écrit"):
        Spool(path / "deeper", Clock())


def test_an_older_spool_is_brought_up_to_date_with_what_it_holds(path: Path) -> None:
    with contextlib.closing(StateFile(path, MIGRATIONS[:1])) as file:
        digest = hashlib.sha256(PAYLOAD).digest()
        rows = [
            ("waits", "queued", None, PAYLOAD),
            ("out", "printed", "person", PAYLOAD),
            ("broken off", "sent", None, PAYLOAD),
            ("purged", "spoiled", None, None),
        ]
        file.write(
            lambda db: db.executemany(
                "INSERT INTO job"
                " (kind, subject, copy, state, proof, process_id, sha256, payload, created_at, changed_at)"
                " VALUES ('ticket', ?, 1, ?, ?, x'61626364', ?, ?, ?, ?)",
                [(*row[:3], digest, row[3], START.isoformat(), START.isoformat()) for row in rows],
            )
        )
    with opened(path) as spool:
        assert [(spool.job(number).subject, spool.job(number).state) for number in (1, 2, 3, 4)] == [
            ("waits", State.QUEUED),
            ("out", State.PRINTED),
            ("broken off", State.UNCONFIRMED),
            ("purged", State.SPOILED),
        ]
        assert spool.payload(1) == PAYLOAD
        assert spool.next_copy("ticket", "out", new=True) == 2
        assert queued(spool).number == 5
        spool.cancel(1)
        spool.cancel(5)
        assert not on_disk(path)


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
        self._old: set[str] = set()  # had papers in earlier lives: nobody calls them new
        self._forgotten: set[str] = set()  # in this life
        self._first_left: list[str] = []  # subjects, each time a paper without a mark may have left

    def teardown(self) -> None:
        self._spool.close()
        self._directory.cleanup()

    def _next_copy(self, subject: str) -> int:
        waiting = [job.copy for job in self._jobs(subject) if job.state is State.QUEUED]
        lowest = waiting[0] if waiting else 2 if subject in self._old | self._forgotten else 1
        return max(self._away(subject) + 1, lowest)

    def _away(self, subject: str) -> int:
        jobs = self._jobs(subject)
        return max((job.copy for job in jobs if job.state not in (State.QUEUED, State.CANCELLED)), default=0)

    def _jobs(self, subject: str) -> list[Job]:
        return [job for job in self._model.values() if job.subject == subject]

    @rule(subject=SUBJECTS, offset=st.sampled_from([0, 0, 0, -1, 1]))
    def add(self, subject: str, offset: int) -> None:
        copy = self._next_copy(subject) + offset
        under_way = {State.QUEUED, State.SENDING, State.SENT}
        if any(job.state in under_way for job in self._jobs(subject)):
            with pytest.raises(UnderWayError):
                self._spool.add("ticket", subject, copy, PAYLOAD[:100])
        elif offset < 0:
            with pytest.raises(WrongCopyError):
                self._spool.add("ticket", subject, self._away(subject), PAYLOAD[:100])
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
        job = self._model[number]
        if job.state in sources:
            self._model[number] = dataclasses.replace(job, state=target, proof=proof, changed_at=self._clock.time)
            assert step() == self._model[number]
            if target is State.SENT and job.copy == 1:
                self._first_left.append(job.subject)
        else:
            with pytest.raises(IllegalStepError):
                step()

    @rule()
    def live_again(self) -> None:
        self._spool.close()
        self._start()
        for number, job in self._model.items():
            if job.state in (State.SENDING, State.SENT):
                self._model[number] = dataclasses.replace(job, state=State.UNCONFIRMED, changed_at=self._clock.time)

    @rule(content=st.sampled_from([b"", b"not a database"]))
    def find_the_file_damaged(self, content: bytes) -> None:
        self._spool.close()
        self._path.write_bytes(content)
        self._start()
        self._model.clear()

    def _start(self) -> None:
        self._old |= {job.subject for job in self._model.values()} | self._forgotten
        self._forgotten.clear()
        self._spool = Spool(self._path, self._clock)

    @rule(days=st.integers(-40, 40))
    def purge(self, days: int) -> None:
        self._clock.time += dt.timedelta(days=days)
        before = self._clock.time - dt.timedelta(days=30)
        self._spool.purge(before)
        for subject in ("A", "B"):
            jobs = self._jobs(subject)
            under_way = any(job.state in (State.QUEUED, State.SENDING, State.SENT) for job in jobs)
            if jobs and not under_way and all(job.changed_at < before for job in jobs):
                self._model = {number: job for number, job in self._model.items() if job.subject != subject}
                self._forgotten.add(subject)

    @invariant()
    def everything_is_as_modelled(self) -> None:
        for number, job in self._model.items():
            assert self._spool.job(number) == job
            if job.state in (State.QUEUED, State.SENDING, State.SENT):
                assert self._spool.payload(number) == PAYLOAD[:100]
            else:
                with pytest.raises(PayloadLostError):
                    self._spool.payload(number)
        for subject in ("A", "B"):
            assert self._spool.next_copy("ticket", subject, new=subject not in self._old) == self._next_copy(subject)
            assert self._first_left.count(subject) <= 1


Lives.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestLives = Lives.TestCase
