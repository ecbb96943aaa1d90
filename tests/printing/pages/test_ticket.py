"""Where everything stands: big enough, inside the paper, in the order in which it matters."""

import dataclasses
import datetime as dt
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.booking.booking import Booking
from kiosk.printing import languages
from kiosk.printing.errors import MissingGlyphError, PhrasesError, TicketError
from kiosk.printing.facts import Named
from kiosk.printing.fonts import NBSP, has_glyph, printable
from kiosk.printing.languages import PICTOGRAMS
from kiosk.printing.pages.ticket import BODY, FOOT, compose
from kiosk.printing.phrases import Status
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import MARGIN, WIDTHS, Page, Picture, Text, draw
from tests.printing.builders import booking, bookings, ticket

every_width = pytest.mark.parametrize("form", [Form(width) for width in WIDTHS], ids=str)
wide_papers = pytest.mark.parametrize("form", [Form(512), Form(576)], ids=str)
OFFERED = [language.code for language in languages.offered(Status.MACHINE)]
SHORT_TOKEN = "RDV1:7K4MQ2XP93TQ7K4MQ2XP93TQ7K4MQ2XP93TQ7K4MQ2XP"
SAMPLE = dataclasses.replace(
    ticket(booking(demonstration=True, token=SHORT_TOKEN)),
    documents=(
        Named("carte-sejour", "votre carte de séjour"),
        Named("passeport", "votre passeport"),
        Named("photos", "3 photos d'identité"),
    ),
)


def words(page: Page) -> str:
    """Return all text, lines joined by a blank, no-break spaces as blanks."""
    return " ".join(line.text for line in page.lines()).replace(NBSP, " ")


def pictures(page: Page) -> list[str]:
    return [item.name for item in page.items if not isinstance(item, Text) and item.name != "rule"]


def inside(page: Page) -> bool:
    """Tell whether nothing leaves the paper; the QR code brings its own quiet zone."""
    for item in page.items:
        inset = 0 if getattr(item, "name", "") == "qr" else MARGIN
        if not (inset <= item.box.left <= item.box.right <= page.width - inset):
            return False
        if not (0 <= item.box.top <= item.box.bottom <= page.height):
            return False
    return True


def overlapping(page: Page) -> list[tuple[str, str]]:
    """Return the texts whose ink shares a rectangle with that of another text."""
    return [
        (one.text, two.text)
        for one, two in itertools.combinations(page.lines(), 2)
        if one.box.left < two.box.right
        and two.box.left < one.box.right
        and one.box.top < two.box.bottom
        and two.box.top < one.box.bottom
    ]


@every_width
def test_facts_are_all_there_and_the_day_the_hour_and_the_place_come_first(form: Form) -> None:
    text = words(compose(ticket(), form))
    first = ["Votre rendez-vous", "14 h 05", "Arrivez à : 13 h 50", "Préfecture de Bobigny", "93000 Bobigny"]
    then = ["Au nom de : Mariam D.", "Refaire votre carte de séjour", "Apportez :", "votre passeport"]
    places = [text.find(fact) for fact in (*first, "Adresse : demandez ici.", *then, "7K4M-Q2XP-93TQ")]
    assert -1 not in places
    assert places == sorted(places)
    for sentence in (
        "C'est gratuit. Ne payez jamais. Personne ne peut le vendre.",
        "Vous ne pouvez pas venir ? Revenez ici.",
        "Imprimé le 23/11/2026 à 12 h 03",
        "Ce papier n'est pas un titre de séjour.",
    ):
        assert sentence in text


@every_width
def test_pictures_stand_for_what_words_say(form: Form) -> None:
    found = pictures(compose(ticket(), form))
    assert found[:4] == ["calendar", "clock", "sky", "building"]
    assert found[4:7] == ["tick box"] * 3
    assert set(found[7:]) == {"coin", "qr"}


@every_width
def test_only_the_foot_is_smaller_than_fourteen_points(form: Form) -> None:
    lines = compose(ticket(booking(demonstration=True), copy=2), form).lines()
    small = [line for line in lines if line.style.size < BODY.size]
    assert BODY.size == 40
    assert {line.style.size for line in small} == {FOOT.size}
    assert lines[-len(small) :] == small


@every_width
def test_day_place_hour_and_name_are_bigger(form: Form) -> None:
    sizes = {line.text.replace(NBSP, " "): line.style.size for line in compose(ticket(), form).lines()}
    assert sizes["14 h 05"] >= 66
    assert sizes["Mariam D."] >= 46
    assert sizes["93000 Bobigny"] > BODY.size


@every_width
def test_lines_are_at_least_forty_dots_high(form: Form) -> None:
    lines = [line for line in compose(SAMPLE, form).lines() if line.box.left < form.dots / 3]
    foot = [line.origin[1] for line in lines if line.style.size == FOOT.size]
    body = [line.origin[1] for line in lines if line.style.size == BODY.size]
    assert min(below - above for above, below in itertools.pairwise(foot)) >= 40
    assert min(below - above for above, below in itertools.pairwise(body)) >= 42


@every_width
def test_even_a_very_long_name_is_bigger_than_the_body(form: Form) -> None:
    page = compose(ticket(booking(given_names="", surname="Rakotoarisoaherimanantsoa" * 3)), form)
    assert all(line.style.size > BODY.size for line in page.lines() if "akoto" in line.text)


