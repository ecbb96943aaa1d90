"""The campaign finds what is planted, calls nothing broken that is sound, and draws the same for the same number."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from campaign.ledger import Ledger
from campaign.oracle import Drawn, Evidence, Sending, Sheet, matched
from campaign.plan import draw

ROOT = Path(__file__).parents[2]
SECONDS = 120


@cache
def found() -> dict[str, list[str]]:
    """Return which rules each planted fault broke."""
    program = [sys.executable, "-m", "tests.campaign.planted"]
    ran = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=True)
    rules: dict[str, list[str]] = json.loads(ran.stdout)
    return rules


@pytest.mark.xdist_group("campaign")
@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("double", "DOUBLE"),
        ("lost", "LOST"),
        ("bare paper", "BARE_PAPER"),
        ("unmarked", "UNMARKED"),
        ("sent again", "UNMARKED"),
        ("silence is no", "CONTRADICTED"),
        ("news of nothing", "CONTRADICTED"),
        ("printed", "CONTRADICTED"),
        ("crash", "BROKEN"),
    ],
)
def test_a_planted_fault_is_found_and_named(planted: str, rule: str) -> None:
    assert rule in found()[planted]


@pytest.mark.xdist_group("campaign")
def test_a_run_full_of_faults_in_a_sound_kiosk_breaks_no_rule() -> None:
    assert found()["nothing"] == []


def test_a_number_is_always_the_same_plan() -> None:
    assert [draw(number) for number in range(50)] == [draw(number) for number in range(50)]
    assert len({str(draw(number)) for number in range(50)}) == 50


def test_a_paper_of_which_nothing_left_at_first_is_known_by_its_second_time() -> None:
    first, second = (
        Drawn("receipt", code, 1, None, ink) for code, ink in (("AAAA-AAAA", b"one"), ("BBBB-BBBB", b"two"))
    )
    told = [Sending(1, "one", 0, True), Sending(2, "two", 0, True), Sending(1, "one", 0, True)]
    evidence = Evidence(drawn={"one": first, "two": second}, sending=told)
    evidence.sheets.append(Sheet(b"one", True, (), Ledger()))
    [found] = matched(evidence)
    assert found
    assert found.number == 1
