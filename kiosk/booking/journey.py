"""One accompaniment, greeting to wipe: what is decided, what is still to decide, and what a change undoes."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum

from kiosk.booking.booking import Booking, ConsentMode, Hold
from kiosk.booking.catalogue import Availability, IdentifierKind, Service, Site
from kiosk.booking.person import Person, is_same_person
from kiosk.booking.private import Private


class Step(IntEnum):
    """The questions, in the order in which they are asked."""

    PERSON = 1
    SERVICE = 2
    AGDREF = 3
    ANTS = 4
    NEPH = 5
    DOCUMENTS = 6
    SITE = 7
    SLOT = 8
    CHECK = 9

    @property
    def stage(self) -> int:
        """Return its number as it is counted aloud: what a service asks for belongs to the service, so six it stays."""
        return sum(step not in NUMBER_STEPS.values() for step in Step if step <= self)


NUMBER_STEPS: Mapping[IdentifierKind, Step] = {"agdref": Step.AGDREF, "ants": Step.ANTS, "neph": Step.NEPH}


@dataclass(frozen=True, slots=True, repr=False)
class Typed(Private):
    """What stands in the fields of the person screen, right or wrong: going back loses nothing."""

    surname: str = ""
    birth_date: str = ""
    given_names: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Journey(Private):
    """What is decided so far. Each method returns the next journey; none touches the world."""

    key: str  # made anew for each hold
    edition: int = 0  # of what is asked under that key
    typed: Typed = field(default_factory=Typed)
    person: Person | None = None
    numbers_known: frozenset[IdentifierKind] = frozenset()  # by the central, for this person
    service: Service | None = None
    numbers_typed: Mapping[IdentifierKind, str] = field(default_factory=dict)  # as they stand in their fields
    numbers: Mapping[IdentifierKind, str] = field(default_factory=dict)  # those of them that are decided
    at_hand: frozenset[str] = frozenset()  # ids of documents that the person has already
    documents_read: bool = False
    offer: Availability | None = None
    hold: Hold | None = None
    applying: bool = False  # nobody can see the hours: the first free place is asked for, from a day on
    not_before: dt.date | None = None
    consent: ConsentMode = "present"
    language: str = ""  # of the ticket, besides French: what the desk calls it; nothing of it is asked of the central

    @property
    def site(self) -> Site | None:
        """Return where, once decided."""
        return self.offer.site if self.offer else None

    @property
    def step(self) -> Step:
        """Return the first question without an answer; CHECK when all have one."""
        answered = {
            Step.PERSON: self.person is not None,
            Step.SERVICE: self.service is not None,
            **{step: kind not in self.numbers_to_ask for kind, step in NUMBER_STEPS.items()},
            Step.DOCUMENTS: self.documents_read,
            Step.SITE: self.offer is not None,
            Step.SLOT: self.hold is not None or self.not_before is not None,
        }
        return next((step for step, done in answered.items() if not done), Step.CHECK)

    @property
    def numbers_to_ask(self) -> tuple[IdentifierKind, ...]:
        """Return the numbers without which no hour can be kept; none once one is."""
        return () if self.hold else tuple(kind for kind in self._numbers_asked if kind not in self.numbers)

    @property
    def numbers_to_give(self) -> Mapping[IdentifierKind, str]:
        """Return the numbers of this visit that the service wants."""
        return {kind: self.numbers[kind] for kind in self._numbers_asked if kind in self.numbers}

    @property
    def _numbers_asked(self) -> tuple[IdentifierKind, ...]:
        wanted = self.service.identifiers if self.service else ()
        return tuple(kind for kind in wanted if kind not in self.numbers_known or kind in self.numbers_typed)

    @property
    def intent_key(self) -> str:
        """Return the Idempotency-Key: the same for the same request, another one as soon as anything in it changed."""
        return f"{self.key}-{self.edition}"

    def before(self, step: Step) -> Step:
        """Return the question before that one, past numbers that nobody wants; raise ValueError at the first."""
        passed_over = {number_step for kind, number_step in NUMBER_STEPS.items() if kind not in self._numbers_asked}
        return max(earlier for earlier in Step if earlier < step and earlier not in passed_over)

    def with_typed(self, typed: Typed) -> "Journey":
        """Keep what stands in the fields, without deciding anything."""
        return replace(self, typed=typed)

    def for_person(self, person: Person, numbers_known: frozenset[IdentifierKind] = frozenset()) -> "Journey":
        """Decide who comes; service and place stay, and for the same person the numbers and the hour as well."""
        if person == self.person and numbers_known <= self.numbers_known:
            return self
        if self.person and self.person.identity() == person.identity():
            numbers_known |= self.numbers_known
        changed = replace(self, person=person, numbers_known=numbers_known, edition=self.edition + 1)
        if self.person and not is_same_person(self.person, person):
            changed = replace(changed, numbers={}, numbers_typed={})
        if self.hold and not is_same_person(self.hold.person, person):
            changed = changed.without_hold()
        return changed

    def for_service(self, service: Service) -> "Journey":
        """Decide what for; documents, place and hour depend on it and are asked again if it changed."""
        if service == self.service:
            return self
        changed = replace(self, service=service, at_hand=frozenset(), documents_read=False, offer=None)
        return changed.without_time()

    def with_number_typed(self, kind: IdentifierKind, text: str) -> "Journey":
        """Keep what stands in the field of a number; another text there is no decision yet."""
        if text == self.numbers_typed.get(kind, ""):
            return self
        return replace(self.without_number(kind), numbers_typed={**self.numbers_typed, kind: text})

    def with_number(self, kind: IdentifierKind, number: str) -> "Journey":
        """Decide a number, in its normal form; the hour is kept for who has that number."""
        if number == self.numbers.get(kind):
            return self
        return replace(self, numbers={**self.numbers, kind: number}, hold=None)

    def without_number(self, kind: IdentifierKind) -> "Journey":
        """Ask for a number again: it was refused, whoever knew it; what was typed stays in its field."""
        others = {other: number for other, number in self.numbers.items() if other != kind}
        return replace(self, numbers=others, numbers_known=self.numbers_known - {kind}, hold=None)

    def ticked(self, at_hand: frozenset[str]) -> "Journey":
        """Record the documents that the person has already, without leaving the list."""
        return replace(self, at_hand=at_hand)

    def having_read_documents(self) -> "Journey":
        """The list was read to the end with the person."""
        return replace(self, documents_read=True)

    def at_site(self, offer: Availability) -> "Journey":
        """Decide where; the hour depends on it and is asked again if it changed."""
        if self.offer and offer.site == self.offer.site and not self.applying:
            return self
        return replace(self, offer=offer).without_time()

    def applying_at(self, offer: Availability) -> "Journey":
        """Decide where, while nobody can see the hours there."""
        return replace(self.without_time(), offer=offer, applying=True)

    def from_day(self, day: dt.date, key: str) -> "Journey":
        """Decide from which day on the first free place is asked for: a new intent, hence a new key."""
        return replace(self, not_before=day, key=key)

    def without_time(self) -> "Journey":
        """Forget hour and day: they belong to another place."""
        return replace(self, hold=None, applying=False, not_before=None)

    def holding(self, hold: Hold, key: str) -> "Journey":
        """Decide when. A new hold is a new intent, hence a new key."""
        return replace(self, hold=hold, key=key)

    def without_hold(self) -> "Journey":
        """Forget the hour: it was taken, or the hold ran out; everything else is kept."""
        return replace(self, hold=None)

    def with_ticket_in(self, language: str) -> "Journey":
        """Decide in which language the ticket speaks besides French."""
        return replace(self, language=language)

    def agreed(self, consent: ConsentMode) -> "Journey":
        """Record who agrees."""
        return replace(self, consent=consent, edition=self.edition + 1)


@dataclass(frozen=True, slots=True, repr=False)
class Known(Private):
    """A person the central knows by that name and birth date, the appointments to come, and the numbers it has."""

    person: Person
    upcoming: tuple[Booking, ...]
    numbers: frozenset[IdentifierKind]
