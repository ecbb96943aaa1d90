"""What must be true of a run, whatever failed in it: ledger, journal, spool, papers and statements are compared.

Nothing here knows what was drawn, injected or killed.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from campaign.ledger import Ledger
from kiosk.journal.outbox import Intent, request_code
from kiosk.printing.spool import Job, State

TICKET, RECEIPT = "ticket", "receipt"
_OPEN_PAPERS = {State.QUEUED, State.SENDING, State.SENT, State.UNCONFIRMED}


class Rule(StrEnum):
    """What a finding is against."""

    DOUBLE = "0 double bookings"
    LOST = "0 lost confirmations"
    BARE_PAPER = "0 papers without a booking"
    UNMARKED = "0 unmarked duplicates"
    CONTRADICTED = "0 statements that the ledger contradicts"
    BROKEN = "the run itself went wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was broken, and how."""

    rule: Rule
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """A statement, the ledger at that moment, and how many papers had come out."""

    what: str
    facts: dict[str, Any]
    ledger: Ledger
    sheets: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A paper as it was drawn: what stands on it, and its ink."""

    paper: str
    code: str
    copy: int
    token: str | None
    ink: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sending:
    """A job of which bytes were about to leave; the sheets from `sheets` on may be it."""

    number: int
    sha256: str
    sheets: int
    alone: bool  # nothing of an earlier job was left in the printer


@dataclass(frozen=True, slots=True)
class Sheet:
    """A paper that came out: its ink, whether it is whole, what its QR says, and the ledger at that moment."""

    ink: bytes = field(repr=False)
    whole: bool
    read: tuple[str, ...]  # the texts of its QR codes, if it is whole
    ledger: Ledger


@dataclass(slots=True)
class Evidence:
    """All that is left of a run, and all that was seen of it."""

    said: list[Said] = field(default_factory=list)
    drawn: dict[str, Drawn] = field(default_factory=dict)
    sending: list[Sending] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    rubbish: bytes = b""  # what no paper of ours explains
    ledger: Ledger = field(default_factory=Ledger)  # at the very end
    capacities: dict[str, int] = field(default_factory=dict)
    intents: tuple[Intent, ...] = ()  # left in the journal
    jobs: tuple[Job, ...] = ()
    crashes: list[str] = field(default_factory=list)

    def spoken_of(self, *whats: str) -> Iterator[Said]:
        """Return the statements of these kinds."""
        return (said for said in self.said if said.what in whats)


def findings(evidence: Evidence) -> list[Finding]:
    """Return every rule that the run broke."""
    came_out = matched(evidence)
    return [
        *(Finding(Rule.BROKEN, text) for text in evidence.crashes),
        *(Finding(Rule.DOUBLE, text) for text in _doubles(evidence)),
        *(Finding(Rule.LOST, text) for text in _lost(evidence)),
        *(Finding(Rule.BARE_PAPER, text) for text in _bare_papers(evidence, came_out)),
        *(Finding(Rule.UNMARKED, text) for text in _unmarked(evidence, came_out)),
        *(Finding(Rule.CONTRADICTED, text) for text in _contradicted(evidence, came_out)),
    ]


def matched(evidence: Evidence) -> list[Sending | None]:
    """Return, for each sheet, the job that it is: jobs come out in the order in which they were sent, once each."""
    # A job that is told twice did not leave the first time: so the spool says, and a second sheet of it finds no job.
    last = {sending.number: at for at, sending in enumerate(evidence.sending)}
    jobs = [evidence.sending[at] for at in sorted(last.values())]
    found: list[Sending | None] = []
    at = 0
    for index, sheet in enumerate(evidence.sheets):
        candidates = (place for place in range(at, len(jobs)) if _may_be(evidence, jobs, place, index, sheet))
        place = next(candidates, None)
        found.append(None if place is None else jobs[place])
        at = at if place is None else place + 1
    return found


def _may_be(evidence: Evidence, jobs: list[Sending], place: int, index: int, sheet: Sheet) -> bool:
    job = jobs[place]
    over = any(later.alone and later.sheets <= index for later in jobs[place + 1 :])
    drawn = evidence.drawn.get(job.sha256)
    if drawn is None or over or job.sheets > index:
        return False
    return sheet.ink == drawn.ink if sheet.whole else drawn.ink.startswith(sheet.ink)


def _known(evidence: Evidence, sheet: Sheet) -> bool:
    """Return whether a sheet is a paper that was drawn, or the beginning of one."""
    return any(drawn.ink.startswith(sheet.ink) for drawn in evidence.drawn.values())


def _doubles(evidence: Evidence) -> Iterator[str]:
    active = [row for row in evidence.ledger.rows if row.active]
    for who, count in Counter((row.person, row.service) for row in active).items():
        if count > 1:
            yield f"{who} has {count} appointments"
    for key, count in Counter(row.key for row in evidence.ledger.rows).items():
        if key is None:
            yield f"{count} appointments of no intent"
        elif count > 1:
            yield f"{count} appointments under {key}"
    for slot, count in Counter(row.slot for row in active).items():
        if count > evidence.capacities[slot]:
            yield f"{count} appointments on {slot}, which has {evidence.capacities[slot]} places"


def _lost(evidence: Evidence) -> Iterator[str]:
    told = {said.facts["reference"] for said in evidence.spoken_of("booked", "news", "known")}
    for row in evidence.ledger.rows:
        if row.active and row.reference not in told:
            yield f"nobody was told of {row.reference}, booked under {row.key}"
    for intent in evidence.intents:
        yield f"{intent.action} {intent.key} is still in the journal: {intent.state}"
    answered = {said.facts["key"] for said in evidence.spoken_of("booked", "refused", "news", "left")}
    for said in evidence.spoken_of("waiting", "receipt", "applied"):
        if said.facts["key"] not in answered:
            yield f"{said.facts['key']} was asked for, and nobody heard what became of it"
    for job in evidence.jobs:
        if job.state in _OPEN_PAPERS:
            yield f"paper {job.number}, {job.kind} {job.subject}, is still {job.state}"


def _bare_papers(evidence: Evidence, came_out: list[Sending | None]) -> Iterator[str]:
    asked = {request_code(said.facts["key"]) for said in evidence.said if "key" in said.facts}
    for number, (sheet, job) in enumerate(zip(evidence.sheets, came_out, strict=True), 1):
        drawn = evidence.drawn[job.sha256] if job else None
        if drawn is None:
            if not _known(evidence, sheet):
                yield f"sheet {number} is no paper of ours"
        elif drawn.paper == TICKET and not sheet.ledger.has(drawn.code):
            yield f"sheet {number} is a ticket of {drawn.code}, which the central does not know"
        elif drawn.paper == RECEIPT and drawn.code not in asked:
            yield f"sheet {number} is a receipt of {drawn.code}, which nobody asked for"
        elif sheet.whole and sheet.read != ((drawn.token,) if drawn.token else ()):
            yield f"the code on sheet {number} is not the one of {drawn.code}"
    if evidence.rubbish:
        yield f"{len(evidence.rubbish)} bytes were printed that are no paper of ours"


def _unmarked(evidence: Evidence, came_out: list[Sending | None]) -> Iterator[str]:
    jobs = {job.number: job for job in evidence.jobs}
    new = {said.facts["reference"] for said in evidence.spoken_of("booked")}
    copies: defaultdict[tuple[str, int], int] = defaultdict(int)
    for sent in filter(None, came_out):
        drawn = evidence.drawn[sent.sha256]
        job = jobs.get(sent.number)
        if drawn.paper not in {TICKET, RECEIPT}:
            continue
        if job is None or (job.subject, job.copy) != (drawn.code, drawn.copy):
            yield f"the paper of {drawn.code} says copy {drawn.copy}, the spool says otherwise"
        elif job.state in {State.QUEUED, State.CANCELLED}:
            yield f"paper {job.number} came out, and the spool says that not a byte left: {job.state}"
        copies[drawn.code, drawn.copy] += 1
        if drawn.paper == TICKET and drawn.copy == 1 and drawn.code not in new:
            yield f"a first paper of {drawn.code}, which was not booked here just now"
    for number, (sheet, found) in enumerate(zip(evidence.sheets, came_out, strict=True), 1):
        if found is None and _known(evidence, sheet):
            yield f"sheet {number} was printed again, or when it was not to be"
    for (code, copy), count in copies.items():
        if count > 1:
            yield f"{count} papers of {code} say copy {copy}"


def _contradicted(evidence: Evidence, came_out: list[Sending | None]) -> Iterator[str]:
    for said in evidence.said:
        if not _holds(said, evidence, came_out):
            yield f"« {said.what} » {said.facts}"


def _holds(said: Said, evidence: Evidence, came_out: list[Sending | None]) -> bool:
    """Return whether a statement was true when it was made, and stays so where it spoke of what will be."""
    facts = said.facts
    match said.what:
        case "booked":
            return said.ledger.has(facts["reference"], facts["key"])
        case "known":
            return said.ledger.has(facts["reference"])
        case "news" if facts["reference"] is not None:
            return said.ledger.has(facts["reference"], facts["key"])
        case "news" | "refused" | "left":
            return not evidence.ledger.under(facts["key"])
        case "waiting" if not facts["may_be_booked"]:
            return not said.ledger.under(facts["key"])
        case "printed":
            return _whole_so_far(facts["number"], said, evidence, came_out)
        case "waiting-paper":
            return not any(job and job.number == facts["number"] for job in itertools.islice(came_out, said.sheets))
    return True


def _whole_so_far(number: int, said: Said, evidence: Evidence, came_out: list[Sending | None]) -> bool:
    seen = zip(evidence.sheets[: said.sheets], came_out[: said.sheets], strict=True)
    return any(sheet.whole and job is not None and job.number == number for sheet, job in seen)
