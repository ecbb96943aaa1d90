"""The tables of translations, read as data: complete, in order, true to the French of today, fit for paper."""

import hashlib
import json
import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pytest

ASSETS = Path(__file__).parents[2] / "kiosk" / "assets"
FRENCH: dict[str, Any] = tomllib.loads((ASSETS / "phrases/fr.toml").read_text(encoding="utf-8"))["phrases"]
SERVICES = json.loads((ASSETS / "catalogue/services.json").read_text(encoding="utf-8"))["services"]
NAMES = list(dict.fromkeys(name for s in SERVICES for name in [s["purpose"], *(d["name"] for d in s["documents"])]))
TABLES = sorted(path for path in (ASSETS / "phrases").glob("*.toml") if path.name != "fr.toml")
STATUSES = {"machine", "translated", "reviewed", "tested"}
COLONS = (":", "：", "፦", "፡")
MARKUP = set("<>{}[]\\`*_|~^")
JOINERS = {"\u200c", "\u200d"}
UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
# French words that may stand in a text of another script, because people look for them on their letter.
KEPT_FRENCH = ("carte grise", "timbre fiscal")
# Paper is narrow: a longer text fills more than two lines.
LONGEST = 44

Table = dict[str, Any]


@pytest.fixture(params=TABLES, ids=[path.stem for path in TABLES])
def table(request: pytest.FixtureRequest) -> Table:
    path: Path = request.param
    loaded = tomllib.loads(path.read_text(encoding="utf-8"))
    assert loaded["language"] == path.stem
    return loaded


def entries(table: Table) -> list[tuple[str, dict[str, str]]]:
    """Return every row with its French text, phrases first."""
    phrases = [(FRENCH[phrase]["text"], row) for phrase, row in table["phrases"].items()]
    return phrases + list(table["catalogue"].items())


def letters_of_latin(text: str) -> str:
    return "".join(letter for letter in text if unicodedata.name(letter, "").startswith("LATIN "))


def width(text: str) -> int:
    """Return how many letters wide the text is: a mark takes no room of its own, a Chinese sign takes that of two."""
    seen = [letter for letter in text if unicodedata.category(letter) not in {"Mn", "Me", "Cf"}]
    return sum(2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1 for letter in seen)


def test_there_are_tables() -> None:
    assert TABLES


def test_a_table_names_its_language(table: Table) -> None:
    assert table["french_name"]
    assert table["french_name"] == table["french_name"].strip().lower()
    assert table["autonym"]
    assert table["autonym"] == table["autonym"].strip()


def test_every_phrase_and_every_name_of_the_catalogue_is_there_in_order(table: Table) -> None:
    assert list(table["phrases"]) == list(FRENCH)
    assert list(table["catalogue"]) == NAMES


def test_a_translation_is_one_of_the_french_of_today(table: Table) -> None:
    for phrase, row in table["phrases"].items():
        french = FRENCH[phrase]["text"]
        assert row["source"] == hashlib.sha256(french.encode()).hexdigest()[:12], phrase


def test_a_row_has_a_text_its_way_back_into_french_and_a_status(table: Table) -> None:
    for french, row in entries(table):
        for words in (row["text"], row["back"]):
            assert words, french
            assert words == " ".join(words.split()), french
        assert row["status"] in STATUSES, french


def test_a_label_ends_in_a_colon_exactly_where_the_french_does(table: Table) -> None:
    for french, row in entries(table):
        assert row["text"].endswith(COLONS) == french.endswith(":"), french
        assert row["back"].endswith(":") == french.endswith(":"), french


def test_digits_are_those_of_the_french(table: Table) -> None:
    for french, row in entries(table):
        digits = [letter for letter in row["text"] if unicodedata.category(letter) == "Nd"]
        assert digits == re.findall("[0-9]", french), french


def test_a_text_keeps_to_its_script(table: Table) -> None:
    """A Latin look-alike in a Cyrillic word is not seen on paper, and nobody finds the word again."""
    latin = bool(letters_of_latin(table["autonym"]))
    for french, row in entries(table):
        text = row["text"]
        if latin:
            assert letters_of_latin(text) == "".join(filter(str.isalpha, text)), french
            continue
        for kept in KEPT_FRENCH:
            text = text.replace(kept, "")
        assert not letters_of_latin(text), french


def test_a_text_holds_no_markup_and_no_unseen_character(table: Table) -> None:
    for french, row in entries(table):
        for letter in row["text"] + row["back"]:
            assert letter not in MARKUP, french
            assert letter in JOINERS or unicodedata.category(letter) not in UNSEEN, (french, hex(ord(letter)))


def test_a_text_fits_on_narrow_paper(table: Table) -> None:
    for french, row in entries(table):
        assert width(row["text"]) <= LONGEST, (french, width(row["text"]))
