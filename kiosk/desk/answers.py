"""What the desk answers to screens: who is here, what was refused, what nobody knows. Light to import."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

Grey = tuple[int, int]  # upper and lower half of a terminal cell, 0 black to 255 white


class Central(Enum):
    """What is known of the central at this moment."""

    STARTING = auto()
    HERE = auto()
    SILENT = auto()


class Refusal(StrEnum):
    """Why the central said no, as far as a mediator can act on it."""

    SLOT_TAKEN = "slot-taken"
    PERSON_HAS_BOOKING = "person-has-booking"
    PERSON_HAS_HOLD = "person-has-hold"
    COOLING_OFF = "cooling-off"
    HOLD_EXPIRED = "hold-expired"
    NOT_A_TYPO = "not-a-typo"
    IDENTITY_REJECTED = "identity-rejected"  # for a reason that is none of these:
    AGDREF_MISSING = "agdref-missing"
    AGDREF_UNKNOWN = "agdref-unknown"
    AGDREF_MISMATCH = "agdref-mismatch"
    ANTS_MISSING = "ants-missing"
    ANTS_CONSUMED = "ants-consumed"
    ANTS_DECLARED = "ants-declared"
    ANTS_UNKNOWN = "ants-unknown"
    ANTS_EXPIRED = "ants-expired"
    NEPH_MISSING = "neph-missing"
    REGISTER_UNAVAILABLE = "register-unavailable"
    MEDIATOR_LIMIT = "mediator-limit"
    REJECTIONS_LIMIT = "rejections-limit"
    KIOSK_LIMIT = "kiosk-limit"
    SITE_LIMIT = "site-limit"
    SOURCE_UNAVAILABLE = "source-unavailable"
    WRONG_CODE = "wrong-code"
    NOT_SIGNED_IN = "not-signed-in"
    TOO_MANY = "too-many"
    STORAGE_UNAVAILABLE = "storage-unavailable"
    NOT_FOUND = "not-found"
    SEALED_UNREADABLE = "sealed-unreadable"
    OTHER = "other"


class DeskError(Exception):
    """The desk could not do what a screen asked."""


class OpeningError(DeskError):
    """The desk cannot be opened: the central does not start, or the state directory cannot be written."""


class StateError(OpeningError):
    """The kiosk's own files cannot be read or written, or another kiosk has them."""


class CentralSilentError(DeskError):
    """The central does not answer; nothing was changed."""


class CentralRefusedError(DeskError):
    """The central said no; `retry_after_seconds` when it said how long that stays so."""

    def __init__(self, refusal: Refusal, retry_after_seconds: int | None = None) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.retry_after_seconds = retry_after_seconds


class NoSuchTicketError(DeskError):
    """No appointment has this code and this birth date."""


class OutcomeUnknownError(DeskError):
    """It may or may not have been done; the same intent must be asked again, never a new one.

    `retry_after_seconds` when the central said how long to wait.
    """

    def __init__(self, retry_after_seconds: int | None = None) -> None:
        super().__init__("nobody knows")
        self.retry_after_seconds = retry_after_seconds


class JournalError(DeskError):
    """This kiosk cannot write down what it is about to ask, so it asks nothing."""


class NotGenuineError(DeskError):
    """What the central sent is not signed as it must be, or older than what is known: nothing of it is used."""


class PaperError(DeskError):
    """The ticket could not be drawn: nothing was sent to the printer."""


class UnderWayError(DeskError):
    """A paper of this appointment is being printed right now."""


class SpoolError(DeskError):
    """This kiosk cannot write down what it is about to print, so it prints nothing."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is signed in, and where this kiosk stands."""

    mediator: str
    kiosk: str
    department: str
    region: str
    verified: bool = True  # by the central; else it was silent, and nothing leaves before it has been asked


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an intent that nobody waited for: a booking's reference, or nothing booked."""

    key: str
    code: str  # of the request, as papers and lists call it
    asked_at: dt.datetime
    reference: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """A booking that was asked for: what it is called, since when, how often it left, and whether it may be taken."""

    code: str
    asked_at: dt.datetime
    tries: int
    may_be_done: bool
    waits_for_mediator: bool = False  # noted without network, in the name of somebody who is not signed in now


class Printer(StrEnum):
    """What the printer says of itself, or its silence; the worst first where several are true."""

    READY = "ready"
    NEAR_END = "near-end"
    PAPER_OUT = "paper-out"
    COVER_OPEN = "cover-open"
    CUTTER = "cutter"
    FAULT = "fault"
    OFFLINE = "offline"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"  # it cannot be asked


class Delivery(Enum):
    """How far a paper got."""

    PRINTED = auto()  # the printer proved it, or a person saw it
    WAITING = auto()  # nothing left yet: sending it later cannot print twice
    UNCONFIRMED = auto()  # bytes left and nobody knows: a person must look
    SPOILED = auto()  # a person looked, before the printer was heard: it did not come out whole


class Progress(Enum):
    """What a person must hear while a paper is on its way."""

    STOPPED = auto()  # in the middle, without paper or with its cover open: put right, the printer goes on by itself
    ASKING = auto()  # the printer said nothing; it may still, but a person can tell sooner


class Record(Enum):
    """What this kiosk writes down."""

    PAPERS = auto()
    REQUESTS = auto()


@dataclass(frozen=True, slots=True)
class PutAside:
    """A damaged file that was put aside, and that nobody has taken away."""

    record: Record
    name: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A ticket that was drawn and stored, under its number in the spool.

    `facsimile(columns)` draws it that many terminal cells wide: rows of cells, top first.
    """

    number: int
    copy: int
    facsimile: Callable[[int], Sequence[Sequence[Grey]]]


@dataclass(frozen=True, slots=True)
class Delivered:
    """How far a paper got and what the printer says; `place` is the file of a virtual ticket."""

    delivery: Delivery
    printer: Printer
    place: str | None


@dataclass(frozen=True, slots=True)
class OpenPaper:
    """A paper of an earlier visit that somebody must still decide about: did it come out, is it to be printed?"""

    number: int
    is_ticket: bool  # else the receipt of a request
    code: str  # of the appointment, or of the request, in groups
    since: dt.datetime
    waiting: bool  # nothing of it left; else nobody knows whether it came out


@dataclass(frozen=True, slots=True)
class TicketLanguage:
    """What a ticket can say besides French; `key` is "" for nothing besides."""

    key: str
    name: str  # arabe
