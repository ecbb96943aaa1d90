"""From a booking to bytes that a phone reads back as the booking's token."""

import dataclasses

import pytest
import zxingcpp
from hypothesis import given, settings
from PIL import Image

from kiosk.booking.booking import Booking
from kiosk.printing import lettering, sheet
from kiosk.printing.errors import MissingGlyphError, QrError
from kiosk.printing.escpos import check
from kiosk.printing.paper import papers
from kiosk.printing.profiles import form_for
from kiosk.printing.qr import verify
from kiosk.printing.service import facsimile, render
from tests.printing.builders import booking, bookings, ticket

FORMS = (form_for("80mm"), form_for("58mm"))


@settings(max_examples=15, deadline=None)
@given(bookings)
def test_the_code_reads_back_from_the_bytes(made: Booking) -> None:
    assert made.token
    for form in FORMS:
        rendered = render(ticket(made), form)
        check(rendered.payload)
        [printed] = papers(rendered.payload, form.dots)
        assert printed.width == form.dots
        verify(printed, made.token)
        assert [code.text for code in zxingcpp.read_barcodes(printed.convert("L"))] == [made.token]


def test_a_duplicate_has_the_same_code() -> None:
    first, second = render(ticket(), form_for("80mm")), render(ticket(copy=2), form_for("80mm"))
    assert first.payload != second.payload
    verify(second.image, ticket().token)


def test_rendering_twice_gives_the_same_bytes() -> None:
    assert render(ticket(), form_for("58mm")).payload == render(ticket(), form_for("58mm")).payload


def test_a_name_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(MissingGlyphError):
        render(dataclasses.replace(ticket(), person="漢"), form_for("80mm"))


def test_a_ticket_whose_code_does_not_read_back_is_never_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "draw", lambda page: Image.new("1", (page.width, page.height), 1))
    with pytest.raises(QrError):
        render(ticket(booking()), form_for("80mm"))


@pytest.mark.parametrize("columns", [1, 40, 73, 120])
def test_a_facsimile_is_as_wide_as_asked_and_as_tall_as_the_paper(columns: int) -> None:
    image = render(ticket(), form_for("80mm")).image
    rows = facsimile(image, columns)
    assert {len(row) for row in rows} == {columns}
    assert abs(len(rows) - image.height * columns / image.width / 2) <= 1
    assert all(0 <= level <= 255 for row in rows for cell in row for level in cell)


def test_a_facsimile_tells_upper_from_lower_halves() -> None:
    image = Image.new("1", (8, 16), 1)
    image.paste(0, (0, 0, 8, 8))
    assert facsimile(image, 1) == [[(0, 255)]]


def test_what_was_measured_for_a_paper_is_forgotten_with_it() -> None:
    render(ticket(booking()), form_for("80mm"))
    assert [cache.cache_info().currsize for cache in (lettering.extent, lettering.wrap, lettering._runs)] == [0, 0, 0]
