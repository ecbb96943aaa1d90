import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.booking.person import (
    BirthDate,
    Person,
    PersonError,
    birth_date,
    edits,
    given_names,
    is_same_person,
    mrz,
    surname,
)

TODAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("typed", "iso"),
    [
        ("03/02/1990", "1990-02-03"),
        ("3/2/1990", "1990-02-03"),
        ("3-2-90", "1990-02-03"),
        ("3.2.90", "1990-02-03"),
        ("03021990", "1990-02-03"),
        ("00/00/1987", "1987"),
        ("00001987", "1987"),
        ("1987", "1987"),
        ("02/1987", "1987-02"),
        ("00/02/1987", "1987-02"),
        ("29/02/2024", "2024-02-29"),
    ],
)
def test_a_birth_date_is_read_as_people_write_it(typed: str, iso: str) -> None:
    assert birth_date(typed, TODAY).iso() == iso


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Écrivez la date de naissance"),
        ("03/02/19", "Il manque deux chiffres à l'année"),
        ("03/02/199", "Il manque un chiffre à l'année"),
        ("31/02/1990", "Ce jour n'existe pas"),
        ("29/02/2023", "Ce jour n'existe pas"),
        ("03/13/1990", "Cette date n'existe pas"),
        ("1990/02/03", "le jour d'abord"),
        ("05/00/1987", "Le mois manque"),
        ("24/11/2026", "dans le futur"),
        ("01/01/1890", "plus de 120 ans"),
        ("trois", "en chiffres"),
        ("0302199", "en chiffres"),
    ],
)
def test_a_birth_date_that_cannot_be_right_gets_a_sentence_with_an_example(typed: str, sentence: str) -> None:
    with pytest.raises(PersonError) as caught:
        birth_date(typed, TODAY)
    assert sentence in str(caught.value)
    assert "Exemple : 03/02/1990." in str(caught.value)


@given(st.dates(dt.date(1910, 1, 1), TODAY))
def test_every_real_date_survives_typing_and_the_wire(date: dt.date) -> None:
    found = birth_date(date.strftime("%d%m%Y"), TODAY)
    assert found == BirthDate(date.year, date.month, date.day)
    assert BirthDate.from_iso(found.iso()) == found
    assert birth_date(found.typed(), TODAY) == found


@given(st.text(max_size=60))
def test_no_text_makes_the_date_reader_fail_in_another_way(typed: str) -> None:
    try:
        found = birth_date(typed, TODAY)
    except PersonError:
        return
    assert birth_date(found.typed(), TODAY) == found


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("O’Brien-N'Guessan", "OBRIEN<NGUESSAN"),
        ("D’Almeida", "DALMEIDA"),
        ("İbrahimoğlu", "IBRAHIMOGLU"),
        ("ılıcalı", "ILICALI"),
        ("Ÿlmaz", "YLMAZ"),
        ("Müller", "MUELLER"),
        ("Łukasz", "LUKASZ"),
        ("EL HADJ", "EL<HADJ"),
        ("Nguyễn", "NGUYEN"),
        (unicodedata.normalize("NFD", "Éléonore"), "ELEONORE"),
        ("Œdipe Straße", "OEDIPE<STRASSE"),
    ],
)
def test_names_take_the_form_of_the_machine_readable_zone(name: str, letters: str) -> None:
    assert mrz(surname(name)) == letters


@pytest.mark.parametrize("name", ["A" * 60, "Anne-Marie", "Li", "N'", "EL HADJ", "Ÿ", "M'Bow de la Tour"])
def test_names_as_on_documents_are_kept_as_they_are(name: str) -> None:
    assert surname(name) == name
    assert given_names(name) == name


def test_a_name_typed_in_two_code_points_is_kept_in_one() -> None:
    assert surname(unicodedata.normalize("NFD", "Éloïse")) == unicodedata.normalize("NFC", "Éloïse")


def test_one_name_only_is_enough() -> None:
    person = Person(surname("Suharto"), given_names(""), BirthDate(1921))
    assert person.full_name() == "SUHARTO"
    assert person.short_name() == "Suharto"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Écrivez le nom"),
        ("4711", "Il y a un chiffre"),
        ("北京", "en lettres latines"),
        ("Иванов", "en lettres latines"),
        ("--", "pas de lettre"),
        ("A" * 101, "trop long"),
    ],
)
def test_a_surname_that_cannot_be_one_gets_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(PersonError, match=sentence):
        surname(name)


@given(st.text(max_size=300))
def test_no_text_makes_the_name_reader_fail_in_another_way(typed: str) -> None:
    try:
        name = surname(typed)
    except PersonError:
        return
    assert surname(name) == name
    assert set(mrz(name)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ<")


def test_a_person_is_read_aloud_with_what_is_known() -> None:
    assert BirthDate(1990, 2, 3).read_aloud() == "le 3 février 1990"
    assert BirthDate(1990, 2, 1).read_aloud() == "le 1er février 1990"
    assert BirthDate(1990, 2).read_aloud() == "en février 1990"
    assert BirthDate(1990).read_aloud() == "en 1990"


@pytest.mark.parametrize(
    ("surname", "given_names", "born", "same"),
    [
        ("DIALLO", "Mariam", BirthDate(1990, 2, 3), True),
        ("Diallo", "MARIÀM", BirthDate(1990, 2, 3), True),
        ("DIALO", "Mariame", BirthDate(1990, 2, 3), True),
        ("DIALLO", "Mariam", BirthDate(1990, 3, 2), True),
        ("DIALO", "Mariame", BirthDate(1990, 2, 4), False),
        ("DIALLO", "Marie", BirthDate(1990, 2, 3), True),
        ("DIALLO", "Awa", BirthDate(1990, 2, 3), False),
        ("MARIAM", "Diallo", BirthDate(1990, 2, 3), False),
        ("DIALLO", "Mariam", BirthDate(1990), False),
    ],
)
def test_two_letters_or_digits_are_a_typing_error_and_more_is_another_person(
    surname: str, given_names: str, born: BirthDate, same: bool
) -> None:
    assert is_same_person(Person("DIALLO", "Mariam", BirthDate(1990, 2, 3)), Person(surname, given_names, born)) is same


letters = st.text("ABC", max_size=6)


@given(letters, letters, letters)
def test_edits_are_a_distance(one: str, two: str, three: str) -> None:
    a, b, c = (f"{name}/1990" for name in (one, two, three))
    assert edits(a, a) == 0
    assert edits(a, b) == edits(b, a) <= max(len(one), len(two))
    assert edits(a, c) <= edits(a, b) + edits(b, c)


@pytest.mark.parametrize("today", [dt.date(1970, 1, 1), dt.date(2000, 1, 1)])
def test_a_clock_that_was_never_set_lets_the_young_come(today: dt.date) -> None:
    assert birth_date("03/02/2010", today) == BirthDate(2010, 2, 3)
    assert birth_date("3/2/90", today) == BirthDate(1990, 2, 3)
