"""Days on which prefectures are closed."""

import datetime as dt

import pytest

from kiosk.central.holidays import easter, holidays, is_open


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2027, 3, 28), (2038, 4, 25), (2049, 4, 18), (1818, 3, 22)],
)
def test_easter(year: int, month: int, day: int) -> None:
    assert easter(year) == dt.date(year, month, day)


def test_the_holidays_of_a_year_in_which_two_fall_together() -> None:
    assert len(holidays(2027)) == 11
    assert len(holidays(2008)) == 10  # Ascension on 1 May


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2027-03-29", False),  # Easter Monday
        ("2027-05-06", False),  # Ascension
        ("2027-05-17", False),  # Whit Monday
        ("2027-07-14", False),
        ("2027-01-16", False),  # a Saturday
        ("2027-01-18", True),
        ("2027-03-26", True),  # Good Friday
    ],
)
def test_counters_open_on_working_days(date: str, expected: bool) -> None:
    assert is_open(dt.date.fromisoformat(date)) is expected
