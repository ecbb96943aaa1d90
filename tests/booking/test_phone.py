import pytest

from kiosk.booking.person import PersonError
from kiosk.booking.phone import parse_phone, spoken_phone


@pytest.mark.parametrize(
    ("typed", "e164"),
    [
        ("", None),
        ("06 12 34 56 78", "+33612345678"),
        ("0612345678", "+33612345678"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("0690 00 12 34", "+590690001234"),
        ("0694 20 12 34", "+594694201234"),
        ("0696 20 12 34", "+596696201234"),
        ("0692 12 34 56", "+262692123456"),
        ("0639 01 23 45", "+262639012345"),
    ],
)
def test_numbers_of_metropolitan_and_overseas_france_are_understood(typed: str, e164: str | None) -> None:
    assert parse_phone(typed) == e164


@pytest.mark.parametrize("typed", ["12", "06 12 34", "abc", "0" * 40])
def test_a_number_that_does_not_exist_gets_a_sentence(typed: str) -> None:
    with pytest.raises(PersonError, match="Ce numéro n'existe pas"):
        parse_phone(typed)


def test_a_number_is_read_aloud_as_at_home() -> None:
    assert spoken_phone("+33612345678") == "06 12 34 56 78"
    assert spoken_phone("+4915112345678").startswith("+49")
