"""Who helps against resale: the table as it is, and tables that do not hold."""

import datetime as dt
from pathlib import Path

import pytest

from kiosk.printing.contacts import FRESH_DAYS, load, stale
from kiosk.printing.errors import ContactsError

UNVERIFIED = ("17 ", "112", "114", "34 00", "39 28", "lun–ven")
ROW = '[[contact]]\nname = "A"\npurpose = "B."\nreach = ["1"]\nchecked_on = 2026-11-23\n'


def test_only_what_was_checked_is_in_the_table() -> None:
    contacts = load()
    assert [contact.name for contact in contacts] == [
        "Info Escroqueries",
        "Défenseur des droits",
        "SignalConso",
        "PHAROS",
        "17Cyber",
    ]
    reach = " ".join(text for contact in contacts for text in contact.reach)
    assert not any(text in reach for text in UNVERIFIED)


def test_a_check_grows_old(tmp_path: Path) -> None:
    file = tmp_path / "contacts.toml"
    file.write_text(ROW, encoding="utf-8")
    contacts = load(file)
    last = contacts[0].checked_on + dt.timedelta(days=FRESH_DAYS)
    assert stale(contacts, last) == ()
    assert stale(contacts, last + dt.timedelta(days=1)) == contacts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "contact = []",
        "contact = 3",
        "[[contact]]",
        ROW.replace('"B."', "3"),
        ROW.replace('["1"]', "[]"),
        ROW.replace("2026-11-23", '"hier"'),
        ROW.replace("2026-11-23", "2026-11-23T10:00:00"),
        "\x00",
    ],
)
def test_a_table_that_does_not_hold_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "contacts.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContactsError):
        load(file)


def test_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContactsError):
        load(tmp_path / "none.toml")
