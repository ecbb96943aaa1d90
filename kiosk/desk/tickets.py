"""F7: what a ticket is worth, asked of the central; without it, what the signature alone tells."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk.api import contract
from kiosk.api.client import CentralClient
from kiosk.booking.catalogue import METROPOLITAN_ZONE
from kiosk.desk.answers import CentralRefusedError, CentralSilentError, NoSuchTicketError, Refusal
from kiosk.desk.bookings import Bookings
from kiosk.desk.checks import Check
from kiosk.tickets import keys
from kiosk.tickets.identity import Bearer
from kiosk.tickets.keys import BadKeySetError, KeySet
from kiosk.tickets.reference import grouped
from kiosk.tickets.scan import Code, Ticket
from kiosk.tickets.verify import Knowledge, Person, verify_token

KEYS_FILE = "keys.cose"
_PERSON = {"not-asked": Person.NOT_ASKED, "match": Person.MATCH, "no-match": Person.NO_MATCH}
_ZONE = ZoneInfo(METROPOLITAN_ZONE)


class Tickets:
    """Checks tickets for a mediator. Nobody is let in or turned away by it."""

    def __init__(
        self, client: CentralClient, bookings: Bookings, root: str | None, folder: Path, now: Callable[[], dt.datetime]
    ) -> None:
        self._client = client
        self._bookings = bookings
        self._root = root
        self._file = folder / KEYS_FILE
        self._keys: KeySet | None = None
        self.now = now

    async def learn_keys(self) -> None:
        """Keep the central's list of keys for when it is silent; an older list, or another root's, is not taken."""
        with self._bookings.contact():
            raw = await self._client.keys()
        with contextlib.suppress(BadKeySetError, OSError):
            fresh = keys.read(raw, self._root)
            if (known := await asyncio.to_thread(self._known_keys)) is None or known.number < fresh.number:
                await asyncio.to_thread(_write, self._file, raw)
                self._keys = fresh

    async def check(self, scan: Ticket | Code, bearer: Bearer | None = None) -> Check:
        """Return what a ticket is worth. A code says nothing without its bearer.

        Raise NoSuchTicketError for a code and a birth date that do not go together, CentralSilentError when the
        central is silent and the signature cannot be checked here, CentralRefusedError.
        """
        try:
            with self._bookings.contact():
                return self._answered(await self._client.check_ticket(_question(scan, bearer)), bearer)
        except CentralRefusedError as refused:
            if refused.refusal is Refusal.NOT_FOUND:
                raise NoSuchTicketError from None
            raise
        except CentralSilentError:
            return await self._by_signature(scan)

    async def identify(self, check: Check, scan: Ticket | Code, bearer: Bearer) -> Check:
        """Return the same with who shows it compared."""
        return await self.check(scan, bearer)

    async def _by_signature(self, scan: Ticket | Code) -> Check:
        known = await asyncio.to_thread(self._known_keys)
        if not isinstance(scan, Ticket) or known is None:
            raise CentralSilentError
        verdict = verify_token(scan.text, known, Knowledge(), None, self.now())
        return self._bookings.directory().check_of(verdict, _ZONE)

    def _known_keys(self) -> KeySet | None:
        if self._keys is None:
            with contextlib.suppress(OSError, BadKeySetError):
                self._keys = keys.read(self._file.read_bytes(), self._root)
        return self._keys

    def _answered(self, answer: contract.TicketCheck, bearer: Bearer | None) -> Check:
        site, service = self._bookings.site(answer.site), self._bookings.service(answer.service)
        clock = site.zone if site else _ZONE
        seen = answer.admitted
        person = _PERSON[answer.person]
        if person is Person.NO_MATCH and bearer is not None and bearer.may_be_cut:
            person = Person.NAME_CUT
        return Check(
            answer.state,
            person,
            grouped(answer.reference) if answer.reference else "",
            answer.start.astimezone(clock) if answer.start else None,
            site.label if site else "",
            service.name if service else "",
            seen.at.astimezone(clock) if seen else None,
            seen.counter if seen else "",
            self.now(),
            is_fresh=True,
        )


def _question(scan: Ticket | Code, bearer: Bearer | None) -> contract.TicketByToken | contract.TicketByReference:
    who = None
    if bearer is not None:
        who = contract.Bearer(surname=bearer.surname, given_name=bearer.given_name, birth_date=bearer.birth_date)
    if isinstance(scan, Ticket):
        return contract.TicketByToken(token=scan.text, bearer=who)
    if who is None:
        raise ValueError("a code is asked about with its bearer")
    return contract.TicketByReference(reference=scan.reference, bearer=who)


def _write(path: Path, raw: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(raw)
    draft.replace(path)
