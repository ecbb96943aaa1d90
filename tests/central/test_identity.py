"""The same person, however the name is typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.api import contract
from kiosk.booking.person import BirthDate, Person
from kiosk.central.identity import payload_hmac, person_of, person_ref

KEY = bytes(32)
BORN = BirthDate(1990, 2, 3)
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
    assert person_ref(KEY, Person(name, "Awa", BORN)) == person_ref(KEY, Person(" ".join(parts), "AWA", BORN))


@pytest.mark.parametrize(
    "other",
    [
        Person("DIALLO", "Mariama", BORN),
        Person("DIALLO", "Mariam", BirthDate(1990, 2, 4)),
        Person("DIALLO", "Mariam", BirthDate(1990)),
        Person("DIALLO MARIAM", "", BORN),
        Person("MARIAM", "Diallo", BORN),
    ],
)
def test_another_name_or_date_is_another_person(other: Person) -> None:
    assert person_ref(KEY, other) != person_ref(KEY, Person("DIALLO", "Mariam", BORN))


def test_another_central_knows_nothing_from_our_fingerprints() -> None:
    someone = Person("DIALLO", "Mariam", BORN)
    assert person_ref(KEY, someone) != person_ref(b"\x01" * 32, someone)


def test_a_phone_number_makes_no_other_person_but_another_request() -> None:
    wire = contract.Person(surname="Diallo", given_names="Mariam", birth_date="1990-02-03")
    called = wire.model_copy(update={"phone": "+33612345678"})
    consent = contract.Consent(mode="present")
    requests = [contract.BookingRequest(hold="h", persons=[one], consent=consent) for one in (wire, called)]
    assert person_ref(KEY, person_of(wire)) == person_ref(KEY, person_of(called))
    assert payload_hmac(KEY, requests[0]) != payload_hmac(KEY, requests[1])
