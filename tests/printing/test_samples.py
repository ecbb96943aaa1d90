"""Every paper there is, on every width and in every language, looked at as it would come out of a printer."""

import pytest
import zxingcpp
from PIL import Image

from kiosk.printing import languages, pages
from kiosk.printing.errors import TicketError
from kiosk.printing.escpos import check
from kiosk.printing.fonts import printable
from kiosk.printing.lettering import FRENCH
from kiosk.printing.pages import parts
from kiosk.printing.paper import papers
from kiosk.printing.phrases import Status
from kiosk.printing.profiles import Form, form_for
from kiosk.printing.samples import Kind, sample
from kiosk.printing.service import Rendered, render
from kiosk.printing.sheet import MARGIN, Page, Text

LONGEST = 2080  # dots: 260 mm at 203 dpi
SMALLEST_BODY, SMALLEST = 40, 34  # dots per em: 14 pt, and 12 pt for what the foot says
FORMS = (form_for("80mm"), form_for("58mm"), Form(512, dpi=180))
TO_THE_EDGE = {"qr", "ruler", "staircase", "frame"}

on_every_width = pytest.mark.parametrize("form", FORMS, ids=lambda form: str(form.dots))
every_kind = pytest.mark.parametrize("kind", Kind)
every_second = pytest.mark.parametrize(
    "second", [language.code for language in languages.offered(Status.MACHINE)] + [languages.PICTOGRAMS]
)


def printed(rendered: Rendered, form: Form) -> Image.Image:
    """Return the paper that the bytes make."""
    check(rendered.payload)
    [paper] = papers(rendered.payload, form.dots)
    return paper


def read(paper: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(paper.convert("L"))]


def holds_together(page: Page, form: Form) -> None:
    """Assert that nothing is over the edge, no letter has no drawing, and French is big enough to read."""
    assert page.width == form.dots
    for item in page.items:
        inset = 0 if getattr(item, "name", "") in TO_THE_EDGE else MARGIN
        assert inset <= item.box.left < item.box.right <= form.dots - inset
        assert 0 <= item.box.top < item.box.bottom <= page.height
    for line in page.lines():
        assert printable(line.text, line.writing.script) == line.text
        assert line.style.size >= (SMALLEST_BODY if line.writing == FRENCH and not small(line) else SMALLEST)


def small(line: Text) -> bool:
    """Tell whether this is what a foot says, or the sizes that a test card shows, or small as its language is."""
    return line.style.size == parts.FOOT.size


@on_every_width
@every_kind
def test_every_paper_comes_out_of_its_bytes(kind: Kind, form: Form) -> None:
    facts = sample(kind)
    holds_together(pages.compose(facts, form), form)
    expected = pages.scanned(facts)
    rendered = render(facts, form)
    paper = printed(rendered, form)
    assert read(paper) == ([] if expected is None else [expected])
    drawn = rendered.image
    assert paper.crop((0, 0, drawn.width, drawn.height)).tobytes() == drawn.tobytes()


@every_second
@pytest.mark.parametrize("form", FORMS[:2], ids=lambda form: str(form.dots))
def test_every_ticket_in_two_languages_comes_out_of_its_bytes(second: str, form: Form) -> None:
    facts = sample(Kind.TICKET)
    holds_together(pages.compose(facts, form, second), form)
    rendered = render(facts, form, second)
    assert read(printed(rendered, form)) == [pages.scanned(facts)]
    if form.dots == 576:
        assert rendered.image.height <= LONGEST


@every_kind
def test_feet_alone_are_smaller_than_fourteen_points(kind: Kind) -> None:
    lines = [line.text for line in pages.compose(sample(kind), FORMS[0]).lines() if small(line)]
    starts = ("Imprimé le", "Ce papier", "Vérifié le", "Demande faite", "12")
    assert all(line.startswith(starts) for line in lines)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.TICKET])
def test_other_papers_are_in_french_only(kind: Kind) -> None:
    with pytest.raises(TicketError):
        render(sample(kind), FORMS[0], "en")


def test_samples_are_always_the_same() -> None:
    for kind in Kind:
        assert sample(kind) == sample(kind)


def test_the_sample_is_marked_wherever_somebody_could_take_it_for_real() -> None:
    for kind in (Kind.TICKET, Kind.ATTEMPT, Kind.PROVISIONAL, Kind.CANCELLED):
        text = " ".join(line.text for line in pages.compose(sample(kind), FORMS[0]).lines())
        assert "DÉMONSTRATION" in text
