"""What can be booked and where, as shipped with the program: services in display order, sites, their zones."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.refusal import Refused
from kiosk.tickets.token import code_of


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Services and sites by id; both in the order in which they are listed."""

    services: dict[str, contract.Service]
    sites: dict[str, contract.Site]

    def __post_init__(self) -> None:
        """Raise ValueError when a ticket could mean two sites or two services."""
        _check_codes("sites", self.sites)
        _check_codes("services", self.services)

    def service(self, service_id: str) -> contract.Service:
        """Return the service; raise Refused(not-found)."""
        if service_id not in self.services:
            raise Refused(ProblemName.NOT_FOUND, "no such service")
        return self.services[service_id]

    def site(self, site_id: str) -> contract.Site:
        """Return the site; raise Refused(not-found)."""
        if site_id not in self.sites:
            raise Refused(ProblemName.NOT_FOUND, "no such site")
        return self.sites[site_id]

    def zone(self, site_id: str) -> ZoneInfo:
        """Return the zone of the site's wall clock."""
        return ZoneInfo(self.sites[site_id].time_zone)


def load_catalogue() -> Catalogue:
    """Read the files inside the package; a damaged one raises ValueError."""
    services = [contract.Service.model_validate(entry) for entry in _read("services.json")["services"]]
    sites = [contract.Site.model_validate(entry) for entry in _read("prefectures.json")["sites"]]
    sites.sort(key=lambda site: (site.department, site.commune))
    return Catalogue({service.id: service for service in services}, {site.id: site for site in sites})


def register(catalogue: Catalogue, transaction: Connection) -> None:
    """Make every service and site of the catalogue known to the database; what is there stays as it is."""
    for table, wanted in ((db.services, catalogue.services), (db.sites, catalogue.sites)):
        known = set(transaction.scalars(sa.select(table.c.id)))
        missing = [{"id": identifier} for identifier in wanted if identifier not in known]
        if missing:
            transaction.execute(sa.insert(table), missing)


def _check_codes(what: str, ids: Iterable[str]) -> None:
    by_code: dict[bytes, str] = {}
    for each in ids:
        if (other := by_code.setdefault(code_of(each), each)) != each:
            raise ValueError(f"catalogue: the {what} {other} and {each} have the same code in tickets; rename one")


def _read(name: str) -> dict[str, Any]:
    text = resources.files("kiosk").joinpath("assets", "catalogue", name).read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content
