"""What one counter knows, out of its book: keys and days, which are signed; names and a clock, which are not."""

import datetime as dt
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from kiosk.api import contract, convert
from kiosk.booking.catalogue import METROPOLITAN_ZONE, Site
from kiosk.desk.answers import NotGenuineError
from kiosk.desk.checks import Directory, directory_of
from kiosk.journal.counter_book import CounterBook
from kiosk.tickets import keys, manifest
from kiosk.tickets.keys import BadKeySetError, KeySet
from kiosk.tickets.manifest import BadManifestError, Manifest
from kiosk.tickets.token import code_of

_KEYS, _SITES, _SERVICES, _DAY, _CHANGES = "keys", "sites", "services", "day", "changes"
_NO_KEYS_SINCE = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class CounterKnowledge:
    """What is known at the counter of a site. Everything is in the book before it is used; all of it may block."""

    def __init__(self, book: CounterBook, site: str, root: str) -> None:
        """Believe again what the book holds, as far as it is signed under this root; raise BookError."""
        self._book = book
        self._site = site
        self._root = root
        documents = book.documents()
        self.clock_offset = book.clock_offset()
        self.demonstration = book.demonstration()
        self.keys = self._known_keys(documents)
        self._recall_days(documents)
        self.directory = Directory({}, {})
        self.has_catalogue = False
        self._recall_catalogue(documents)

    @property
    def site(self) -> Site | None:
        """Return the site of this counter, once the catalogue is known."""
        return self.directory.sites.get(code_of(self._site))

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone of the site's clock."""
        return self.site.zone if self.site else ZoneInfo(METROPOLITAN_ZONE)

    def day(self, date: dt.date) -> Manifest | None:
        """Return the appointments of a day as they were last heard of."""
        return self._days.get(date)

    def days(self) -> Iterable[Manifest]:
        """Return every day that is known, the first one first."""
        return [self._days[date] for date in sorted(self._days)]

    def changes_wanted_since(self, date: dt.date) -> dt.datetime | None:
        """Return from when on the changes of a day are to be asked for; None: all of it is."""
        base = self._bases.get(date)
        return base.made_at if base else None

    def learn_clock(self, offset: dt.timedelta) -> None:
        """Remember how far the central's clock is ahead; raise BookError."""
        self._book.keep_clock_offset(offset)
        self.clock_offset = offset

    def learn_demonstration(self, demonstration: bool) -> None:
        """Remember whether all of this is for show; raise BookError."""
        if demonstration != self.demonstration:
            self._book.keep_demonstration(demonstration)
            self.demonstration = demonstration

    def learn_keys(self, raw: bytes) -> None:
        """Take a list of keys; raise NotGenuineError for another root's and for one older than ours, BookError."""
        try:
            found = keys.read(raw, self._root)
        except BadKeySetError:
            raise NotGenuineError from None
        if found.number < self.keys.number:
            raise NotGenuineError
        self._book.keep(_KEYS, raw)
        is_newer, self.keys = found.number > self.keys.number, found
        if is_newer:
            self._recall_days(self._book.documents())

    def learn_day(self, date: dt.date, raw: bytes) -> None:
        """Take a whole day, unless what is known is newer; raise NotGenuineError, BookError."""
        found = self._read_day(date, raw)
        if found is None or found.since is not None:
            raise NotGenuineError
        if date in self._days and found.made_at < self._days[date].made_at:
            return
        self._book.keep(_named(_DAY, date), raw, date, instead_of=_named(_CHANGES, date))
        self._bases[date] = self._days[date] = found

    def learn_changes(self, date: dt.date, raw: bytes) -> bool:
        """Take what changed of a day since `changes_wanted_since`; return False if it does not fit; raise BookError."""
        found = self._read_day(date, raw)
        try:
            updated = None if found is None else self._bases[date].updated(found)
        except BadManifestError:
            return False
        if updated is None:
            return False
        if updated.made_at >= self._days[date].made_at:
            self._book.keep(_named(_CHANGES, date), raw, date)
            self._days[date] = updated
        return True

    def learn_catalogue(self, sites: contract.Sites, services: contract.Services) -> None:
        """Take the names of sites and services; raise BookError, UnknownThingError."""
        directory = _directory(sites, services)
        self._book.keep(_SITES, sites.model_dump_json().encode())
        self._book.keep(_SERVICES, services.model_dump_json().encode())
        self.directory, self.has_catalogue = directory, True

    def forget_before(self, today: dt.date) -> None:
        """Erase earlier days, and what was done on them as far as the central has it; raise BookError."""
        self._book.erase_before(today, dt.datetime.combine(today, dt.time(), self.zone))
        for date in [date for date in self._days if date < today]:
            del self._days[date], self._bases[date]

    def _known_keys(self, documents: Mapping[str, bytes]) -> KeySet:
        try:
            return keys.read(documents.get(_KEYS, b""), self._root)
        except BadKeySetError:
            return KeySet(0, _NO_KEYS_SINCE, self._root, ())

    def _recall_days(self, documents: Mapping[str, bytes]) -> None:
        """Read the days again under the keys of now: one whose key was revoked since is asked for anew."""
        self._bases: dict[dt.date, Manifest] = {}
        self._days: dict[dt.date, Manifest] = {}
        for name, raw in documents.items():
            kind, _, day = name.partition("/")
            if kind != _DAY:
                continue
            date = dt.date.fromisoformat(day)
            if (base := self._read_day(date, raw)) is None:
                continue
            changes = self._read_day(date, documents.get(_named(_CHANGES, date), b""))
            self._bases[date], self._days[date] = base, base if changes is None else base.updated(changes)

    def _recall_catalogue(self, documents: Mapping[str, bytes]) -> None:
        if not {_SITES, _SERVICES} <= documents.keys():
            return
        try:
            sites = contract.Sites.model_validate_json(documents[_SITES])
            services = contract.Services.model_validate_json(documents[_SERVICES])
            self.directory, self.has_catalogue = _directory(sites, services), True
        except (ValidationError, convert.UnknownThingError):
            return  # of another version of this program: asked for anew

    def _read_day(self, date: dt.date, raw: bytes) -> Manifest | None:
        try:
            found = manifest.read(raw, self.keys)
        except BadManifestError:
            return None
        return found if (found.site, found.date) == (self._site, date) else None


def _directory(sites: contract.Sites, services: contract.Services) -> Directory:
    return directory_of(map(convert.site, sites.sites), map(convert.service, services.services))


def _named(kind: str, date: dt.date) -> str:
    return f"{kind}/{date.isoformat()}"
