"""The bench of the central still runs; how fast anything was is not judged here."""

from pathlib import Path

from bench.central import Kind, Row, Scale, rows, table

TINY = Scale(
    small=3_100,
    usual=3_200,
    large=3_300,
    clients=(2,),
    load_seconds=0.1,
    race_rounds=1,
    race_seconds=0.1,
    growth_rounds=2,
)


def test_every_row_is_measured(tmp_path: Path) -> None:
    kind = Kind("SQLite", None, servers=1, booking_goal=0.5)
    measured = list(rows(kind, TINY, tmp_path))
    assert len(measured) == 2 + 6 + 3 + 6
    assert all(row.measured > 0 for row in measured)
    assert len(table(measured).splitlines()) == 1 + len(measured)


def test_a_goal_is_kept_or_missed() -> None:
    assert Row("as fast as half the floor", "booking/s", 5, 10, least=0.5).kept
    assert not Row("slower", "booking/s", 4, 10, least=0.5).kept
    assert not Row("grown too much", "ms", 15, 10, most=1.5).kept
    assert Row("only told", "ms", 15).kept
