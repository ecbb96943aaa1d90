"""One run: it gives birth to kiosk and central, spoils what the plan says, heals everything, and collects evidence."""

import asyncio
import contextlib
import dataclasses
import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zxingcpp

from campaign.central_life import CentralOrder
from campaign.kiosk_life import KioskOrder, ink
from campaign.ledger import read_capacities, read_ledger
from campaign.line import Line, held_port
from campaign.oracle import Drawn, Evidence, Finding, Said, Sending, Sheet, findings
from campaign.plan import PaperFault, Plan, PrinterFault
from campaign.steps import Death
from campaign.wire import Wire
from campaign.world import Place, SharedClock
from campaign.zygote import Zygote
from kiosk.journal.outbox import Outbox
from kiosk.printing import spool
from kiosk.printing.simulator import Faults, Simulator
from kiosk.printing.simulator import Sheet as Paper
from kiosk.printing.spool import PLACE, Job

LIVES = 12  # of one kiosk or central; a plan with more would be a fault of ours
RUN_SECONDS = 60.0
CATCH_UP_SECONDS = 5.0
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_LATE_ID_SECONDS = 0.4
_STREAM_LIMIT = 2**20

Order = KioskOrder | CentralOrder
Born = Callable[[Order, Wire], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to."""

    plan: Plan
    findings: tuple[Finding, ...]
    timeline: tuple[str, ...]
    counts: Counter[str]  # of faults, deaths and statements, by name


@dataclass(slots=True)
class _Life:
    """A process that lives, and what it is about."""

    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def _lines(life: _Life) -> AsyncIterator[bytes]:
    """Return what a life tells, to its end; one that dies while something is said to it resets the line."""
    with contextlib.suppress(ConnectionResetError):
        async for line in life.reader:
            yield line


class Run:
    """A run while it lasts."""

    def __init__(
        self,
        plan: Plan,
        place: Place,
        clock: SharedClock,
        zygote: Zygote[Order],
        sabotage: Callable[[], None] | None = None,
    ) -> None:
        """Prepare a run in that place, which has its files."""
        self._plan = plan
        self._place = place
        self._clock = clock
        self._zygote = zygote
        self._sabotage = sabotage
        self._begun = time.monotonic()
        self._timeline: list[str] = []
        self._counts: Counter[str] = Counter()
        self._evidence = Evidence()
        self._central_port: int | None = None
        self._central: _Life | None = None
        self._kiosk: _Life | None = None
        self._healing = False
        self._steps: Counter[str] = Counter()
        self._death: Death | None = None  # of the kiosk that lives now
        self._papers = list(plan.printer)
        self._paper: PaperFault | None = None
        self._visit = 0
        self._calls = 0  # at the printer; one that a dying kiosk did not make counts as one that lasts
        self._line = Line(plan.line, lambda: self._central_port, self._line_step, self._note)
        self._held_port = held_port()  # the printer lets go of it when it is off
        self._printer = Simulator(port=self._held_port.getsockname()[1], on_sheet=self._came_out)
        self._keeping: asyncio.Task[None] | None = None

    async def result(self) -> Result:
        """Run."""
        try:
            async with asyncio.timeout(RUN_SECONDS):
                await self._everything()
        except TimeoutError:
            self._evidence.crashes.append("it never ended")
        finally:
            await self._end()
        self._collect()
        self._counts.update({f"line: {fault}": count for fault, count in self._line.injected.items()})
        return Result(self._plan, tuple(findings(self._evidence)), tuple(self._timeline), self._counts)

    async def _everything(self) -> None:
        self._printer.start()
        await self._line.start()
        born = asyncio.Event()
        self._keeping = asyncio.create_task(self._keep_central(born))
        await born.wait()
        deaths = (*self._plan.kiosk_deaths, None)
        for life, death in enumerate(deaths):
            if not await self._kiosk_lives(life, death, closing=False):
                break
        self._heal()
        await self._kiosk_lives(len(deaths), None, closing=True)
        await self._line.deliver_late()

    async def _end(self) -> None:
        if self._keeping:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._line.stop()
        for life in (self._kiosk, self._central):
            if life:
                await self._kill(life)
        self._printer.stop()
        self._held_port.close()

    async def _keep_central(self, born: asyncio.Event) -> None:
        deaths = iter(self._plan.central_deaths)
        for _ in range(LIVES):
            death = None if self._healing else next(deaths, None)
            self._central = life = await self._start(CentralOrder(death, self._sabotage))
            async for line in _lines(life):
                told = json.loads(line)
                if told["kind"] == "ready":
                    self._central_port = told["port"]
                    born.set()
                else:
                    self._heard_of_end("central", told)
            self._central_port = None
            life.writer.close()
            await asyncio.sleep(self._plan.central_rest)

    async def _kiosk_lives(self, life: int, death: Death | None, *, closing: bool) -> bool:
        """Let a kiosk live; return whether it was killed."""
        self._death, self._steps = death, Counter()
        order = KioskOrder(
            run=self._plan.number,
            life=life,
            central_url=self._line.url,
            printer_url=self._printer.url,
            visits=() if closing else self._plan.visits[self._visit :],
            first_visit=self._visit,
            alone=not closing and self._plan.opens_alone,
            closing=closing,
            patience=self._plan.patience,
            death=death,
            sabotage=self._sabotage,
        )
        self._note(f"kiosk life {life} begins" + (", to settle everything" if closing else ""))
        self._kiosk = kiosk = await self._start(order)
        ended = False
        async for line in _lines(kiosk):
            told = json.loads(line)
            if told["kind"] in {"died", "crashed"}:
                self._heard_of_end("kiosk", told)
                continue
            ended = ended or told["kind"] == "over"
            answer = self._heard(told)
            with contextlib.suppress(OSError):
                kiosk.writer.write(json.dumps(answer).encode() + b"\n")
                await kiosk.writer.drain()
        kiosk.writer.close()
        self._kiosk = None
        return not ended

    async def _start(self, order: Order) -> _Life:
        pid, connection = self._zygote.start(order)
        reader, writer = await asyncio.open_connection(sock=connection, limit=_STREAM_LIMIT)
        return _Life(pid, reader, writer)

    def _heard_of_end(self, who: str, told: dict[str, Any]) -> None:
        if told["kind"] == "died":
            self._counts[f"kill: {told['label']}"] += 1
            self._note(f"{who} killed at {told['label']}")
        else:
            self._note(f"{who} crashed")
            self._evidence.crashes.append(f"{who}: {told['trace']}")

    def _heard(self, told: dict[str, Any]) -> dict[str, Any]:
        self._catch_up()
        hearers: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
            "said": lambda facts: self._said(facts.pop("what"), facts),
            "visit": self._visit_begins,
            "drawn": self._drawn,
            "opening": lambda _: self._calls_printer(1),
            "not-opened": lambda _: self._calls_printer(-1),
            "sending": self._leaves,
            "not-sent": lambda facts: self._note(f"paper {facts['number']} did not leave"),
            "to-printer": lambda _: self._spoil_printer(),
            "mend": lambda _: self._mend_printer(),
            "look": lambda facts: {"came_out": self._looked(facts["number"])},
            "waits": self._time_passes,
            "over": lambda _: self._closes(),
        }
        return hearers[told.pop("kind")](told) or {}

    def _visit_begins(self, told: dict[str, Any]) -> None:
        self._visit = told["number"]
        self._note(f"visit {self._visit} begins")

    def _calls_printer(self, calls: int) -> None:
        self._calls += calls

    def _leaves(self, told: dict[str, Any]) -> None:
        alone = not self._printer.holds and len(self._printer.received) >= self._calls - 1
        self._evidence.sending.append(Sending(told["number"], told["sha256"], len(self._evidence.sheets), alone))
        self._note(f"paper {told['number']} leaves")

    def _time_passes(self, told: dict[str, Any]) -> None:
        self._clock.advance(told["seconds"])
        self._note(f"{told['seconds']:.0f} s pass")

    def _closes(self) -> None:
        self._visit = len(self._plan.visits)
        self._note("kiosk closes")

    def _said(self, what: str, facts: dict[str, Any]) -> None:
        self._counts[f"said: {what}"] += 1
        self._note(f"« {what} » {facts}")
        ledger = read_ledger(self._place.ledger)
        self._evidence.said.append(Said(what, facts, ledger, len(self._evidence.sheets)))

    def _drawn(self, told: dict[str, Any]) -> None:
        ink_of = (self._place.drawn / told["sha256"]).read_bytes()
        drawn = Drawn(told["paper"], told["code"], told["copy"], told["token"], ink_of)
        self._evidence.drawn[told["sha256"]] = drawn
        self._note(f"{drawn.paper} {drawn.code} drawn, copy {drawn.copy}")

    def _came_out(self, paper: Paper) -> None:
        """Hear of a paper, in the thread of the printer."""
        ledger = read_ledger(self._place.ledger)
        codes = zxingcpp.read_barcodes(paper.image.convert("L"), formats=_QR) if paper.whole else []
        self._evidence.sheets.append(Sheet(ink(paper.code), paper.whole, tuple(code.text for code in codes), ledger))
        self._counts["paper: whole" if paper.whole else "paper: torn"] += 1
        self._note("a paper came out" if paper.whole else "a torn paper came out")

    def _catch_up(self) -> None:
        """Hear of every paper that the printer has let go of: it tells the kiosk before it tells us."""
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while len(self._evidence.sheets) < len(self._printer.papers) + len(self._printer.torn):
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.001)

    def _spoil_printer(self) -> None:
        self._paper = self._papers.pop(0) if self._papers else None
        if self._paper and self._paper.fault is not PrinterFault.NONE:
            self._counts[f"printer: {self._paper.fault}"] += 1
            self._note(f"printer: {self._paper.fault}")
            self._set_printer(_FAULTS[self._paper.fault](self._paper.after))
        else:
            self._set_printer(Faults())

    def _mend_printer(self) -> None:
        if self._paper is None or self._paper.mended:
            self._set_printer(Faults())

    def _set_printer(self, faults: Faults) -> None:
        self._printer.set(**dataclasses.asdict(faults))

    def _looked(self, number: int) -> bool:
        """Return whether a paper lies there whole."""
        sent = next((one for one in reversed(self._evidence.sending) if one.number == number), None)
        if sent is None or sent.sha256 not in self._evidence.drawn:
            return False
        wanted = self._evidence.drawn[sent.sha256].ink
        return any(sheet.whole and sheet.ink == wanted for sheet in self._evidence.sheets)

    def _line_step(self, label: str) -> None:
        self._steps[label] += 1
        if self._kiosk and self._death == Death(label, self._steps[label]):
            self._counts[f"kill: {label}"] += 1
            self._note(f"kiosk killed at {label}")
            os.kill(self._kiosk.pid, signal.SIGKILL)

    def _heal(self) -> None:
        self._note("everything is healed")
        self._healing = True
        self._line.heal()
        self._papers = []
        self._paper = None
        self._set_printer(Faults())

    async def _kill(self, life: _Life) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(life.pid, signal.SIGKILL)
        async for _ in _lines(life):
            pass
        life.writer.close()

    def _collect(self) -> None:
        evidence = self._evidence
        evidence.ledger = read_ledger(self._place.ledger)
        evidence.capacities = read_capacities(self._place.ledger)
        evidence.rubbish = self._printer.rubbish
        with contextlib.closing(Outbox(self._place.kiosk / "journal.sqlite", self._clock)) as journal:
            evidence.intents = (*journal.open_intents(), *journal.answered_intents())
        evidence.jobs = _jobs(self._place.kiosk / PLACE)

    def _note(self, text: str) -> None:
        self._timeline.append(f"{time.monotonic() - self._begun:7.3f}  {text}")


_FAULTS: dict[PrinterFault, Callable[[int], Faults]] = {
    PrinterFault.OFF: lambda _: Faults(refuses=True),
    PrinterFault.PAPER_OUT: lambda _: Faults(paper_out=True),
    PrinterFault.PAPER_OUT_AFTER: lambda after: Faults(paper_out_after=after),
    PrinterFault.PAPER_OUT_FORGETS: lambda after: Faults(paper_out_after=after, resumes=False),
    PrinterFault.COVER_OPEN: lambda _: Faults(cover_open=True),
    PrinterFault.COVER_OPEN_AFTER: lambda after: Faults(cover_open_after=after),
    PrinterFault.CUTTER_STUCK: lambda _: Faults(cutter_stuck=True),
    PrinterFault.CUT: lambda after: Faults(closes_after=after),
    PrinterFault.RESET: lambda after: Faults(resets_after=after),
    PrinterFault.STALLS: lambda after: Faults(stalls_after=after),
    PrinterFault.SILENT: lambda _: Faults(silent=True),
    PrinterFault.SILENT_OFFLINE: lambda _: Faults(silent_offline=True, paper_out=True),
    PrinterFault.WRONG_ANSWERS: lambda _: Faults(wrong_answers=True),
    PrinterFault.ID_MISSING: lambda _: Faults(process_id="missing"),
    PrinterFault.ID_LATE: lambda _: Faults(process_id="late", process_id_delay=_LATE_ID_SECONDS),
    PrinterFault.POWER_OFF: lambda after: Faults(resets_after=after, resumes=False),
}


def _jobs(path: Path) -> tuple[Job, ...]:
    """Return every row of a spool, as it lies on disk."""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        return tuple(spool._from_row(row) for row in db.execute("SELECT * FROM paper ORDER BY number"))
