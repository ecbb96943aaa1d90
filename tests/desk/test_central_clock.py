"""A clock that is wrong is put right by the central; one that is nearly right is left alone."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from kiosk.desk.central_clock import TOLERATED, CentralClock

MOMENTS = st.datetimes(timezones=st.just(dt.UTC))


@given(here=MOMENTS, said=MOMENTS, later=st.timedeltas(dt.timedelta(), dt.timedelta(days=400)))
def test_after_the_central_has_spoken_the_time_is_its_own(
    here: dt.datetime, said: dt.datetime, later: dt.timedelta
) -> None:
    machine = [here]
    clock = CentralClock(lambda: machine[-1])
    assert clock() == here
    clock.learn(said)
    assert abs(clock() - said) <= TOLERATED
    if max(here, said) < dt.datetime.max.replace(tzinfo=dt.UTC) - later:
        machine.append(here + later)
        assert abs(clock() - said - later) <= TOLERATED


@given(here=MOMENTS, apart=st.timedeltas(-TOLERATED, TOLERATED))
def test_a_clock_that_is_nearly_right_is_never_moved(here: dt.datetime, apart: dt.timedelta) -> None:
    clock = CentralClock(lambda: here)
    try:
        clock.learn(here + apart)
    except OverflowError:  # of the test's own sum
        return
    assert clock() == here


def test_a_machine_at_the_end_of_all_years_still_tells_something() -> None:
    machine = [dt.datetime(2027, 1, 11, tzinfo=dt.UTC)]
    clock = CentralClock(lambda: machine[-1])
    clock.learn(machine[0] + dt.timedelta(days=365))
    machine.append(dt.datetime.max.replace(tzinfo=dt.UTC))
    assert clock() == machine[-1]
