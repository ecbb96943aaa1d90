"""What is written down without taking a place: that a search found nothing, that somebody sells appointments."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from kiosk.api import contract
from kiosk.central import intents
from kiosk.central import tables as db
from kiosk.central.clock import Chance, Clock
from kiosk.central.events import Act, Caller, record
from kiosk.central.identity import identity_of, keyed, person_ref
from kiosk.central.intents import Intent, Outcome, decided, in_turn
from kiosk.central.reading import Reading, Window
from kiosk.central.storage import Storage

MAX_EARLIER = 50

_EARLIER = (
    sa.select(db.attempts.c.at)
    .where(db.attempts.c.person_ref == sa.bindparam("who"), db.attempts.c.service == sa.bindparam("what"))
    .order_by(db.attempts.c.at.desc())
    .limit(MAX_EARLIER)
)
_INSERT_ATTEMPT = sa.insert(db.attempts)
_INSERT_REPORT = sa.insert(db.reports)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The writes that prove something. Each may raise Refused(idempotency-mismatch)."""

    storage: Storage
    reading: Reading
    clock: Clock
    chance: Chance

    def attempt(self, caller: Caller, key: str, request: contract.AttemptRequest) -> Outcome[contract.Attempt]:
        """Search now, and keep what was found under the central's seal; raise Refused(not-found)."""
        catalogue = self.reading.catalogue
        intent = Intent(caller, key, "attempt", "", request)
        self.reading.let_time_pass()

        def once(transaction: Connection) -> Outcome[contract.Attempt]:
            identifier = self.chance.new_id()
            done = intents.begin(transaction, self.storage.person_key, intent, identifier)
            if done is not None:
                kept = transaction.scalar(sa.select(db.attempts.c.answer).where(db.attempts.c.id == done))
                return Outcome(contract.Attempt.model_validate_json(kept or ""), replayed=True)
            catalogue.service(request.service)
            sites = [catalogue.site(site) for site in dict.fromkeys(request.sites)]
            offers = self.reading.offers(transaction, caller, request.service, sites, Window(None, None))
            attempt = self._attempt(transaction, request, offers)
            self._keep(transaction, identifier, request, attempt)
            act = Act("attempt", identifier, {"service": request.service, "seal": attempt.seal})
            record(transaction, self.storage.person_key, caller, attempt.at, act)
            return Outcome(attempt, replayed=False)

        return decided(self.storage, intent, lambda: in_turn(self.storage, caller, once))

    def report(self, caller: Caller, key: str, request: contract.ReportRequest) -> Outcome[contract.Report]:
        """Keep what somebody tells of a resale, for a person to read."""
        intent = Intent(caller, key, "report", "", request)

        def once(transaction: Connection) -> Outcome[contract.Report]:
            identifier = self.chance.new_id()
            done = intents.begin(transaction, self.storage.person_key, intent, identifier)
            if done is not None:
                query = sa.select(db.reports.c.reference, db.reports.c.at).where(db.reports.c.id == done)
                kept = transaction.execute(query).one()
                return Outcome(contract.Report(reference=kept.reference, at=kept.at), replayed=True)
            now = self.clock()
            told = request.model_dump(exclude={"reference"}) | {"booking_reference": request.reference}
            row = {"id": identifier, "reference": self.chance.new_reference(), "at": now, **told}
            transaction.execute(_INSERT_REPORT, row)
            record(transaction, self.storage.person_key, caller, now, Act("report", identifier, {}))
            return Outcome(contract.Report(reference=str(row["reference"]), at=now), replayed=False)

        return in_turn(self.storage, caller, once)

    def _attempt(
        self, transaction: Connection, request: contract.AttemptRequest, offers: list[contract.SiteAvailability]
    ) -> contract.Attempt:
        now = self.clock()
        today = now.astimezone(self.reading.catalogue.zone(request.sites[0])).date()
        unsealed = contract.Attempt(
            reference=self.chance.new_reference(),
            at=now,
            service=request.service,
            first=today,
            last=today + dt.timedelta(days=self.reading.horizon_days(transaction, request.service)),
            sites=[contract.SiteFinding(site=offer.site, found=_found(offer)) for offer in offers],
            earlier=self._earlier(transaction, request),
            seal="0" * 64,
        )
        return unsealed.model_copy(update={"seal": keyed(self.storage.person_key, "attempt", _sealed_part(unsealed))})

    def _earlier(self, transaction: Connection, request: contract.AttemptRequest) -> list[dt.datetime]:
        who = self._ref(request)
        if who is None:
            return []
        return list(transaction.scalars(_EARLIER, {"who": who, "what": request.service}))

    def _keep(
        self, transaction: Connection, identifier: str, request: contract.AttemptRequest, attempt: contract.Attempt
    ) -> None:
        transaction.execute(
            _INSERT_ATTEMPT,
            {
                "id": identifier,
                "reference": attempt.reference,
                "at": attempt.at,
                "service": attempt.service,
                "person_ref": self._ref(request),
                "answer": attempt.model_dump_json(),
            },
        )

    def _ref(self, request: contract.AttemptRequest) -> str | None:
        return person_ref(self.storage.person_key, identity_of(request.person)) if request.person else None


def _sealed_part(attempt: contract.Attempt) -> str:
    return attempt.model_dump_json(exclude={"seal"})


def _found(offer: contract.SiteAvailability) -> Literal["free", "none", "unavailable"]:
    if offer.source != "ok":
        return "unavailable"
    return "free" if offer.days else "none"
