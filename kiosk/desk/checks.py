"""A ticket that was looked at, in the words that screens need: names instead of codes, the site's own clock."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from kiosk.booking.catalogue import Service, Site
from kiosk.tickets.identity import Bearer
from kiosk.tickets.reference import grouped
from kiosk.tickets.scan import Code, Ticket
from kiosk.tickets.token import code_of
from kiosk.tickets.verify import Person, State, Verdict


@dataclass(frozen=True, slots=True)
class Check:
    """What a ticket was found to be. Nothing of it names the person."""

    state: State
    person: Person
    code: str  # 7K4M-Q2XP-93TQ; empty where nothing can be believed
    start: dt.datetime | None  # of the appointment as it stands, on its site's clock
    site: str  # Préfecture de Bobigny; empty when not known
    service: str  # carte de séjour, renouvellement; empty when not known
    admitted_at: dt.datetime | None  # of ALREADY_ADMITTED, on the site's clock
    admitted_by: str
    as_of: dt.datetime | None  # how old the knowledge is; None: none
    is_fresh: bool
    nonce: str = ""  # under which the admission was noted; empty: nobody was let in


class Checker(Protocol):
    """Who can tell what a ticket is worth: the central through a mediator's kiosk, or a counter by itself."""

    def now(self) -> dt.datetime:
        """Return the time, on the wall clock of this place."""

    async def check(self, scan: Ticket | Code, bearer: Bearer | None = None) -> Check:
        """Return what a ticket is worth; raise DeskError when nobody can tell."""

    async def identify(self, check: Check, scan: Ticket | Code, bearer: Bearer) -> Check:
        """Return the same with who shows it compared; raise DeskError."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Sites and services by the codes that tokens use."""

    sites: Mapping[bytes, Site]
    services: Mapping[bytes, Service]

    def check_of(self, verdict: Verdict, zone: ZoneInfo, nonce: str = "") -> Check:
        """Return a verdict in words; `zone` is for a site that is not known here."""
        found = verdict.appointment
        site = self.sites.get(found.site) if found else None
        service = self.services.get(found.service) if found else None
        clock = site.zone if site else zone
        seen = verdict.admission
        return Check(
            verdict.state,
            verdict.person,
            grouped(found.reference) if found else "",
            found.start.astimezone(clock) if found else None,
            site.label if site else "",
            service.name if service else "",
            seen.at.astimezone(clock) if seen else None,
            seen.counter if seen else "",
            verdict.as_of,
            verdict.is_fresh,
            nonce,
        )


def directory_of(sites: Iterable[Site], services: Iterable[Service]) -> Directory:
    """Return the directory of a catalogue."""
    return Directory({code_of(site.id): site for site in sites}, {code_of(each.id): each for each in services})
