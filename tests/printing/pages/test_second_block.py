"""The lower half says what the upper half says, in another writing."""

import dataclasses
import itertools

import pytest

from kiosk.printing import dates, languages
from kiosk.printing.facts import Named, Ticket
from kiosk.printing.fonts import has_glyph
from kiosk.printing.languages import Wording
from kiosk.printing.lettering import FRENCH, extent
from kiosk.printing.pages.ticket import compose
from kiosk.printing.phrases import Status
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import MARGIN, PICTURE_GAP, WIDTHS, Page, Picture, Text
from tests.printing.builders import booking, ticket
from tests.printing.pages.test_ticket import SAMPLE, inside, overlapping

OFFERED = [language.code for language in languages.offered(Status.MACHINE)]
RIGHT_TO_LEFT = [language.code for language in languages.offered(Status.MACHINE) if language.right_to_left]
each_language = pytest.mark.parametrize("second", OFFERED)
needs_one = pytest.mark.skipif(not OFFERED, reason="no translation can be printed on this machine")


def block(page: Page) -> list[Text]:
    """Return the lines below the last rule."""
    last_rule = [item for item in page.items if isinstance(item, Picture) and item.name == "rule"][-1]
    return [line for line in page.lines() if line.box.top >= last_rule.box.bottom]


def letters(lines: list[Text]) -> str:
    return squeezed("".join(line.text for line in lines))


def squeezed(text: str) -> str:
    """Return the text without blanks of any kind: a line may have broken at each."""
    return "".join(text.split())


def expected(facts: Ticket, wording: Wording) -> list[str]:
    """Return, in order, all that the block has to say."""
    ids = ["free", "never_pay", "not_for_sale", "cannot_come", "come_back", "not_a_permit", "french_counts"]
    return [
        wording.phrase("title"),
        wording.language.autonym,
        wording.date(facts.start.date()),
        dates.hour(facts.start.time()),
        wording.phrase("arrive"),
        dates.hour(facts.arrive_at.time()),
        wording.name_of(facts.purpose.name) or facts.purpose.name,
        wording.phrase("bring"),
        *(wording.name_of(document.name) or document.name for document in facts.documents),
        *(wording.phrase(id_) for id_ in ids),
        wording.phrase("unreviewed"),
        wording.phrase("not_real"),
    ]


@each_language
@pytest.mark.parametrize("width", WIDTHS)
def test_the_block_states_every_fact_in_order_inside_the_paper(second: str, width: int) -> None:
    page, wording = compose(SAMPLE, Form(width), second), languages.wording(second)
    assert inside(page)
    assert overlapping(page) == []
    found, at = letters(block(page)), 0
    for text in expected(SAMPLE, wording):
        place = found.find(squeezed(text), at)
        assert place >= 0, text
        at = place + len(squeezed(text))
    for line in page.lines():
        for char in line.text:
            assert char in "\u200c\u200d" or has_glyph(char, line.writing.script) or has_glyph(char)


@each_language
def test_lines_are_not_small_and_not_close(second: str) -> None:
    lines = block(compose(SAMPLE, Form(576), second))
    assert {line.style.size for line in lines} <= {40, 37, 34}
    assert len({line.style.size for line in lines}) == 1
    baselines = sorted({line.origin[1] for line in lines})
    assert min(below - above for above, below in itertools.pairwise(baselines)) >= 34  # before a line of tall letters
    assert (baselines[-1] - baselines[0]) / (len(baselines) - 1) >= 40


@pytest.mark.parametrize("second", RIGHT_TO_LEFT)
@pytest.mark.parametrize("width", WIDTHS)
def test_from_right_to_left_lines_and_boxes_start_at_the_right_edge(second: str, width: int) -> None:
    page = compose(SAMPLE, Form(width), second)
    lines = block(page)
    boxes = [i for i in page.items if getattr(i, "name", "") == "tick box" and i.box.top > lines[0].box.top]
    starts = {width - MARGIN, boxes[0].box.left - PICTURE_GAP}
    for _, row in itertools.groupby(lines, key=lambda line: line.origin[1]):
        first = max(row, key=lambda line: line.box.right)
        advance = extent(first.text, first.style, first.writing).advance
        assert any(abs(first.origin[0] + advance - start) <= 6 for start in starts)
    assert any(box.box.right == width - MARGIN for box in boxes)
    assert all(line.writing.right_to_left or line.writing == FRENCH for line in lines)


@pytest.mark.parametrize("second", RIGHT_TO_LEFT)
def test_a_label_stands_right_of_its_hour(second: str) -> None:
    lines = block(compose(SAMPLE, Form(576), second))
    label = next(line for line in lines if line.text == languages.wording(second).phrase("arrive"))
    fact = next(line for line in lines if line.text == "13:50")
    assert (fact.origin[1], fact.writing) == (label.origin[1], FRENCH)
    assert fact.box.right < label.box.left


@needs_one
def test_a_name_without_translation_stays_french() -> None:
    facts = dataclasses.replace(SAMPLE, documents=(Named("new", "le formulaire vert"),))
    for second in OFFERED:
        found = [line for line in block(compose(facts, Form(576), second)) if line.text == "le formulaire vert"]
        assert [line.writing for line in found] == [FRENCH]


@needs_one
def test_copies_demonstrations_and_foreign_clocks_are_said_only_where_they_are() -> None:
    wording = languages.wording(OFFERED[0])
    plain = letters(block(compose(ticket(), Form(576), OFFERED[0])))
    overseas = booking(zone="Indian/Reunion", commune="Saint-Denis", postcode="97400")
    other = letters(block(compose(ticket(overseas, copy=3), Form(576), OFFERED[0])))
    for id_ in ("copy", "local_time"):
        assert squeezed(wording.phrase(id_)) not in plain
        assert squeezed(wording.phrase(id_)) in other
    assert squeezed(wording.phrase("not_real")) not in plain


@needs_one
def test_a_paper_without_demonstration_takes_larger_letters_where_there_is_room() -> None:
    sizes = {second: block(compose(ticket(), Form(576), second))[0].style.size for second in OFFERED}
    assert max(sizes.values()) == 40
