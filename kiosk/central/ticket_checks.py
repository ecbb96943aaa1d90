"""A ticket shown to a mediator: what it is worth now. Whom it belongs to is confirmed, never told, and not guessed."""

import datetime as dt
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.booking.person import BirthDate
from kiosk.central import places
from kiosk.central import tables as db
from kiosk.central.admissions import Day, let_in
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Clock
from kiosk.central.events import Act, Caller, record
from kiosk.central.intents import in_turn
from kiosk.central.issuer import Issuer
from kiosk.central.manifests import ENTRY
from kiosk.central.refusal import Refused
from kiosk.central.storage import Storage, take_turn
from kiosk.tickets import token, verify
from kiosk.tickets.identity import FILLER, Bearer, mrz_date, quarter_of
from kiosk.tickets.reference import BadReferenceError, read_reference
from kiosk.tickets.token import AlteredError, NotOursError, code_of
from kiosk.tickets.verify import Appointment, Knowledge, Person, State, Verdict

_ONE = ENTRY.where(db.bookings.c.reference == sa.bindparam("which"))
_PERSON = {Person.MATCH: "match", Person.NO_MATCH: "no-match"}

Asked = contract.TicketByToken | contract.TicketByReference


@dataclass(frozen=True, slots=True)
class TicketChecks:
    """Tickets looked at by mediators."""

    storage: Storage
    catalogue: Catalogue
    issuer: Issuer
    clock: Clock

    def check(self, caller: Caller, asked: Asked) -> contract.TicketCheck:
        """Return what a ticket is worth, and whether it is the bearer's.

        Each wrong name or date of birth counts as a number refused does (`rejections_hour`). Raise Refused: invalid
        (a misread code), not-found (no such appointment, or another date of birth), rejections-limit.
        """
        reference = _reference(asked)
        if isinstance(asked, contract.TicketByToken) and asked.bearer is None:
            with self.storage.reading() as transaction:
                verdict, _ = self._verdict(transaction, asked, reference)
            return self._told(verdict)
        verdict, is_theirs = in_turn(self.storage, caller, lambda tx: self._guess(tx, caller, asked, reference))
        if not is_theirs and isinstance(asked, contract.TicketByReference):
            raise Refused(ProblemName.NOT_FOUND, "no appointment has this code and this date of birth")
        return self._told(verdict)

    def _guess(self, transaction: Connection, caller: Caller, asked: Asked, reference: str) -> tuple[Verdict, bool]:
        # One guess of a mediator after the other: in parallel, they would all be made before the first is counted.
        take_turn(transaction, f"rejections {caller.mediator}")
        now = self.clock()
        window = places.rejections_window(caller, places.strictest(transaction), now)
        places.check_left(transaction, window, now)
        verdict, is_theirs = self._verdict(transaction, asked, reference)
        if not is_theirs or verdict.person is Person.NO_MATCH:
            places.count(transaction, [window], 1, now)
            act = Act("reject", reference, {"reason": "ticket-of-another"})
            record(transaction, self.storage.person_key, caller, now, act)
        return verdict, is_theirs

    def _verdict(self, transaction: Connection, asked: Asked, reference: str) -> tuple[Verdict, bool]:
        """Return the verdict, and whether the date of birth fits where one was asked about."""
        now = self.clock()
        row = transaction.execute(_ONE, {"which": reference}).mappings().one_or_none()
        known = Knowledge(now) if row is None else self._knowledge(transaction, row, now)
        bearer = _bearer(asked.bearer)
        if isinstance(asked, contract.TicketByReference):
            is_theirs = row is not None and _is_birth_date(row["birth_date"], asked.bearer.birth_date)
            return verify.verify_reference(reference, known, None, now, bearer), is_theirs
        verdict = verify.verify_token(asked.token, self.issuer.key_set(transaction), known, None, now, bearer)
        if row is None and verdict.appointment is not None:
            # Signed, and of no appointment: the central knows all of them.
            verdict = replace(verdict, state=State.NOT_LISTED, appointment=None, person=Person.NOT_ASKED)
        return verdict, True

    def _knowledge(self, transaction: Connection, row: sa.RowMapping, now: dt.datetime) -> Knowledge:
        site, reference = row["site"], row["reference"]
        quarter = quarter_of(row["start_at"])
        seen = let_in(transaction, Day(site, self.catalogue.zone(site), row["date"]), reference)
        entry = self.issuer.entry_of(row, seen.get(reference))
        return Knowledge(now, {reference: entry}, {quarter: self.issuer.tag_key(site, quarter)})

    def _told(self, verdict: Verdict) -> contract.TicketCheck:
        person = _PERSON.get(verdict.person, "not-asked")
        found = verdict.appointment
        if found is None:
            return contract.TicketCheck.model_validate({"state": verdict.state, "person": person})
        site = self._site(found)
        zone = self.catalogue.zone(site.id)
        seen = verdict.admission
        told = {
            "state": verdict.state,
            "person": person,
            "reference": found.reference,
            "service": self._service(found).id,
            "site": site.id,
            "start": found.start.astimezone(zone),
            "minutes": found.minutes,
            "time_zone": zone.key,
            "admitted": {"at": seen.at.astimezone(zone), "counter": seen.counter} if seen else None,
        }
        return contract.TicketCheck.model_validate(told)

    def _site(self, found: Appointment) -> contract.Site:
        return next(site for site in self.catalogue.sites.values() if code_of(site.id) == found.site)

    def _service(self, found: Appointment) -> contract.Service:
        return next(service for service in self.catalogue.services.values() if code_of(service.id) == found.service)


def _reference(asked: Asked) -> str:
    if isinstance(asked, contract.TicketByReference):
        try:
            return read_reference(asked.reference)
        except BadReferenceError:
            raise Refused(ProblemName.INVALID, "reference: its check character does not fit") from None
    try:
        return token.read(asked.token).claims.reference
    except (NotOursError, AlteredError):
        return ""


def _bearer(wire: contract.Bearer | None) -> Bearer | None:
    return Bearer(wire.surname, wire.given_name, wire.birth_date) if wire else None


def _is_birth_date(known: str, shown: str) -> bool:
    # What was known when the appointment was made may be a year, and the document that is shown now may say the day.
    return shown.startswith(mrz_date(BirthDate.from_iso(known)).rstrip(FILLER))
