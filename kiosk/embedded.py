"""Where the central is: elsewhere, or a child process that the kiosk starts, restarts on the same port, and ends."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from kiosk.desk.answers import OpeningError
from kiosk.settings import Settings

READY = "listening on "
LOG_FILE = "central.log"
CENTRAL_DIR = "central"
ROOT_FILE = "root.pub"
RESTART_SECONDS = 1.0
START_SECONDS = 60.0


class RemoteCentral:
    """A central that somebody else runs."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def start(self) -> str:
        """Return its address."""
        return self._url

    async def stop(self) -> None:
        """Leave it alone."""

    def root_key(self) -> str | None:
        """Return None: whoever runs it tells its root to the settings."""
        return None


class EmbeddedCentral:
    """One central for one kiosk, on demonstration data."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._process: Process | None = None
        self._port = 0
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Start the central, keep it alive from now on, and return its address; raise OpeningError."""
        if self._watch:  # started before; it comes back by itself on its port
            return f"http://127.0.0.1:{self._port}"
        address = await self._spawn()
        self._port = int(address.rsplit(":", 1)[1])
        self._watch = asyncio.create_task(self._keep_alive())
        return address

    async def stop(self) -> None:
        """End the child process and wait for it."""
        if self._watch:
            self._watch.cancel()
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()

    def root_key(self) -> str | None:
        """Return the root that it made at its first start; None before that."""
        try:
            return (self._data_dir / ROOT_FILE).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None

    async def _spawn(self) -> str:
        command = [sys.executable, "-m", "kiosk", "central", "--port", str(self._port), "--data", str(self._data_dir)]
        # Demonstration data never go to the database of a real central on the same machine.
        environment = {name: value for name, value in os.environ.items() if name != "KIOSK_DATABASE_URL"}
        # --watch-stdin: our death closes the pipe, so that no central stays behind a killed kiosk.
        with (self._data_dir.parent / LOG_FILE).open("wb") as log:  # one line if it cannot start
            self._process = await asyncio.create_subprocess_exec(
                *command, "--seed", "demo", "--watch-stdin", stdin=PIPE, stdout=PIPE, stderr=log, env=environment
            )
        try:
            first = await asyncio.wait_for(_first_line(self._process), START_SECONDS)
        except TimeoutError:
            self._process.kill()
            raise OpeningError from None
        if not first.startswith(READY):
            raise OpeningError
        return first.removeprefix(READY)

    async def _keep_alive(self) -> None:
        while self._process:
            await self._process.wait()
            await asyncio.sleep(RESTART_SECONDS)
            with contextlib.suppress(OpeningError, OSError):  # the next round waits and tries again
                await self._spawn()


def host_for(settings: Settings) -> RemoteCentral | EmbeddedCentral:
    """Return the central of these settings; kiosk and counters of one state directory have the same demonstration."""
    if settings.central_url:
        return RemoteCentral(settings.central_url)
    return EmbeddedCentral(settings.state_dir / CENTRAL_DIR)


async def _first_line(process: Process) -> str:
    line = await process.stdout.readline() if process.stdout else b""
    return line.decode(errors="replace").strip()
