"""Is this ticket good, here and now? Pure: what is known, what was shown and the time are all handed in.

The answer names nobody. It says how old the knowledge behind it is: without a list of the day, or with an old one, a
cancelled ticket still looks good.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from zoneinfo import ZoneInfo

from kiosk.tickets import identity, token
from kiosk.tickets.identity import Bearer
from kiosk.tickets.keys import KeySet, TicketKey
from kiosk.tickets.manifest import Admission, Entry, Manifest
from kiosk.tickets.token import AlteredError, Claims, NotOursError, code_of

FRESH = dt.timedelta(minutes=15)  # a list of the day that is older may have missed a cancellation


class State(StrEnum):
    """What a ticket is found to be; the first that is true, in this order."""

    NOT_OURS = "not-ours"
    ALTERED = "altered"
    UNKNOWN_KEY = "unknown-key"
    REVOKED_KEY = "revoked-key"
    CANCELLED = "cancelled"
    MOVED = "moved"
    WRONG_SITE = "wrong-site"
    ALREADY_ADMITTED = "already-admitted"
    EXPIRED = "expired"
    WRONG_DAY = "wrong-day"
    NOT_LISTED = "not-listed"
    VALID = "valid"


class Person(Enum):
    """Whether the person is the one for whom the appointment was made."""

    NOT_ASKED = auto()
    MATCH = auto()
    NO_MATCH = auto()
    NAME_CUT = auto()  # the zone that was read had no room for the whole name: it must be typed
    NO_KEY = auto()  # nothing here can tell


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known besides the keys: appointments as they stood at `as_of`, and who was let in."""

    as_of: dt.datetime | None = None  # None: nothing is known
    entries: Mapping[str, Entry] = field(default_factory=dict)
    tag_keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    admissions: Mapping[str, Admission] = field(default_factory=dict)  # noted here, perhaps not delivered yet
    day: dt.date | None = None  # all appointments of this day are among the entries

    def admission_of(self, reference: str) -> Admission | None:
        """Return the earliest time at which somebody was let in with this appointment."""
        entry = self.entries.get(reference)
        seen = [self.admissions.get(reference), entry.admission if entry else None]
        return min((each for each in seen if each), key=lambda each: each.at, default=None)


@dataclass(frozen=True, slots=True)
class Here:
    """The site at whose counter the ticket is shown."""

    site: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Appointment:
    """The appointment of a ticket, as far as it can be believed: as the list has it, else as the ticket says."""

    reference: str
    start: dt.datetime  # UTC
    minutes: int
    service: bytes
    site: bytes
    revision: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. `appointment` is None where nothing of the ticket can be believed."""

    state: State
    appointment: Appointment | None
    person: Person
    admission: Admission | None  # of ALREADY_ADMITTED
    as_of: dt.datetime | None  # how old the knowledge is
    is_fresh: bool

    @property
    def is_good(self) -> bool:
        """Return whether the person may come in with it, if it is the right person."""
        return self.state is State.VALID and self.person is not Person.NO_MATCH


def knowledge_of(manifest: Manifest, admissions: Mapping[str, Admission]) -> Knowledge:
    """Return what a manifest and this counter's own notes make known."""
    return Knowledge(manifest.made_at, manifest.entries, manifest.tag_keys, admissions, manifest.date)


def verify_token(
    text: str, keys: KeySet, known: Knowledge, here: Here | None, now: dt.datetime, bearer: Bearer | None = None
) -> Verdict:
    """Return what a scanned token is worth; `here` None: nobody asks whether it is the right site and day."""
    try:
        read = token.read(text)
    except NotOursError:
        return _worthless(State.NOT_OURS, known, now)
    except AlteredError:
        return _worthless(State.ALTERED, known, now)
    key = keys.find(read.message.key_id)
    if key is None:
        return _worthless(State.UNKNOWN_KEY, known, now)
    if not read.is_signed_by(key.public):
        return _worthless(State.ALTERED, known, now)
    if (fault := _fault_of_key(key, read.claims)) is not None:
        return _worthless(fault, known, now)
    claims = read.claims
    entry = known.entries.get(claims.reference)
    if entry is not None and not entry.cancelled and entry.revision < claims.revision:
        entry = None  # changed since the list was made: the ticket knows better
    state = _state(claims, entry, known, here, now)
    source = entry or claims
    return _verdict(state, _appointment(source), _person(source, known, here, bearer), known, now)


