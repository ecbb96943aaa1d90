"""What can be booked and where: services, sites, slots, and how many are free."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from kiosk.booking import french
from kiosk.booking.text import fold

SiteKind = Literal["prefecture", "sous-prefecture"]
IdentifierKind = Literal["agdref", "ants", "neph"]
METROPOLITAN_ZONE = "Europe/Paris"
# The zones of the catalogue; a place that is not among them is still told apart from the hour of Paris.
ZONE_NOTES = {
    "America/Cayenne": "heure de Guyane",
    "America/Guadeloupe": "heure de Guadeloupe",
    "America/Martinique": "heure de Martinique",
    "Indian/Mayotte": "heure de Mayotte",
    "Indian/Reunion": "heure de La\u00a0Réunion",
}
OTHER_ZONE_NOTE = "heure de la ville du rendez-vous"
SITE_KINDS: dict[SiteKind, str] = {"prefecture": "préfecture", "sous-prefecture": "sous-préfecture"}


@dataclass(frozen=True, slots=True)
class Document:
    """Something to bring; `lead_days` is the time it takes to obtain, 0 when the person has it at hand."""

    id: str
    name: str
    lead_days: int


@dataclass(frozen=True, slots=True)
class Service:
    """What a person comes for, in plain words (RDV Service Public: motif)."""

    id: str
    name: str  # carte de séjour, renouvellement
    purpose: str  # Refaire votre carte de séjour
    minutes: int
    identifiers: tuple[IdentifierKind, ...]
    documents: tuple[Document, ...]
    takes_applications: bool = False  # a place may be asked for without choosing an hour


@dataclass(frozen=True, slots=True)
class Site:
    """Where: a prefecture or sub-prefecture seat. Its street is not known to us, its town is."""

    id: str
    kind: SiteKind
    commune: str
    postcode: str
    department: str
    department_name: str
    region: str
    zone: ZoneInfo

    @property
    def zone_note(self) -> str:
        """Return `heure de La Réunion`; nothing where the clock is that of Paris."""
        if self.zone.key == METROPOLITAN_ZONE:
            return ""
        return ZONE_NOTES.get(self.zone.key, OTHER_ZONE_NOTE)

    @property
    def label(self) -> str:
        """Return `Préfecture de Bobigny`."""
        return f"{french.capitalised(SITE_KINDS[self.kind])} {french.of_place(self.commune)}"


@dataclass(frozen=True, slots=True)
class Day:
    """Free places at one site on one day of the site's own calendar."""

    date: dt.date
    free: int


@dataclass(frozen=True, slots=True)
class Availability:
    """What one site offers; `known` is False when its source did not answer, which is not the same as `no day`."""

    site: Site
    known: bool
    checked_at: dt.datetime
    days: tuple[Day, ...]

    @property
    def next_day(self) -> dt.date | None:
        """Return the first day with a free place, if any is known."""
        return next((day.date for day in self.days if day.free), None)


@dataclass(frozen=True, slots=True)
class Slot:
    """A start on the site's wall clock, and a length."""

    id: str
    start: dt.datetime  # aware, in the site's zone
    minutes: int
    free: int


def nearest_first(offers: Iterable[Availability], department: str, region: str) -> list[Availability]:
    """Return the kiosk's department first, then its region, then the rest; in each, by town."""

    def nearness(offer: Availability) -> tuple[bool, bool, str]:
        site = offer.site
        return site.department != department, site.region != region, fold(site.commune)

    return sorted(offers, key=nearness)


def search_keys(site: Site) -> tuple[str, str]:
    """Return the words of its town and of its department, folded: `f" {fold(typed)}" in key` is a match."""
    return f" {fold(site.commune)}", f" {fold(site.department_name)}"
