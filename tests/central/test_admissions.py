"""What counters note: kept once, judged when it arrives, reported exactly whatever the order of arrival."""

import datetime as dt
import itertools
import json
from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.api import contract
from kiosk.central import tables as db
from kiosk.central.admissions import Admissions, Day, DayReport, Doubtful, Fault, Twice, report
from kiosk.central.counters import Counter, row_of
from kiosk.central.events import verify
from kiosk.central.review import signals
from kiosk.tickets.manifest import Admission
from kiosk.tickets.reference import make_reference
from kiosk.tickets.verify import State
from tests.central.calls import Json, at_counter, booked, cancel, correct, deliver, done, move, note, signed_in
from tests.central.rows import add_booking
from tests.support.central import NOW, RunningCentral

SITE = "pref-93"
PARIS = ZoneInfo("Europe/Paris")
MINUTE = dt.timedelta(minutes=1)
NAMES = ("guichet-1", "guichet-2", "guichet-3")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def central(uncapped_central: RunningCentral) -> RunningCentral:
    """One central for all tests, each of which has appointments of its own."""
    with uncapped_central.storage.writing() as transaction:
        rows = [row_of(Counter(name, SITE), name, NOW) for name in NAMES]
        transaction.execute(sa.insert(db.counters), rows)
    return uncapped_central


@pytest.fixture(scope="module")
def kiosk(central: RunningCentral) -> Iterator[httpx.Client]:
    """A kiosk that books without a cap in the way."""
    with signed_in(central) as client:
        yield client


@pytest.fixture(scope="module")
def one(central: RunningCentral) -> Iterator[httpx.Client]:
    """The demonstration's counter."""
    with at_counter(central) as client:
        yield client


@pytest.fixture(scope="module")
def other(central: RunningCentral) -> Iterator[httpx.Client]:
    """Another counter of the same site."""
    with at_counter(central, "poste-2") as client:
        yield client


@pytest.fixture
def booking(central: RunningCentral, kiosk: httpx.Client) -> Json:
    """An appointment of this test alone."""
    return booked(kiosk, _slot(central))[0]


def _slot(central: RunningCentral, site: str = SITE) -> str:
    number = next(_numbers)
    return central.add_slot(f"slot-{number}", capacity=9, start=NOW + (200 + number) * MINUTE, site=site)


def _found(finding: Json) -> str:
    return str(finding["finding"])


def test_a_note_delivered_twice_is_one(central: RunningCentral, one: httpx.Client, booking: Json) -> None:
    let_in = note(reference=booking["reference"], revision=1)
    first = deliver(one, let_in, note("expired"))
    before = central.count(db.admissions), central.count(db.events)
    assert deliver(one, let_in, let_in) == [first[0], first[0]]
    assert (central.count(db.admissions), central.count(db.events)) == before
    assert first[0] == {"nonce": let_in["nonce"], "finding": "kept", "first": None}


def test_the_first_note_under_a_nonce_stands(central: RunningCentral, one: httpx.Client, booking: Json) -> None:
    refused = note("expired", reference=booking["reference"])
    deliver(one, refused)
    assert _found(*deliver(one, refused | {"outcome": "admitted", "reference": "0"})) == "kept"
    with central.storage.reading() as transaction:
        mine = db.admissions.c.nonce == refused["nonce"]
        assert transaction.scalar(sa.select(db.admissions.c.outcome).where(mine)) == "expired"


def test_two_counters_may_use_the_same_nonce(
    central: RunningCentral, one: httpx.Client, other: httpx.Client, booking: Json
) -> None:
    same = note(reference=booking["reference"], revision=1)
    assert [_found(*deliver(one, same)), _found(*deliver(other, same))] == ["kept", "again"]


def test_what_a_counter_noted_is_in_its_own_chain(central: RunningCentral, one: httpx.Client, booking: Json) -> None:
    let_in = note(reference=booking["reference"], revision=1)
    deliver(one, let_in)
    chain = db.events.c.chain == "counter/accueil-pref-93"
    query = sa.select(db.events).where(chain).order_by(db.events.c.number.desc()).limit(1)
    with central.storage.reading() as transaction:
        event = transaction.execute(query).one()
        audit = verify(transaction, central.storage.person_key)
        signals(transaction, NOW)
    assert (event.action, event.subject, event.mediator, event.at) == (
        "admit",
        "accueil-pref-93",
        None,
        central.clock(),
    )
    [told] = json.loads(event.details)["notes"]
    assert told == let_in | {"at": "2027-01-11T08:00:00Z"}
    assert audit.faults == ()
    assert "counter/accueil-pref-93" in {head.chain for head in audit.heads}


