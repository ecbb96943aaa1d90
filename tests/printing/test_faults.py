"""Every way a printer fails times every moment at which a kiosk can be killed: one unmarked paper, and no lost job.

Each run is a kiosk in a process of its own that really dies, a simulated printer that outlives it, a second life on the
same file, and a person who looks at the papers that really came out, answers, and asks again. KIOSK_PRINT_FAULT_RUNS
adds that many runs drawn at random.
"""

import contextlib
import dataclasses
import itertools
import multiprocessing
import os
import random
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest

from kiosk.printing.driver import Driver, Patience, Step
from kiosk.printing.simulator import Faults, Simulator
from kiosk.printing.spool import Job, Learned, Proof, Spool, State
from kiosk.printing.status import Health
from kiosk.printing.transports import transport_for
from tests.printing import dying
from tests.printing.dying import KIND, SUBJECT, Death, Life, now
from tests.printing.prepared import DUPLICATE, FIRST, picture

RUNS = int(os.environ.get("KIOSK_PRINT_FAULT_RUNS", "0"))
AT_ONCE = 4  # most of a run is waiting
COLLECTING = threading.Lock()  # starting a child also collects dead ones, which two threads must not do at once
LIVES = 6
PATIENCE = Patience(
    answer=0.15,
    progress=0.1,
    finish=0.1,
    goodbye=0.1,
    millimetres_per_second=1e6,
    margin=0.15,
    poll=0.02,
    roll_change=0.15,
    late=0.05,
)
PICTURES = {1: picture(FIRST), 2: picture(DUPLICATE)}
END = len(FIRST)
DEATHS = (
    None,
    Death(),
    Death(Step.COMMITTING),
    Death(Step.COMMITTED),
    Death(taken=1),
    Death(taken=END // 2),
    Death(taken=END),
    Death(Step.SENT),
    Death(Step.WAITING_FOR_PAPER),
    Death(Step.PROVEN),
    Death(Step.ASKING),
)
LEARNED = (
    Learned(answers=True, process_id=True, identity=""),
    None,
    Learned(answers=True, process_id=False, identity=""),
    Learned(answers=False, process_id=False, identity=""),
)
FAMILIES: dict[str, tuple[Faults, ...]] = {
    "none": (Faults(), Faults(paper_near_end=True), Faults(refuses=True)),
    "paper out": (
        Faults(paper_out=True),
        *(Faults(paper_out_after=count, resumes=resumes) for count in (1, 9000, END) for resumes in (True, False)),
    ),
    "cover": (
        Faults(cover_open=True),
        Faults(cover_open_after=9000),
        Faults(cover_open_after=END - 1, resumes=False),
        Faults(cutter_stuck=True),
        Faults(paper_out_after=9000, silent_offline=True),
    ),
    "cut": tuple(
        fault
        for count in (0, 1, 9000, END - 1, END)
        for fault in (Faults(closes_after=count), Faults(resets_after=count))
    ),
    "stall": (
        *(Faults(stalls_after=count) for count in (0, 1, 9000, END)),
        Faults(bytes_per_second=200_000),
    ),
    "words": (
        Faults(silent=True),
        Faults(wrong_answers=True),
        Faults(asb_flood=True),
        Faults(asb_flood=True, resets_after=9000),
        Faults(asb_flood=True, paper_out_after=9000),
    ),
    "ids": (
        Faults(process_id="late", process_id_delay=0.05),
        Faults(process_id="late", process_id_delay=0.18),
        Faults(process_id="late", process_id_delay=0.5),
        Faults(process_id="missing"),
        Faults(process_id="missing", asb_flood=True, paper_out_after=END - 1),
    ),
}
REPAIRED = {
    name: field.default
    for field in dataclasses.fields(Faults)
    if (name := field.name) not in ("resumes", "silent", "asb_flood", "process_id", "process_id_delay")
}


@dataclass(frozen=True, slots=True)
class Run:
    """One point of the grid."""

    faults: Faults
    death: Death | None
    learned: Learned | None
    answers_first: bool  # the person says what is there before seeing to the printer
    patience: Patience = PATIENCE


class Counter:
    """A printer on a counter, the file of its kiosk, and the person in front of it."""

    def __init__(self, run: Run, simulator: Simulator, directory: Path) -> None:
        self.run = run
        self.simulator = simulator
        self.papers_asked_for = 1
        self.path = directory / "spool.sqlite"
        self.transport = transport_for(simulator.url, directory)

    def first_life(self) -> int | None:
        """Let a kiosk print in its own process; return its exit code."""
        life = Life(self.path, self.simulator.url, FIRST, self.run.patience, self.run.learned, self.run.death)
        with COLLECTING:
            child = _context().Process(target=dying.live, args=(life,))
            child.start()
        wait([child.sentinel])
        with COLLECTING:
            child.join()
        return child.exitcode

    def next_lives(self) -> None:
        """Start again and again until nobody wants anything, as a patient person does."""
        for _ in range(LIVES):
            with contextlib.closing(Spool(self.path, now)) as spool:
                self.check_record(spool)
                if not spool.open_jobs():
                    return
                if not self.run.answers_first:
                    self.see_to_the_printer()
                for job in spool.open_jobs():
                    self.attend(spool, job)
        raise AssertionError("this paper never comes to an end")

    def attend(self, spool: Spool, job: Job) -> None:
        """Do what a person does about an open job."""
        driver = Driver(self.transport, spool, PATIENCE)
        if job.state is State.UNCONFIRMED:
            came_out = driver.answered(job.number, came_out=self.count(job) > 0).state is State.PRINTED
            self.see_to_the_printer()
            if came_out:
                return
            copy = spool.next_copy(KIND, SUBJECT, new=True)
            job = spool.add(KIND, SUBJECT, copy, FIRST if copy == 1 else DUPLICATE)
            self.papers_asked_for += 1
        self.see_to_the_printer()
        if driver.print(job.number).health is Health.SILENT:  # for good: what was learnt is no longer so
            spool.learn(self.simulator.url, Learned(answers=False, process_id=False, identity=""))
        self.check_record(spool)

    def see_to_the_printer(self) -> None:
        """Change the roll, close the cover, plug it in; return once it has done all that it was sent before."""
        self.simulator.set(**REPAIRED)
        with self._call() as line:
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):  # one line at a time: the end of ours is the end of all before
                pass

    def count(self, job: Job) -> int:
        """Count the whole papers that are this job's."""
        return [image.tobytes() for image in self.simulator.papers].count(PICTURES[min(job.copy, 2)])

    def check_record(self, spool: Spool) -> None:
        """Hold what the file says against what the printer did."""
        for number in range(1, self.papers_asked_for + 1):
            job = spool.job(number)
            if job.proof in (Proof.PROCESS_ID, Proof.PROCESSED, Proof.PERSON):
                assert self.count(job), f"{job} is nowhere"
            if job.state is State.QUEUED:
                assert not self.brought(job), f"{job} left"

    def brought(self, job: Job) -> int:
        """Count the lines that brought bytes of this job."""
        own, other = (FIRST, DUPLICATE) if job.copy == 1 else (DUPLICATE, FIRST)
        sent = self.simulator.payloads
        return sum(_begins(payload, own) and not _begins(payload, other) for payload in sent)

    def check_papers(self) -> None:
        """Hold the papers against what was promised."""
        with contextlib.closing(Spool(self.path, now)) as spool:
            self.see_to_the_printer()
            self.check_record(spool)
            first = spool.job(1)
            assert self.count(first) <= 1, "two papers without a mark"
            assert self.brought(first) <= 1, "sent again without a mark"
            assert all(payload.count(b"\x1b@") <= 1 for payload in self.simulator.payloads), (
                "sent again on the same line"
            )
            out = [image.tobytes() for image in self.simulator.papers]
            assert set(out) & set(PICTURES.values()), "no paper came out"

    def _call(self) -> socket.socket:
        while True:
            with contextlib.suppress(ConnectionRefusedError):  # being switched on
                return socket.create_connection(("127.0.0.1", int(self.simulator.url.rpartition(":")[2])), timeout=10)


