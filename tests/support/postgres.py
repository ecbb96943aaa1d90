"""A throwaway PostgreSQL for the length of one command: python -m tests.support.postgres [--durable] COMMAND…

The command finds the address of an administrative database in KIOSK_TEST_DATABASE_URL.
"""

import argparse
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

VARIABLE = "KIOSK_TEST_DATABASE_URL"
_PACKAGES = Path("/usr/lib/postgresql")  # where Debian puts each version
_MAX_CONNECTIONS = 200
_NEW = ("--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync")


class NoPostgresError(Exception):
    """Nothing to start, or it does not start."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; 1 when there is no PostgreSQL."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.postgres")
    parser.add_argument("--durable", action="store_true", help="wait for the disk, as in production: for measures")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    if not options.command:
        parser.error("a command is needed")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    try:
        with cluster(durable=options.durable) as url:
            return _run(options.command, url)
    except NoPostgresError as error:
        sys.stderr.write(f"{error}\n")
        return 1


@contextmanager
def cluster(*, durable: bool) -> Iterator[str]:
    """Start a server in a directory of its own and give its address; both are gone at the end of the block."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="kiosk-pg-"))
    account = _account()
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        with _start(folder, account, programs / "initdb", *_NEW) as making:
            if making.wait():
                raise NoPostgresError((folder / "log").read_text())
        with _start(folder, account, programs / "postgres", *_options(folder, durable)) as server:
            try:
                _wait_until_ready(programs, folder, server)
                yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
            finally:
                server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
    finally:
        shutil.rmtree(folder)


def _options(folder: Path, durable: bool) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": folder,
        "max_connections": _MAX_CONNECTIONS,
    }
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _start(folder: Path, account: pwd.struct_passwd | None, *command: str | Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PGDATA": str(folder / "data"), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the command; the server ends after it
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def _wait_until_ready(programs: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    while subprocess.run([programs / "pg_isready", "--quiet", f"--host={folder}"], check=False).returncode:
        with suppress(subprocess.TimeoutExpired):
            server.wait(timeout=0.05)
            raise NoPostgresError((folder / "log").read_text())


def _run(command: list[str], url: str) -> int:
    with subprocess.Popen(command, env={**os.environ, VARIABLE: url}) as process:
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
    return code if code >= 0 else 128 - code


def _programs() -> Path:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(_PACKAGES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise NoPostgresError("PostgreSQL is not installed: on Debian, apt-get install postgresql")
    return versions[-1].parent


def _account() -> pwd.struct_passwd | None:
    """Return whom the server runs as instead of root, which it refuses."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    return accounts.get("postgres") or accounts["nobody"]


def _end(number: int, _frame: FrameType | None) -> None:
    for other in (signal.SIGINT, signal.SIGTERM):
        signal.signal(other, signal.SIG_IGN)  # the end is not interrupted
    raise SystemExit(128 + number)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
