"""A place asked for where nobody could see the hours: the first free one, taken and booked in one transaction."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from kiosk.api import contract
from kiosk.api.problems import ProblemName
from kiosk.central import intents, places, wire
from kiosk.central.applicants import (
    PERSON_CLASH,
    Applicant,
    Applicants,
    Wanted,
    check_cancels,
    claim,
    make_bookings,
    remember_numbers,
)
from kiosk.central.catalogue import Catalogue
from kiosk.central.clock import Chance, Clock
from kiosk.central.events import Act, Caller, record
from kiosk.central.intents import Intent, Outcome, decided, in_turn
from kiosk.central.issuer import Issuer
from kiosk.central.refusal import Refused
from kiosk.central.storage import Storage

_EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)  # a clock that says less says nothing

Answer = Outcome[contract.Bookings]


@dataclass(frozen=True, slots=True)
class Applications:
    """The write that takes a place without a hold; the hold of the kiosk that asks is not touched."""

    storage: Storage
    catalogue: Catalogue
    issuer: Issuer
    applicants: Applicants
    clock: Clock
    chance: Chance

    def apply(self, caller: Caller, key: str, request: contract.ApplicationRequest) -> Answer:
        """Book the first free place of that site from that day on; the same key and request again changes nothing.

        Raise Refused: not-found, invalid (a service that takes no applications), source-unavailable,
        identity-rejected, register-unavailable, person-has-booking, person-has-hold, cooling-off, *-limit, no-place,
        idempotency-mismatch.
        """
        intent = Intent(caller, key, "application", "", request)
        return decided(self.storage, intent, lambda: self._attempt(intent, request))

    def _attempt(self, intent: Intent, request: contract.ApplicationRequest) -> Answer:
        now = self.clock()
        with self.storage.looking() as connection:
            done = intents.settled(connection, self.storage.person_key, intent)
            if done is None:
                self._check_place(request)
                site = places.look_at_site(connection, request.service, request.site, now)
                applicants = self.applicants.known(connection, request.service, [request.person])
        if done is not None:
            return self._again(done)
        if site["due"]:
            places.let_time_pass(self.storage, self.chance, now)
        if site["source"] != "ok":
            raise Refused(ProblemName.SOURCE_UNAVAILABLE)
        self.applicants.check(intent.caller, request.service, places.limits_of(site), applicants)
        try:
            return in_turn(
                self.storage, intent.caller, lambda tx: self._apply_once(tx, intent, request, site, applicants)
            )
        except IntegrityError as error:
            if intents.is_about(error, PERSON_CLASH):
                raise self.applicants.clash(request.service, applicants) from None
            raise

    def _check_place(self, request: contract.ApplicationRequest) -> None:
        self.catalogue.site(request.site)
        if not self.catalogue.service(request.service).takes_applications:
            raise Refused(ProblemName.INVALID, "a service of which the hour has to be chosen")

    def _again(self, hold: str) -> Answer:
        with self.storage.reading() as transaction:
            return Outcome(wire.bookings_of_hold(transaction, hold, self.catalogue, self.issuer), replayed=True)

    def _apply_once(
        self,
        transaction: Connection,
        intent: Intent,
        request: contract.ApplicationRequest,
        site: sa.RowMapping,
        applicants: tuple[Applicant, ...],
    ) -> Answer:
        now, caller, key = self.clock(), intent.caller, self.storage.person_key
        hold = self.chance.new_id()  # of no hold: what ties bookings and claims together
        done = intents.begin(transaction, key, intent, hold)
        if done is not None:
            return Outcome(wire.bookings_of_hold(transaction, done, self.catalogue, self.issuer), replayed=True)
        limits, zone = places.limits_of(site), self.catalogue.zone(request.site)
        claim(transaction, request.service, hold, applicants, now + dt.timedelta(seconds=limits.hold_seconds))
        for applicant in applicants:
            check_cancels(transaction, key, applicant.wire, site, now)
        windows = [*places.windows(caller, limits, now), places.site_window(request.site, zone, limits, now)]
        places.count(transaction, windows, 1, now)
        days = (request.not_before, now.astimezone(zone).date() + dt.timedelta(days=limits.horizon_days))
        slot = places.take_first(transaction, caller, (request.service, request.site), days, now)
        identities = [applicant.identity for applicant in applicants]
        asked_at = max(_EARLIEST, min(request.asked_at, now))
        wanted = Wanted(hold, [request.person], identities, request.consent, asked_at)
        [row] = make_bookings(transaction, key, self.chance, caller, wanted, slot, now)
        remember_numbers(transaction, applicants)
        details = {"slot": slot["id"], "bookings": [row["id"]]}
        record(transaction, key, caller, now, Act("application", hold, details))
        return Outcome(wire.bookings_of_hold(transaction, hold, self.catalogue, self.issuer), replayed=False)
