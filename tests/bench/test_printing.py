"""The bench of the papers still runs; how fast anything was is not judged here."""

import pytest
from PIL import Image

from bench.damage import DAMAGES, Code, Damage, draws, photographed
from bench.printing import SHORT_TOKEN, code_on_paper, sizes, times


def test_times_bytes_and_seconds_are_measured() -> None:
    bytes_rows, seconds = sizes(["en"])
    assert len(bytes_rows) == 8
    assert len(seconds) == 16
    assert all(row.measured > 0 for row in (*bytes_rows, *seconds, *times(2, "en")))
    assert all(row.kept for row in bytes_rows if "coarse" in row.name)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_done_and_done_alike_again(damage: Damage) -> None:
    code = Code(Image.new("L", (200, 200), 255), (40, 40, 160, 160))
    code.paper.paste(0, (60, 60, 140, 140))
    whole, once, again = (
        photographed(code, how, next(draws(1, "seed"))).tobytes()
        for how in (lambda code, _: code.paper, damage, damage)
    )
    assert once == again != whole


def test_the_code_is_cut_out_where_it_stands() -> None:
    code = code_on_paper("80mm", SHORT_TOKEN)
    left, top, right, bottom = code.symbol
    assert right - left == pytest.approx(bottom - top, abs=2)
    assert code.paper.crop((left + 2, top + 2, left + 6, top + 6)).getextrema() == (0, 0)  # a finder pattern
