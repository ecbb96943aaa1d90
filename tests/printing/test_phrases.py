"""A table that is incomplete, out of date or odd is not printed."""

import dataclasses
from pathlib import Path

import pytest

from kiosk.printing.errors import PhrasesError
from kiosk.printing.fonts import NBSP
from kiosk.printing.phrases import (
    Entry,
    Status,
    Table,
    asked,
    duplicate,
    faults,
    french,
    ids,
    issued,
    load,
    reprinted,
    source_of,
)
from tests.printing.builders import ISSUED_AT, ticket


def table() -> Table:
    """Return a made-up language whose words are those of the French table."""
    texts = {id_: french(id_).replace(NBSP, " ") for id_ in ids()}
    rows = {id_: Entry(text, text, Status.REVIEWED, source_of(id_)) for id_, text in texts.items()}
    names = {"3 photos d'identité": Entry("3 photos", "3 photos", Status.TESTED, "")}
    return Table("xx", "essai", "Essai", rows, names)


def changed(id_: str, **fields: object) -> Table:
    made = table()
    entry = dataclasses.replace(made.phrases[id_], **fields)  # type: ignore[arg-type]
    return dataclasses.replace(made, phrases={**made.phrases, id_: entry})


def test_a_whole_table_has_no_fault() -> None:
    assert faults(table()) == ()


def test_the_status_of_a_table_is_its_least() -> None:
    assert table().status() is Status.REVIEWED
    assert changed("free", status=Status.MACHINE).status() is Status.MACHINE


def test_statuses_have_an_order() -> None:
    assert [one.reaches(Status.REVIEWED) for one in Status] == [False, False, True, True]


def test_a_missing_phrase_is_named() -> None:
    made = table()
    without = {id_: entry for id_, entry in made.phrases.items() if id_ != "free"}
    assert faults(dataclasses.replace(made, phrases=without)) == ("free manque.",)


def test_an_unknown_phrase_is_named() -> None:
    made = table()
    more = {**made.phrases, "greeting": made.phrases["free"]}
    assert "greeting n'existe pas en français." in faults(dataclasses.replace(made, phrases=more))


@pytest.mark.parametrize(
    ("id_", "fields", "fault"),
    [
        ("free", {"source": "0" * 12}, "free traduit un texte français qui a changé."),
        ("bring", {"text": "Apportez"}, "bring finit par deux points"),
        ("free", {"text": "Gratuit :"}, "free finit par deux points"),
        ("free", {"text": ""}, "free est vide"),
        ("free", {"back": " "}, "free est vide"),
        ("free", {"text": "Gra\u202etuit"}, "caractère interdit"),
        ("free", {"text": "Gra\ntuit"}, "caractère interdit"),
        ("free", {"text": "Gratuit, 0 euro"}, "free n'a pas les chiffres"),
    ],
)
def test_an_odd_phrase_is_named(id_: str, fields: dict[str, object], fault: str) -> None:
    [found] = faults(changed(id_, **fields))
    assert fault in found


def test_a_number_may_not_change_in_the_name_of_a_document() -> None:
    names = {"3 photos d'identité": Entry("2 photos", "2 photos", Status.TESTED, "")}
    [found] = faults(dataclasses.replace(table(), catalogue=names))
    assert "n'a pas les chiffres" in found


def test_a_table_that_is_not_there_or_not_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhrasesError, match="n'existe pas"):
        load("xx", tmp_path)
    for odd in (
        "not toml",
        'language = "xx"',
        'language="xx"\nfrench_name="x"\nautonym="x"\n[phrases]\nfree=1\n[catalogue]',
    ):
        (tmp_path / "xx.toml").write_text(odd, encoding="utf-8")
        with pytest.raises(PhrasesError, match="ne se lit pas"):
            load("xx", tmp_path)


def test_french_punctuation_is_held_to_its_word() -> None:
    assert french("arrive") == f"Arrivez à{NBSP}:"
    assert french("cannot_come").endswith(f"venir{NBSP}?")


def test_papers_say_when_they_were_printed_and_which_copy_they_are() -> None:
    assert issued(ISSUED_AT).replace(NBSP, " ") == "Imprimé le 23/11/2026 à 12 h 03"
    assert asked(ISSUED_AT).replace(NBSP, " ") == "Demande faite le 23/11/2026 à 12 h 03"
    assert duplicate(ticket(copy=2)).replace(NBSP, " ") == "DUPLICATA n° 2"


def test_a_paper_gives_no_time_of_a_clock_that_was_never_set() -> None:
    never_set = ISSUED_AT.replace(year=1970)
    again = dataclasses.replace(ticket(), issued_at=never_set, copy=2)
    for said in (issued(never_set), asked(never_set), reprinted(again)):
        assert said.endswith("L'horloge de ce poste n'est pas à l'heure.")
        assert "19" not in said