def test_who_was_let_in_at_two_counters_is_known_when_the_second_delivers(
    one: httpx.Client, other: httpx.Client, booking: Json
) -> None:
    early = note(at=NOW, reference=booking["reference"], revision=1)
    late = note(at=NOW + 10 * MINUTE, reference=booking["reference"], revision=1)
    assert _found(*deliver(other, late)) == "kept"
    [told] = deliver(one, early)
    assert told["first"] == {"at": "2027-01-11T09:10:00+01:00", "counter": "poste-2"}
    [told] = deliver(other, late)
    assert told["first"] == {"at": "2027-01-11T09:00:00+01:00", "counter": "accueil-pref-93"}


def test_what_was_withdrawn_is_held_against_nobody(one: httpx.Client, other: httpx.Client, booking: Json) -> None:
    mistake = note(reference=booking["reference"], revision=1)
    undone = note("withdrawn", of=mistake["nonce"])
    assert [_found(each) for each in deliver(one, undone, mistake)] == ["kept", "kept"]
    assert _found(*deliver(other, note(reference=booking["reference"], revision=1))) == "kept"
    assert _found(*deliver(one, mistake)) == "kept"


def test_a_counter_undoes_only_its_own_notes(one: httpx.Client, other: httpx.Client, booking: Json) -> None:
    let_in = note(reference=booking["reference"], revision=1)
    deliver(one, let_in)
    deliver(other, note("withdrawn", of=let_in["nonce"]))
    assert _found(*deliver(other, note(reference=booking["reference"], revision=1))) == "again"


def test_an_appointment_that_was_cancelled_by_then_is_told(
    central: RunningCentral, kiosk: httpx.Client, one: httpx.Client, booking: Json
) -> None:
    before = note(at=central.clock(), reference=booking["reference"], revision=1)
    central.clock.advance(seconds=60)
    done(cancel(kiosk, booking))
    after = note(at=central.clock(), reference=booking["reference"], revision=1)
    assert _found(*deliver(one, before)) == "kept"
    assert _found(*deliver(one, after)) == "cancelled"


def test_an_appointment_that_was_moved_by_then_is_told(
    central: RunningCentral, kiosk: httpx.Client, one: httpx.Client, booking: Json
) -> None:
    corrected = done(correct(kiosk, booking, given_names="Isse"))
    early, central.clock._now = central.clock(), central.clock() + MINUTE
    done(move(kiosk, corrected, _slot(central)))
    said = {}
    for revision in (1, 2, 3):
        for at in (early, central.clock()):
            [finding] = deliver(one, note(at=at, reference=booking["reference"], revision=revision))
            said[revision, at == early] = finding["finding"]
    assert {key for key, found in said.items() if found == "moved"} == {(1, False), (2, False)}


def test_a_code_of_no_appointment_of_the_site_is_told(
    central: RunningCentral, kiosk: httpx.Client, one: httpx.Client
) -> None:
    [elsewhere] = booked(kiosk, _slot(central, "sp-932"))
    codes = [make_reference(12345), elsewhere["reference"], "0"]
    findings = deliver(one, *(note(reference=code, revision=1) for code in codes), note())
    assert [_found(each) for each in findings] == ["unknown"] * 4


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
def test_a_counter_whose_clock_is_senseless_delivers_all_the_same(one: httpx.Client, booking: Json, at: str) -> None:
    let_in = note(reference=booking["reference"]) | {"at": at}
    assert _found(*deliver(one, let_in)) == "kept"


@pytest.mark.parametrize("wrong", [{"at": 0}, {"at": "0"}, {"at": "2027-01-11T09:00:00"}, {"outcome": "maybe"}])
def test_a_note_that_says_nothing_is_not_valid(one: httpx.Client, wrong: Json) -> None:
    assert one.post("/v1/admissions", json={"notes": [note() | wrong]}).status_code == 422


# A day as a plain model sees it. Appointments: two that stand, one cancelled, one moved to another hour, one unknown.


@dataclass(frozen=True, slots=True)
class Office:
    """The codes that tickets of the model bear, and when one was cancelled and one moved."""

    stands: str
    stands_too: str
    cancelled: str
    moved: str
    unknown: str
    at: dt.datetime

    @property
    def codes(self) -> list[str]:
        """Return all of them."""
        return [self.stands, self.stands_too, self.cancelled, self.moved, self.unknown]


