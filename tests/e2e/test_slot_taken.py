"""Somebody elsewhere is faster: the hour goes between the list and Enter."""

import datetime as dt
import re
from typing import Any

from kiosk.booking import french
from kiosk.printing.simulator import Simulator
from tests.support.mediator import NEW, Mediator
from tests.support.office import Office
from tests.support.outcome import assert_one_booking_on_one_paper

KEYS_FOR_ANOTHER_HOUR = 3
DIGITS = range(1, 10)


def wait_until_not_listed(mediator: Mediator, slot: dict[str, Any]) -> None:
    """The list of hours was read again and the slot has gone from it."""
    wait_until_gone(mediator, french.hour(dt.datetime.fromisoformat(slot["start"]).time()))


def wait_until_gone(mediator: Mediator, row: str) -> None:
    """No list shows places for that hour or day any more."""
    listed = re.compile(rf"{re.escape(row)} +\d+ place")
    mediator.terminal.wait_for(lambda text: listed.search(text) is None)


def a_day_with_two_hours(office: Office) -> tuple[int, list[dict[str, Any]]]:
    """Return the digit of the first day that leaves a choice, and its hours."""
    days = zip(DIGITS, office.free_days(), strict=False)
    listed = ((digit, office.free_slots(day)) for digit, day in days)
    return next((digit, slots) for digit, slots in listed if len(slots) > 1)


def assert_identity_kept(mediator: Mediator) -> None:
    """The line at the top still says for whom."""
    assert "Amadou D." in mediator.terminal.text


def test_an_hour_taken_by_somebody_else_costs_three_keys(
    mediator: Mediator, office: Office, printer: Simulator
) -> None:
    digit, [wanted, *_] = a_day_with_two_hours(office)
    mediator.goes_to_days(NEW)
    mediator.chooses_day(str(digit))
    office.take(wanted)
    mediator.terminal.press("enter")
    mediator.sees("Cette heure n'est plus libre")
    wait_until_not_listed(mediator, wanted)
    assert_identity_kept(mediator)
    mediator.terminal.keys = 0
    mediator.chooses_hour()
    assert mediator.terminal.keys <= KEYS_FOR_ANOTHER_HOUR
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert_one_booking_on_one_paper(office, printer, NEW)


def test_a_day_taken_by_others_costs_three_keys(mediator: Mediator, office: Office, printer: Simulator) -> None:
    mediator.goes_to_hours(NEW)
    day = office.free_days()[0]
    for slot in office.free_slots(day):
        office.take(slot)
    mediator.terminal.press("enter")
    mediator.sees("Cette heure n'est plus libre")
    wait_until_gone(mediator, french.short_date(dt.date.fromisoformat(day)))
    assert_identity_kept(mediator)
    mediator.terminal.keys = 0
    mediator.chooses_day()
    mediator.chooses_hour()
    assert mediator.terminal.keys <= KEYS_FOR_ANOTHER_HOUR
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert_one_booking_on_one_paper(office, printer, NEW)
