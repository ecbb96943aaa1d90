"""A printer asked, watched and believed: what ends in which state, and what was proven."""

import contextlib
import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from kiosk.printing.driver import Driver, Patience, Step
from kiosk.printing.errors import LineError, PayloadError
from kiosk.printing.simulator import Faults, Simulator
from kiosk.printing.spool import IllegalStepError, Learned, Proof, Spool, State
from kiosk.printing.status import Health, Query
from kiosk.printing.transports import transport_for
from tests.printing.prepared import FIRST, picture

# Long where an answer comes, so that a busy machine changes nothing; a test that waits for nothing shortens it.
PATIENCE = Patience(
    answer=5.0,
    progress=0.05,
    finish=0.5,
    goodbye=0.5,
    millimetres_per_second=1e6,
    margin=5.0,
    poll=0.02,
    roll_change=5.0,
    late=0.05,
)
ANSWERS_ALL = Learned(answers=True, process_id=True, identity="")


def now() -> dt.datetime:
    """Return a fixed time."""
    return dt.datetime(2027, 1, 11, 9, 0, tzinfo=dt.UTC)


@dataclass
class Desk:
    """A printer, its driver and its spool, and what the driver told on the way."""

    simulator: Simulator
    spool: Spool
    driver: Driver
    steps: list[Step] = field(default_factory=list)
    on: dict[Step, Callable[[], object]] = field(default_factory=dict)

    def queued(self) -> int:
        """Add a paper."""
        return self.spool.add(
            "ticket", "7K4M-Q2XP", self.spool.next_copy("ticket", "7K4M-Q2XP", new=True), FIRST
        ).number

    def learn(self, learned: Learned) -> None:
        """Remember what the printer can do."""
        self.spool.learn(self.simulator.url, learned)

    def came_out(self) -> int:
        """Count the whole papers."""
        return sum(image.tobytes() == picture(FIRST) for image in self.simulator.papers)


@contextlib.contextmanager
def desk(tmp_path: Path, faults: Faults | None = None, **patience: float) -> Iterator[Desk]:
    """Put a printer beside a kiosk."""
    with Simulator(faults) as simulator, contextlib.closing(Spool(tmp_path / "spool.sqlite", now)) as spool:

        def at(step: Step) -> None:
            made.steps.append(step)
            made.on.pop(step, lambda: None)()

        transport = transport_for(simulator.url, tmp_path)
        made = Desk(simulator, spool, Driver(transport, spool, replace(PATIENCE, **patience), at=at))
        yield made


@dataclass
class ScriptedLine:
    """A line without a way back, and the way to it."""

    takes: int = 10**6
    failure: Exception | None = None  # at the end
    bytes_per_second: int | None = None
    address: str = "scripted:"
    talks: bool = False
    closed: bool = False

    def open(self, name: str) -> "ScriptedLine":
        """See transports.Transport."""
        return self

    def write(self, data: bytes, seconds: float) -> int:
        """See transports.Channel."""
        return min(len(data), self.takes)

    def read(self, seconds: float) -> bytes:
        """See transports.Channel."""
        return b""

    def finish(self, seconds: float) -> Path | None:
        """See transports.Channel."""
        if self.failure:
            raise self.failure
        return None

    def close(self) -> None:
        """See transports.Channel."""
        self.closed = True


@dataclass
class EmptyLine(ScriptedLine):
    """A printer that answers everything at once, has paper before a ticket and none after it, and gives no ids."""

    talks: bool = True
    said: bytes = b""
    printing: bool = False

    def write(self, data: bytes, seconds: float) -> int:
        """Answer what is asked."""
        paper = b"\x72" if self.printing else b"\x12"
        self.said += {Query.PAPER_SENSOR.value: b"\x00", Query.PAPER.value: paper}.get(data, b"")
        if data in (Query.PRINTER.value, Query.OFFLINE_CAUSE.value, Query.ERROR.value):
            self.said += b"\x12"
        self.printing = self.printing or len(data) > 20
        return len(data)

    def read(self, seconds: float) -> bytes:
        """Say it."""
        said, self.said = self.said, b""
        return said


@contextlib.contextmanager
def scripted(tmp_path: Path, line: ScriptedLine, **patience: float) -> Iterator[tuple[Driver, Spool]]:
    """Put a scripted line behind a driver."""
    with contextlib.closing(Spool(tmp_path / "spool.sqlite", now)) as spool:
        yield Driver(line, spool, replace(PATIENCE, **patience)), spool


