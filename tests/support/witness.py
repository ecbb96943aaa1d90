"""A process that writes rows for as long as it lives, and says of each that it is written; it is killed on the way."""

import sqlite3
import sys
from pathlib import Path

from kiosk.statefile import StateFile

MIGRATIONS = ("CREATE TABLE thing (name TEXT PRIMARY KEY, content BLOB) STRICT;",)


def main() -> None:
    """Write to the file that is named, and tell standard output."""
    file = StateFile(Path(sys.argv[1]), MIGRATIONS)
    number = file.read(lambda db: int(db.execute("SELECT count(*) FROM thing").fetchone()[0]))
    while True:
        row = (str(number), bytes([number % 256]) * 5000)

        def write(db: sqlite3.Connection, row: tuple[str, bytes] = row) -> None:
            db.execute("INSERT INTO thing VALUES (?, ?)", row)

        file.write(write)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1


if __name__ == "__main__":
    main()
