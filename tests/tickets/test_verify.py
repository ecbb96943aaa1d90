import dataclasses
import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.tickets import token
from kiosk.tickets.cose import Signer
from kiosk.tickets.identity import Bearer, tag
from kiosk.tickets.manifest import Admission
from kiosk.tickets.token import code_of
from kiosk.tickets.verify import (
    FRESH,
    Here,
    Knowledge,
    Person,
    State,
    Verdict,
    knowledge_of,
    verify_reference,
    verify_token,
)
from kiosk.tickets.words import words_for
from tests.tickets.builders import (
    HOUR,
    ISSUED,
    OTHER_SITE,
    SIGNER,
    SITE,
    START,
    STRANGER,
    ZONE,
    admitted,
    claims,
    day_of,
    entry_of,
    fixed_signer,
    key_set,
    ticket_key,
)

HERE = Here(SITE, ZoneInfo(ZONE))
DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)
NOBODY = Knowledge()
REVOKED, UNLISTED = fixed_signer(2001), fixed_signer(2002)
KEYS = key_set(ticket_key(), ticket_key(REVOKED, revoked_at=ISSUED))
CLAIMS = claims()
TEXT = token.write(CLAIMS, SIGNER)
NEWER = token.write(claims(revision=2, issued_at=START + SECOND), SIGNER)
LISTED = Knowledge(START, {CLAIMS.reference: entry_of(CLAIMS)}, day=START.date())
UNLISTED_DAY = Knowledge(START, day=START.date())
SITE_KEY = bytes(range(32))
BEARER = Bearer("DIALLO", "MARIAM", "900203")


def state_of(text: str, known: Knowledge = LISTED, here: Here | None = HERE, now: dt.datetime = START) -> State:
    """Return the state alone."""
    return verify_token(text, KEYS, known, here, now).state


def known(**facts: object) -> Knowledge:
    """Return the day's list with the appointment in another state than the ticket says."""
    return dataclasses.replace(LISTED, entries={CLAIMS.reference: entry_of(CLAIMS, **facts)})


def listed(**facts: object) -> Knowledge:
    """Return the same with other things known besides."""
    return dataclasses.replace(LISTED, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "knowledge", "now", "state"),
    [
        (TEXT, LISTED, START, State.VALID),
        (TEXT, NOBODY, START, State.VALID),
        ("https://example.org", LISTED, START, State.NOT_OURS),
        ("RDV1:7K4M2QXP93TQ", LISTED, START, State.ALTERED),
        (token.write(CLAIMS, UNLISTED), LISTED, START, State.UNKNOWN_KEY),
        (token.write(CLAIMS, REVOKED), LISTED, START, State.REVOKED_KEY),
        (TEXT, known(cancelled=True), START, State.CANCELLED),
        (TEXT, known(start=START + HOUR, revision=2), START, State.MOVED),
        (TEXT, known(site=code_of(OTHER_SITE), revision=2), START, State.MOVED),
        (token.write(claims(site=code_of(OTHER_SITE)), SIGNER), NOBODY, START, State.WRONG_SITE),
        (TEXT, known(admission=admitted()), START, State.ALREADY_ADMITTED),
        (TEXT, listed(admissions={CLAIMS.reference: admitted()}), START, State.ALREADY_ADMITTED),
        (TEXT, Knowledge(admissions={CLAIMS.reference: admitted()}), START, State.ALREADY_ADMITTED),
        (TEXT, LISTED, START + DAY, State.EXPIRED),
        (TEXT, NOBODY, START + DAY, State.EXPIRED),
        (TEXT, LISTED, START - DAY, State.WRONG_DAY),
        (TEXT, NOBODY, START - DAY, State.WRONG_DAY),
        (TEXT, UNLISTED_DAY, START, State.NOT_LISTED),
        # Made since the list was: it cannot be listed.
        (TEXT, dataclasses.replace(UNLISTED_DAY, as_of=ISSUED), START, State.VALID),
        (TEXT, dataclasses.replace(UNLISTED_DAY, as_of=ISSUED + SECOND), START, State.NOT_LISTED),
        # The list is of another day, where this appointment never was.
        (TEXT, dataclasses.replace(UNLISTED_DAY, day=START.date() + DAY), START, State.VALID),
        # Booked anew after the list was made: the paper knows better than the list.
        (NEWER, known(start=START - HOUR), START + HOUR, State.VALID),
        (NEWER, known(start=START - HOUR, cancelled=True), START + HOUR, State.CANCELLED),
        # The list is younger than that change, and does not have it.
        (token.write(claims(revision=2), SIGNER), known(start=START - HOUR), START, State.NOT_LISTED),
        # A name was corrected: the paper is older, and right.
        (TEXT, known(revision=5), START, State.VALID),
    ],
)
def test_every_state(text: str, knowledge: Knowledge, now: dt.datetime, state: State) -> None:
    assert state_of(text, knowledge, now=now) is state


