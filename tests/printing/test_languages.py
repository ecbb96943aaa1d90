"""A language is offered only where every text can be drawn well; for the others a sentence says what is missing."""

import datetime as dt
import shutil
from pathlib import Path

import pytest

from kiosk.printing import languages
from kiosk.printing.errors import PhrasesError
from kiosk.printing.fonts import Machine, this_machine
from kiosk.printing.languages import missing, offered, wording
from kiosk.printing.phrases import DIRECTORY, Status

CODES = ("en", "ar", "pt", "es", "tr", "zh-Hans", "ru", "uk", "fa-AF", "ps", "ta", "bn", "ti")


def reasons(machine: Machine, directory: Path = DIRECTORY) -> dict[str, str]:
    return {one.code: one.reason for one in missing(machine, directory)}


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Return a directory with the English table, to be changed."""
    shutil.copy(DIRECTORY / "en.toml", tmp_path)
    return tmp_path


def rewrite(tables: Path, before: str, after: str) -> None:
    text = (tables / "en.toml").read_text(encoding="utf-8")
    assert before in text
    (tables / "en.toml").write_text(text.replace(before, after), encoding="utf-8")


def test_every_language_is_offered_or_missing_never_both() -> None:
    names = [language.code for language in offered(Status.MACHINE)]
    assert sorted([*names, *(one.code for one in missing())]) == sorted(CODES)


def test_latin_and_cyrillic_need_nothing_from_the_machine(tmp_path: Path) -> None:
    bare = Machine((tmp_path,), shaping=False)
    assert [language.code for language in offered(Status.MACHINE, bare)] == ["en", "pt", "es", "tr", "ru", "uk"]


def test_what_to_install_is_said_in_french(tmp_path: Path) -> None:
    found = reasons(Machine((tmp_path,), shaping=False))
    assert found["ar"] == found["fa-AF"] == found["ps"] == found["ta"] == "Installez le paquet libfribidi0."
    assert found["bn"] == "Installez les paquets fonts-noto-core et libfribidi0."
    assert found["ti"] == "Installez le paquet fonts-noto-core."
    assert found["zh-Hans"] == "Installez le paquet fonts-noto-cjk."


def test_fonts_without_shaping_are_not_enough() -> None:
    here = this_machine()
    found = reasons(Machine(here.font_directories, shaping=False))
    assert {"ar", "fa-AF", "ps", "ta", "bn"} <= set(found)


def test_a_language_without_table_is_missing(tables: Path) -> None:
    found = reasons(this_machine(), tables)
    assert "en" not in found
    assert found["pt"] == "La traduction n'existe pas."


def test_a_translation_of_an_older_french_text_is_not_offered(tables: Path) -> None:
    rewrite(tables, 'source = "22153edf1625"', 'source = "000000000000"')
    assert "free traduit un texte français qui a changé." in reasons(this_machine(), tables)["en"]


def test_a_letter_without_drawing_is_not_offered(tables: Path) -> None:
    rewrite(tables, "It is free.", "It is 免 free.")
    assert "U+514D" in reasons(this_machine(), tables)["en"]


def test_a_table_under_the_name_of_another_language_is_not_offered(tables: Path) -> None:
    rewrite(tables, 'language = "en"', 'language = "es"')
    assert "en" in reasons(this_machine(), tables)


def test_the_status_asked_for_is_that_of_every_text(tables: Path) -> None:
    rewrite(tables, 'status = "machine"', 'status = "reviewed"')
    assert [language.code for language in offered(Status.REVIEWED, directory=tables)] == ["en"]
    assert offered(Status.TESTED, directory=tables) == ()
    text = (tables / "en.toml").read_text(encoding="utf-8")
    (tables / "en.toml").unlink()
    other = tables / "other"
    other.mkdir()
    (other / "en.toml").write_text(text.replace('status = "reviewed"', 'status = "machine"', 1), encoding="utf-8")
    assert offered(Status.REVIEWED, directory=other) == ()


def test_a_wording_has_phrases_names_and_dates() -> None:
    english = wording("en")
    assert english.phrase("free") == "It is free."
    assert english.name_of("votre passeport") == "your passport"
    assert english.name_of("le formulaire vert") is None
    assert english.date(dt.date(2027, 2, 3)) == "Wednesday, 3 February 2027"
    assert english.language.autonym == "English"


@pytest.mark.parametrize("code", ["fr", "xx", "", languages.PICTOGRAMS])
def test_there_is_no_wording_for_what_is_no_other_language(code: str) -> None:
    with pytest.raises(PhrasesError):
        wording(code)


def test_right_to_left_is_told() -> None:
    directions = {language.code: language.right_to_left for language in offered(Status.MACHINE)}
    assert all(directions[code] == (code in ("ar", "fa-AF", "ps")) for code in directions)