def verify_reference(
    reference: str, known: Knowledge, here: Here | None, now: dt.datetime, bearer: Bearer | None = None
) -> Verdict:
    """Return what a code typed by hand is worth: only what the list says of it, so an absent one is NOT_LISTED."""
    entry = known.entries.get(reference)
    if entry is None:
        return _worthless(State.NOT_LISTED, known, now)
    state = _state_of_entry(entry, known, here, now)
    return _verdict(state, _appointment(entry), _person(entry, known, here, bearer), known, now)


def _worthless(state: State, known: Knowledge, now: dt.datetime) -> Verdict:
    return _verdict(state, None, Person.NOT_ASKED, known, now)


def _verdict(
    state: State, appointment: Appointment | None, person: Person, known: Knowledge, now: dt.datetime
) -> Verdict:
    fresh = known.as_of is not None and now - known.as_of <= FRESH
    admission = None
    if state is State.ALREADY_ADMITTED and appointment:
        admission = known.admission_of(appointment.reference)
    return Verdict(state, appointment, person, admission, known.as_of, fresh)


def _fault_of_key(key: TicketKey, claims: Claims) -> State | None:
    if key.revoked_at is not None:
        return State.REVOKED_KEY
    return None if key.signs_at(claims.issued_at) else State.UNKNOWN_KEY


def _state(claims: Claims, entry: Entry | None, known: Knowledge, here: Here | None, now: dt.datetime) -> State:
    if entry is not None:
        if not entry.cancelled and (claims.start, claims.site) != (entry.start, entry.site):
            return State.MOVED
        return _state_of_entry(entry, known, here, now)
    state = _state_here(claims, known, here, now)
    if state is not State.VALID or here is None or known.as_of is None:
        return state
    is_listed_day = known.day == claims.start.astimezone(here.zone).date()
    return State.NOT_LISTED if is_listed_day and claims.issued_at < known.as_of else State.VALID


def _state_of_entry(entry: Entry, known: Knowledge, here: Here | None, now: dt.datetime) -> State:
    return State.CANCELLED if entry.cancelled else _state_here(entry, known, here, now)


def _state_here(source: Entry | Claims, known: Knowledge, here: Here | None, now: dt.datetime) -> State:
    if here is not None and source.site != code_of(here.site):
        return State.WRONG_SITE
    if known.admission_of(source.reference):
        return State.ALREADY_ADMITTED
    if source.start + dt.timedelta(minutes=source.minutes) + token.GRACE <= now:
        return State.EXPIRED
    if here is not None and source.start.astimezone(here.zone).date() != now.astimezone(here.zone).date():
        return State.WRONG_DAY
    return State.VALID


def _person(source: Entry | Claims, known: Knowledge, here: Here | None, bearer: Bearer | None) -> Person:
    if bearer is None:
        return Person.NOT_ASKED
    key = known.tag_keys.get(identity.quarter_of(source.start))
    if key is None or (here is not None and source.site != code_of(here.site)):  # every site has its own keys
        return Person.NO_KEY
    if identity.is_bearer(key, source.tag, bearer, source.reference):
        return Person.MATCH
    return Person.NAME_CUT if bearer.may_be_cut else Person.NO_MATCH


def _appointment(source: Entry | Claims) -> Appointment:
    return Appointment(source.reference, source.start, source.minutes, source.service, source.site, source.revision)
