"""Every refusal has its sentence, and says until when it holds if the central said so."""

import datetime as dt

import pytest

from kiosk.api.problems import Rejection
from kiosk.booking.french import NBSP
from kiosk.desk.answers import CentralRefusedError, Refusal
from kiosk.screens.words import sentence_for

NOW = dt.datetime(2027, 1, 11, 9, 0, 20, tzinfo=dt.UTC)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_is_said(refusal: Refusal) -> None:
    sentence = sentence_for(CentralRefusedError(refusal), NOW)
    assert sentence.endswith(".")
    assert "Essayez de nouveau" not in sentence


def test_every_reason_to_refuse_a_number_has_a_sentence_of_its_own() -> None:
    sentences = {sentence_for(CentralRefusedError(Refusal(reason)), NOW) for reason in Rejection}
    assert len(sentences) == len(Rejection)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, f"à{NBSP}9{NBSP}h{NBSP}01"),
        (40, f"à{NBSP}9{NBSP}h{NBSP}01"),
        (41, f"à{NBSP}9{NBSP}h{NBSP}02"),
        (15 * 3600, "demain"),
        (23 * 24 * 3600, "le jeudi 4 février"),
    ],
)
def test_a_time_to_wait_is_said_as_the_first_minute_or_day_after_it(seconds: int, said: str) -> None:
    sentence = sentence_for(CentralRefusedError(Refusal.KIOSK_LIMIT, seconds), NOW)
    assert sentence.endswith(f"Essayez de nouveau {said}.")
