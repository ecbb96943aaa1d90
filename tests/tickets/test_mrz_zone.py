"""The zone of an identity document: the specimens of Doc 9303, and everything that must not pass for one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.tickets.identity import Bearer
from kiosk.tickets.mrz_zone import BadZoneError, read_zone
from tests.tickets.zones import NAME_CHARS, WIDTHS, Document

PASSPORT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
CARD = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
ERIKSSON = Bearer("ERIKSSON", "ANNA", "740812")
STEVENSON = Bearer("STEVENSON", "PETER", "340712")
SPECIMENS = {
    "TD3": (PASSPORT, ERIKSSON),
    "TD3 of part 11": (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C<3UTO6908061F9406236ZE184226B<<<<<14",
        Bearer("ERIKSSON", "ANNA", "690806"),
    ),
    "TD2": ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6", ERIKSSON),
    "TD2, long number": ("I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<\nD23145890<UTO3407127M95071227349<<<8", STEVENSON),
    "TD1": (CARD, ERIKSSON),
    "TD1, long number": (
        "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<",
        STEVENSON,
    ),
}

letters = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12)
names = st.lists(letters, min_size=1, max_size=3).map("<".join)
dates = st.dates().map(lambda day: f"{day:%y%m%d}")
births = st.builds(lambda date, known: date[:known].ljust(6, "<"), dates, st.sampled_from([2, 4, 6]))
numbers = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=9)
long_numbers = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=10, max_size=14)
documents = st.builds(
    Document,
    st.sampled_from(["TD1", "TD2", "TD3"]),
    names,
    st.just("") | names,
    births,
    numbers,
    dates,
    st.just("") | letters,
) | st.builds(Document, st.sampled_from(["TD1", "TD2"]), names, names, births, long_numbers)


def bearer_of(document: Document) -> Bearer:
    """Return what is to be read of a document, by its own name field."""
    surname, _, given_names = document.name().partition("<<")
    return Bearer(
        surname.replace("<", ""),
        given_names.strip("<").split("<")[0],
        document.birth_date,
        may_be_cut=not document.name().endswith("<"),
    )


@pytest.mark.parametrize(("zone", "bearer"), SPECIMENS.values(), ids=SPECIMENS.keys())
def test_the_specimens_of_doc_9303_are_read(zone: str, bearer: Bearer) -> None:
    assert read_zone(zone) == bearer


@pytest.mark.parametrize("between", ["", "\r", "\r\n", "\n\n", " \t\n "])
def test_lines_are_separated_by_any_break_or_none(between: str) -> None:
    assert read_zone(between + PASSPORT.lower().replace("\n", between).replace("<<<", "< < <") + between) == ERIKSSON


@given(documents)
def test_what_an_issuer_writes_is_read(document: Document) -> None:
    assert read_zone("\n".join(document.lines())) == bearer_of(document)


@given(documents, st.data())
def test_a_changed_character_is_refused_or_changes_no_birth_date_and_no_name_but_where_it_stands(
    document: Document, data: st.DataObject
) -> None:
    lines = document.lines()
    line = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[line]) - 1))
    char = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"))
    lines[line] = lines[line][:place] + char + lines[line][place + 1 :]
    try:
        bearer = read_zone("\n".join(lines))
    except BadZoneError:
        return
    expected = bearer_of(document)
    assert bearer.birth_date == expected.birth_date
    name = lines[2] if document.size == "TD1" else lines[0][5:]
    if name == document.name():
        assert bearer == expected
    else:
        assert bearer.surname + bearer.given_name in name.replace("<", "")


@pytest.mark.parametrize("place", range(44 + 1, 44 + 1 + 44))
def test_every_digit_of_a_passport_that_is_checked_is_checked(place: int) -> None:
    changed = PASSPORT[:place] + ("8" if PASSPORT[place] != "8" else "9") + PASSPORT[place + 1 :]
    nationality_and_sex = {*range(55, 58), 65}
    if place in nationality_and_sex:
        assert read_zone(changed) == ERIKSSON
    else:
        with pytest.raises(BadZoneError, match="Ligne 2"):
            read_zone(changed)


@pytest.mark.parametrize(
    ("name", "bearer"),
    [
        ("ARKFREITH", Bearer("ARKFREITH", "", "740812")),
        ("VAN<DER<MUELLEN<<JEAN<PIERRE", Bearer("VANDERMUELLEN", "JEAN", "740812")),
        ("A" * 30, Bearer("A" * 30, "", "740812", may_be_cut=True)),
        ("BENNELONG<WOOLOOMOOLOO<<DINGO<", Bearer("BENNELONGWOOLOOMOOLOO", "DINGO", "740812")),
    ],
)
def test_names_are_taken_as_they_stand(name: str, bearer: Bearer) -> None:
    assert read_zone(CARD[: 2 * 31] + name.ljust(30, "<")) == bearer


@pytest.mark.parametrize("name", ["<ANNA", "", "ERIKSSON<<<ANNA", "ERIKSSON<<ANNA<<MARIA", "ER1KSSON<<ANNA", "<<ANNA"])
def test_a_name_that_no_issuer_writes_is_refused(name: str) -> None:
    with pytest.raises(BadZoneError, match="Ligne 3 : le nom"):
        read_zone(CARD[: 2 * 31] + name.ljust(30, "<"))


@pytest.mark.parametrize("date", ["74<<<<", "7408<<"])
@pytest.mark.parametrize("size", WIDTHS)
def test_what_is_not_known_of_a_birth_date_stays_unknown(size: str, date: str) -> None:
    assert read_zone("".join(Document(size, "DIALLO", birth_date=date).lines())).birth_date == date


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("<<<<<<", "L'année de naissance n'est pas sur ce document"),
        ("<<0812", "mal lue"),
        ("74<<12", "mal lue"),
        ("740<12", "mal lue"),
        ("741312", "mois"),
        ("740012", "mois"),
        ("740230", "jour"),
        ("740800", "jour"),
        ("750229", "jour"),
    ],
)
def test_a_birth_date_that_cannot_be_is_refused(date: str, words: str) -> None:
    with pytest.raises(BadZoneError, match=words):
        read_zone("".join(Document("TD1", "DIALLO", birth_date=date).lines()))


def test_a_personal_number_that_is_not_there_has_zero_or_a_filler_for_its_check_digit() -> None:
    zone = "".join(Document("TD3", "DIALLO", "MARIAM").lines())
    assert read_zone(zone[:-2] + "0" + zone[-1]) == read_zone(zone) == Bearer("DIALLO", "MARIAM", "740812")


def test_an_old_french_identity_card_asks_for_the_name() -> None:
    with pytest.raises(BadZoneError, match=r"ancienne carte d'identité française.*Tapez le nom"):
        read_zone("IDFRA" + "DIALLO".ljust(31, "<") + "\n" + "8".ljust(36, "0"))


def test_a_new_french_identity_card_is_an_ordinary_one() -> None:
    first, second, name = CARD.replace("I<UTO", "IDFRA").split("\n")
    assert read_zone("\n".join([first, second, name])) == ERIKSSON


def test_a_visa_is_not_a_document_of_identity() -> None:
    with pytest.raises(BadZoneError, match="visa"):
        read_zone(SPECIMENS["TD2"][0].replace("I<UTO", "V<UTO"))


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("", "Rien"),
        (PASSPORT[1:], "Ligne 1 : 43 signes au lieu de 44"),
        (PASSPORT + "0", "Ligne 2 : 45 signes au lieu de 44"),
        (CARD[:-1], "Ligne 3 : 29 signes au lieu de 30"),
        (PASSPORT.replace("ANNA", "ANNÀ"), "Ligne 1 : un signe"),
        (PASSPORT.replace("ERIKSSON", "ERıKSSON"), "Ligne 1 : un signe"),
        (PASSPORT.split("\n")[1], "il en manque un morceau"),
        ("x" * 10_000, "il en manque un morceau"),
    ],
)
def test_what_is_wrong_is_said(zone: str, words: str) -> None:
    with pytest.raises(BadZoneError, match=words):
        read_zone(zone)


@settings(max_examples=30)
@given(st.text(max_size=100))
def test_any_other_text_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadZoneError, match=r"tapez le nom|Tapez le nom"):
        read_zone(text)


def test_the_places_for_names_are_those_of_the_three_sizes() -> None:
    assert {size: len(Document(size, "A").name()) for size in WIDTHS} == NAME_CHARS
