"""How long until the next question: never before it may be asked, longer each time, again at once after an answer."""

from hypothesis import given
from hypothesis import strategies as st

from kiosk.desk.pace import FIRST_SECONDS, LONGEST_OBEYED_SECONDS, LONGEST_SECONDS, Turns, pause_seconds

CHANCES = st.floats(0, 1)


@given(tries=st.integers(1, 10_000), retry=st.none() | st.integers(0, 10**8), chance=CHANCES)
def test_what_the_central_asked_for_is_waited_up_to_an_hour(tries: int, retry: int | None, chance: float) -> None:
    pause = pause_seconds(tries, retry, lambda: chance)
    asked_for = min(retry or 0, LONGEST_OBEYED_SECONDS)
    assert asked_for + FIRST_SECONDS / 2 <= pause <= asked_for + LONGEST_SECONDS


@given(retries=st.lists(st.none() | st.integers(0, 600), min_size=1, max_size=20), chance=CHANCES)
def test_an_intent_is_due_when_its_pause_is_over(retries: list[int | None], chance: float) -> None:
    seconds = 0.0
    turns = Turns(lambda: seconds, lambda: chance)
    assert turns.is_due("one")
    for tries, retry in enumerate(retries, 1):
        turns.put_off("one", retry)
        pause = pause_seconds(tries, retry, lambda: chance)
        asked = seconds
        seconds = asked + pause * 0.99
        assert not turns.is_due("one")
        assert turns.is_due("another")
        seconds = asked + pause
        assert turns.is_due("one")
    turns.put_off("one", None)
    turns.forget("one")
    assert turns.is_due("one")
