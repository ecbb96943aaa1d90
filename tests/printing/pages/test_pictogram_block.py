"""Who reads no language sees the day, the hours and what to bring."""

import dataclasses

import pytest

from kiosk.printing.facts import Named
from kiosk.printing.languages import PICTOGRAMS
from kiosk.printing.pages.ticket import compose
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import WIDTHS, Page, Picture
from tests.printing.builders import booking, ticket
from tests.printing.pages.test_ticket import SAMPLE, inside, overlapping

every_width = pytest.mark.parametrize("width", WIDTHS)


def below(page: Page, french: Page) -> tuple[list[str], list[str]]:
    """Return the words and the pictures of the block."""
    items = page.items[len(french.items) :]
    named = [item.name for item in items if isinstance(item, Picture) and item.name != "rule"]
    return [item.text for item in items if not isinstance(item, Picture)], named


@every_width
def test_there_are_digits_and_no_words(width: int) -> None:
    page = compose(SAMPLE, Form(width), PICTOGRAMS)
    texts, named = below(page, compose(SAMPLE, Form(width)))
    assert texts == ["13:50", "14:05"]
    assert named[:6] == ["calendar", "sky", "arrive", "clock", "desk", "clock"]
    assert [name for name in named if name not in named[:6]] == [
        *("tick box", "carte-sejour", "tick box", "passeport", "tick box", "photos"),
        *("free", "not-for-sale", "no-ticket"),
    ]
    assert inside(page)
    assert overlapping(page) == []


def test_a_real_appointment_is_not_crossed_out() -> None:
    _, named = below(compose(ticket(), Form(576), PICTOGRAMS), compose(ticket(), Form(576)))
    assert "no-ticket" not in named


@every_width
def test_a_document_without_drawing_keeps_its_name(width: int) -> None:
    facts = dataclasses.replace(SAMPLE, documents=(*SAMPLE.documents, Named("new", "le formulaire vert")))
    texts, named = below(compose(facts, Form(width), PICTOGRAMS), compose(facts, Form(width)))
    assert " ".join(texts).endswith("le formulaire vert")
    assert named.count("tick box") == 4


def test_arriving_has_its_own_clock() -> None:
    page = compose(ticket(booking()), Form(576), PICTOGRAMS)
    clocks = [item.image.tobytes() for item in page.items if isinstance(item, Picture) and item.name == "clock"]
    assert len(clocks) == 3
    assert clocks[1] != clocks[2]
