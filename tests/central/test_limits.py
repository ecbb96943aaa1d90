"""The settings of a service: their bounds, and the one table that documents them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.central.limits import BOUNDS, BadLimitError, read_limit

DOCUMENT = Path(__file__).parents[2] / "docs" / "central-api.md"


def test_the_documented_table_is_the_one_of_the_program() -> None:
    rows = [
        f"| `{bound.name}` | {bound.default} | {bound.least}–{bound.most} | {bound.meaning} |"
        for bound in BOUNDS.values()
    ]
    table = "\n".join(["| Setting | Default | Bounds | Means |", "|---|---|---|---|", *rows])
    assert table in DOCUMENT.read_text(encoding="utf-8"), table


def test_a_setting_is_read_within_its_bounds() -> None:
    for name, bound in BOUNDS.items():
        for value in (bound.least, bound.default, bound.most):
            assert read_limit(f"{name}={value}") == (name, value)
        for value in (bound.least - 1, bound.most + 1):
            with pytest.raises(BadLimitError, match=name):
                read_limit(f"{name}={value}")


@given(st.text(max_size=20) | st.sampled_from(sorted(BOUNDS)).flatmap(lambda name: st.text().map(f"{name}=".__add__)))
def test_whatever_is_typed_is_a_setting_or_refused(text: str) -> None:
    try:
        name, value = read_limit(text)
    except BadLimitError:
        return
    assert BOUNDS[name].least <= value <= BOUNDS[name].most