@pytest.mark.parametrize(
    ("after_start", "state"),
    [
        (dt.timedelta(minutes=20) + HOUR - SECOND, State.VALID),
        (dt.timedelta(minutes=20) + HOUR, State.EXPIRED),
    ],
)
def test_a_ticket_is_over_an_hour_after_the_appointment(after_start: dt.timedelta, state: State) -> None:
    assert state_of(TEXT, LISTED, now=START + after_start) is state
    assert state_of(TEXT, NOBODY, now=START + after_start) is state
    assert state_of(TEXT, NOBODY, here=None, now=START + after_start) is state


@pytest.mark.parametrize("zone", ["Pacific/Noumea", "Pacific/Tahiti", "Europe/Paris"])
def test_a_day_is_the_day_of_the_site(zone: str) -> None:
    here = Here(SITE, ZoneInfo(zone))
    local = START.astimezone(here.zone)
    midnight = local.replace(hour=0, minute=0, second=0)
    assert state_of(TEXT, NOBODY, here, midnight) is State.VALID
    assert state_of(TEXT, NOBODY, here, midnight - SECOND) is State.WRONG_DAY


def test_where_nobody_asks_for_site_and_day_neither_counts() -> None:
    elsewhere = token.write(claims(site=code_of(OTHER_SITE)), SIGNER)
    for text, knowledge in ((elsewhere, NOBODY), (TEXT, NOBODY), (TEXT, LISTED), (TEXT, UNLISTED_DAY)):
        assert state_of(text, knowledge, here=None, now=START - 30 * DAY) is State.VALID


def test_of_several_faults_the_first_in_the_order_of_the_states_is_said() -> None:
    """Every set of faults that can be together."""
    tried = 0
    for faults in itertools.product((False, True), repeat=10):
        prefix, altered, unknown, revoked, cancelled, moved, elsewhere, seen, over, early = faults
        if (unknown and revoked) or (over and early):
            continue
        signer = UNLISTED if unknown else REVOKED if revoked else SIGNER
        text = token.write(CLAIMS, signer)
        text = text[:-1] + ("0" if text[-1] != "0" else "1") if altered else text
        text = text.replace("RDV1:", "HC1:") if prefix else text
        entry = entry_of(
            CLAIMS,
            cancelled=cancelled,
            start=START + 2 * dt.timedelta(minutes=1) if moved else START,
            admission=admitted() if seen else None,
        )
        expected = [state for state, is_so in zip(ORDER, faults, strict=True) if is_so] + [State.VALID]
        if unknown and altered:  # a signature by a key that nobody knows cannot be looked at
            expected.remove(State.ALTERED)
        now = START + (DAY if over else -DAY if early else 0 * DAY)
        here = Here(OTHER_SITE, HERE.zone) if elsewhere else HERE
        knowledge = dataclasses.replace(LISTED, entries={CLAIMS.reference: entry})
        assert state_of(text, knowledge, here, now) is expected[0], faults
        tried += 1
    assert tried == 576


ORDER = (
    State.NOT_OURS,
    State.ALTERED,
    State.UNKNOWN_KEY,
    State.REVOKED_KEY,
    State.CANCELLED,
    State.MOVED,
    State.WRONG_SITE,
    State.ALREADY_ADMITTED,
    State.EXPIRED,
    State.WRONG_DAY,
)


def test_the_states_stand_in_the_order_in_which_they_are_said() -> None:
    assert tuple(State) == (*ORDER, State.NOT_LISTED, State.VALID)


