"""Where everything stands: big enough, inside the paper, in the order in which it matters."""

import dataclasses
import itertools

import pytest
from hypothesis import given, settings

from kiosk.booking.booking import Booking
from kiosk.printing.errors import TicketError
from kiosk.printing.fonts import has_glyph, printable
from kiosk.printing.pages.ticket import compose
from kiosk.printing.sheet import BODY, FOOT, MARGIN, WIDTHS, Page, Style, Text, draw, wrap
from tests.printing.builders import booking, bookings, ticket

both_widths = pytest.mark.parametrize("width", WIDTHS)


def words(page: Page) -> str:
    """Return all text, lines joined by a blank, no-break spaces as blanks."""
    return " ".join(line.text for line in page.lines()).replace("\u00a0", " ")


@both_widths
def test_facts_come_in_the_order_in_which_they_matter(width: int) -> None:
    text = words(compose(ticket(), width))
    facts = [
        "Votre rendez-vous",
        "14 h 05",
        "Mercredi 3 février 2027",
        "à 14 h 05",
        "Arrivez à 13 h 50.",
        "Préfecture de Bobigny",
        "93000 Bobigny",
        "Adresse : demandez ici.",
        "Pour : Mariam D.",
        "Refaire votre carte de séjour",
        "Apportez :",
        "votre passeport",
        "C'est gratuit. Ne payez jamais.",
        "Ce rendez-vous est à votre nom. Personne ne peut le vendre.",
        "Vous ne pouvez pas venir ? Revenez ici.",
        "7K4M-Q2XP-93TQ",
        "Ce papier n'est pas un titre de séjour.",
        "Imprimé le 23/11/2026 à 12 h 03",
    ]
    places = [text.find(fact) for fact in facts]
    assert -1 not in places
    assert places == sorted(places)


@both_widths
def test_pictures_stand_for_what_words_say(width: int) -> None:
    page = compose(ticket(), width)
    names = [item.name for item in page.items if not isinstance(item, Text) and item.name != "rule"]
    assert names == ["calendar", "clock", "sky", "building", *["tick box"] * 3, "coin", "qr"]


@both_widths
def test_only_the_foot_is_smaller_than_fourteen_points(width: int) -> None:
    lines = compose(ticket(booking(demonstration=True), copy=2), width).lines()
    small = [line for line in lines if line.style.size < BODY.size]
    assert BODY.size == 40
    assert {line.style for line in small} == {FOOT}
    assert [line.text.split()[0] for line in lines[-len(small) :]] == [line.text.split()[0] for line in small]


@both_widths
def test_day_place_hour_and_name_are_bigger(width: int) -> None:
    sizes = {line.text.replace("\u00a0", " "): line.style.size for line in compose(ticket(), width).lines()}
    assert sizes["14 h 05"] >= 66
    assert sizes["Mariam D."] == 66
    assert sizes["93000 Bobigny"] == sizes["à 14 h 05"] == 48


@both_widths
def test_even_a_very_long_name_is_bigger_than_the_body(width: int) -> None:
    page = compose(ticket(booking(given_names="", surname="Rakotoarisoaherimanantsoa" * 3)), width)
    assert {line.style.size for line in page.lines() if "akoto" in line.text} == {48}


@both_widths
def test_a_demonstration_says_so_at_both_ends(width: int) -> None:
    text = words(compose(ticket(booking(demonstration=True)), width))
    assert text.startswith("DÉMONSTRATION Ce papier n'est pas un vrai rendez-vous.")
    assert text.count("DÉMONSTRATION") == 2
    assert "DÉMONSTRATION" not in words(compose(ticket(), width))


@both_widths
def test_a_second_paper_says_that_it_is_one(width: int) -> None:
    text = words(compose(ticket(copy=2), width))
    assert text.startswith("DUPLICATA n° 2 Réimprimé le 23 novembre 2026 à 12 h 03.")
    assert "DUPLICATA" not in words(compose(ticket(), width))


@both_widths
def test_overseas_the_hour_says_whose_it_is(width: int) -> None:
    page = compose(ticket(booking(zone="Indian/Reunion", commune="Saint-Denis", postcode="97400")), width)
    assert "heure de La Réunion" in words(page)


def test_nothing_to_bring_leaves_no_empty_list() -> None:
    assert "Apportez" not in words(compose(ticket(booking(documents=())), 576))


def test_an_unknown_paper_is_refused() -> None:
    with pytest.raises(TicketError):
        compose(ticket(), 500)


@settings(max_examples=25, deadline=None)
@given(bookings)
def test_nothing_leaves_the_paper_and_nothing_is_lost(made: Booking) -> None:
    facts = ticket(made, copy=2)
    for width in WIDTHS:
        page = compose(facts, width)
        for item in page.items:
            inset = 0 if getattr(item, "name", "") == "qr" else MARGIN
            assert inset <= item.box.left < item.box.right <= width - inset
            assert 0 <= item.box.top < item.box.bottom <= page.height
        letters = "".join(line.text for line in page.lines()).replace(" ", "").replace("\u00a0", "")
        for fact in (facts.person, facts.site, facts.town, *(d.name for d in facts.documents), facts.code):
            assert printable(fact).replace(" ", "").replace("\u00a0", "") in letters
        assert all(has_glyph(char) for line in page.lines() for char in line.text)


@settings(max_examples=25, deadline=None)
@given(bookings)
def test_lines_do_not_overlap(made: Booking) -> None:
    for width in WIDTHS:
        boxes = [line.box for line in compose(ticket(made), width).lines()]
        assert all(above.bottom <= below.top for above, below in itertools.pairwise(boxes))


@both_widths
def test_ink_is_where_the_layout_says(width: int) -> None:
    page = compose(ticket(), width)
    image = draw(page)
    assert (image.mode, image.size) == ("1", (width, page.height))
    for line in page.lines():
        box = line.box
        assert 0 in image.crop((box.left, box.top, box.right, box.bottom)).convert("L").tobytes()
    covered = draw(dataclasses.replace(page, items=())).convert("L").tobytes()
    assert set(covered) == {255}


def test_lines_break_at_spaces_and_come_out_even() -> None:
    assert wrap("Ce rendez-vous est à votre nom.", BODY, 568) == ["Ce rendez-vous", "est à votre nom."]


def test_a_no_break_space_holds_where_it_can() -> None:
    assert wrap("à\u00a014\u00a0h\u00a005 demain", BODY, 200) == ["à\u00a014\u00a0h\u00a005", "demain"]
    assert wrap("1er\u00a0décembre\u00a02026", BODY, 280) == ["1er décembre", "2026"]


def test_a_long_name_breaks_at_hyphens_and_then_between_letters() -> None:
    assert wrap("Gontier-sur-Mayenne", BODY, 280) == ["Gontier-sur-", "Mayenne"]
    pieces = wrap("Rakotoarisoaherimanantsoaandriana" * 2, BODY, 300)
    assert "".join(pieces) == "Rakotoarisoaherimanantsoaandriana" * 2
    assert min(len(piece) for piece in pieces[:-1]) > 5


def test_a_hyphen_is_never_alone_on_a_line() -> None:
    for width in range(250, 420, 7):
        assert "-" not in wrap("Ratsimandrakotovololonanahary-Rakoto", Style(40, 700), width)
