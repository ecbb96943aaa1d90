"""One printer at work: asked before, watched during, believed only with a proof after. Nothing else sends it bytes.

All calls block, some for minutes while a roll is changed: they belong in a worker thread.
"""

import contextlib
import datetime as dt
import itertools
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from kiosk.printing.commands import DOTS_PER_LINE, Cut, FeedDots, FeedLines, Raster, parse
from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.escpos import check, with_automatic_status, with_process_id
from kiosk.printing.spool import IllegalStepError, Job, Learned, Proof, Spool, State
from kiosk.printing.status import Health, Identity, Parser, PrinterState, ProcessDone, Processed, Query, health
from kiosk.printing.transports import Channel, Transport

CHUNK_BYTES = 1024  # at 9,600 baud about a second: between two chunks the printer is listened to
DOTS_PER_MM = 7  # of the coarsest heads, 180 dpi: a paper is never longer than this says
PREFLIGHT = (Query.PRINTER, Query.PAPER, Query.OFFLINE_CAUSE, Query.ERROR)
SENDABLE = frozenset({Health.READY, Health.NEAR_END, Health.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each thing may take, in seconds."""

    answer: float = 0.7  # to one question
    progress: float = 10.0  # without one byte more taken
    finish: float = 10.0  # for what was taken to be out of this machine
    goodbye: float = 1.0  # for the printer to close its side, once nothing depends on it
    millimetres_per_second: float = 50.0  # of a slow printer
    margin: float = 10.0  # above the time that line and paper take
    poll: float = 1.0  # between two looks at the paper
    roll_change: float = 600.0  # for somebody to put in a new roll in the middle of a paper
    late: float = 30.0  # for a proof to arrive while a person is being asked


class Step(Enum):
    """Moments of a job, told as they are reached."""

    COMMITTING = auto()  # the printer can print; SENDING is about to be recorded
    COMMITTED = auto()  # SENDING is on disk, no byte has left
    SENT = auto()  # every byte was taken, and that is on disk
    WAITING_FOR_PAPER = auto()  # the roll ended in the middle: change it, the printer goes on by itself
    PROVEN = auto()  # PRINTED is about to be recorded
    ASKING = auto()  # UNCONFIRMED is on disk: « Le ticket est-il sorti en entier ? »


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a job stands after a try, and how the printer was before it. QUEUED: nothing left, see `health`."""

    job: Job
    health: Health
    picture: Path | None = None  # of a virtual paper


@dataclass(frozen=True, slots=True)
class Trial:
    """What a test card showed. `learned` is None when nothing sure can be said of the printer."""

    state: State  # QUEUED: not sent
    proof: Proof | None
    health: Health
    learned: Learned | None


def _nobody(_: Step) -> None:
    """Listen to no steps."""


class Driver:
    """The only user of one printer."""

    def __init__(
        self,
        transport: Transport,
        spool: Spool,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
        at: Callable[[Step], None] = _nobody,
    ) -> None:
        """Remember them. `clock` counts seconds; `at` is called in the thread that prints."""
        self._transport = transport
        self._spool = spool
        self._patience = patience or Patience()
        self._clock = clock
        self._at = at
        self._owner = threading.Lock()
        self._stopping = threading.Event()
        self._printing: _Line | None = None

    def stop(self) -> None:
        """Wait for no printer any more: what is under way ends, UNCONFIRMED if bytes left. For good."""
        self._stopping.set()

    def look(self) -> Health:
        """Ask the printer how it is, within about three seconds. While it prints, what it said last, unasked."""
        if not self._owner.acquire(timeout=self._patience.answer):
            line = self._printing
            return health(line.state) if line else Health.UNKNOWN
        try:
            with self._line("look") as line:
                return line.preflight(self._spool.learned(self._transport.address))
        except (NotSentError, LineError):
            return Health.UNREACHABLE
        finally:
            self._owner.release()

    def print(self, number: int) -> Outcome:
        """Print a QUEUED job, once. Return it QUEUED (nothing left), PRINTED or UNCONFIRMED.

        Raise IllegalStepError when it is not queued, PayloadLostError or PayloadError when its bytes may not be sent,
        SpoolError when nothing can be recorded.
        """
        with self._owner:
            outcome, _ = self._run(number, curious=False)
            return outcome

    def answered(self, number: int, came_out: bool) -> Job:
        """Record what a person says of an UNCONFIRMED paper, and return the job; a proof that came first stands."""
        try:
            return self._spool.printed(number, Proof.PERSON) if came_out else self._spool.spoiled(number)
        except IllegalStepError:
            job = self._spool.job(number)
            if job.state is not State.PRINTED and (came_out or job.state is not State.SPOILED):
                raise
            return job

    def trial(self, card: bytes) -> Trial:
        """Print a test card as if nothing were known of the printer, and remember what it showed of itself.

        No job stays behind: nobody is to be asked about a card.
        """
        with tempfile.TemporaryDirectory() as directory, self._owner:
            scratch = Spool(Path(directory) / "spool.sqlite", lambda: dt.datetime.now(dt.UTC))
            with contextlib.closing(scratch):
                driver = Driver(self._transport, scratch, self._patience, self._clock, self._at)
                outcome, learned = driver._run(scratch.add("test", "card", 1, card).number, curious=True)
        if learned:
            self._spool.learn(self._transport.address, learned)
        return Trial(outcome.job.state, outcome.job.proof, outcome.health, learned)

    def _run(self, number: int, *, curious: bool) -> tuple[Outcome, Learned | None]:
        """Print a job; to the curious, also say what the printer showed, None when nothing sure can be said."""
        job, payload = self._checked(number)
        learned = self._spool.learned(self._transport.address)
        shown = None
        try:
            with self._line(_name(job)) as line:
                found = line.preflight(learned)
                if found not in SENDABLE:
                    return Outcome(job, found), None
                if curious and line.answers:
                    line.ask(Query.IDENTITY)
                self._carry_out(job, payload, line, learned)
                if curious:
                    shown = line.shown(job.process_id)
                line.say_goodbye()
        except (NotSentError, LineError):  # from before the first byte; later ones are caught where they happen
            return Outcome(job, Health.UNREACHABLE), None
        ended = self._spool.job(number)
        return Outcome(ended, Health.OFFLINE if ended.state is State.QUEUED else found, line.picture), shown

    def _checked(self, number: int) -> tuple[Job, bytes]:
        """Return a job that may be sent, and its bytes."""
        job = self._spool.job(number)
        if job.state is not State.QUEUED:
            raise IllegalStepError(f"Impression {number} : elle n'attend pas d'être imprimée.")
        payload = self._spool.payload(number)
        check(payload)
        return job, payload

    @contextlib.contextmanager
    def _line(self, name: str) -> Iterator["_Line"]:
        with contextlib.closing(self._transport.open(name)) as channel:
            self._printing = _Line(channel, self._patience, self._clock, self._stopping)
            try:
                yield self._printing
            finally:
                self._printing = None

    def _carry_out(self, job: Job, payload: bytes, line: "_Line", learned: Learned | None) -> None:
        """Take a job from QUEUED to where it ends."""
        gives_id = line.answers and (learned is None or learned.process_id)
        data = with_automatic_status(payload) if line.answers else payload
        data = with_process_id(data, job.process_id) if gives_id else data
        self._at(Step.COMMITTING)
        self._spool.sending(job.number)
        with self._unconfirmed_otherwise(job.number), line.breaking():
            self._at(Step.COMMITTED)
            self._hand_over(job, data, line)
            if line.picture:
                self._prove(job, Proof.FILE)
            elif line.answers:
                if line.fluent and not (learned and learned.process_id):
                    line.ask_in_turn()
                proof = self._awaited(job, line, self._seconds_for(payload), gives_id=gives_id)
                if proof:
                    self._prove(job, proof)
        if self._spool.job(job.number).state is State.UNCONFIRMED:
            self._at(Step.ASKING)
            self._listen_on(job, line)

    @contextlib.contextmanager
    def _unconfirmed_otherwise(self, number: int) -> Iterator[None]:
        """See to it that a job which was neither proven nor taken back is not left as if it were under way."""
        try:
            yield
        finally:
            if self._spool.job(number).state in (State.SENDING, State.SENT):
                self._spool.unconfirmed(number)

    def _hand_over(self, job: Job, data: bytes, line: "_Line") -> None:
        """Send everything and record it. Raise LineError."""
        try:
            line.send(data, lambda: self._at(Step.WAITING_FOR_PAPER))
            # A printer that answers still has to: its line is closed when the proof is there.
            if not line.answers:
                line.finish()
        except LineError as error:
            if error.sent_nothing:
                self._spool.not_sent(job.number)
            raise
        self._spool.sent(job.number)
        self._at(Step.SENT)

    def _awaited(self, job: Job, line: "_Line", allowed: float, *, gives_id: bool) -> Proof | None:
        """Return the proof that comes within `allowed` seconds; they start anew as long as the printer has no paper.

        A process id is the better proof: where one may come, the answer to a question in turn is believed only in the
        end.
        """
        deadline, roll_deadline = self._clock() + allowed, None
        with line.breaking():
            while (left := deadline - self._clock()) > 0:
                if job.process_id in line.done:
                    return Proof.PROCESS_ID
                if line.processed and not gives_id and not line.waits_for_hands:
                    return Proof.PROCESSED
                line.look_at_paper()
                line.listen(min(left, self._patience.poll))
                if line.state.paper_out:
                    if roll_deadline is None:
                        self._at(Step.WAITING_FOR_PAPER)
                        roll_deadline = self._clock() + self._patience.roll_change
                    deadline = min(self._clock() + allowed, roll_deadline)
        if job.process_id in line.done:
            return Proof.PROCESS_ID
        return Proof.PROCESSED if line.processed and not line.waits_for_hands else None

    def _listen_on(self, job: Job, line: "_Line") -> None:
        """Give a late process id its chance, until a person has answered."""
        deadline = self._clock() + self._patience.late
        with line.breaking(), contextlib.suppress(IllegalStepError):  # the person was quicker
            while line.answers and self._clock() < deadline:
                if self._spool.job(job.number).state is not State.UNCONFIRMED:
                    return
                line.listen(min(self._patience.poll, self._patience.late))
                if job.process_id in line.done:
                    self._prove(job, Proof.PROCESS_ID)

    def _prove(self, job: Job, proof: Proof) -> None:
        self._at(Step.PROVEN)
        self._spool.printed(job.number, proof)

    def _seconds_for(self, payload: bytes) -> float:
        """Return how long a slow printer on this line needs for a payload, and the margin."""
        rate = self._transport.bytes_per_second
        on_the_line = len(payload) / rate if rate else 0.0
        return on_the_line + _millimetres(payload) / self._patience.millimetres_per_second + self._patience.margin


class _Line:
    """One open channel, and what was heard on it so far. Nothing but checked payloads and questions leave by it."""

    def __init__(
        self, channel: Channel, patience: Patience, clock: Callable[[], float], stopping: threading.Event
    ) -> None:
        self._stopping = stopping
        self._channel = channel
        self._patience = patience
        self._clock = clock
        self._parser = Parser()
        self._in_turn = Parser()  # for the one question whose answer may be long in coming
        self._questions = b""  # not taken yet
        self._next_look = clock()
        self.state = PrinterState()
        self.done: set[bytes] = set()  # process ids heard
        self.processed = False
        self.identity = ""
        self.answers = False
        self.fluent = False  # answers everything that it was asked
        self.broken = False
        self.picture: Path | None = None  # of a virtual paper, once it is whole

    @contextlib.contextmanager
    def breaking(self) -> Iterator[None]:
        """End quietly when the line breaks, and remember that it did."""
        try:
            yield
        except LineError:
            self.broken = True

    def preflight(self, learned: Learned | None) -> Health:
        """Return how the printer is; one that answered before and is silent now is not ready. Raise LineError."""
        if not self._channel.talks or (learned and not learned.answers):
            return Health.UNKNOWN
        # After a silence no more is asked: a late answer would be taken for the next one.
        replies = sum(1 for _ in itertools.takewhile(self.ask, PREFLIGHT))
        self.answers, self.fluent = replies > 0, replies == len(PREFLIGHT)
        found = health(self.state)
        if found in SENDABLE and not self.answers:
            return Health.SILENT if learned else Health.UNKNOWN
        return found

    def ask(self, query: Query) -> bool:
        """Return whether the question was answered in time. Raise LineError."""
        self._parser.expect(query)
        self._questions += query.value
        deadline = self._clock() + self._patience.answer
        while self._parser.awaiting and (left := deadline - self._clock()) > 0:
            self._put_questions(left)
            self.listen(max(0.0, min(left, deadline - self._clock())))
        if self._questions:
            raise LineError("L'imprimante ne prend plus rien.", sent_nothing=True)
        return not self._parser.awaiting

    def ask_in_turn(self) -> None:
        """Ask what is answered once everything before is processed."""
        self._in_turn.expect(Query.PAPER_SENSOR)
        self._questions += Query.PAPER_SENSOR.value

    def look_at_paper(self) -> None:
        """Ask for the paper now and then; the answer is heard whenever it comes."""
        if not self._questions and self._clock() >= self._next_look:
            self._next_look = self._clock() + self._patience.poll
            self._parser.expect(Query.PAPER)
            self._questions += Query.PAPER.value
        self._put_questions(self._patience.answer)

    def listen(self, seconds: float) -> None:
        """Hear what the printer says within `seconds`. Raise LineError."""
        if self._stopping.is_set():
            raise LineError("Le poste s'arrête.")
        heard = self._channel.read(seconds)
        for answer in self._parser.feed(heard):
            match answer:
                case PrinterState():
                    self.state = self.state.merged(answer)
                case ProcessDone(process_id):
                    self.done.add(process_id)
                case Identity(text):
                    self.identity = text
                case Processed():
                    pass
        if any(isinstance(answer, Processed) for answer in self._in_turn.feed(heard)):
            self.processed = True

    def send(self, payload: bytes, stopped: Callable[[], None]) -> None:
        """Hand a payload over. Raise LineError, also when the printer goes deaf without saying what it needs.

        `stopped` is called once if it takes nothing more and says that it has no paper or that its cover is open.
        """
        check(payload)
        left, last_taken, said = memoryview(payload), self._clock(), False
        while left:
            if self._stopping.is_set():
                raise LineError("Le poste s'arrête.", sent_nothing=len(left) == len(payload))
            taken = self._channel.write(bytes(left[:CHUNK_BYTES]), self._patience.poll)
            left = left[taken:]
            if taken:
                last_taken = self._clock()
            elif self._clock() - last_taken >= self._patience_for_progress():
                raise LineError("L'imprimante ne prend plus rien.", sent_nothing=len(left) == len(payload))
            elif self.waits_for_hands and not said:
                said = True
                stopped()
            if left:
                self.listen(0.0)

    def shown(self, process_id: bytes) -> Learned | None:
        """Return what the printer can do; None when it may be stuck, for then that no id came means nothing."""
        with self.breaking():
            proven = process_id in self.done or self.processed
            if not self.broken and (not self.answers or proven or self._is_idle()):
                return Learned(self.answers, process_id in self.done, self.identity)
        return None

    def _is_idle(self) -> bool:
        return self.ask(Query.PRINTER) and self.ask(Query.PAPER) and health(self.state) in SENDABLE

    def finish(self) -> None:
        """Return once everything is out of this machine. Raise LineError."""
        self.picture = self._channel.finish(self._patience.finish)

    def say_goodbye(self) -> None:
        """Close this side first: bytes left unread would make Linux reset the line, and drop what is on its way."""
        if self.answers and not self.broken:
            with self.breaking():
                self._channel.finish(self._patience.goodbye)

    def _put_questions(self, seconds: float) -> None:
        if self._questions:
            self._questions = self._questions[self._channel.write(self._questions, seconds) :]

    def _patience_for_progress(self) -> float:
        return self._patience.roll_change if self.waits_for_hands else self._patience.progress

    @property
    def waits_for_hands(self) -> bool:
        """Return whether the printer says that it stopped and what for."""
        return bool(self.state.paper_out or self.state.cover_open)


def _name(job: Job) -> str:
    """Return what a transport may call the job: letters, digits and hyphens."""
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{job.kind}-{job.subject}-{job.copy}")[:40]


def _millimetres(payload: bytes) -> float:
    dots = 0
    for command in parse(payload):
        match command:
            case Raster():
                dots += command.dots[1]
            case FeedDots(rows) | Cut(rows):
                dots += rows
            case FeedLines(lines):
                dots += lines * DOTS_PER_LINE
            case _:
                pass
    return dots / DOTS_PER_MM
