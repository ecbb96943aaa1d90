"""A column fills a paper from top to bottom, mirrored for those who read from right to left."""

import itertools

import pytest
from PIL import Image

from kiosk.printing.fonts import BOLD, MEDIUM, Script, this_machine
from kiosk.printing.lettering import FRENCH, Style, Writing
from kiosk.printing.sheet import COMPACT, MARGIN, PICTURE_GAP, Column, Page, Picture, Text, draw

BODY, STRONG = Style(40, MEDIUM), Style(40, BOLD)
BOX = Image.new("1", (38, 38), 0)
ARABIC, CHINESE = Writing("ar", Script.ARABIC, right_to_left=True), Writing("zh-Hans", Script.HAN)
MIRRORED = Writing("fr", Script.LATIN, right_to_left=True)  # Latin letters show the layout on every machine


def texts(column: Column) -> list[Text]:
    return [item for item in column.items if isinstance(item, Text)]


def pictures(column: Column) -> list[Picture]:
    return [item for item in column.items if isinstance(item, Picture)]


def test_lines_start_at_the_side_where_reading_starts() -> None:
    left, right = Column(576), Column(576, MIRRORED)
    for column in (left, right):
        column.write("Revenez ici.", BODY)
    assert texts(left)[0].box.left <= MARGIN + 4
    assert texts(right)[0].box.right >= 576 - MARGIN - 8


def test_a_picture_stands_where_reading_starts() -> None:
    left, right = Column(576), Column(576, MIRRORED)
    for column in (left, right):
        column.beside("tick box", BOX, ("votre passeport",), BODY)
    assert pictures(left)[0].box.left == MARGIN
    assert pictures(right)[0].box.right == 576 - MARGIN
    assert texts(right)[0].box.right <= 576 - MARGIN - BOX.width - PICTURE_GAP


@pytest.mark.parametrize("writing", [FRENCH, MIRRORED])
def test_a_label_and_its_fact_share_a_line_where_they_fit(writing: Writing) -> None:
    column = Column(576, writing)
    column.labelled("Arrivez à :", "13:50", BODY, (STRONG,))
    label, fact = texts(column)
    assert label.origin[1] == fact.origin[1]
    assert fact.writing == FRENCH
    assert (label.box.right < fact.box.left) != writing.right_to_left


def test_a_fact_that_is_too_long_goes_below_its_label() -> None:
    column = Column(384)
    column.labelled("Au nom de :", "Rakotoarisoa H.", BODY, (Style(56, BOLD), Style(48, BOLD)))
    label, *fact = texts(column)
    assert fact[0].box.top >= label.box.bottom
    assert {line.style.size for line in fact} == {56}


def test_a_fact_takes_the_largest_letters_that_fit_beside_its_label() -> None:
    column = Column(576)
    column.labelled("Au nom de :", "Mariam A. D.", BODY, (Style(90, BOLD), Style(80, BOLD), Style(44, BOLD)))
    assert [line.style.size for line in texts(column)] == [40, 44]
    assert len({line.origin[1] for line in texts(column)}) == 1


def test_short_sentences_share_a_line_and_long_ones_do_not() -> None:
    column = Column(576)
    column.flow(("Oui.", "Non.", "Ce papier n'est pas un vrai rendez-vous.", "Bien."), BODY)
    assert texts(column)[0].text == "Oui. Non."
    assert all("Oui" not in line.text for line in texts(column)[1:])


@pytest.mark.skipif(bool(this_machine().lacks(Script.HAN)), reason="no Chinese font on this machine")
def test_chinese_sentences_are_joined_without_a_blank() -> None:
    column = Column(576, CHINESE)
    column.flow(("这是免费的。", "谢谢。"), BODY)
    assert [line.text for line in texts(column)] == ["这是免费的。谢谢。"]


@pytest.mark.parametrize("writing", [FRENCH, MIRRORED])
def test_short_things_to_bring_share_a_line_each_with_its_box(writing: Writing) -> None:
    column = Column(576, writing)
    column.ticks("tick box", BOX, [("photo", FRENCH), ("passeport", FRENCH), ("une chose à apporter", FRENCH)], BODY)
    photo, passport, long = texts(column)
    assert photo.origin[1] == passport.origin[1] < long.origin[1]
    for line, box in zip((photo, passport, long), pictures(column), strict=True):
        assert box.box.top < line.origin[1] < box.box.bottom + 12
        assert (box.box.right <= line.box.left) != writing.right_to_left


def test_two_texts_stand_at_the_ends_of_a_line_or_below_each_other() -> None:
    column = Column(576)
    column.ends("Titre", "Langue", STRONG)
    column.ends("Un titre vraiment très long", "Une langue au nom long", STRONG)
    first, last, *long = texts(column)
    assert first.origin[1] == last.origin[1]
    assert last.box.right >= 576 - MARGIN - 6
    assert len({line.origin[1] for line in long}) == len(long) == 2


def test_narrower_letters_are_taken_only_where_they_save_a_line() -> None:
    column = Column(576, narrowest=76)
    column.write("Revenez ici.", BODY)
    column.write("Seul le texte en français fait foi.", BODY)
    column.write("Ce papier n'est pas un vrai rendez-vous.", BODY)
    widths = [line.style.width for line in texts(column)]
    assert widths[0] == 100
    assert 76 <= widths[1] < 100
    assert widths[2:] == [100, 100]


def test_lines_of_small_letters_stay_forty_dots_apart() -> None:
    column = Column(576, pitch=COMPACT)
    column.write("un", Style(30, MEDIUM))
    column.write("deux", Style(30, MEDIUM))
    first, second = texts(column)
    assert second.origin[1] - first.origin[1] == 40


def test_letters_with_accents_push_the_line_down_rather_than_touch_the_one_above() -> None:
    column = Column(576, pitch=COMPACT)
    for _ in range(3):
        column.write("ÇẶǺ ççqyjg ÉÈ", BODY)
    boxes = [line.box for line in texts(column)]
    assert all(above.bottom <= below.top for above, below in itertools.pairwise(boxes))


def test_what_another_column_holds_is_moved_whole() -> None:
    aside, column = Column(200, y=0), Column(576)
    aside.beside("tick box", BOX, ("ici",), BODY)
    column.aside(aside, 300, 50)
    for mine, other in zip(column.items, aside.items, strict=True):
        assert (mine.box.left, mine.box.top) == (other.box.left + 300, other.box.top + 50)
    page = Page(576, 200, tuple(column.items))
    assert draw(page).crop((300, 50, 500, 200)).tobytes() == draw(Page(200, 150, tuple(aside.items))).tobytes()


@pytest.mark.skipif(bool(this_machine().lacks(Script.ARABIC)), reason="no shaping on this machine")
def test_a_french_name_in_an_arabic_column_stays_french_at_the_right() -> None:
    column = Column(576, ARABIC)
    column.write("le formulaire vert", BODY, writing=FRENCH)
    [line] = texts(column)
    assert line.writing == FRENCH
    assert line.box.right >= 576 - MARGIN - 6