@pytest.mark.parametrize("learned", [None, ANSWERS_ALL])
@pytest.mark.parametrize("flood", [False, True])
def test_the_id_after_the_cut_proves_a_paper(learned: Learned | None, flood: bool, tmp_path: Path) -> None:
    with desk(tmp_path, Faults(asb_flood=flood)) as here:
        if learned:
            here.learn(learned)
        outcome = here.driver.print(here.queued())
        assert (outcome.job.state, outcome.job.proof) == (State.PRINTED, Proof.PROCESS_ID)
        assert outcome.health is Health.READY
        assert here.came_out() == 1
        assert here.steps == [Step.COMMITTING, Step.COMMITTED, Step.SENT, Step.PROVEN]


def test_without_ids_an_answer_in_turn_proves_that_all_was_processed(tmp_path: Path) -> None:
    with desk(tmp_path, Faults(process_id="missing")) as here:
        here.learn(Learned(answers=True, process_id=False, identity=""))
        outcome = here.driver.print(here.queued())
        assert (outcome.job.state, outcome.job.proof) == (State.PRINTED, Proof.PROCESSED)
        here.simulator.wait_until(lambda simulator: len(simulator.payloads) == 1)
        assert here.simulator.payloads == [FIRST]


def test_a_printer_never_tried_is_believed_in_the_end_without_its_id(tmp_path: Path) -> None:
    with desk(tmp_path, Faults(process_id="missing"), margin=1.0) as here:
        outcome = here.driver.print(here.queued())
        assert (outcome.job.state, outcome.job.proof) == (State.PRINTED, Proof.PROCESSED)


def test_an_answer_in_turn_proves_nothing_while_there_is_no_paper(tmp_path: Path) -> None:
    with scripted(tmp_path, EmptyLine(), roll_change=0.05) as (driver, spool):
        number = spool.add("ticket", "7K4M-Q2XP", 1, FIRST).number
        assert driver.print(number).job.state is State.UNCONFIRMED


def test_a_known_id_that_does_not_come_is_a_question(tmp_path: Path) -> None:
    with desk(tmp_path, Faults(process_id="missing"), margin=0.05) as here:
        here.learn(ANSWERS_ALL)
        number = here.queued()
        assert here.driver.print(number).job.state is State.UNCONFIRMED
        assert here.steps[-1] is Step.ASKING
        assert here.driver.answered(number, came_out=True).proof is Proof.PERSON
        assert here.driver.answered(number, came_out=False).state is State.PRINTED


def test_a_late_id_settles_the_question(tmp_path: Path) -> None:
    with desk(tmp_path, Faults(process_id="late", process_id_delay=0.3), margin=0.05, late=5.0) as here:
        here.learn(ANSWERS_ALL)
        outcome = here.driver.print(here.queued())
        assert here.steps[-2:] == [Step.ASKING, Step.PROVEN]
        assert (outcome.job.state, outcome.job.proof) == (State.PRINTED, Proof.PROCESS_ID)


def test_a_person_is_quicker_than_a_late_id(tmp_path: Path) -> None:
    with desk(tmp_path, Faults(process_id="missing"), margin=0.05, late=60.0) as here:
        here.learn(ANSWERS_ALL)
        number = here.queued()
        here.on[Step.ASKING] = lambda: here.driver.answered(number, came_out=False)
        assert here.driver.print(number).job.state is State.SPOILED
        with pytest.raises(IllegalStepError):
            here.driver.answered(number, came_out=True)
        assert here.spool.open_jobs() == ()


@pytest.mark.parametrize(
    ("faults", "health"),
    [
        (Faults(refuses=True), Health.UNREACHABLE),
        (Faults(paper_out=True), Health.PAPER_OUT),
        (Faults(cover_open=True), Health.COVER_OPEN),
        (Faults(cutter_stuck=True), Health.CUTTER),
        (Faults(closes_after=0), Health.UNREACHABLE),
        (Faults(resets_after=0), Health.UNREACHABLE),
    ],
)
def test_a_printer_that_cannot_print_is_sent_nothing(faults: Faults, health: Health, tmp_path: Path) -> None:
    with desk(tmp_path, faults) as here:
        number = here.queued()
        assert here.driver.look() is health
        outcome = here.driver.print(number)
        assert (outcome.job.state, outcome.health) == (State.QUEUED, health)
        assert here.steps == []
        here.simulator.set(
            **dict.fromkeys(("refuses", "paper_out", "cover_open", "cutter_stuck"), False),
            closes_after=None,
            resets_after=None,
        )
        while here.driver.look() is Health.UNREACHABLE:  # being switched on
            pass
        assert here.driver.print(number).job.state is State.PRINTED
        here.simulator.wait_until(lambda simulator: len(simulator.payloads) == 1)  # the lines before brought nothing
        assert here.came_out() == 1


