"""`python -m bench`: prints the tables of ratios; exits 1 if a goal is missed."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bench import journal
from bench.kiosk_steps import Site, changing_screens, filtering_places, measure_tickets, sink, typing_a_surname
from bench.measure import Program, Row, joined, measure_keys, measure_starts, python, table, typing
from tests.support.office import central_process

START_GOAL = 1.5
KEY_GOAL = 2.5
FILTER_GOAL = 6.0
NOISE_GOAL = 1.5
KEYS_PER_CAMPAIGN = 60  # the floor's label then still fits on one line

FLOOR = Program(python("bench.floor_app"), r"FLOOR \[\]")
ECHO = typing(r"FLOOR \[{typed}\]")


def rows(starts: int, campaigns: int, tickets: int) -> list[Row]:
    """Measure floor and kiosk in turn; the floor against itself says how much noise a ratio holds."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        sink() as printer,
        central_process(Path(folder) / "central") as central,
    ):
        site = Site(Path(folder), central.base_url, printer.url)
        start = measure_starts({"floor": FLOOR, "again": FLOOR, "kiosk": site.kiosk("start")}, starts)
        subjects = {
            "floor": (FLOOR, ECHO),
            "again": (FLOOR, ECHO),
            "person": (site.kiosk("person"), typing_a_surname()),
            "places": (site.kiosk("places"), filtering_places()),
            "screen": (site.kiosk("screen"), changing_screens()),
        }
        key = joined([measure_keys(subjects, KEYS_PER_CAMPAIGN) for _ in range(campaigns)])
        ticket = measure_tickets(site.kiosk("ticket"), printer, tickets)
    first, letter = start["floor"].median, key["floor"].p95
    return [
        Row("floor again: start, median", first, start["again"].median, NOISE_GOAL),
        Row("floor again: key, p95", letter, key["again"].p95),
        Row("kiosk: first complete screen, median", first, start["kiosk"].median, START_GOAL),
        Row("person form: a letter typed, p95", letter, key["person"].p95, KEY_GOAL),
        Row("334 places: a letter typed, p95", letter, key["places"].p95, FILTER_GOAL),
        Row("Enter to the next screen, p95", letter, key["screen"].p95),
        Row("F10 to the printer's last byte, median", letter, ticket.median),
        Row("F10 to the printer's last byte, p95", letter, ticket.p95),
    ]


def journal_tables(commits: int, bookings: int) -> str:
    """Measure the journal, in a folder of the disk from which this runs: in memory a commit costs nothing."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as name:
        folder = Path(name)
        disk = f"written to {journal.file_system(folder)}"
        steps = journal.commits(folder, commits)
        with central_process(folder / "central") as central:
            booked = asyncio.run(journal.bookings(folder / "kiosk", central.base_url, bookings))
    return (
        f"The journal's commits, {disk}; the floor is a bare SQLite commit.\n"
        f"{table(journal.commit_rows(steps), digits=2)}\n\n"
        "A booking whose slot is held; the floor is the same sealed request, without a journal.\n"
        f"{table(journal.booking_rows(booked), digits=2)}"
    )


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--starts", type=int, default=12, help="starts of each program")
    parser.add_argument("--campaigns", type=int, default=2, help=f"times {KEYS_PER_CAMPAIGN} keys in each program")
    parser.add_argument("--tickets", type=int, default=12, help="appointments booked, at most 26")
    parser.add_argument("--commits", type=int, default=1000, help="times each step of the journal is done")
    parser.add_argument("--bookings", type=int, default=200, help="bookings through the journal, and as many without")
    options = parser.parse_args()
    measured = rows(options.starts, options.campaigns, options.tickets)
    print(table(measured))
    print(f"\n{journal_tables(options.commits, options.bookings)}")
    return 0 if all(row.kept for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