minutes = st.integers(-4000, 4000).map(lambda count: START + dt.timedelta(minutes=count))
sites = st.sampled_from([SITE, OTHER_SITE])


@given(
    start=minutes,
    now=minutes,
    site=sites,
    signer=st.sampled_from([SIGNER, REVOKED, UNLISTED, STRANGER]),
    entry_start=st.none() | minutes,
    entry_site=sites,
    cancelled=st.booleans(),
    revisions=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    seen=st.booleans(),
    has_list=st.booleans(),
)
def test_only_a_ticket_of_here_and_today_that_stands_is_good(
    start: dt.datetime,
    now: dt.datetime,
    site: str,
    signer: Signer,
    entry_start: dt.datetime | None,
    entry_site: str,
    cancelled: bool,
    revisions: tuple[int, int],
    seen: bool,
    has_list: bool,
) -> None:
    made = claims(start=start, site=code_of(site), revision=revisions[0])
    entry = entry_of(
        made, start=entry_start or start, site=code_of(entry_site), cancelled=cancelled, revision=revisions[1]
    )
    knowledge = Knowledge(
        START if has_list else None,
        {made.reference: entry} if has_list else {},
        admissions={made.reference: admitted()} if seen else {},
        day=START.date() if has_list else None,
    )
    verdict = verify_token(token.write(made, signer), KEYS, knowledge, HERE, now)
    if verdict.state is State.VALID:
        assert signer is SIGNER
        assert site == SITE
        assert not seen
        assert now < start + dt.timedelta(minutes=80)
        assert start.astimezone(HERE.zone).date() == now.astimezone(HERE.zone).date()
        if has_list:
            assert not cancelled
            assert revisions[0] > revisions[1] or (entry.start, entry.site) == (made.start, made.site)
    assert verdict.is_good is (verdict.state is State.VALID)


@given(st.text(max_size=250))
def test_whatever_is_scanned_gets_an_answer(text: str) -> None:
    assert state_of(text) is State.NOT_OURS
    assert state_of("RDV1:" + text) is State.ALTERED


def verdict_of(text: str, knowledge: Knowledge, bearer: Bearer | None = None, here: Here | None = HERE) -> Verdict:
    """Return the whole answer."""
    return verify_token(text, KEYS, knowledge, here, START, bearer)


def test_nothing_is_said_of_a_ticket_that_cannot_be_believed() -> None:
    for text in ("x", "RDV1:x", token.write(CLAIMS, UNLISTED), token.write(CLAIMS, REVOKED)):
        verdict = verdict_of(text, LISTED, BEARER)
        assert verdict.appointment is None
        assert verdict.person is Person.NOT_ASKED
        assert not verdict.is_good


def test_a_moved_appointment_is_said_as_it_stands() -> None:
    verdict = verdict_of(TEXT, known(start=START + DAY, revision=2, site=code_of(OTHER_SITE)))
    assert verdict.state is State.MOVED
    assert verdict.appointment is not None
    assert (verdict.appointment.start, verdict.appointment.site) == (START + DAY, code_of(OTHER_SITE))


def test_a_ticket_newer_than_the_list_is_said_as_it_is() -> None:
    verdict = verdict_of(NEWER, known(start=START - HOUR))
    assert verdict.appointment is not None
    assert verdict.appointment.start == START


def test_the_first_admission_is_said() -> None:
    both = dataclasses.replace(known(admission=admitted(30, "accueil-1")), admissions={CLAIMS.reference: admitted(10)})
    assert verdict_of(TEXT, both).admission == admitted(30, "accueil-1")
    assert verdict_of(TEXT, LISTED).admission is None
    other_way = dataclasses.replace(known(admission=admitted(5)), admissions={CLAIMS.reference: admitted(10)})
    assert verdict_of(TEXT, other_way).admission == admitted(10)


@pytest.mark.parametrize(("age", "is_fresh"), [(FRESH, True), (FRESH + SECOND, False), (0 * DAY, True), (None, False)])
def test_an_answer_says_how_old_its_knowledge_is(age: dt.timedelta | None, is_fresh: bool) -> None:
    as_of = None if age is None else START - age
    verdict = verdict_of(TEXT, Knowledge(as_of))
    assert (verdict.as_of, verdict.is_fresh) == (as_of, is_fresh)


