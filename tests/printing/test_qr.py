"""Whole dots, a quiet zone, and a code that reads back."""

import pytest
import zxingcpp
from PIL import Image, ImageOps

from kiosk.printing.errors import QrError
from kiosk.printing.qr import draw_qr, verify
from tests.printing.builders import LONG_TOKEN


@pytest.mark.parametrize("width", [384, 576])
@pytest.mark.parametrize("token", ["RDV1:A", LONG_TOKEN])
def test_modules_are_whole_and_at_least_six_dots_wide(token: str, width: int) -> None:
    qr = draw_qr(token, width)
    assert qr.dots_per_module >= 6
    assert qr.image.width <= width
    assert qr.dots_per_module % 2 == 0
    assert qr.dots_per_module * qr.modules <= 8 * 45 + qr.modules  # 45 mm, within one dot per module
    halved = qr.image.resize((qr.image.width // 2, qr.image.height // 2), Image.Resampling.NEAREST)
    assert halved.resize(qr.image.size, Image.Resampling.NEAREST).tobytes() == qr.image.tobytes()  # dots in pairs
    ink = ImageOps.invert(qr.image.convert("L")).getbbox()
    assert ink is not None
    assert ink[2] - ink[0] == qr.dots_per_module * qr.modules
    row = qr.image.convert("L").crop((ink[0], qr.image.height // 2, ink[2], qr.image.height // 2 + 1))
    runs = row.tobytes().replace(b"\xff\x00", b"\xff|\x00").replace(b"\x00\xff", b"\x00|\xff").split(b"|")
    assert all(len(run) % qr.dots_per_module == 0 for run in runs)


def test_a_signed_token_keeps_six_dots_even_on_narrow_paper() -> None:
    assert draw_qr(LONG_TOKEN, 384).dots_per_module == 6


def test_a_quarter_of_the_code_may_be_lost() -> None:
    [code] = zxingcpp.read_barcodes(draw_qr(LONG_TOKEN, 576).image.convert("L"))
    assert code.ec_level == "Q"


def test_a_short_token_is_drawn_larger_but_not_larger_than_it_need_be() -> None:
    for length in (12, 35, 45, 60):
        qr = draw_qr("A" * length, 576)
        assert qr.dots_per_module >= 6
        assert qr.image.height <= 330
    assert draw_qr("A" * 45, 576).dots_per_module == 8


@pytest.mark.parametrize("length", range(5, 205, 20))
def test_modules_are_an_even_number_of_dots(length: int) -> None:
    assert draw_qr("A" * length, 576).dots_per_module % 2 == 0


@pytest.mark.parametrize("token", ["", "é", "RDV1:\n", "A" * 1000])
def test_what_cannot_be_scanned_is_refused(token: str) -> None:
    with pytest.raises(QrError):
        draw_qr(token, 384)


def test_a_ticket_whose_code_says_something_else_is_refused() -> None:
    image = draw_qr("RDV1:ANOTHER", 576).image
    verify(image, "RDV1:ANOTHER")
    with pytest.raises(QrError):
        verify(image, "RDV1:MINE")


def test_a_ticket_without_code_is_refused() -> None:
    with pytest.raises(QrError):
        verify(Image.new("1", (384, 400), 1), "RDV1:A")