def test_a_roll_near_its_end_prints(tmp_path: Path) -> None:
    with desk(tmp_path, Faults(paper_near_end=True)) as here:
        assert here.driver.look() is Health.NEAR_END
        outcome = here.driver.print(here.queued())
        assert (outcome.job.state, outcome.health) == (State.PRINTED, Health.NEAR_END)


def test_silence_of_a_printer_that_answered_before_means_off_line(tmp_path: Path) -> None:
    with desk(tmp_path, Faults(silent=True), answer=0.05) as here:
        here.learn(ANSWERS_ALL)
        number = here.queued()
        assert here.driver.look() is Health.SILENT
        outcome = here.driver.print(number)
        assert (outcome.job.state, outcome.health) == (State.QUEUED, Health.SILENT)


@pytest.mark.parametrize("learned", [None, Learned(answers=False, process_id=False, identity="")])
def test_a_mute_printer_prints_and_a_person_is_asked(learned: Learned | None, tmp_path: Path) -> None:
    with desk(tmp_path, Faults(silent=True), answer=0.05) as here:
        if learned:
            here.learn(learned)
        assert here.driver.look() is Health.UNKNOWN
        outcome = here.driver.print(here.queued())
        assert (outcome.job.state, outcome.health) == (State.UNCONFIRMED, Health.UNKNOWN)
        assert here.simulator.wait_for_payload() == FIRST  # and no id was asked for
        assert here.came_out() == 1


@pytest.mark.parametrize("faults", [Faults(closes_after=5000), Faults(resets_after=5000), Faults(stalls_after=5000)])
def test_a_line_lost_on_the_way_is_a_question_and_the_paper_a_duplicate(faults: Faults, tmp_path: Path) -> None:
    with desk(tmp_path, faults, margin=0.05) as here:
        number = here.queued()
        assert here.driver.print(number).job.state is State.UNCONFIRMED
        assert here.spool.next_copy("ticket", "7K4M-Q2XP", new=True) == 2
        with pytest.raises(IllegalStepError):
            here.driver.print(number)


def test_a_roll_changed_in_the_middle_is_waited_for_and_nothing_is_sent_again(tmp_path: Path) -> None:
    with desk(tmp_path, Faults(paper_out_after=len(FIRST) - 3000)) as here:
        here.learn(ANSWERS_ALL)
        here.on[Step.WAITING_FOR_PAPER] = lambda: here.simulator.set(paper_out=False)
        outcome = here.driver.print(here.queued())
        assert Step.WAITING_FOR_PAPER in here.steps
        assert (outcome.job.state, outcome.job.proof) == (State.PRINTED, Proof.PROCESS_ID)
        assert here.came_out() == 1


def test_a_roll_that_nobody_changes_is_a_question_in_the_end(tmp_path: Path) -> None:
    with desk(tmp_path, Faults(paper_out_after=len(FIRST) - 3000), roll_change=0.1) as here:
        outcome = here.driver.print(here.queued())
        assert Step.WAITING_FOR_PAPER in here.steps
        assert outcome.job.state is State.UNCONFIRMED
        assert here.came_out() == 0


def test_bytes_that_the_gate_refuses_are_not_sent(tmp_path: Path) -> None:
    with desk(tmp_path) as here:
        number = here.spool.add("ticket", "X", 1, FIRST + b"rm -rf").number
        with pytest.raises(PayloadError):
            here.driver.print(number)
        assert here.spool.job(number).state is State.QUEUED
        assert here.simulator.received == []


def test_looking_while_printing_waits_for_nobody(tmp_path: Path) -> None:
    with desk(tmp_path, answer=0.05) as here:
        seen: list[Health] = []

        def look() -> None:
            thread = threading.Thread(target=lambda: seen.append(here.driver.look()))
            thread.start()
            thread.join()

        here.on[Step.SENT] = look
        here.driver.print(here.queued())
        assert seen == [Health.READY]  # what the printer said last


def test_the_id_of_another_paper_proves_nothing(tmp_path: Path) -> None:
    with desk(tmp_path, margin=0.05, roll_change=0.05) as here:
        here.learn(ANSWERS_ALL)
        here.on[Step.COMMITTED] = lambda: here.simulator.set(wrong_answers=True)
        assert here.driver.print(here.queued()).job.state is State.UNCONFIRMED
        assert here.came_out() == 1


def test_a_printer_deaf_from_the_first_byte_was_sent_nothing(tmp_path: Path) -> None:
    line = ScriptedLine(takes=0)
    with scripted(tmp_path, line) as (driver, spool):
        outcome = driver.print(spool.add("ticket", "X", 1, FIRST).number)
        assert (outcome.job.state, outcome.health) == (State.QUEUED, Health.OFFLINE)
        assert spool.next_copy("ticket", "X", new=True) == 1


