"""The bytes: nothing but a paper, all of the picture and few of its white dots; and the gate."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from kiosk.printing.commands import Cut, FeedDots, FeedLines, Initialise, Justify, ProcessId, Raster, Side, parse
from kiosk.printing.errors import PayloadError
from kiosk.printing.escpos import END_LINES, MAX_LENGTH_DOTS, TEAR_LINES, check, encode, scrub, with_process_id
from kiosk.printing.pages.ticket import compose
from kiosk.printing.paper import papers
from kiosk.printing.profiles import Form
from kiosk.printing.service import render
from kiosk.printing.sheet import draw
from tests.printing.builders import ticket

LOOK_ALIKES = [b"\x10\x04", b"\x10\x05", b"\x10\x14"]
NARROW = Form(384)


def image_of(raster: bytes, width: int = 384) -> Image.Image:
    """Return the image of raster bytes in which 1 is black."""
    return Image.frombytes("1", (width, 8 * len(raster) // width), bytes(byte ^ 0xFF for byte in raster))


def inked(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (384, 300)) -> Image.Image:
    """Return a white image with black rectangles."""
    image = Image.new("1", size, 1)
    for box in boxes:
        image.paste(0, box)
    return image


GOOD = encode(inked((0, 0, 384, 300)), NARROW)


def pictures(payload: bytes) -> list[Raster]:
    """Return the pictures in a payload."""
    return [command for command in parse(payload) if isinstance(command, Raster)]


def printed_again(image: Image.Image, form: Form, unbroken: tuple[tuple[int, int], ...] = ()) -> Image.Image:
    """Return the paper that the bytes of `image` leave, as long as the image; what follows must be white."""
    [paper] = papers(encode(image, form, unbroken), form.dots)
    longer = Image.new("1", (image.width, max(image.height, paper.height)), 1)
    longer.paste(paper)
    assert set(longer.crop((0, image.height, *longer.size)).convert("L").tobytes()) <= {255}
    return longer.crop((0, 0, *image.size))


def test_a_paper_is_reset_pictures_feed_and_cut() -> None:
    commands = list(parse(GOOD))
    assert commands[0] == Initialise()
    assert [picture.dots for picture in pictures(GOOD)] == [(384, 256), (384, 44)]
    assert commands[-2:] == [FeedLines(END_LINES), Cut(0)]


def test_a_printer_without_cutter_feeds_to_its_edge() -> None:
    payload = encode(inked((0, 0, 384, 8)), Form(384, cutter=False))
    assert list(parse(payload))[-1] == FeedLines(TEAR_LINES)
    assert b"\x1dV" not in payload
    assert len(papers(payload * 2, 384)) == 2


def test_white_rows_are_fed_past_and_dropped_at_the_end() -> None:
    commands = list(parse(encode(inked((0, 300, 384, 301), size=(384, 900)), NARROW)))
    assert commands[1:3] == [FeedDots(255), FeedDots(45)]
    assert [type(command) for command in commands[3:]] == [Raster, FeedLines, Cut]


def test_white_rows_of_a_qr_code_are_printed() -> None:
    image = inked((0, 100, 384, 101), (0, 200, 384, 201))
    payload = encode(image, NARROW, [(90, 201)])
    assert [command for command in parse(payload) if isinstance(command, FeedDots)] == [FeedDots(90)]
    assert sum(picture.dots[1] for picture in pictures(payload)) == 111


@pytest.mark.parametrize(
    ("box", "side"), [((0, 0, 9, 30), Side.LEFT), ((350, 0, 384, 30), Side.RIGHT), ((180, 0, 204, 30), Side.CENTRE)]
)
def test_white_beside_a_picture_is_left_out(box: tuple[int, int, int, int], side: Side) -> None:
    commands = list(parse(encode(inked(box), NARROW)))
    [picture] = pictures(encode(inked(box), NARROW))
    assert picture.width_bytes < 10
    assert [command.side for command in commands if isinstance(command, Justify)] == [side][: side is not Side.LEFT]
    unjustified = encode(inked(box), Form(384, justified=False))
    assert not [command for command in parse(unjustified) if isinstance(command, Justify)]


def test_pairs_of_rows_and_columns_are_sent_once() -> None:
    squares = inked(*((x, x, x + 6, x + 6) for x in range(0, 384, 6)), size=(384, 384))
    naive = 48 * 384
    assert len(encode(squares, NARROW)) < naive / 4
    assert {(picture.wide, picture.tall) for picture in pictures(encode(squares, NARROW))} == {(True, True)}
    assert printed_again(squares, NARROW).tobytes() == squares.tobytes()


@pytest.mark.parametrize("look_alike", LOOK_ALIKES)
@pytest.mark.parametrize("place", [0, 47, 100, 4798])
def test_real_time_commands_hidden_in_a_picture_are_wiped_or_parted(look_alike: bytes, place: int) -> None:
    raster = bytearray(b"\x81" * 4800)
    raster[place : place + 2] = look_alike
    image = image_of(bytes(raster))
    payload = encode(image, NARROW)
    assert not any(command in payload for command in LOOK_ALIKES)
    assert printed_again(image, NARROW).tobytes() == scrub(image).tobytes()


def test_a_command_that_only_halving_would_make_is_not_made() -> None:
    doubled = bytes.fromhex("03000030")  # 10 04, every dot twice
    image = image_of((doubled + b"\xff" * 44) * 4)
    payload = encode(image, NARROW)
    assert not any(command in payload for command in LOOK_ALIKES)
    assert printed_again(image, NARROW).tobytes() == image.tobytes()


tricky = st.sampled_from(
    [b"\x10", b"\x04", b"\x10\x04\x01", b"\x10\x05", b"\x03\x00\x00\x30", b"\x10\x10\x14", b"\x00"]
)
noisy_rows = st.lists(st.one_of(tricky, st.just(bytes(7)), st.binary(min_size=1, max_size=9)), max_size=12).map(
    b"".join
)


@st.composite
def images(draw: st.DrawFn) -> Image.Image:
    """Draw images of runs of equal rows: white, sparse, doubled, and with what looks like commands."""
    width = draw(st.sampled_from([384, 512, 576]))
    stamped = st.tuples(noisy_rows, st.integers(0, width // 8), st.integers(1, 5) | st.sampled_from([255, 256, 300]))
    raster = b""
    for row, shift, count in draw(st.lists(stamped, min_size=1, max_size=8)):
        raster += (bytes(shift) + row + bytes(width // 8))[: width // 8] * count
    image = image_of(raster, width)
    if draw(st.booleans()):
        half = image.resize((width // 2, image.height), Image.Resampling.NEAREST)
        image = half.resize(image.size, Image.Resampling.NEAREST)
    return image


ranges = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)).map(lambda ends: tuple(sorted(ends))), max_size=2)


@settings(max_examples=150, deadline=None)
@given(images(), ranges, st.booleans(), st.booleans())
@example(inked(size=(384, 1)), [], True, True)
@example(inked(size=(384, 400)), [(0, 400)], True, True)
def test_everything_but_the_scrubbed_dots_lies_on_paper(
    image: Image.Image, unbroken: list[tuple[int, int]], cutter: bool, justified: bool
) -> None:
    form = Form(image.width, cutter=cutter, justified=justified)
    assert printed_again(image, form, tuple(unbroken)).tobytes() == scrub(image).tobytes()
    payload = encode(image, form, unbroken)
    assert not any(command in payload for command in LOOK_ALIKES)
    assert len(payload) <= image.height * (image.width // 8 + 11) + 20
    with pytest.raises(PayloadError):
        check(payload[:-1])


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=480, max_size=480), st.sampled_from([0x04, 0x05, 0x14]))
def test_scrubbing_takes_single_dots_only(raster: bytes, second: int) -> None:
    raster = (raster + bytes((0x10, second)) * 24)[:480]
    before, after = image_of(raster), scrub(image_of(raster))
    changed = [a ^ b for a, b in zip(before.tobytes(), after.tobytes(), strict=True) if a != b]
    assert set(changed) <= {0x10}
    assert scrub(after).tobytes() == after.tobytes()


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
        b"\x1d(H\x06\x00\x30\x31ABCD",  # GS ( H fn 49
        b"\x1d(H\x06\x00\x30\x30ABC\x1f",  # a process id that is none
        b"\x1d(H\x06\x00\x30\x30ABCD",  # a process id asked for before the cut
        b"\x1ba\x03",  # ESC a to nowhere
        b"\x1d!\x00",
        b"\x1c!\x00",
        b"Bonjour",
        b"\n",
        b"\x00",
        b"\x1b",
        b"\x1dv0\x04\x30\x00\x01\x00" + b"\x00" * 48,  # a mode that does not exist
        b"\x1dv0\x01\x25\x00\x01\x00" + b"\x00" * 37,  # wider than any head, once doubled
        b"\x1dv0\x00\x49\x00\x01\x00" + b"\x00" * 73,  # wider than any head
        b"\x1dv0\x00\x00\x00\x01\x00",  # an image without width
        b"\x1dv0\x00\x30\x00\x01\x01" + b"\x00" * 48 * 257,  # more rows than a band has
        b"\x1bJ\xff" * 32,  # a metre of white
        b"\x1bd\x06",  # a paper torn off, and no new one begun
    ],
)
def test_the_gate_refuses_any_other_command(injected: bytes) -> None:
    check(GOOD)
    for at in (2, len(GOOD) - 7):
        with pytest.raises(PayloadError):
            check(GOOD[:at] + injected + GOOD[at:])
    if not injected.startswith(b"\x1d(H\x06\x00\x30\x30ABCD"):
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


def test_nobody_can_empty_a_roll() -> None:
    check(GOOD * 10)
    with pytest.raises(PayloadError):
        check(GOOD * (MAX_LENGTH_DOTS // 300))
    with pytest.raises(PayloadError):
        encode(inked((0, 0, 384, MAX_LENGTH_DOTS), size=(384, MAX_LENGTH_DOTS)), NARROW)


def test_a_process_id_is_asked_for_after_the_last_cut() -> None:
    asking = with_process_id(GOOD * 2, b"0042")
    assert list(parse(asking))[-2:] == [Cut(0), ProcessId(b"0042")]
    check(with_process_id(encode(inked((0, 0, 8, 8)), Form(384, cutter=False)), b"~ !0"))
    assert len(papers(asking, 384)) == 2
    for after in (b"\x1bJ\x08", GOOD, asking[len(GOOD * 2) :]):
        with pytest.raises(PayloadError):
            check(asking + after)
    with pytest.raises(PayloadError):
        check(asking[len(GOOD * 2) :])


@pytest.mark.parametrize("process_id", [b"", b"123", b"12345", b"12\x1f4", b"12\x7f4", b"12\xff4", b"12\x004"])
def test_a_process_id_is_four_printable_characters(process_id: bytes) -> None:
    with pytest.raises(PayloadError):
        with_process_id(GOOD, process_id)


def test_only_an_image_as_wide_as_the_form_is_encoded() -> None:
    for image, form in (
        (Image.new("L", (384, 10)), NARROW),
        (Image.new("1", (400, 10)), Form(400)),
        (Image.new("1", (576, 10)), NARROW),
    ):
        with pytest.raises(PayloadError):
            encode(image, form)


@pytest.mark.parametrize("form", [Form(384), Form(576, cutter=False), Form(576, coarse=True)])
def test_paper_shows_what_was_rendered(form: Form) -> None:
    rendered = render(ticket(), form)
    assert printed_again(rendered.image, form).tobytes() == rendered.image.tobytes()