def _begins(payload: bytes, whole: bytes) -> bool:
    length = min(len(payload), len(whole))
    return payload[:length] == whole[:length]


def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.printing.dying", "pytest"])
    return context


def perform(run: Run) -> bool:
    """Play one run to its end; return whether the kiosk was killed."""
    with tempfile.TemporaryDirectory() as directory, Simulator(run.faults) as simulator:
        counter = Counter(run, simulator, Path(directory))
        try:
            code = counter.first_life()
            assert code == 0 or (run.death and code == -signal.SIGKILL), f"exit code {code}"
            counter.next_lives()
            counter.check_papers()
        except Exception as error:
            error.add_note(f"{run}")
            raise
        return code != 0


def grid(family: str) -> Iterator[Run]:
    """Yield every fault of a family with every death; what is known and who is quicker go round."""
    turns = itertools.cycle(itertools.product(LEARNED, (False, True)))
    for faults, death in itertools.product(FAMILIES[family], DEATHS):
        learned, answers_first = next(turns)
        yield Run(faults, death, learned, answers_first)


def drawn(seed: int) -> Run:
    """Return a run drawn at random: two families of faults at once, at any byte."""
    chance = random.Random(seed)  # noqa: S311 (a choice)
    one, other = (chance.choice(FAMILIES[family]) for family in chance.sample(sorted(FAMILIES), 2))
    changed: dict[str, Any] = {
        field.name: chance.randrange(END + 20) if field.name.endswith("_after") else value
        for faults in (one, other)
        for field in dataclasses.fields(faults)
        if (value := getattr(faults, field.name)) != field.default
    }
    death = chance.choice((*DEATHS, Death(taken=chance.randrange(1, END + 1))))
    return Run(dataclasses.replace(Faults(), **changed), death, chance.choice(LEARNED), chance.random() < 0.5)


def perform_all(runs: Iterator[Run]) -> int:
    """Play all runs, some at a time; return how many kiosks were killed."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(perform, runs))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_no_fault_and_no_death_makes_two_papers_or_loses_one(family: str) -> None:
    killed = perform_all(grid(family))
    assert killed >= len(FAMILIES[family])  # with its paper queued a kiosk dies whatever the printer does


def test_every_death_happens() -> None:
    calm = dataclasses.replace(PATIENCE, answer=5.0, progress=5.0, margin=5.0)  # nothing is waited for in vain
    faults = Faults(process_id="late", process_id_delay=0.01)
    happened = [perform(Run(faults, death, LEARNED[0], answers_first=False, patience=calm)) for death in DEATHS]
    assert [death for death, killed in zip(DEATHS, happened, strict=True) if not killed] == [
        None,
        Death(Step.WAITING_FOR_PAPER),
        Death(Step.ASKING),
    ]


@pytest.mark.skipif(not RUNS, reason="KIOSK_PRINT_FAULT_RUNS says how many")
def test_long() -> None:
    perform_all(drawn(seed) for seed in range(RUNS))
