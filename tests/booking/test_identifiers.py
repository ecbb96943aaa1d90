import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.booking.catalogue import IdentifierKind
from kiosk.booking.identifiers import MAX_TYPED, NAMES, PATTERNS, IdentifierError, identifier

KINDS: tuple[IdentifierKind, ...] = get_args(IdentifierKind)

SENTENCES: dict[IdentifierKind, str] = {
    "agdref": "Le numéro étranger a 10 chiffres, parfois 9. Exemple : 9912345678.",
    "ants": "Le numéro de pré-demande a 10 lettres ou chiffres. Exemple : A1B2C3D4E5.",
    "neph": "Le numéro NEPH a entre 10 et 19 chiffres. Exemple : 123456789012.",
}


@pytest.mark.parametrize(
    ("kind", "typed", "number"),
    [
        ("agdref", "9912345678", "9912345678"),
        ("agdref", " 99 12 34 56 78 ", "9912345678"),
        ("agdref", "99.12.34-56–78", "9912345678"),
        ("agdref", "99\u00a012\u202f345678", "9912345678"),
        ("agdref", "991234567", "991234567"),
        ("ants", "a1b2c3d4e5", "A1B2C3D4E5"),
        ("ants", "A1B2C 3D4E5\r\n", "A1B2C3D4E5"),
        ("ants", "6123155111", "6123155111"),
        ("neph", "1201 7520 0123", "120175200123"),
        ("neph", "1" * 10, "1" * 10),
        ("neph", " ".join("9" * 19), "9" * 19),
    ],
)
def test_a_number_is_read_as_people_write_it_and_as_scanners_send_it(
    kind: IdentifierKind, typed: str, number: str
) -> None:
    assert identifier(kind, typed) == number


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("agdref", ""),
        ("agdref", "12345678"),
        ("agdref", "12345678901"),
        ("agdref", "991234567A"),
        ("agdref", "99/1234567"),
        ("agdref", "٩٩١٢٣٤٥٦٧٨"),
        ("agdref", "9912345678" + "." * 200 + "9"),
        ("ants", ""),
        ("ants", "A1B2C3D4E"),
        ("ants", "A1B2C3D4E56"),
        ("ants", "A1B2-C3D4E"),
        ("ants", "É1B2C3D4E5"),
        ("ants", "A1B2C3D4ß"),
        ("ants", "A1B2C3D4Eı"),
        ("neph", ""),
        ("neph", "1" * 9),
        ("neph", "1" * 20),
        ("neph", "12345-67890"),
        ("neph", "12345678901²"),
    ],
)
def test_a_number_that_cannot_be_right_gets_a_sentence_with_an_example(kind: IdentifierKind, typed: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        identifier(kind, typed)
    assert str(caught.value) == SENTENCES[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_a_sentence_is_a_right_number(kind: IdentifierKind) -> None:
    example = SENTENCES[kind].rpartition("Exemple : ")[2].removesuffix(".")
    assert identifier(kind, example) == example


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_has_a_name_and_an_anchored_pattern(kind: IdentifierKind) -> None:
    assert NAMES[kind].name.startswith("numéro")
    assert identifier(kind, NAMES[kind].example) == NAMES[kind].example
    assert PATTERNS[kind].startswith("^")
    assert PATTERNS[kind].endswith("$")


@given(st.sampled_from(KINDS), st.text(max_size=2 * MAX_TYPED) | st.text("0123456789 aZß.-\u00a0", max_size=30))
def test_no_text_makes_the_reader_fail_in_another_way(kind: IdentifierKind, typed: str) -> None:
    try:
        number = identifier(kind, typed)
    except IdentifierError:
        return
    assert re.fullmatch(PATTERNS[kind], number)
    assert identifier(kind, number) == number


@given(st.sampled_from(KINDS), st.data())
def test_every_number_of_the_right_form_is_kept_as_it_is(kind: IdentifierKind, data: st.DataObject) -> None:
    number = data.draw(st.from_regex(PATTERNS[kind], fullmatch=True)).removesuffix("\n")
    assert identifier(kind, number) == number
    assert identifier(kind, " ".join(number)) == number
