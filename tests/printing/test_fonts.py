"""No box glyph ever reaches the paper."""

from pathlib import Path

import pytest

from kiosk.printing.errors import MissingGlyphError
from kiosk.printing.fonts import NBSP, Machine, Script, drawn_by, font, has_glyph, printable, this_machine

LETTERS = {
    Script.LATIN: "ж",
    Script.ARABIC: "ش",
    Script.TAMIL: "த",
    Script.BENGALI: "ব",
    Script.ETHIOPIC: "ት",
    Script.HAN: "约",
}


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


def test_each_script_has_its_own_letters() -> None:
    for script, letter in LETTERS.items():
        if not this_machine().lacks(script):
            assert has_glyph(letter, script)
            assert printable(letter, script) == letter
            assert drawn_by(letter, script) is script


def test_digits_and_latin_letters_are_borrowed_where_a_face_lacks_them() -> None:
    for script in LETTERS:
        if not this_machine().lacks(script):
            assert all(drawn_by(char, script) in (script, Script.LATIN) for char in "0123456789:-abcé")


@pytest.mark.skipif(bool(this_machine().lacks(Script.ARABIC)), reason="no shaping on this machine")
def test_nothing_is_borrowed_from_right_to_left() -> None:
    assert has_glyph("я")
    assert drawn_by("я", Script.ARABIC) is None
    with pytest.raises(MissingGlyphError):
        printable("я", Script.ARABIC)


@pytest.mark.skipif(bool(this_machine().lacks(Script.ARABIC)), reason="no shaping on this machine")
def test_joiners_stay_where_they_shape_words() -> None:
    assert printable("می\u200cشود", Script.ARABIC) == "می\u200cشود"
    assert printable("a\u200cb") == "ab"


def test_without_fonts_and_shaping_latin_cyrillic_and_what_comes_with_the_kiosk_remain(tmp_path: Path) -> None:
    bare = Machine((tmp_path,), shaping=False)
    assert bare.lacks(Script.LATIN) == ()
    assert bare.lacks(Script.ARABIC) == bare.lacks(Script.TAMIL) == ("libfribidi0",)
    assert bare.lacks(Script.BENGALI) == ("fonts-noto-core", "libfribidi0")
    assert bare.lacks(Script.ETHIOPIC) == ("fonts-noto-core",)
    assert bare.lacks(Script.HAN) == ("fonts-noto-cjk",)


def test_fonts_are_found_by_name_in_any_folder(tmp_path: Path) -> None:
    folder = tmp_path / "truetype" / "noto"
    folder.mkdir(parents=True)
    for name in ("NotoSansEthiopic-Regular.ttf", "NotoSansEthiopic-Bold.ttf"):
        (folder / name).touch()
    assert Machine((tmp_path / "nothing", tmp_path), shaping=False).lacks(Script.ETHIOPIC) == ()
    assert Machine((tmp_path,), shaping=True).lacks(Script.BENGALI) == ("fonts-noto-core",)


@pytest.mark.skipif(bool(this_machine().lacks(Script.HAN)), reason="no Chinese font on this machine")
def test_chinese_is_drawn_by_the_simplified_face() -> None:
    assert font(40, 400, script=Script.HAN).getname()[0] == "Noto Sans CJK SC"
    assert font(40, 700, script=Script.HAN).getname() == ("Noto Sans CJK SC", "Bold")


def test_a_narrow_face_is_narrower_and_as_tall() -> None:
    wide, narrow = font(40, 500), font(40, 500, 80)
    assert narrow.getlength("rendez-vous") < 0.95 * wide.getlength("rendez-vous")
    assert narrow.getbbox("Hp", anchor="ls")[1::2] == wide.getbbox("Hp", anchor="ls")[1::2]
