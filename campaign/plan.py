"""What happens in a run, drawn from its number and from nothing else."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from campaign.requests import APPLY, BOOK, BY_KEY, HEALTH, HOLD, READ
from campaign.steps import Death
from campaign.world import SERVICES, SITES

_T = TypeVar("_T")


class LineFault(StrEnum):
    """What the line between kiosk and central does to one request and its answer."""

    NONE = "none"
    DELAY = "delay"
    CUT_BEFORE = "cut before it arrived"
    CUT_MIDWAY = "half of it arrived"
    CUT_AFTER = "cut after it arrived"
    HALF_ANSWER = "half an answer"
    RESET = "reset"
    BAD_GATEWAY = "502 before it arrived"
    BAD_GATEWAY_AFTER = "502 after it arrived"
    TRUNCATED = "truncated JSON"
    HOSTILE = "hostile JSON"
    TWICE = "delivered twice"
    TWICE_LATE = "delivered again at the end"
    HELD = "cut, and delivered a little later"
    HELD_LATE = "cut, and delivered at the end"
    BLACK_HOLE = "black hole before it arrived"
    BLACK_HOLE_AFTER = "black hole after it arrived"
    UNPLUGGED = "nobody listens for a while"


class PrinterFault(StrEnum):
    """What the printer does to one paper."""

    NONE = "none"
    OFF = "off"
    PAPER_OUT = "paper out"
    PAPER_OUT_AFTER = "paper out in the middle"
    PAPER_OUT_FORGETS = "paper out in the middle, and the rest is thrown away"
    COVER_OPEN = "cover open"
    COVER_OPEN_AFTER = "cover opened in the middle"
    CUTTER_STUCK = "cutter stuck"
    CUT = "cuts the connection"
    RESET = "resets the connection"
    STALLS = "takes nothing more"
    SILENT = "silent"
    SILENT_OFFLINE = "silent and without paper"
    WRONG_ANSWERS = "wrong answers"
    ID_MISSING = "no process id"
    ID_LATE = "late process id"
    POWER_OFF = "powered off in the middle"


class Kind(StrEnum):
    """What a person comes for."""

    BOOKING = "booking"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class PaperFault:
    """A fault, after how many bytes where that matters, and whether somebody puts it right at once."""

    fault: PrinterFault
    after: int
    mended: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """One person at the counter, and what the mediator does."""

    person: int
    service: str
    site: str
    slot: int
    kind: Kind = Kind.BOOKING
    reprints: bool = False  # when the appointment is known: F8; else the mediator insists
    abandons: bool = False  # before F10
    dawdles: bool = False  # until the hold is over
    leaves_after: float | None = None  # F9, so many seconds after F10
    leaves_paper: bool = False  # F9 before anybody said whether the ticket came out
    notes_news: bool = True  # takes what is to be told off the list


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run."""

    number: int
    visits: tuple[Visit, ...]
    line: dict[str, tuple[LineFault, ...]]  # of the successive requests of a kind
    printer: tuple[PaperFault, ...]  # of the successive papers
    kiosk_deaths: tuple[Death, ...]  # of its successive lives
    central_deaths: tuple[Death, ...]
    central_rest: float  # seconds before a dead central is started again
    opens_alone: bool = False  # each shift but the last, as without network
    patience: float = field(default=1.5)  # seconds that a mediator waits for an answer before going home


_LINE = (
    LineFault.DELAY,
    LineFault.CUT_BEFORE,
    LineFault.CUT_MIDWAY,
    LineFault.CUT_AFTER,
    LineFault.CUT_AFTER,
    LineFault.HALF_ANSWER,
    LineFault.RESET,
    LineFault.BAD_GATEWAY,
    LineFault.BAD_GATEWAY_AFTER,
    LineFault.TRUNCATED,
    LineFault.HOSTILE,
    LineFault.TWICE,
    LineFault.TWICE_LATE,
    LineFault.HELD,
    LineFault.HELD_LATE,
    LineFault.BLACK_HOLE,
    LineFault.BLACK_HOLE_AFTER,
    LineFault.UNPLUGGED,
)
_LINE_SHARE = {BOOK: 0.6, APPLY: 0.6, BY_KEY: 0.35, HOLD: 0.25, READ: 0.02, HEALTH: 0.05}
_LINE_LENGTH = {BOOK: 6, APPLY: 4, BY_KEY: 6, HOLD: 4, READ: 30, HEALTH: 20}
_PAPER_SHARE = 0.5
_PAPERS = 6
_DEPTHS = (1, 100, 2_000, 20_000, 40_000)  # bytes; a ticket has about 50 kB

