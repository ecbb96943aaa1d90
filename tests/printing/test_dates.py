"""Dates from the frozen table are those of CLDR."""

import datetime as dt
import json

import pytest
from babel.dates import format_date
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.printing.dates import full_date, hour, words
from kiosk.printing.phrases import DIRECTORY
from tools.make_dates import LOCALES, TARGET, made


def test_making_the_table_again_changes_nothing() -> None:
    assert DIRECTORY / "dates.json" == TARGET
    assert TARGET.read_text(encoding="utf-8") == made()


@pytest.mark.parametrize("code", LOCALES)
def test_every_day_and_month_is_written_as_babel_writes_it(code: str) -> None:
    for days in range(0, 366, 7):
        date = dt.date(2027, 1, 1) + dt.timedelta(days=days + days // 7 % 7)
        assert full_date(code, date) == format_date(date, "full", locale=LOCALES[code])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(LOCALES)), st.dates(dt.date(2020, 1, 1), dt.date(2060, 12, 31)))
def test_any_date_is_written_as_babel_writes_it(code: str, date: dt.date) -> None:
    assert full_date(code, date) == format_date(date, "full", locale=LOCALES[code])


@pytest.mark.parametrize("code", LOCALES)
def test_digits_are_latin_and_all_letters_are_known_beforehand(code: str) -> None:
    date = dt.date(2031, 10, 29)
    written = full_date(code, date)
    assert "2031" in written
    assert "29" in written
    assert set(written) - set("0123456789") <= set("".join(words(code)))


def test_an_unknown_language_has_no_dates() -> None:
    assert words("xx") == ()
    with pytest.raises(KeyError):
        full_date("xx", dt.date(2027, 2, 3))


def test_the_table_names_seven_days_and_twelve_months() -> None:
    for names in json.loads(TARGET.read_text(encoding="utf-8")).values():
        assert len(set(names["weekdays"])) == 7
        assert len(set(names["months"])) == 12


def test_hours_have_two_digits_and_no_morning_or_evening() -> None:
    assert [hour(dt.time(9, 5)), hour(dt.time(14, 5)), hour(dt.time(0, 0))] == ["09:05", "14:05", "00:00"]
