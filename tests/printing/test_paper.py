"""Bytes read back into paper, strictly."""

import pytest
from PIL import Image

from kiosk.printing.errors import PayloadError
from kiosk.printing.escpos import encode
from kiosk.printing.paper import DOTS_PER_LINE, papers

RASTER = b"\x1dv0\x00\x01\x00\x02\x00\xf0\x0f"
CUT = b"\x1dV\x42\x00"


def test_each_cut_is_a_paper() -> None:
    ticket = encode(Image.new("1", (384, 40), 0))
    assert [paper.size[0] for paper in papers(ticket * 2)] == [384, 384]


def test_ink_and_feeds_are_where_a_printer_puts_them() -> None:
    [paper] = papers(b"\x1b@\x1bJ\x03" + RASTER + b"\x1bd\x01" + CUT)
    assert paper.size == (8, 3 + 2 + DOTS_PER_LINE)
    rows = paper.tobytes()
    assert rows[:5] == bytes((0xFF, 0xFF, 0xFF, 0x0F, 0xF0))
    assert set(rows[5:]) == {0xFF}


@pytest.mark.parametrize(
    "payload",
    [
        b"\x1b@" + RASTER,  # never cut
        b"\x1b@" + CUT,  # no image
        b"\x1b@" + RASTER[:-1],
        b"\x1b@" + RASTER + b"\x1dv0\x00\x02\x00\x01\x00ab" + CUT,  # two widths
        b"Bonjour",
    ],
)
def test_what_is_not_a_ticket_is_refused(payload: bytes) -> None:
    with pytest.raises(PayloadError):
        papers(payload)