MINE = claims(tag=tag(SITE_KEY, BEARER, CLAIMS.reference))
MINE_TEXT = token.write(MINE, SIGNER)


@pytest.mark.parametrize(
    ("bearer", "tag_keys", "person"),
    [
        (None, {"2027-Q1": SITE_KEY}, Person.NOT_ASKED),
        (BEARER, {"2027-Q1": SITE_KEY}, Person.MATCH),
        (dataclasses.replace(BEARER, may_be_cut=True), {"2027-Q1": SITE_KEY}, Person.MATCH),
        (dataclasses.replace(BEARER, surname="DIALO"), {"2027-Q1": SITE_KEY}, Person.NO_MATCH),
        (dataclasses.replace(BEARER, surname="DIAL", may_be_cut=True), {"2027-Q1": SITE_KEY}, Person.NAME_CUT),
        (BEARER, {"2027-Q1": bytes(32)}, Person.NO_MATCH),
        (BEARER, {"2026-Q4": SITE_KEY}, Person.NO_KEY),
        (BEARER, {}, Person.NO_KEY),
    ],
)
def test_whether_it_is_the_person(bearer: Bearer | None, tag_keys: dict[str, bytes], person: Person) -> None:
    knowledge = knowledge_of(day_of([entry_of(MINE)], tag_keys), {})
    for verdict in (
        verdict_of(MINE_TEXT, knowledge, bearer),
        verdict_of(MINE_TEXT, Knowledge(tag_keys=tag_keys), bearer),
        verify_reference(MINE.reference, knowledge, HERE, START, bearer),
    ):
        assert verdict.state is State.VALID
        assert verdict.person is person
        assert verdict.is_good is (person is not Person.NO_MATCH)


def test_after_a_correction_the_list_says_who_it_is() -> None:
    knowledge = knowledge_of(day_of([entry_of(MINE, revision=2)], {"2027-Q1": SITE_KEY}), {})
    misspelt = token.write(claims(tag=tag(SITE_KEY, Bearer("DIALO", "MARIAM", "900203"), MINE.reference)), SIGNER)
    assert verdict_of(misspelt, knowledge, BEARER).person is Person.MATCH


def test_another_site_has_other_keys_so_that_nobody_is_called_a_stranger_there() -> None:
    elsewhere = Here(OTHER_SITE, HERE.zone)
    verdict = verdict_of(MINE_TEXT, Knowledge(tag_keys={"2027-Q1": bytes(32)}), BEARER, elsewhere)
    assert (verdict.state, verdict.person) == (State.WRONG_SITE, Person.NO_KEY)


@pytest.mark.parametrize(
    ("knowledge", "now", "state"),
    [
        (LISTED, START, State.VALID),
        (NOBODY, START, State.NOT_LISTED),
        (known(cancelled=True), START, State.CANCELLED),
        (known(site=code_of(OTHER_SITE)), START, State.WRONG_SITE),
        (known(admission=admitted()), START, State.ALREADY_ADMITTED),
        (LISTED, START + DAY, State.EXPIRED),
        (LISTED, START - DAY, State.WRONG_DAY),
    ],
)
def test_a_code_typed_by_hand_is_looked_up(knowledge: Knowledge, now: dt.datetime, state: State) -> None:
    verdict = verify_reference(CLAIMS.reference, knowledge, HERE, now)
    assert verdict.state is state
    assert (verdict.appointment is None) is (state is State.NOT_LISTED)


def test_what_is_known_of_a_day() -> None:
    notes = {CLAIMS.reference: Admission(START, "accueil-1")}
    knowledge = knowledge_of(day_of([entry_of(CLAIMS)], {"2027-Q1": SITE_KEY}), notes)
    assert (knowledge.as_of, knowledge.day) == (START - HOUR, START.date())
    assert knowledge.admission_of(CLAIMS.reference) == notes[CLAIMS.reference]
    assert SITE_KEY.hex() not in repr(knowledge)
    assert repr(SITE_KEY) not in repr(knowledge)


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_words(state: State) -> None:
    words = words_for(state)
    assert words.title
    assert words.advice.endswith(".")
    assert len(words.sign) == 1