@pytest.fixture(scope="module")
def office(central: RunningCentral) -> Office:
    """The appointments of the model."""
    at, slot = NOW + 120 * MINUTE, _slot(central)
    standing, too, moved = (add_booking(central, slot=slot) for _ in range(3))
    cancelled = add_booking(central, slot=slot, status="cancelled", cancelled_at=at)
    left = {"booking": moved.id, "revision": 1, "slot": _slot(central), "left_at": at}
    with central.storage.writing() as transaction:
        transaction.execute(sa.insert(db.former_slots).values(left))
    return Office(
        standing.reference, too.reference, cancelled.reference, moved.reference, unknown=make_reference(54321), at=at
    )


Noted = tuple[str, contract.Note]
_minutes = st.integers(-60, 22 * 60)  # from 8 in the morning, some into the day after
_refusals = st.sampled_from([state.value for state in State])
_acts = st.one_of(
    st.tuples(st.just("admitted"), st.integers(0, 4), _minutes, st.integers(1, 2)),
    st.tuples(_refusals, st.integers(0, 4), _minutes, st.just(1)),
    st.tuples(st.just("withdrawn"), st.integers(0, 5), _minutes, st.just(1)),  # of the so manieth note
)


Acts = list[tuple[str, int, int, int]]


@st.composite
def _days(draw: st.DrawFn) -> tuple[list[Acts], list[int]]:
    """What each counter does, and in which order all of it arrives: some of it twice."""
    acts = [draw(st.lists(_acts, max_size=8)) for _ in NAMES]
    every = list(range(sum(map(len, acts))))
    twice = draw(st.lists(st.sampled_from(every), max_size=6)) if every else []
    return acts, draw(st.permutations(every + twice))


def _notes(days: list[Acts], office: Office) -> list[Noted]:
    every: list[Noted] = []
    for name, acts in zip(NAMES, days, strict=True):
        for number, (outcome, which, minutes, revision) in enumerate(acts):
            body = {"nonce": f"note-{name}-{number:04}", "at": NOW + minutes * MINUTE, "outcome": outcome}
            if outcome == "withdrawn":
                body |= {"of": f"note-{name}-{which:04}"}
            else:
                body |= {"reference": office.codes[which], "revision": revision}
            every.append((name, contract.Note.model_validate(body)))
    return every


def _expected(noted: list[Noted], office: Office, day: Day) -> DayReport:
    today = [(name, each) for name, each in noted if each.at.astimezone(day.zone).date() == day.date]
    undone = {(name, each.of) for name, each in noted if each.outcome == "withdrawn"}
    let_in = [(each.at, name, each) for name, each in today if each.outcome == "admitted"]
    standing = [each for each in let_in if (each[1], each[2].nonce) not in undone]
    standing.sort(key=lambda each: (each[0], each[1], each[2].nonce))
    first: dict[str, Admission] = {}
    again, doubtful = [], []
    for at, name, each in standing:
        code = each.reference or ""
        if code in first:
            again.append(Twice(code, first[code], Admission(at, name)))
        first.setdefault(code, Admission(at, name))
        gone = {
            office.unknown: Fault.UNKNOWN,
            office.cancelled: Fault.CANCELLED if at >= office.at else None,
            office.moved: Fault.MOVED if at >= office.at and each.revision == 1 else None,
        }.get(code)
        if gone:
            doubtful.append(Doubtful(code, Admission(at, name), gone))
    refused = Tally(str(each.outcome) for _, each in today if each.outcome not in {"admitted", "withdrawn"})
    return DayReport(day, len(first), tuple(again), tuple(doubtful), len(let_in) - len(standing), refused)


def test_the_report_is_the_same_whatever_arrives_when_and_how_often(central: RunningCentral, office: Office) -> None:
    admissions = Admissions(central.storage, central.catalogue, central.clock)
    day = Day(SITE, PARIS, NOW.date())

    @settings(max_examples=60, deadline=None)
    @given(_days())
    def holds(days: tuple[list[Acts], list[int]]) -> None:
        noted = _notes(days[0], office)
        with central.storage.writing() as transaction:
            transaction.execute(sa.delete(db.admissions))
        for name, together in itertools.groupby((noted[number] for number in days[1]), key=lambda each: each[0]):
            admissions.deliver(Counter(name, SITE), contract.Notes(notes=[each for _, each in together]))
        with central.storage.reading() as transaction:
            assert report(transaction, day) == _expected(noted, office, day)

    holds()