@pytest.mark.parametrize(("sent_nothing", "state"), [(True, State.QUEUED), (False, State.UNCONFIRMED)])
def test_a_line_that_collects_says_whether_anything_left(sent_nothing: bool, state: State, tmp_path: Path) -> None:
    line = ScriptedLine(failure=LineError("refused", sent_nothing=sent_nothing))
    with scripted(tmp_path, line) as (driver, spool):
        assert driver.print(spool.add("ticket", "X", 1, FIRST).number).job.state is state
        assert line.closed


def test_what_nobody_foresaw_leaves_a_question_and_not_a_paper_under_way(tmp_path: Path) -> None:
    line = ScriptedLine(failure=RuntimeError("a bug"))
    with scripted(tmp_path, line) as (driver, spool):
        number = spool.add("ticket", "X", 1, FIRST).number
        with pytest.raises(RuntimeError):
            driver.print(number)
        assert spool.job(number).state is State.UNCONFIRMED
        assert line.closed


def test_a_serial_line_is_given_the_time_that_it_needs(tmp_path: Path) -> None:
    line = ScriptedLine(bytes_per_second=960)
    with scripted(tmp_path, line) as (driver, _):
        paper_seconds = (2 * 200 + 3 * 34) / 7 / 50
        expected = len(FIRST) / 960 + paper_seconds + Patience().margin
        assert Driver(line, driver._spool)._seconds_for(FIRST) == pytest.approx(expected)


def test_a_virtual_paper_is_proven_by_its_file_and_a_plain_file_by_a_person(tmp_path: Path) -> None:
    (tmp_path / "printer").touch()
    for url, state, proof in (
        ("virtual:", State.PRINTED, Proof.FILE),
        (f"file://{tmp_path / 'printer'}", State.UNCONFIRMED, None),
    ):
        with contextlib.closing(Spool(tmp_path / "spool.sqlite", now)) as spool:
            driver = Driver(transport_for(url, tmp_path), spool, PATIENCE)
            assert driver.look() is Health.UNKNOWN
            job = driver.print(spool.add("ticket", url, 1, FIRST).number).job
            assert (job.state, job.proof) == (state, proof)
    assert (tmp_path / "printer").read_bytes() == FIRST
    assert [path.name[-len("-ticket-virtual-1.png") :] for path in (tmp_path / "tickets").glob("*.png")] == [
        "-ticket-virtual-1.png"
    ]


@pytest.mark.parametrize(
    ("faults", "learned"),
    [
        (Faults(), Learned(answers=True, process_id=True, identity="SIMULATOR")),
        (Faults(process_id="missing"), Learned(answers=True, process_id=False, identity="SIMULATOR")),
    ],
)
def test_a_trial_shows_what_a_printer_can_do(faults: Faults, learned: Learned, tmp_path: Path) -> None:
    with desk(tmp_path, faults, margin=1.0) as here:
        here.learn(Learned(answers=False, process_id=False, identity=""))
        trial = here.driver.trial(FIRST)
        assert (trial.state, trial.learned) == (State.PRINTED, learned)
        assert here.spool.learned(here.simulator.url) == learned
        assert here.spool.open_jobs() == ()
        assert here.came_out() == 1


def test_a_trial_of_a_mute_printer_shows_just_that(tmp_path: Path) -> None:
    with desk(tmp_path, Faults(silent=True), answer=0.05) as here:
        here.learn(ANSWERS_ALL)
        trial = here.driver.trial(FIRST)
        assert (trial.state, trial.health) == (State.UNCONFIRMED, Health.UNKNOWN)
        assert trial.learned == here.spool.learned(here.simulator.url) == Learned(False, False, "")


@pytest.mark.parametrize(
    "faults",
    [
        Faults(refuses=True),
        Faults(paper_out=True),
        Faults(resets_after=9000),
        Faults(resets_after=9000, silent=True),
        Faults(paper_out_after=9000),
    ],
)
def test_a_trial_that_did_not_end_well_teaches_nothing(faults: Faults, tmp_path: Path) -> None:
    with desk(tmp_path, faults, margin=0.05, roll_change=0.05, answer=0.5) as here:
        here.learn(ANSWERS_ALL)
        trial = here.driver.trial(FIRST)
        assert trial.learned is None
        assert trial.state is (State.QUEUED if faults.refuses or faults.paper_out else State.UNCONFIRMED)
        assert here.spool.learned(here.simulator.url) == ANSWERS_ALL