_JOURNAL = ("add", "sending", "not_sent", "unknown", "not_known", "confirmed", "refused", "forget", "withdraw")
_SPOOL = ("add", "sending", "not_sent", "sent", "printed", "unconfirmed", "spoiled", "cancel")
_DRIVER = ("committing", "committed", "sent", "proven", "asking", "waiting_for_paper")
_KIOSK_LABELS = (
    *(f"journal.{step}.{side}" for step in _JOURNAL for side in ("before", "after")),
    *(f"spool.{step}.{side}" for step in _SPOOL for side in ("before", "after")),
    *(f"driver.{step}" for step in _DRIVER),
    *(f"request.{kind}.{side}" for kind in (BOOK, BY_KEY, HOLD, APPLY) for side in ("before", "after")),
    *(f"line.{kind}.{side}" for kind in (BOOK, BY_KEY, HOLD, APPLY) for side in ("asked", "answered")),
    *(f"said.{kind}" for kind in ("waiting", "booked", "refused", "printed", "unconfirmed", "news", "receipt", "left")),
    "journal.erase",
    "spool.erase",
    "paper.piece",
    "paper.piece",
)
_CENTRAL_LABELS = (
    *(
        f"central.{kind}.{step}"
        for kind in (BOOK, BOOK, BOOK, HOLD, APPLY)
        for step in ("received", "committing", "committed", "answering", "answered")
    ),
    "central.by-key.received",
    "central.by-key.answering",
)
_PIECES = (1, 2, 5, 20, 40, 50)


def draw(number: int) -> Plan:
    """Return the plan of that number, always the same."""
    chance = random.Random(number)  # noqa: S311 (chance that can be repeated)
    return Plan(
        number=number,
        visits=_visits(chance),
        line={kind: _faults(chance, share, _LINE_LENGTH[kind]) for kind, share in _LINE_SHARE.items()},
        printer=tuple(_paper(chance) for _ in range(_PAPERS)),
        kiosk_deaths=_deaths(chance, _KIOSK_LABELS, (0, 1, 1, 1, 2)),
        central_deaths=_deaths(chance, _CENTRAL_LABELS, (0, 0, 1, 1, 2)),
        central_rest=chance.choice((0.0, 0.0, 0.1, 0.4)),
        opens_alone=_happens(chance, 0.25),
    )


def _visits(chance: random.Random) -> tuple[Visit, ...]:
    visits: list[Visit] = []
    for number in range(chance.choice((1, 2, 2, 3))):
        again = bool(visits) and chance.random() < 0.4
        person = visits[-1].person if again else number
        visits.append(_visit(chance, person, visits[-1].service if again else chance.choice(SERVICES)))
    return tuple(visits)


def _visit(chance: random.Random, person: int, service: str) -> Visit:
    return Visit(
        person=person,
        service=service,
        site=chance.choice(SITES) if _happens(chance, 0.3) else SITES[0],
        slot=chance.randrange(2),
        kind=Kind.APPLICATION if _happens(chance, 0.2) else Kind.BOOKING,
        reprints=_happens(chance, 0.5),
        abandons=_happens(chance, 0.08),
        dawdles=_happens(chance, 0.06),
        leaves_after=chance.choice((0.0, 0.01, 0.05, 0.2, 0.6)) if _happens(chance, 0.4) else None,
        leaves_paper=_happens(chance, 0.3),
        notes_news=_happens(chance, 0.7),
    )


def _faults(chance: random.Random, share: float, length: int) -> tuple[LineFault, ...]:
    return tuple(chance.choice(_LINE) if _happens(chance, share) else LineFault.NONE for _ in range(length))


def _paper(chance: random.Random) -> PaperFault:
    faults = [fault for fault in PrinterFault if fault is not PrinterFault.NONE]
    fault = chance.choice(faults) if _happens(chance, _PAPER_SHARE) else PrinterFault.NONE
    return PaperFault(fault, chance.choice(_DEPTHS), _happens(chance, 0.7))


def _deaths(chance: random.Random, labels: Sequence[str], counts: Sequence[int]) -> tuple[Death, ...]:
    return tuple(_death(chance, chance.choice(labels)) for _ in range(chance.choice(counts)))


def _death(chance: random.Random, label: str) -> Death:
    return Death(label, chance.choice(_PIECES) if label == "paper.piece" else chance.choice((1, 1, 1, 2)))


def _happens(chance: random.Random, share: float) -> bool:
    return chance.random() < share
