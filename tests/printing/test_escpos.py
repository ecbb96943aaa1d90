"""The bytes: nothing but a ticket, and no side effect of the library that writes them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kiosk.printing.commands import Cut, FeedDots, FeedLines, Initialise, Raster, parse
from kiosk.printing.errors import PayloadError
from kiosk.printing.escpos import check, encode, scrub
from kiosk.printing.pages.ticket import compose
from kiosk.printing.paper import papers
from kiosk.printing.profiles import Form
from kiosk.printing.service import render
from kiosk.printing.sheet import draw
from tests.printing.builders import ticket

GOOD = encode(Image.new("1", (384, 300), 1))
LOOK_ALIKES = [b"\x10\x04", b"\x10\x05", b"\x10\x14"]


def image_of(raster: bytes) -> Image.Image:
    """Return the 384-dot image of raster bytes in which 1 is black."""
    return Image.frombytes("1", (384, len(raster) // 48), bytes(byte ^ 0xFF for byte in raster))


def test_a_ticket_is_reset_bands_feed_and_cut() -> None:
    commands = list(parse(GOOD))
    assert isinstance(commands[0], Initialise)
    assert [c.rows for c in commands if isinstance(c, Raster)] == [256, 44]
    assert isinstance(commands[-2], FeedLines)
    assert commands[-1] == Cut(0)


@pytest.mark.parametrize("look_alike", LOOK_ALIKES)
@pytest.mark.parametrize("place", [0, 47, 100, 4798])
def test_real_time_commands_hidden_in_a_picture_are_wiped(look_alike: bytes, place: int) -> None:
    raster = bytearray(4800)
    raster[place : place + 2] = look_alike
    image = image_of(bytes(raster))
    with pytest.raises(PayloadError):
        encode(image)
    payload = encode(scrub(image))
    assert not any(command in payload for command in LOOK_ALIKES)


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=480, max_size=480), st.sampled_from([0x04, 0x05, 0x14]))
def test_scrubbing_takes_single_dots_only(raster: bytes, second: int) -> None:
    raster = (raster + bytes((0x10, second)) * 24)[:480]
    before, after = image_of(raster), scrub(image_of(raster))
    changed = [a ^ b for a, b in zip(before.tobytes(), after.tobytes(), strict=True) if a != b]
    assert set(changed) <= {0x10}
    check(encode(after))


@pytest.mark.parametrize("width", [384, 576])
def test_scrubbing_never_touches_the_qr_code(width: int) -> None:
    page = compose(ticket(), Form(width))
    box = next(item.box for item in page.items if getattr(item, "name", "") == "qr")
    area = (box.left, box.top, box.right, box.bottom)
    image = draw(page)
    assert scrub(image).crop(area).tobytes() == image.crop(area).tobytes()


@pytest.mark.parametrize(
    "injected",
    [
        b"\x1bp\x00\x19\xfa",  # ESC p: open the drawer
        b"\x10\x14\x01\x00\x01",  # DLE DC4: drawer, in real time
        b"\x10\x04\x01",  # DLE EOT
        b"\x10\x05\x02",  # DLE ENQ: clear the buffer
        b"\x1d(A\x02\x00\x00\x02",  # GS ( A: test print
        b"\x1b=\x00",  # ESC =: deselect the printer
        b"\x1b@",  # ESC @ in mid-ticket
        b"\x1d(E\x03\x00\x01IN",  # GS ( E: user settings
        b"\x1c!\x00",
        b"Bonjour",
        b"\n",
        b"\x00",
        b"\x1b",
        b"\x1dv0\x01\x30\x00\x01\x00" + b"\x00" * 48,  # GS v 0 in double width
        b"\x1dv0\x00\x00\x00\x01\x00",  # an image without width
        b"\x1dv0\x00\x30\x00\x01\x01" + b"\x00" * 48 * 257,  # more rows than a band has
    ],
)
def test_the_gate_refuses_any_other_command(injected: bytes) -> None:
    check(GOOD)
    for at in (2, len(GOOD) - 7):
        with pytest.raises(PayloadError):
            check(GOOD[:at] + injected + GOOD[at:])
    with pytest.raises(PayloadError):
        check(GOOD + injected)


@pytest.mark.parametrize("length", [0, 1, 2, 9, 10, 500, len(GOOD) - 4, len(GOOD) - 1])
def test_the_gate_refuses_a_ticket_cut_short(length: int) -> None:
    with pytest.raises(PayloadError):
        check(GOOD[:length])


def test_the_gate_refuses_a_ticket_without_reset() -> None:
    with pytest.raises(PayloadError):
        check(GOOD[2:])


def test_the_gate_lets_several_tickets_and_feeds_through() -> None:
    check(GOOD + GOOD[:2] + b"\x1bJ\x08" + GOOD[2:])
    assert FeedDots(8) in parse(b"\x1bJ\x08")


def test_only_a_ticket_is_encoded() -> None:
    for image in (Image.new("L", (384, 10)), Image.new("1", (400, 10))):
        with pytest.raises(PayloadError):
            encode(image)


def test_paper_shows_what_was_encoded() -> None:
    image = render(ticket(), "58mm").image
    [paper] = papers(encode(image))
    assert paper.crop((0, 0, *image.size)).tobytes() == image.tobytes()
    assert set(paper.crop((0, image.height, *paper.size)).convert("L").tobytes()) == {255}


def test_encoding_leaves_no_trace_on_the_terminal_the_logs_or_the_disk(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    program = (
        "import logging, warnings; warnings.simplefilter('error')\n"
        "from PIL import Image\n"
        "from kiosk.printing.escpos import encode\n"
        "import sys; assert 'escpos.printer' not in sys.modules\n"
        "for width in (384, 576): encode(Image.new('1', (width, 600), 1))\n"
        "assert logging.getLogger().handlers == []\n"
    )
    environment = os.environ | {"TMPDIR": str(scratch), "ESCPOS_CAPABILITIES_PICKLE_DIR": str(kept)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert list(scratch.iterdir()) == list(kept.iterdir()) == []
