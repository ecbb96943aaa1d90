"""No box glyph ever reaches the paper."""

import pytest

from kiosk.printing.errors import MissingGlyphError
from kiosk.printing.fonts import NBSP, font, has_glyph, printable


@pytest.mark.parametrize("name", ["Ÿ", "İ", "ı", "ệ", "Ș", "Ł", "Ŋ", "ɛ", "ẞ", "L’Haÿ", "Ţ"])
def test_latin_names_are_written_as_they_are(name: str) -> None:
    assert printable(name) == name


def test_decomposed_letters_are_composed() -> None:
    assert printable("e\u0301") == "é"


def test_a_letter_unknown_to_the_font_becomes_its_base_letter() -> None:
    assert not has_glyph("Ａ")  # full-width A
    assert printable("Ａ") == "A"


@pytest.mark.parametrize("text", ["漢", "\u0627", "\x1b", "\n", "\U0001f600", "\ue000"])
def test_what_cannot_be_drawn_is_refused_before_anything_is_printed(text: str) -> None:
    with pytest.raises(MissingGlyphError):
        printable(f"Mariam {text}")


def test_narrow_and_no_break_spaces_hold_words_together() -> None:
    assert printable("14\u202fh\u00a005") == f"14{NBSP}h{NBSP}05"


def test_joiners_and_direction_marks_leave_no_ink() -> None:
    assert printable("Ma\u200driam\u202e") == "Mariam"


def test_bold_is_bolder() -> None:
    assert font(40, 700).getlength("rendez-vous") > font(40, 400).getlength("rendez-vous")
