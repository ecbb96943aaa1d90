"""The command line: which of the programs to start. Each is imported only when asked for."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

DATABASE_URL_VARIABLE = "KIOSK_DATABASE_URL"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command asked for and return its exit code; bad usage ends with 2."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.command == "central":
        return _central(parser, options)
    from kiosk.run import run

    return run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("run", help="run the kiosk in this terminal (also without any command)")
    central = commands.add_parser("central", help="run the embedded reference central API")
    central.add_argument("--port", type=_port, default=0, help="on 127.0.0.1; 0, the default, takes any free one")
    central.add_argument("--data", type=Path, metavar="DIR", help="where database and key live; created if missing")
    central.add_argument(
        "--database-url", metavar="URL", help=f"keep the data in PostgreSQL instead; also {DATABASE_URL_VARIABLE}"
    )
    central.add_argument("--seed", choices=["demo"], help="fill it with invented data")
    central.add_argument("--watch-stdin", action="store_true", help="end when standard input ends")
    central.add_subparsers(dest="document").add_parser("openapi", help="print the OpenAPI description")
    return parser


def _port(text: str) -> int:
    if not text.isdigit() or int(text) >= 2**16:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _central(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.document is None and options.data is None:
        parser.error("central: --data is required")

    from kiosk.central import command

    if options.document == "openapi":
        sys.stdout.write(command.openapi())
        return 0
    # By the variable, a password is not in the list of processes.
    database_url = options.database_url or os.environ.get(DATABASE_URL_VARIABLE) or None
    return command.run_central(options.port, options.data, database_url, options.seed, options.watch_stdin)
