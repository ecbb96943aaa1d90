"""`python -m tests.campaign.planted`: runs with a fault planted in kiosk or central, and which rules they broke.

A process of its own, for runs fork, and a test process has threads.
"""

import datetime as dt
import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection

from campaign.__main__ import template
from campaign.plan import Kind, LineFault, PaperFault, Plan, PrinterFault, Visit
from campaign.requests import APPLY, BOOK, BY_KEY
from campaign.steps import Death
from campaign.worker import worker
from kiosk.booking.booking import Booking
from kiosk.booking.journey import Journey
from kiosk.central import applications
from kiosk.central.applicants import Applicant, claim
from kiosk.desk.answers import CentralRefusedError, Refusal
from kiosk.desk.bookings import Bookings
from kiosk.desk.desk import Desk
from kiosk.desk.outgoing import Outgoing, Wish
from kiosk.desk.papers import Papers
from kiosk.desk.sending import Refused, Said, Waiting, sending
from kiosk.journal.outbox import Intent, Outbox
from kiosk.printing.service import Rendered
from kiosk.printing.spool import Job, Spool

VISIT = Visit(person=0, service="permis-echange", site="pref-93", slot=0)
SOUND = Plan(1, (VISIT,), {}, (), (), (), 0.0)
LOST_ANSWER = replace(SOUND, line={BOOK: (LineFault.CUT_AFTER,), BY_KEY: (LineFault.BLACK_HOLE,)})
HALF_A_PAPER = replace(SOUND, printer=(PaperFault(PrinterFault.RESET, 20_000, mended=True),))
APPLIES = replace(SOUND, visits=(replace(VISIT, kind=Kind.APPLICATION), replace(VISIT, person=1)))
APPLIES_UNHEARD = replace(SOUND, visits=(replace(VISIT, kind=Kind.APPLICATION),), line={APPLY: (LineFault.CUT_AFTER,)})
DIES_UNKNOWING = replace(LOST_ANSWER, kiosk_deaths=(Death("said.waiting"),))


def asks_twice_under_two_keys() -> None:
    """A kiosk that changes the key, at a central that does not look who has an appointment already."""
    write_down = Outgoing.write_down

    async def twice(self: Outgoing, wish: Wish) -> Intent:
        if wish.key.endswith("-again"):
            return await write_down(self, wish)
        await write_down(self, replace(wish, key=f"{wish.key}-again"))
        return await write_down(self, wish)

    def blindly(tx: Connection, service: str, hold: str, who: tuple[Applicant, ...], until: dt.datetime) -> None:
        claim(tx, service, hold, tuple(replace(one, refs=(hold,)) for one in who), until)

    setattr(Outgoing, "write_down", twice)  # noqa: B010
    setattr(applications, "claim", blindly)  # noqa: B010


def forgets_what_is_unknown() -> None:
    """A journal that takes no answer for no booking."""

    def unknown(self: Outbox, key: str) -> None:
        self._file.write(lambda db: db.execute("DELETE FROM intent WHERE key = ?", (key,)))

    setattr(Outbox, "unknown", unknown)  # noqa: B010


def prints_another_code() -> None:
    """A ticket of an appointment that nobody made."""
    rendered = Papers._rendered

    def another(self: Papers, booking: Booking, language: str, copy: int) -> Rendered:
        return rendered(self, replace(booking, reference="7K4MQ2XP93TQ"), language, copy)

    setattr(Papers, "_rendered", another)  # noqa: B010


def never_marks() -> None:
    """Every paper is a first one."""
    rendered = Papers._rendered

    def first(self: Papers, booking: Booking, language: str, copy: int) -> Rendered:
        return rendered(self, booking, language, 1)

    setattr(Papers, "_rendered", first)  # noqa: B010


def sends_again_what_left() -> None:
    """A spool that takes a paper of which nobody knows for one that waits."""

    def unconfirmed(self: Spool, number: int) -> Job:
        self._write(lambda db: db.execute("UPDATE job SET state = 'queued' WHERE number = ?", (number,)))
        return self.job(number)

    setattr(Spool, "unconfirmed", unconfirmed)  # noqa: B010


def takes_silence_for_a_no() -> None:
    """A screen that says « refused » where nobody knows."""

    async def said(self: Desk, journey: Journey) -> AsyncIterator[Said]:
        async for what in sending(self.bookings, journey):
            yield Refused(CentralRefusedError(Refusal.SLOT_TAKEN)) if isinstance(what, Waiting) else what

    setattr(Desk, "sending", said)  # noqa: B010


def forgets_references() -> None:
    """News of nothing, where there is an appointment."""
    settled = Bookings.settled

    async def without(self: Bookings) -> object:
        return tuple(replace(one, reference=None) for one in await settled(self))

    setattr(Bookings, "settled", without)  # noqa: B010


def calls_all_papers_printed() -> None:
    """A spool that believes in every paper."""

    def unconfirmed(self: Spool, number: int) -> Job:
        self._write(
            lambda db: db.execute("UPDATE job SET state = 'printed', proof = 'person' WHERE number = ?", (number,))
        )
        return self.job(number)

    setattr(Spool, "unconfirmed", unconfirmed)  # noqa: B010


def crashes() -> None:
    """A kiosk whose watch ends at the first beat."""

    async def keep_watch(_: Desk) -> None:
        raise ValueError("planted")

    setattr(Desk, "keep_watch", keep_watch)  # noqa: B010


@dataclass(frozen=True, slots=True)
class Planted:
    """A plan, and what is done to the program before it runs."""

    plan: Plan
    sabotage: Callable[[], None] | None


PLANTED = {
    "nothing": Planted(DIES_UNKNOWING, None),
    "double": Planted(APPLIES, asks_twice_under_two_keys),
    "lost": Planted(APPLIES_UNHEARD, forgets_what_is_unknown),
    "bare paper": Planted(SOUND, prints_another_code),
    "unmarked": Planted(HALF_A_PAPER, never_marks),
    "sent again": Planted(HALF_A_PAPER, sends_again_what_left),
    "silence is no": Planted(LOST_ANSWER, takes_silence_for_a_no),
    "news of nothing": Planted(DIES_UNKNOWING, forgets_references),
    "crash": Planted(SOUND, crashes),
    "printed": Planted(HALF_A_PAPER, calls_all_papers_printed),
}


def main() -> None:
    """Run all of them."""
    found: dict[str, list[str]] = {}
    with template() as at, worker(at, at.root.with_name("worker")) as runs:
        for name, planted in PLANTED.items():
            result = runs.run(planted.plan, planted.sabotage)
            found[name] = sorted({finding.rule.name for finding in result.findings})
            if "-v" in sys.argv:
                sys.stderr.write("\n".join([name, *result.timeline, *(f.text for f in result.findings), "", ""]))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