@every_width
def test_a_demonstration_says_so_at_both_ends(form: Form) -> None:
    text = words(compose(ticket(booking(demonstration=True)), form))
    assert text.startswith("DÉMONSTRATION")
    assert text.endswith("Ce papier n'est pas un vrai rendez-vous.")
    assert "DÉMONSTRATION" not in words(compose(ticket(), form))


@every_width
def test_a_second_paper_says_that_it_is_one(form: Form) -> None:
    text = words(compose(ticket(copy=2), form))
    assert text.startswith("DUPLICATA n° 2 Réimprimé le 23 novembre 2026 à 12 h 03.")
    assert "DUPLICATA" not in words(compose(ticket(), form))


@every_width
def test_overseas_the_hour_says_whose_it_is(form: Form) -> None:
    page = compose(ticket(booking(zone="Indian/Reunion", commune="Saint-Denis", postcode="97400")), form)
    assert "heure de La Réunion" in words(page)


@every_width
def test_nothing_to_bring_leaves_no_empty_list(form: Form) -> None:
    assert "Apportez" not in words(compose(ticket(booking(documents=())), form))
    assert "tick box" not in pictures(compose(ticket(booking(documents=())), form, PICTOGRAMS))


@every_width
def test_the_modules_of_the_code_start_on_an_even_row(form: Form) -> None:
    for commune in ("Bobigny", "Château-Gontier-sur-Mayenne", "Le Mans"):
        page = compose(ticket(booking(commune=commune)), form)
        assert next(item.box.top for item in page.items if getattr(item, "name", "") == "qr") % 2 == 0


def test_the_french_ticket_is_short() -> None:
    assert compose(SAMPLE, Form(576)).height <= 1400


@pytest.mark.parametrize("second", OFFERED)
def test_two_languages_take_no_more_than_260_mm(second: str) -> None:
    assert compose(SAMPLE, Form(576), second).height <= 2080


def test_an_unknown_paper_is_refused() -> None:
    with pytest.raises(TicketError):
        compose(ticket(), Form(500))


def test_a_language_that_cannot_be_printed_is_refused() -> None:
    with pytest.raises(PhrasesError):
        compose(ticket(), Form(576), "xx")


@settings(max_examples=12, deadline=None)
@given(bookings, st.sampled_from(WIDTHS), st.sampled_from((None, PICTOGRAMS, *OFFERED)))
def test_nothing_leaves_the_paper_and_nothing_is_lost(made: Booking, width: int, second: str | None) -> None:
    facts = ticket(made, copy=2)
    page = compose(facts, Form(width), second)
    assert inside(page)
    assert overlapping(page) == []
    letters = "".join(line.text for line in page.lines()).replace(" ", "").replace(NBSP, "")
    for fact in (facts.person, facts.site, facts.town, *(d.name for d in facts.documents), facts.code):
        assert printable(fact).replace(" ", "").replace(NBSP, "") in letters
    assert all(has_glyph(char, line.writing.script) for line in page.lines() for char in line.text if second is None)


anything = st.text(min_size=1, max_size=40)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    person=anything,
    purpose=anything,
    site=anything,
    town=anything,
    zone_note=st.one_of(st.just(""), anything),
    document=anything,
    width=st.sampled_from(WIDTHS),
    second=st.sampled_from((None, PICTOGRAMS, *OFFERED[:2])),
)
def test_any_unicode_is_drawn_inside_the_paper_or_refused(
    person: str, purpose: str, site: str, town: str, zone_note: str, document: str, width: int, second: str | None
) -> None:
    facts = dataclasses.replace(
        ticket(),
        person=person,
        purpose=Named("x", purpose),
        site=site,
        town=town,
        zone_note=zone_note,
        documents=(Named("y", document),),
    )
    try:
        page = compose(facts, Form(width), second)
    except MissingGlyphError:
        return
    assert inside(page)


LATIN_LETTERS = st.text(st.sampled_from("ÉÈÇŸİşđŁgjpqy fiÂl-'’ WMIil" + NBSP), min_size=1, max_size=70)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(person=LATIN_LETTERS, site=LATIN_LETTERS, document=LATIN_LETTERS, width=st.sampled_from(WIDTHS))
def test_letters_of_any_width_and_height_never_touch(person: str, site: str, document: str, width: int) -> None:
    facts = dataclasses.replace(ticket(), person=person, site=site, documents=(Named("y", document),))
    page = compose(facts, Form(width))
    assert inside(page)
    assert overlapping(page) == []


@every_width
def test_ink_is_where_the_layout_says(form: Form) -> None:
    page = compose(ticket(), form)
    image = draw(page)
    assert (image.mode, image.size) == ("1", (form.dots, page.height))
    for line in page.lines():
        box = line.box
        assert 0 in image.crop((box.left, box.top, box.right, box.bottom)).convert("L").tobytes()
    covered = draw(dataclasses.replace(page, items=())).convert("L").tobytes()
    assert set(covered) == {255}


def test_the_calendar_page_holds_the_year() -> None:
    def page(year: int) -> bytes:
        start = dt.datetime(year, 2, 3, 14, 5)  # noqa: DTZ001 the site's wall clock
        items = compose(ticket(booking(start=start)), Form(576)).items
        return next(i.image for i in items if isinstance(i, Picture) and i.name == "calendar").tobytes()

    assert page(2027) != page(2032)
