import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.tickets.reference import ALPHABET, RANDOM_BITS, BadReferenceError, grouped, make_reference, read_reference

references = st.integers(0, 2**RANDOM_BITS - 1).map(make_reference)


@given(references)
def test_a_reference_is_read_back_however_it_is_written(reference: str) -> None:
    assert read_reference(grouped(reference)) == reference
    assert read_reference(reference.lower().replace("0", "o").replace("1", "l")) == reference


@given(references, st.integers(0, 11), st.sampled_from(ALPHABET))
def test_one_misread_character_is_always_noticed(reference: str, position: int, char: str) -> None:
    misread = reference[:position] + char + reference[position + 1 :]
    if misread != reference:
        with pytest.raises(BadReferenceError):
            read_reference(misread)


@given(st.text(max_size=40))
def test_anything_else_is_not_a_reference(text: str) -> None:
    try:
        reference = read_reference(text)
    except BadReferenceError:
        return
    assert read_reference(grouped(reference)) == reference
