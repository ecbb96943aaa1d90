"""Lines break where a reader would break them, and are measured as they are drawn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from kiosk.printing.fonts import NBSP, Script, this_machine
from kiosk.printing.lettering import FRENCH, Style, Writing, extent, measure, wrap, write_line

BODY = Style(40, 500)
ARABIC, TAMIL = Writing("ar", Script.ARABIC, right_to_left=True), Writing("ta", Script.TAMIL)
BENGALI, CHINESE = Writing("bn", Script.BENGALI), Writing("zh-Hans", Script.HAN)
SAMPLES = {
    FRENCH: "Arrivez à 13 h 50.",
    ARABIC: "يجب الوصول في الساعة 3",
    TAMIL: "வர வேண்டிய நேரம்",
    BENGALI: "3টি ছবি, 14:05",
    CHINESE: "请在这个时间到达：3",
    Writing("ti", Script.ETHIOPIC): "ረቡዕ፣ 3 ለካቲት 2027",
}
DRAWABLE = {writing: text for writing, text in SAMPLES.items() if not this_machine().lacks(writing.script)}


def needs(script: Script) -> pytest.MarkDecorator:
    return pytest.mark.skipif(bool(this_machine().lacks(script)), reason="this machine cannot draw the script")


def drawn(text: str, style: Style, writing: Writing) -> tuple[int, int, int, int]:
    """Return the box of the ink around the start of the baseline."""
    sheet = Image.new("L", (1200, 300), 255)
    write_line(ImageDraw.Draw(sheet), (100, 150), text, style, writing)
    left, top, right, bottom = sheet.point(lambda level: 255 - level).getbbox() or (100, 150, 100, 150)
    return left - 100, top - 150, right - 100, bottom - 150


@pytest.mark.parametrize("writing", DRAWABLE, ids=lambda writing: writing.language)
@pytest.mark.parametrize("weight", [500, 700])
def test_ink_is_where_it_was_measured(writing: Writing, weight: int) -> None:
    style = Style(40, weight)
    left, top, right, bottom = drawn(DRAWABLE[writing], style, writing)
    measured = extent(DRAWABLE[writing], style, writing)
    assert measured.left - 1 <= left
    assert right <= measured.right + 1
    assert measured.top <= top
    assert bottom <= measured.bottom


@pytest.mark.parametrize("writing", DRAWABLE, ids=lambda writing: writing.language)
@pytest.mark.parametrize("width", [130, 200, 400])
def test_no_line_is_wider_than_the_paper_and_nothing_is_lost(writing: Writing, width: int) -> None:
    text = " ".join([DRAWABLE[writing]] * 3)
    lines = wrap(text, BODY, width, writing)
    assert all(measure(line, BODY, writing) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@needs(Script.ARABIC)
def test_arabic_letters_join_and_run_to_the_left() -> None:
    assert extent("ببببب", BODY, ARABIC).advance < 0.7 * 5 * extent("ب", BODY, ARABIC).advance
    left = drawn("ا" + "ببببب", BODY, ARABIC)
    sheet = Image.new("L", (600, 200), 255)
    write_line(ImageDraw.Draw(sheet), (100, 150), "ا" + "ببببب", BODY, ARABIC)
    alef = sheet.crop((100 + left[2] - 12, 150 + left[1], 100 + left[2], 152 + left[1]))
    assert min(alef.tobytes()) < 128  # the first letter, the tall one, is the last one from the left


@needs(Script.ARABIC)
def test_lines_from_right_to_left_break_in_the_order_in_which_they_are_read() -> None:
    assert wrap("الموعد مجاني لا تدفعوا", BODY, 220, ARABIC) == ("الموعد مجاني", "لا تدفعوا")


@needs(Script.TAMIL)
def test_tamil_vowels_stand_before_their_consonant() -> None:
    assert extent("தெ", BODY, TAMIL).advance > extent("த", BODY, TAMIL).advance


@needs(Script.HAN)
def test_chinese_breaks_anywhere_but_before_closing_and_after_opening_signs() -> None:
    assert wrap("您的预约在这里。", BODY, 170, CHINESE) == ("您的预约", "在这里。")
    for width in range(130, 420, 10):
        for line in wrap("请带上：您的护照，（3张证件照）和2027年的“居留证”。", BODY, width, CHINESE):
            assert line[0] not in "：，）”。"
            assert line[-1] not in "（“"


@needs(Script.HAN)
def test_numbers_stay_whole_in_chinese() -> None:
    lines = wrap("在2027年2月13日星期三14:05到达", BODY, 170, CHINESE)
    assert any("2027" in line for line in lines)
    assert any("14:05" in line for line in lines)


def test_lines_break_at_spaces_and_come_out_even() -> None:
    assert wrap("Ce rendez-vous est à votre nom.", BODY, 568) == ("Ce rendez-vous", "est à votre nom.")


def test_a_no_break_space_holds_where_it_can() -> None:
    assert wrap(f"à{NBSP}14{NBSP}h{NBSP}05 demain", BODY, 200) == (f"à{NBSP}14{NBSP}h{NBSP}05", "demain")
    assert wrap(f"1er{NBSP}décembre{NBSP}2026", BODY, 280) == ("1er décembre", "2026")


def test_a_long_name_breaks_at_hyphens_and_then_between_letters() -> None:
    assert wrap("Gontier-sur-Mayenne", BODY, 280) == ("Gontier-sur-", "Mayenne")
    pieces = wrap("Rakotoarisoaherimanantsoaandriana" * 2, BODY, 300)
    assert "".join(pieces) == "Rakotoarisoaherimanantsoaandriana" * 2
    assert min(len(piece) for piece in pieces[:-1]) > 5


def test_a_hyphen_is_never_alone_on_a_line() -> None:
    for width in range(250, 420, 7):
        assert "-" not in wrap("Ratsimandrakotovololonanahary-Rakoto", Style(40, 700), width)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("abcdéÉgW -'’" + NBSP), min_size=1, max_size=80), st.integers(80, 568))
def test_any_text_is_wrapped_inside_its_column(text: str, width: int) -> None:
    lines = wrap(text, BODY, width)
    assert all(measure(line, BODY) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
