"""Printers that CUPS keeps. It takes the bytes and says no more: "completed" there means sent, never printed."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.transports.base import Claim, claim, job_name

_LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class CupsTransport:
    """A queue, used raw. See base.Transport."""

    address: str
    queue: str
    state_dir: Path
    bytes_per_second: int | None = None

    def open(self, name: str) -> "CupsChannel":
        """Make sure that the queue is known and takes jobs."""
        job_name(name)
        held = claim(self.address, self.state_dir)
        try:
            _command(
                ["lpstat", "-a", self.queue], b"", _LOOK_SECONDS, "Le service d'impression CUPS n'a pas cette file."
            )
        except LineError as error:
            held.release()
            raise NotSentError(f"{error} Rien n'est imprimé.") from error
        return CupsChannel(self.queue, name, held)


class CupsChannel:
    """A job that is collected here, and handed over whole by `finish`. See base.Channel."""

    talks = False

    def __init__(self, queue: str, name: str, held: Claim) -> None:
        self._queue = queue
        self._name = name
        self._held = held
        self._collected = bytearray()

    def write(self, data: bytes, seconds: float) -> int:
        """See base.Channel. Nothing leaves yet."""
        self._collected += data
        return len(data)

    def read(self, seconds: float) -> bytes:
        """See base.Channel. A queue has no way back."""
        return b""

    def finish(self, seconds: float) -> Path | None:
        """Hand the job to `lp`. A LineError has sent_nothing when lp said no, not when it said nothing in time."""
        call = ["lp", "-d", self._queue, "-o", "raw", "-t", self._name]
        refusal = "Le service d'impression CUPS refuse le ticket."
        _command(call, bytes(self._collected), seconds, refusal)
        return None

    def close(self) -> None:
        """See base.Channel."""
        self._held.release()


def _command(call: list[str], stdin: bytes, seconds: float, refusal: str) -> bytes:
    """Return what a command of CUPS printed; raise LineError, with the sentence `refusal` if the command failed."""
    environment = os.environ | {"LC_ALL": "C"}  # its sentences are read
    try:
        done = subprocess.run(call, input=stdin, capture_output=True, timeout=seconds, env=environment, check=True)
    except subprocess.TimeoutExpired as error:
        raise LineError("Le service d'impression CUPS ne répond pas.") from error
    except subprocess.CalledProcessError as error:
        # A signal may have ended it after it had handed the job over.
        raise LineError(refusal, sent_nothing=error.returncode > 0) from error
    except OSError as error:
        raise LineError("Le service d'impression CUPS n'est pas installé.", sent_nothing=True) from error
    return done.stdout
