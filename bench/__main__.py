"""`python -m bench`: prints the table of ratios; exits 1 if a goal is missed."""

import argparse
import sys

from bench.measure import Program, Row, measure_keys, measure_starts, python, table, typing

START_GOAL = 1.5
KEY_GOAL = 2.5

FLOOR = Program(python("bench.floor_app"), r"FLOOR \[\]")
ECHO = typing(r"FLOOR \[{typed}\]")


def rows(starts: int, keys: int) -> list[Row]:
    """Measure the floor and its subjects; the floor against itself says how much noise a ratio holds."""
    start = measure_starts({"floor": FLOOR, "again": FLOOR}, starts)
    key = measure_keys({"floor": (FLOOR, ECHO), "again": (FLOOR, ECHO)}, keys)
    return [
        Row("floor again: start, median", start["floor"].median, start["again"].median, START_GOAL),
        Row("floor again: key, median", key["floor"].median, key["again"].median, KEY_GOAL),
        Row("floor again: key, p95", key["floor"].p95, key["again"].p95, KEY_GOAL),
    ]


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--starts", type=int, default=10, help="starts of each program")
    parser.add_argument("--keys", type=int, default=60, help="keys pressed in each program")
    options = parser.parse_args()
    measured = rows(options.starts, options.keys)
    print(table(measured))
    return 0 if all(row.kept for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
