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
    EXPIRED = "expired"
    WRONG_DAY = "wrong-day"
    NOT_LISTED = "not-listed"
    ALREADY_ADMITTED = "already-admitted"
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
    state = _state(claims, entry, known, here, now)
    expected = (claims.tag, claims.start) if entry is None else (entry.tag, entry.start)
    person = _person(known, expected, bearer, claims.reference)
    return _verdict(state, _appointment(entry or claims), person, known, now)


def verify_reference(
    reference: str, known: Knowledge, here: Here | None, now: dt.datetime, bearer: Bearer | None = None
) -> Verdict:
    """Return what a code typed by hand is worth: only what the list says of it, so an absent one is NOT_LISTED."""
    entry = known.entries.get(reference)
    if entry is None:
        return _worthless(State.NOT_LISTED, known, now)
    state = _state_of_entry(entry, known, here, now)
    person = _person(known, (entry.tag, entry.start), bearer, reference)
    return _verdict(state, _appointment(entry), person, known, now)


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
    if here is None:
        return State.EXPIRED if claims.expires_at <= now else State.VALID
    if claims.site != code_of(here.site):
        return State.WRONG_SITE
    if claims.expires_at <= now:
        return State.EXPIRED
    day = claims.start.astimezone(here.zone).date()
    if day != now.astimezone(here.zone).date():
        return State.WRONG_DAY
    if known.day == day and known.as_of is not None and claims.issued_at <= known.as_of:
        return State.NOT_LISTED
    return State.ALREADY_ADMITTED if known.admission_of(claims.reference) else State.VALID


def _state_of_entry(entry: Entry, known: Knowledge, here: Here | None, now: dt.datetime) -> State:
    if entry.cancelled:
        return State.CANCELLED
    if here is not None and entry.site != code_of(here.site):
        return State.WRONG_SITE
    if known.admission_of(entry.reference):
        return State.ALREADY_ADMITTED
    if entry.start + dt.timedelta(minutes=entry.minutes) + token.GRACE <= now:
        return State.EXPIRED
    if here is not None and entry.start.astimezone(here.zone).date() != now.astimezone(here.zone).date():
        return State.WRONG_DAY
    return State.VALID


def _person(known: Knowledge, expected: tuple[bytes, dt.datetime], bearer: Bearer | None, reference: str) -> Person:
    if bearer is None:
        return Person.NOT_ASKED
    tag, start = expected
    key = known.tag_keys.get(identity.quarter_of(start))
    if key is None:
        return Person.NO_KEY
    if identity.is_bearer(key, tag, bearer, reference):
        return Person.MATCH
    return Person.NAME_CUT if bearer.may_be_cut else Person.NO_MATCH


def _appointment(source: Entry | Claims) -> Appointment:
    return Appointment(source.reference, source.start, source.minutes, source.service, source.site, source.revision)
