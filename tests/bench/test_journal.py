"""The bench of the journal still runs; how fast anything was is not judged here."""

from pathlib import Path

from bench.journal import booking_rows, bookings, commit_rows, commits, file_system
from tests.support.office import central_process


def test_every_step_is_measured(tmp_path: Path) -> None:
    measured = commit_rows(commits(tmp_path, 3))
    assert len(measured) == 12
    assert all(row.measured > 0 for row in measured)
    assert file_system(tmp_path)


async def test_a_booking_is_measured_with_its_journal_and_without(tmp_path: Path) -> None:
    with central_process(tmp_path / "central") as central:
        measured = booking_rows(await bookings(tmp_path / "kiosk", central.base_url, 3))
    assert len(measured) == 4
    assert all(row.measured > 0 for row in measured[:3])
