"""Half the resolution: half the bytes, strokes that stay, and a QR code that is left alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from kiosk.printing.coarse import coarsen
from kiosk.printing.escpos import as_printed, encode, scrub
from kiosk.printing.pages.ticket import compose
from kiosk.printing.paper import papers
from kiosk.printing.profiles import Form
from kiosk.printing.qr import draw_qr, verify
from kiosk.printing.sheet import draw
from tests.printing.builders import LONG_TOKEN, ticket

COARSE = Form(384, coarse=True)
EDGE = 8  # dots of the quiet zone, which the tallest letters of the next line may touch
images = st.integers(1, 40).flatmap(
    lambda height: st.binary(min_size=48 * height, max_size=48 * height).map(
        lambda data: Image.frombytes("1", (384, height), data)
    )
)
ranges = st.lists(st.tuples(st.integers(0, 45), st.integers(0, 45)).map(sorted).map(tuple), max_size=1)


@settings(max_examples=50, deadline=None)
@given(images, ranges)
def test_coarse_paper_lies_as_was_said_and_only_once_changed(
    image: Image.Image, unbroken: list[tuple[int, int]]
) -> None:
    said = as_printed(image, COARSE, unbroken)
    assert said.tobytes() == scrub(coarsen(image, unbroken)).tobytes()
    assert as_printed(said, COARSE, unbroken).tobytes() == said.tobytes()
    [paper] = papers(encode(image, COARSE, unbroken), 384)
    assert paper.crop((0, 0, *said.size)).tobytes() == said.tobytes()


@pytest.mark.parametrize("thickness", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("top", [10, 11])
def test_strokes_stay_and_keep_their_weight(thickness: int, top: int) -> None:
    image = Image.new("1", (384, 40), 1)
    image.paste(0, (0, top, 384, top + thickness))
    paired = ImageOps.invert(coarsen(image).convert("L")).getbbox()
    assert paired is not None
    assert abs(paired[3] - paired[1] - thickness) <= 1
    assert abs(paired[1] - top) <= 1


def test_gaps_of_two_rows_stay() -> None:
    for top in (10, 11):
        image = Image.new("1", (384, 40), 0)
        image.paste(1, (0, top, 384, top + 2))
        assert coarsen(image).convert("L").getbbox() is not None


@pytest.mark.parametrize("top", [100, 101])
def test_a_qr_code_keeps_every_dot_and_what_stands_beside_it_does_not_cost_its_pairs(top: int) -> None:
    qr = draw_qr(LONG_TOKEN, 576).image
    page = Image.new("1", (576, top + qr.height + 99), 1)
    page.paste(qr, (0, top))
    noise = draw(compose(ticket(), Form(576))).crop((0, 300, 576 - qr.width, 300 + qr.height))
    page.paste(noise, (qr.width, top))
    unbroken = [(top, top + qr.height)]
    printed = as_printed(page, Form(576, coarse=True), unbroken)
    assert printed.crop((0, top, qr.width, top + qr.height)).tobytes() == qr.tobytes()
    verify(printed, LONG_TOKEN)
    assert len(encode(page, Form(576, coarse=True), unbroken)) < 0.3 * 72 * qr.height


@pytest.mark.parametrize("dots", [384, 576])
def test_the_code_of_a_ticket_stands_where_it_keeps_every_dot(dots: int) -> None:
    page = compose(ticket(), Form(dots))
    box = next(item.box for item in page.items if getattr(item, "name", "") == "qr")
    image = draw(page)
    printed = as_printed(image, Form(dots, coarse=True), [(box.top, box.bottom)])
    area = (box.left + EDGE, box.top + EDGE, box.right - EDGE, box.bottom - EDGE)
    assert printed.crop(area).tobytes() == image.crop(area).tobytes()


@pytest.mark.parametrize("dots", [384, 576])
def test_a_coarse_ticket_takes_about_half_the_bytes(dots: int) -> None:
    page = compose(ticket(), Form(dots))
    box = next(item.box for item in page.items if getattr(item, "name", "") == "qr")
    image, unbroken = draw(page), [(box.top, box.bottom)]
    coarse = len(encode(image, Form(dots, coarse=True), unbroken))
    assert coarse < 0.6 * len(encode(image, Form(dots), unbroken))
    assert coarse < 0.35 * dots // 8 * page.height
