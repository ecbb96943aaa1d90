"""Small disks of one's own: real ones, so that they are really full and really cannot be written."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.statefile import PAGE_BYTES

FILLER = "filler"


class SmallDisk:
    """A disk of 256 KiB, mounted at `place`."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def fill(self, left: int = 0) -> None:
        """Take all room but so many bytes."""
        free = shutil.disk_usage(self.place).free
        with (self.place / FILLER).open("ab", buffering=0) as filler:
            while free > left:
                filler.write(bytes(min(PAGE_BYTES, free - left)))
                free = shutil.disk_usage(self.place).free

    def free(self) -> None:
        """Give the room back."""
        (self.place / FILLER).unlink(missing_ok=True)

    def remount(self, mode: str) -> None:
        """Make it `ro` or `rw`."""
        subprocess.run(["mount", "-o", f"remount,{mode}", self.place], check=True)


@contextmanager
def small_disk(place: Path) -> Iterator[SmallDisk]:
    """Mount one, or skip the test where that is not allowed."""
    place.mkdir(parents=True)
    if not shutil.which("mount"):
        pytest.skip("no mount command: no disk of one's own")
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk of one's own: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(place)
    finally:
        subprocess.run(["umount", place], check=True)
