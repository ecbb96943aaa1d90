"""The papers beside the ticket: what they say, in which order, and what none of them may look like."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.printing import pages
from kiosk.printing.errors import PrintingError, TicketError
from kiosk.printing.escpos import check
from kiosk.printing.facts import (
    Cancellation,
    Contact,
    Facts,
    FraudSlip,
    Named,
    PrinterCard,
    Receipt,
    SearchProof,
    Ticket,
)
from kiosk.printing.pages import card
from kiosk.printing.profiles import Form
from kiosk.printing.samples import ISSUED_AT, Kind, sample
from kiosk.printing.service import render
from kiosk.printing.sheet import WIDTHS, Page, Picture

both_widths = pytest.mark.parametrize("width", [384, 576])


def said(page: Page) -> str:
    """Return all text, lines joined by a blank, no-break spaces as blanks."""
    return " ".join(line.text for line in page.lines()).replace("\u00a0", " ")


def drawn(page: Page) -> list[str]:
    return [item.name for item in page.items if isinstance(item, Picture)]


def laid_out(facts: Facts, width: int) -> Page:
    return pages.compose(facts, Form(width))


def assert_in_order(text: str, *facts: str) -> None:
    places = [text.find(fact) for fact in facts]
    assert -1 not in places, facts[places.index(-1)]
    assert places == sorted(places)


def proof(**changes: object) -> SearchProof:
    made = sample(Kind.ATTEMPT)
    assert isinstance(made, SearchProof)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def receipt(**changes: object) -> Receipt:
    made = sample(Kind.PROVISIONAL)
    assert isinstance(made, Receipt)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


@both_widths
def test_a_proof_tells_no_place_from_no_answer(width: int) -> None:
    text = said(laid_out(proof(), width))
    assert_in_order(
        text,
        "Preuve de recherche",
        "Refaire votre carte de séjour",
        "Lundi 23 novembre 2026",
        "à 12 h 01",
        "du 23 novembre 2026",
        "au 22 janvier 2027",
        "Aucune place libre :",
        "Préfecture de Bobigny",
        "Sous-préfecture du Raincy",
        "Pas de réponse :",
        "Sous-préfecture de Saint-Denis",
        "nous ne savons pas s'il y a des places.",
        "17/11/2026",
        "4NB8-W3ZC-0R7V",
        "Gardez ce papier.",
    )


def test_a_proof_says_nothing_of_what_did_not_happen() -> None:
    assert "Pas de réponse" not in said(laid_out(proof(silent=()), 576))
    assert "Aucune place" not in said(laid_out(proof(without_place=()), 576))
    assert "déjà cherché" not in said(laid_out(proof(earlier=()), 576))
    with pytest.raises(TicketError):
        laid_out(proof(silent=(), without_place=()), 576)


def test_many_earlier_searches_are_counted() -> None:
    earlier = tuple(ISSUED_AT - dt.timedelta(days=day) for day in range(1, 41))
    text = said(laid_out(proof(earlier=earlier), 576))
    assert "22/11/2026" in text
    assert "et 34 autres fois, depuis le 14/10/2026." in text


@both_widths
def test_a_receipt_cannot_be_taken_for_a_ticket(width: int) -> None:
    page = laid_out(receipt(demonstration=False), width)
    text = said(page)
    assert text.startswith("DEMANDE EN COURS Ce n'est pas un rendez-vous.")
    assert text.count("DEMANDE EN COURS") == text.count("Ce n'est pas un rendez-vous.") == 2
    assert set(drawn(page)) == {"frame", "rule"}
    warning = [line.style.size for line in page.lines() if line.text in ("DEMANDE", "EN COURS")]
    assert min(warning) == max(line.style.size for line in page.lines())
    refusal = [line.style.size for line in page.lines() if line.text.startswith("Ce n'est pas")]
    others = [line.style.size for line in page.lines() if line.style.size not in (*warning, *refusal)]
    assert min(refusal) > max(others)


def test_the_date_of_a_request_is_small_and_last() -> None:
    page = laid_out(receipt(demonstration=False), 576)
    assert said(page).endswith("Demande faite le 23/11/2026 à 12 h 03")
    assert page.lines()[-1].style.size < 40


@pytest.mark.parametrize("reference", ["7K4MQ2XP93TQ", "7k4m-q2xp-93tq"])
def test_a_receipt_never_shows_what_a_booking_could_be_found_by(reference: str) -> None:
    from kiosk.tickets.reference import make_reference

    code = make_reference(123456789)
    with pytest.raises(TicketError):
        laid_out(receipt(reference=code), 576)
    with pytest.raises(TicketError):
        laid_out(receipt(reference=code.lower()), 576)


@both_widths
def test_a_cancelled_appointment_is_crossed_out(width: int) -> None:
    page = laid_out(sample(Kind.CANCELLED), width)
    assert_in_order(
        said(page),
        "Rendez-vous annulé",
        "Mercredi",
        "à 14 h 05",
        "N'y allez pas.",
        "Jetez l'ancien papier.",
        "Préfecture de Bobigny",
        "Mariam D.",
        "7K4M-Q2XP-93TQ",
        "Revenez ici.",
    )
    bars = [item.box for item in page.items if isinstance(item, Picture) and item.name == "strike"]
    struck = [
        line for line in page.lines() if any(bar.top > line.box.top and bar.bottom < line.box.bottom for bar in bars)
    ]
    text = " ".join(line.text for line in struck).replace("\u00a0", " ")
    assert text == "Mercredi 3 février 2027 à 14 h 05 7K4M-Q2XP-93TQ"
    assert "qr" not in drawn(page)


@both_widths
def test_the_police_comes_last_among_those_who_help(width: int) -> None:
    text = said(laid_out(sample(Kind.FRAUD), width))
    assert_in_order(
        text,
        "C'est gratuit.",
        "Demandez à la personne de l'accueil.",
        "Info Escroqueries",
        "0 805 805 817",
        "Défenseur des droits",
        "indépendant",
        "SignalConso",
        "police",
    )
    assert text.count("Vérifié le 23/11/2026") == 5


def test_a_slip_without_contacts_is_refused() -> None:
    with pytest.raises(TicketError):
        laid_out(FraudSlip((), ISSUED_AT), 576)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_card_reaches_both_edges_without_a_black_bar(width: int) -> None:
    image = render(sample(Kind.TEST), Form(width)).image.convert("L")
    rows = [image.crop((0, y, width, y + 1)).tobytes() for y in range(image.height)]
    assert any(row[0] == row[-1] == 0 for row in rows)
    assert max(row.count(0) for row in rows) < width * 0.6 or rows_that_are_rules(rows, width)
    assert "Fin." in said(laid_out(sample(Kind.TEST), width))


def rows_that_are_rules(rows: list[bytes], width: int) -> bool:
    """Tell whether the only rows nearly black are those of thin lines."""
    dark = [row.count(0) > width * 0.6 for row in rows]
    runs = "".join("x" if row else " " for row in dark).split()
    return all(len(run) <= 3 for run in runs)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_dot_of_the_head_is_tried_by_the_staircase(width: int) -> None:
    page = laid_out(sample(Kind.TEST), width)
    [stairs] = [item for item in page.items if isinstance(item, Picture) and item.name == "staircase"]
    columns = stairs.image.convert("L").reduce((1, stairs.image.height)).tobytes()
    assert stairs.box.left == 0
    assert len(columns) == width
    assert max(columns) < 255


def test_a_card_without_cutter_does_not_ask_for_a_cut() -> None:
    facts = sample(Kind.TEST)
    assert "est coupé" in said(card.compose(facts, Form(576))) if isinstance(facts, PrinterCard) else False
    assert "est coupé" not in said(pages.compose(facts, Form(576, cutter=False)))


anything = st.text(max_size=40)
words = st.text(st.sampled_from("aéàçœ'-ﬁ漢عب😀\u0301\u200d\u202e\t\n\x00 RW."), max_size=60)
texts = st.one_of(anything, words)
moments = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2090, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001
named = st.builds(Named, texts, texts)
lists = st.lists(texts, max_size=3).map(tuple)
contacts = st.builds(Contact, texts, lists, texts, st.dates())
facts_of_any_kind = st.one_of(
    st.builds(
        Ticket,
        person=texts,
        purpose=named,
        site=texts,
        town=texts,
        zone_note=texts,
        start=moments,
        arrive_at=moments,
        documents=st.lists(named, max_size=2).map(tuple),
        code=texts,
        token=texts,
        demonstration=st.booleans(),
        copy=st.integers(1, 3),
        issued_at=moments,
    ),
    st.builds(
        SearchProof,
        reference=texts,
        purpose=named,
        searched_at=moments,
        first_day=st.dates(),
        last_day=st.dates(),
        without_place=lists,
        silent=lists,
        earlier=st.lists(moments, max_size=9).map(tuple),
        demonstration=st.booleans(),
        issued_at=moments,
    ),
    st.builds(Receipt, texts, texts, named, texts, moments, st.booleans()),
    st.builds(Cancellation, texts, named, texts, moments, texts, texts, st.booleans(), moments),
    st.builds(FraudSlip, st.lists(contacts, max_size=2).map(tuple), moments),
    st.builds(PrinterCard, texts, texts, texts, moments),
)


@settings(max_examples=60, deadline=None)
@given(facts_of_any_kind, st.sampled_from(WIDTHS))
def test_whatever_the_facts_hold_a_paper_is_right_or_refused(facts: Facts, width: int) -> None:
    try:
        page = laid_out(facts, width)
        rendered = render(facts, Form(width))
    except PrintingError:
        return
    check(rendered.payload)
    assert all(item.box.left >= 0 and item.box.right <= width for item in page.items)
    assert all(item.box.top >= 0 and item.box.bottom <= page.height for item in page.items)
