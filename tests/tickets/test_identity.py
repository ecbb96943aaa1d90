import dataclasses
import datetime as dt
import hashlib
import hmac
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.booking.person import BirthDate, PersonError, given_names, surname
from kiosk.tickets.identity import Bearer, bearer_of, is_bearer, mrz_date, quarter_of, tag
from kiosk.tickets.reference import RANDOM_BITS, make_reference
from tests.tickets.builders import packed
from tests.tickets.identities import Identity, corpus, typed_forms

KEY = bytes(range(32))
CORPUS = corpus(10_000, seed=9303)
FORMS = 3  # of the eight in which each name may be typed
REFERENCE = make_reference(0x1234567890ABC)


def typed(names: tuple[str, str], date: BirthDate) -> Bearer:
    """Return who was typed, through the doors that a screen uses."""
    return bearer_of(surname(names[0]), given_names(names[1]), date)


def made_for(identity: Identity) -> bytes:
    """Return the tag of a booking whose names were typed as the document shows them."""
    return tag(KEY, typed(identity.written, identity.birth_date), REFERENCE)


TAGS = [made_for(identity) for identity in CORPUS]


def test_the_right_person_is_known_however_typed() -> None:
    chance = random.Random(1)  # noqa: S311
    asked = missed = 0
    for identity, expected in zip(CORPUS, TAGS, strict=True):
        forms = [list(typed_forms(name, chance)) for name in identity.written]
        for surname_form, given_form in chance.sample(list(zip(*forms, strict=True)), FORMS):
            asked += 1
            shown = typed((surname_form, given_form), identity.birth_date)
            missed += shown != identity.bearer or not is_bearer(KEY, expected, shown, REFERENCE)
    assert asked == FORMS * len(CORPUS)
    assert missed <= asked // 1000  # what was promised
    assert not missed  # what is so


def test_the_right_person_is_known_from_the_zone_of_the_document() -> None:
    missed = [
        identity
        for identity, expected in zip(CORPUS, TAGS, strict=True)
        if not is_bearer(KEY, expected, identity.bearer, REFERENCE)
    ]
    assert not missed


def test_the_zone_may_be_typed_as_it_stands() -> None:
    for identity in CORPUS[:1000]:
        names = (identity.zone[0].replace("<", " "), identity.zone[1].replace("<", " "))
        assert typed(names, identity.birth_date) == identity.bearer


def test_nobody_else_is_taken_for_the_person() -> None:
    for identity, other, expected in zip(CORPUS, CORPUS[1:] + CORPUS[:1], TAGS, strict=True):
        alike = dataclasses.replace(other.bearer, birth_date=identity.bearer.birth_date)
        for shown in (other.bearer, alike):
            same = (shown.surname, shown.given_name) == (identity.bearer.surname, identity.bearer.given_name)
            assert is_bearer(KEY, expected, shown, REFERENCE) is (same and shown is alike)


def test_no_letter_of_the_name_may_be_another() -> None:
    chance = random.Random(2)  # noqa: S311
    for identity, expected in zip(CORPUS, TAGS, strict=True):
        right = identity.bearer
        for field in ("surname", "given_name"):
            name = getattr(right, field)
            if name:
                at = chance.randrange(len(name))
                other = chance.choice([letter for letter in string.ascii_uppercase if letter != name[at]])
                other_length = chance.choice([name[:at] + name[at + 1 :], name[:at] + other + name[at:]])
                for wrong in (name[:at] + other + name[at + 1 :], other_length):
                    shown = dataclasses.replace(right, **{field: wrong})
                    assert not is_bearer(KEY, expected, shown, REFERENCE)


def test_no_other_day_of_birth_is_right() -> None:
    for identity, expected in zip(CORPUS, TAGS, strict=True):
        born = identity.birth_date
        if born.month and born.day:
            day = dt.date(born.year, born.month, born.day)
            before, after = (day + dt.timedelta(days=days) for days in (-1, 1))
            for wrong in (f"{before:%y%m%d}", f"{after:%y%m%d}", f"{day:%y%m}<<"):
                shown = dataclasses.replace(identity.bearer, birth_date=wrong)
                assert not is_bearer(KEY, expected, shown, REFERENCE)


@pytest.mark.parametrize(
    ("booked", "shown", "matches"),
    [
        (BirthDate(1987), "87<<<<", True),
        (BirthDate(1987), "870512", True),  # more is known now
        (BirthDate(1987), "8705<<", True),
        (BirthDate(1987, 5), "870512", True),
        (BirthDate(1987, 5), "8705<<", True),
        (BirthDate(1987, 5), "87<<<<", False),
        (BirthDate(1987, 5), "870612", False),
        (BirthDate(1987), "880512", False),
        (BirthDate(1987, 5, 12), "8705<<", False),
        (BirthDate(1987, 5, 12), "870512", True),
    ],
)
def test_less_of_the_date_may_have_been_known_when_it_was_booked(booked: BirthDate, shown: str, matches: bool) -> None:
    expected = tag(KEY, Bearer("DIALLO", "MARIAM", mrz_date(booked)), REFERENCE)
    assert is_bearer(KEY, expected, Bearer("DIALLO", "MARIAM", shown), REFERENCE) is matches


def test_the_tag_is_made_as_the_document_says() -> None:
    text = b"rdv1|NGUESSANKONE|ELEONORE|870503|" + packed(REFERENCE)
    bearer = typed(("N'Guessan-Koné", "Éléonore Marie"), BirthDate(1987, 5, 3))
    assert tag(KEY, bearer, REFERENCE) == hmac.new(KEY, text, hashlib.sha256).digest()[:10]


@given(st.integers(0, 2**RANDOM_BITS - 1), st.binary(min_size=32, max_size=32))
def test_nothing_links_two_tickets_of_a_person(bits: int, key: bytes) -> None:
    bearer = Bearer("DIALLO", "MARIAM", "870503")
    other = make_reference(bits)
    assert (tag(KEY, bearer, REFERENCE) == tag(KEY, bearer, other)) is (other == REFERENCE)
    assert (tag(KEY, bearer, REFERENCE) == tag(key, bearer, REFERENCE)) is (key == KEY)


@pytest.mark.parametrize(
    ("start", "quarter"),
    [
        ("2027-01-01T00:30:00+01:00", "2026-Q4"),
        ("2027-01-01T00:00:00+00:00", "2027-Q1"),
        ("2027-03-31T23:59:59+00:00", "2027-Q1"),
        ("2027-03-31T20:00:00-10:00", "2027-Q2"),
        ("2027-12-31T23:59:59+00:00", "2027-Q4"),
    ],
)
def test_a_quarter_is_that_of_the_start_in_utc(start: str, quarter: str) -> None:
    assert quarter_of(dt.datetime.fromisoformat(start)) == quarter


@pytest.mark.parametrize("name", ["北京", "Иванов", "محمد", "தமிழ்", "Δημήτρης"])
def test_a_name_without_latin_form_is_asked_for_in_another_way(name: str) -> None:
    with pytest.raises(PersonError):
        bearer_of(name, "", BirthDate(1990))
    with pytest.raises(PersonError):
        bearer_of("DIALLO", name, BirthDate(1990))


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_name_makes_the_tag_fail_in_another_way(surname_typed: str, given_typed: str) -> None:
    try:
        bearer = bearer_of(surname_typed, given_typed, BirthDate(1990, 2, 3))
    except PersonError:
        return
    assert set(bearer.surname + bearer.given_name) <= set(string.ascii_uppercase)
    assert is_bearer(KEY, tag(KEY, bearer, REFERENCE), bearer, REFERENCE)
