"""The same person, however the name is typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.api import contract
from kiosk.central.identity import edits, identity_of, payload_hmac, person_ref

KEY = bytes(32)
BORN = "1990-02-03"
SEPARATORS = (" ", "-", "  ", " - ")
PARTS = st.lists(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZÉÈÊÀÇÔÏ", min_size=1, max_size=8), min_size=1, max_size=3)
PLAIN = str.maketrans("ÉÈÊÀÇÔÏ", "EEEACOI")


@given(parts=PARTS, separator=st.sampled_from(SEPARATORS), lower=st.booleans(), accents=st.booleans())
def test_accents_case_and_hyphens_make_no_other_person(
    parts: list[str], separator: str, lower: bool, accents: bool
) -> None:
    name = separator.join(parts)
    name = name.lower() if lower else name
    name = name if accents else name.upper().translate(PLAIN)
    assert _ref(name, "Awa", BORN) == _ref(" ".join(parts), "AWA", BORN)


@pytest.mark.parametrize(
    "other",
    [
        ("DIALLO", "Mariama", BORN),
        ("DIALLO", "Mariam", "1990-02-04"),
        ("DIALLO", "Mariam", "1990"),
        ("DIALLO MARIAM", "", BORN),
        ("MARIAM", "Diallo", BORN),
    ],
)
def test_another_name_or_date_is_another_person(other: tuple[str, str, str]) -> None:
    assert _ref(*other) != _ref("DIALLO", "Mariam", BORN)


def _ref(surname: str, given_names: str, birth_date: str) -> str:
    person = contract.Identity(surname=surname, given_names=given_names, birth_date=birth_date)
    return person_ref(KEY, identity_of(person))


def test_another_central_knows_nothing_from_our_fingerprints() -> None:
    someone = "DIALLO<<MARIAM/1990-02-03"
    assert person_ref(KEY, someone) != person_ref(b"\x01" * 32, someone)


def test_a_phone_number_makes_no_other_person_but_another_request() -> None:
    wire = contract.Person(surname="Diallo", given_names="Mariam", birth_date="1990-02-03")
    called = wire.model_copy(update={"phone": "+33612345678"})
    consent = contract.Consent(mode="present")
    requests = [contract.BookingRequest(hold="h", persons=[one], consent=consent) for one in (wire, called)]
    assert identity_of(wire) == identity_of(called) == "DIALLO<<MARIAM/1990-02-03"
    assert payload_hmac(KEY, "h", requests[0]) != payload_hmac(KEY, "h", requests[1])


MRZ = st.text("ABC<", max_size=6)


@given(before=MRZ, after=MRZ, dates=st.tuples(st.sampled_from(["1990-02-03", "1990"]), st.just("1990-02-03")))
def test_edits_are_a_distance(before: str, after: str, dates: tuple[str, str]) -> None:
    one, other = f"{before}/{dates[0]}", f"{after}/{dates[1]}"
    assert edits(one, one) == 0
    assert edits(one, other) == edits(other, one)
    assert (edits(one, other) == 0) == (one == other)
    assert edits(one, other) <= max(len(before), len(after)) + 6


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ("DIALLO<<MARIAM/1990-02-03", "DIALO<<MARIAM/1990-02-03", 1),
        ("DIALLO<<MARIAM/1990-02-03", "DIALLO<<MARYAME/1990-02-03", 2),
        ("DIALLO<<MARIAM/1990-02-03", "DIALLO<<MARIAM/1990-03-02", 2),
        ("DIALLO<<MARIAM/1990-02-03", "DIALO<<MARIAM/1991-02-03", 2),
    ],
)
def test_edits_count_letters_and_digits_together(before: str, after: str, count: int) -> None:
    assert edits(before, after) == count
