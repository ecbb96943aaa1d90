"""One accompaniment, greeting to wipe: what is decided, what is still to decide, and what a change undoes."""

from dataclasses import dataclass, field, replace
from enum import IntEnum

from kiosk.booking.booking import Booking, ConsentMode, Hold
from kiosk.booking.catalogue import Availability, Service, Site
from kiosk.booking.person import Person


class Step(IntEnum):
    """The questions, in the order in which they are asked."""

    PERSON = 1
    SERVICE = 2
    DOCUMENTS = 3
    SITE = 4
    SLOT = 5
    CHECK = 6

    @property
    def before(self) -> "Step":
        """Return the question before this one; raise ValueError at the first."""
        return Step(self - 1)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the fields of the person screen, right or wrong: going back loses nothing."""

    surname: str = ""
    birth_date: str = ""
    given_names: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """What is decided so far. Each method returns the next journey; none touches the world."""

    key: str  # made anew for each hold
    edition: int = 0  # of what is asked under that key
    typed: Typed = field(default_factory=Typed)
    person: Person | None = None
    service: Service | None = None
    at_hand: frozenset[str] = frozenset()  # ids of documents that the person has already
    documents_read: bool = False
    offer: Availability | None = None
    hold: Hold | None = None
    consent: ConsentMode = "present"

    @property
    def site(self) -> Site | None:
        """Return where, once decided."""
        return self.offer.site if self.offer else None

    @property
    def step(self) -> Step:
        """Return the first question without an answer; CHECK when all have one."""
        answers = (self.person, self.service, self.documents_read or None, self.offer, self.hold)
        for step, answer in zip(Step, answers, strict=False):
            if answer is None:
                return step
        return Step.CHECK

    @property
    def intent_key(self) -> str:
        """Return the Idempotency-Key: the same for the same request, another one as soon as anything in it changed."""
        return f"{self.key}-{self.edition}"

    def with_typed(self, typed: Typed) -> "Journey":
        """Keep what stands in the fields, without deciding anything."""
        return replace(self, typed=typed)

    def for_person(self, person: Person) -> "Journey":
        """Decide who comes; service, place and hour stay."""
        if person == self.person:
            return self
        return replace(self, person=person, edition=self.edition + 1)

    def for_service(self, service: Service) -> "Journey":
        """Decide what for; documents, place and hour depend on it and are asked again if it changed."""
        if service == self.service:
            return self
        return replace(self, service=service, at_hand=frozenset(), documents_read=False, offer=None, hold=None)

    def ticked(self, at_hand: frozenset[str]) -> "Journey":
        """Record the documents that the person has already, without leaving the list."""
        return replace(self, at_hand=at_hand)

    def having_read_documents(self) -> "Journey":
        """The list was read to the end with the person."""
        return replace(self, documents_read=True)

    def at_site(self, offer: Availability) -> "Journey":
        """Decide where; the hour depends on it and is asked again if it changed."""
        if self.offer and offer.site == self.offer.site:
            return self
        return replace(self, offer=offer, hold=None)

    def holding(self, hold: Hold, key: str) -> "Journey":
        """Decide when. A new hold is a new intent, hence a new key."""
        return replace(self, hold=hold, key=key)

    def without_hold(self) -> "Journey":
        """Forget the hour: it was taken, or the hold ran out; everything else is kept."""
        return replace(self, hold=None)

    def agreed(self, consent: ConsentMode) -> "Journey":
        """Record who agrees."""
        return replace(self, consent=consent, edition=self.edition + 1)


@dataclass(frozen=True, slots=True)
class Known:
    """A person the central knows by that name and birth date, and the appointments to come."""

    person: Person
    upcoming: tuple[Booking, ...]
