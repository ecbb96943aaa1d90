"""Bytes read back into paper, strictly."""

import pytest
from PIL import Image

from kiosk.printing.commands import DOTS_PER_LINE
from kiosk.printing.errors import PayloadError
from kiosk.printing.escpos import encode
from kiosk.printing.paper import papers
from kiosk.printing.profiles import Form

RASTER = b"\x1dv0\x00\x01\x00\x02\x00\xf0\x0f"
CUT = b"\x1dV\x42\x00"


def test_each_cut_is_a_paper() -> None:
    ticket = encode(Image.new("1", (384, 40), 0), Form(384))
    assert [paper.size[0] for paper in papers(ticket * 2, 384)] == [384, 384]


def test_ink_and_feeds_are_where_a_printer_puts_them() -> None:
    [paper] = papers(b"\x1b@\x1bJ\x03" + RASTER + b"\x1bd\x01" + CUT, 16)
    assert paper.size == (16, 3 + 2 + DOTS_PER_LINE)
    rows = paper.tobytes()
    assert rows[6:10] == bytes((0x0F, 0xFF, 0xF0, 0xFF))
    assert set(rows[:6] + rows[10:]) == {0xFF}


@pytest.mark.parametrize(
    ("command", "rows"),
    [
        (b"\x1ba\x01" + RASTER, ["ff0fff", "fff0ff"]),
        (b"\x1ba\x02" + RASTER, ["ffff0f", "fffff0"]),
        (b"\x1ba\x02\x1ba\x00" + RASTER, ["0fffff", "f0ffff"]),
        (b"\x1ba\x02" + RASTER.replace(b"v0\x00", b"v0\x01"), ["ff00ff", "ffff00"]),
        (RASTER.replace(b"v0\x00", b"v0\x02"), ["0fffff", "0fffff", "f0ffff", "f0ffff"]),
        (RASTER.replace(b"v0\x00", b"v0\x03"), ["00ffff", "00ffff", "ff00ff", "ff00ff"]),
    ],
)
def test_pictures_stand_where_they_are_put_and_as_large_as_said(command: bytes, rows: list[str]) -> None:
    [paper] = papers(b"\x1b@" + command + CUT, 24)
    assert paper.tobytes().hex() == "".join(rows)


def test_a_reset_puts_pictures_at_the_left_again() -> None:
    first, second = papers(b"\x1b@\x1ba\x02" + RASTER + CUT + b"\x1b@" + RASTER + CUT, 24)
    assert first.tobytes() != second.tobytes()


@pytest.mark.parametrize(
    "payload",
    [
        b"\x1b@" + RASTER,  # never cut
        b"\x1b@" + CUT,  # no paper at all
        b"\x1b@" + RASTER[:-1],
        b"\x1b@" + RASTER.replace(b"\x01\x00\x02\x00", b"\x02\x00\x01\x00") + CUT,  # wider than the head
        RASTER + CUT,
        b"Bonjour",
    ],
)
def test_what_is_not_a_ticket_is_refused(payload: bytes) -> None:
    with pytest.raises(PayloadError):
        papers(payload, 8)
