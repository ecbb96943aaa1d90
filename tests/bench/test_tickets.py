"""The bench of the tickets still runs; how fast anything was is not judged here."""

from bench.tickets import imports, rows, times


def test_every_line_is_measured() -> None:
    taken = rows(times(3))
    assert len(taken) == 8
    assert all(row.measured > 0 for row in taken)
    assert all(times.median > 0 for times in imports(1).values())
