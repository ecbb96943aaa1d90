"""Paper as a picture in a directory that only this user reads: for demonstrations and trials."""

import datetime as dt
import functools
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kiosk.printing.errors import LineError, NotSentError, PayloadError
from kiosk.printing.paper import papers
from kiosk.printing.transports.base import Claim, claim, job_name


@dataclass(frozen=True, slots=True)
class VirtualTransport:
    """A directory for papers. See base.Transport."""

    address: str
    directory: Path
    state_dir: Path
    dots: int  # of the head that this printer does not have
    bytes_per_second: int | None = None

    def open(self, name: str) -> "VirtualChannel":
        """Make the directory, if it is not there."""
        job_name(name)
        held = claim(self.address, self.state_dir)
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.directory.chmod(0o700)
        except OSError as error:
            held.release()
            raise NotSentError("Le dossier des tickets n'est pas accessible. Rien n'est imprimé.") from error
        return VirtualChannel(self.directory, name, self.dots, held)


class VirtualChannel:
    """A job that is collected here, and becomes files in `finish`. See base.Channel."""

    talks = False

    def __init__(self, directory: Path, name: str, dots: int, held: Claim) -> None:
        self._directory = directory
        self._name = name
        self._dots = dots
        self._held = held
        self._collected = bytearray()

    def write(self, data: bytes, seconds: float) -> int:
        """See base.Channel. Nothing is written yet."""
        self._collected += data
        return len(data)

    def read(self, seconds: float) -> bytes:
        """See base.Channel. A directory says nothing."""
        return b""

    def finish(self, seconds: float) -> Path | None:
        """Write `<stamp>-<name>.bin`, and `.png` as a printer would have drawn it; all of them or none."""
        payload = bytes(self._collected)
        stem = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}-{self._name}"
        written: list[Path] = []
        try:
            images = papers(payload, self._dots)
            _write_whole(self._directory / f"{stem}.bin", lambda path: path.write_bytes(payload), written)
            for number, image in enumerate(images):
                picture = self._directory / (f"{stem}-{number}.png" if number else f"{stem}.png")
                _write_whole(picture, functools.partial(image.save, format="PNG"), written)
        except (OSError, PayloadError) as error:
            for path in written:
                path.unlink(missing_ok=True)
            raise LineError("Le dossier des tickets n'est pas accessible.", sent_nothing=True) from error
        return self._directory / f"{stem}.png"

    def close(self) -> None:
        """See base.Channel."""
        self._held.release()


def _write_whole(path: Path, write: Callable[[Path], object], written: list[Path]) -> None:
    """Write a file that only this user reads and that nobody ever sees half written; note it in `written`."""
    handle, hidden = tempfile.mkstemp(dir=path.parent, prefix=".")  # mode 0600
    os.close(handle)
    try:
        write(Path(hidden))
        Path(hidden).replace(path)
    except OSError:
        Path(hidden).unlink(missing_ok=True)
        raise
    written.append(path)
