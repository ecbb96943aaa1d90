"""The command line: which of the programs to start. Each is imported only when asked for."""

import argparse
import datetime as dt
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

DATABASE_URL_VARIABLE = "KIOSK_DATABASE_URL"
COORDINATION_TOKEN_VARIABLE = "KIOSK_COORDINATION_TOKEN"  # noqa: S105 (the name of a variable)

MAX_ROTATION_DAYS = 365
WRONG_USAGE = 2
_VERIFY = "Exit codes: 0 good, 1 not good, 2 it could not be asked."


class _Parser(argparse.ArgumentParser):
    """One that can be discreet: it says that a command is badly written without quoting it, for it may hold a name."""

    def __init__(self, *, is_discreet: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._is_discreet = is_discreet

    def error(self, message: str) -> NoReturn:
        """End with 2."""
        if not self._is_discreet:
            super().error(message)
        self.exit(WRONG_USAGE, f"{self.prog} : commande mal écrite ; voyez {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command asked for and return its exit code; bad usage ends with 2."""
    parser = _parser()
    options, unknown = parser.parse_known_args(argv)
    if unknown:
        options.refuse(f"unrecognized arguments: {' '.join(unknown)}")
    if options.command == "central":
        return _central(parser, options)
    if options.command == "printer":
        return _printer(options)
    if options.command == "ticket":
        return _ticket(options)
    if options.command == "counter":
        return _counter(options)
    if options.command == "doctor":
        return _doctor(options)
    from kiosk.run import run

    return run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kiosk", description=__doc__)
    parser.set_defaults(refuse=parser.error)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("run", help="run the kiosk in this terminal (also without any command)")
    central = commands.add_parser("central", help="run the embedded reference central API")
    central.add_argument("--port", type=_port, default=0, help="on 127.0.0.1; 0, the default, takes any free one")
    central.add_argument("--data", type=Path, metavar="DIR", help="where database and key live; created if missing")
    central.add_argument(
        "--database-url", metavar="URL", help=f"keep the data in PostgreSQL instead; also {DATABASE_URL_VARIABLE}"
    )
    central.add_argument(
        "--coordination-url",
        metavar="URL",
        help=f"ask this API about pre-applications, with the token in {COORDINATION_TOKEN_VARIABLE}",
    )
    central.add_argument("--seed", choices=["demo"], help="fill it with invented data")
    central.add_argument("--watch-stdin", action="store_true", help="end when standard input ends")
    others = central.add_subparsers(dest="other")
    others.add_parser("openapi", help="print the OpenAPI description")
    _add_ledger_commands(others)
    _add_printer_commands(commands.add_parser("printer", help="find a ticket printer, try it, or simulate one"))
    _add_ticket_commands(commands.add_parser("ticket", help="verify a ticket, or make a paper with invented facts"))
    _add_welcome_commands(
        commands.add_parser("counter", help="be the welcome desk of a site, where tickets are checked")
    )
    doctor = commands.add_parser("doctor", help="tell what works on this machine, and what to do about the rest")
    doctor.add_argument("--printer", action="store_true", help="ask the printer how it is, too; nothing is printed")
    return parser


def _add_ledger_commands(others: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    # Suppressed: a missing option must not undo the same one given before the command.
    ledger = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    ledger.add_argument("--data", type=Path, metavar="DIR", help="where the key and, in SQLite, the database live")
    ledger.add_argument(
        "--database-url", metavar="URL", help=f"the database in PostgreSQL; also {DATABASE_URL_VARIABLE}"
    )
    others.add_parser("audit", parents=[ledger], help="check that nobody changed the record of who did what")
    others.add_parser("review", parents=[ledger], help="list what looks like resale, for a person to judge")
    rules = others.add_parser("rules", parents=[ledger], help="show or set what each service allows")
    rules.add_argument("service", nargs="?", default=None, metavar="SERVICE")
    rules.add_argument("changes", nargs="*", default=[], metavar="NAME=VALUE")
    _add_key_commands(others.add_parser("keys", help="show or change the keys that sign tickets"), ledger)
    _add_counter_commands(others.add_parser("counters", help="show or change which counters may check tickets"), ledger)
    admissions = others.add_parser("admissions", parents=[ledger], help="report who was let in on a day of a site")
    admissions.add_argument("--site", required=True, metavar="ID")
    admissions.add_argument("--date", type=_date, required=True, metavar="YYYY-MM-DD", help="on the site's calendar")
    admissions.add_argument("--json", action="store_true", default=False, help="for a program")


def _add_key_commands(keys: argparse.ArgumentParser, ledger: argparse.ArgumentParser) -> None:
    actions = keys.add_subparsers(dest="action", required=True)
    root = argparse.ArgumentParser(add_help=False)
    root.add_argument(
        "--root", type=Path, metavar="FILE", help="the root's private key; root.key of the data directory if left out"
    )
    rotate = actions.add_parser("rotate", parents=[ledger, root], help="publish the next key")
    rotate.add_argument(
        "--in", dest="days", type=_days, default=7, metavar="DAYS", help="until it signs; 7 if left out"
    )
    revoke = actions.add_parser("revoke", parents=[ledger, root], help="end a key, list the tickets to reissue")
    revoke.add_argument("key", metavar="KEY", help="as the list calls it")
    actions.add_parser("list", parents=[ledger], help="show the root and every key")


def _add_counter_commands(counters: argparse.ArgumentParser, ledger: argparse.ArgumentParser) -> None:
    actions = counters.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", parents=[ledger], help="let a counter in, and print its token, this once")
    add.add_argument("--site", required=True, metavar="ID", help="where it stands")
    add.add_argument("--name", required=True, metavar="NAME", help="under which reports name it")
    revoke = actions.add_parser("revoke", parents=[ledger], help="let a counter in no more: it was lost or replaced")
    revoke.add_argument("name", metavar="NAME")
    actions.add_parser("list", parents=[ledger], help="show every counter")


def _add_printer_commands(printer: argparse.ArgumentParser) -> None:
    actions = printer.add_subparsers(dest="action", required=True)
    actions.add_parser("find", help="list what is plugged in, as lines for kiosk.toml")
    actions.add_parser("test", help="print a test card on the printer that is set, and learn what it can do")
    simulate = actions.add_parser("simulate", help="be a network printer on 127.0.0.1, for trials")
    simulate.add_argument("--port", type=_port, default=0, help="0, the default, takes any free one")
    simulate.add_argument(
        "--output", type=Path, metavar="DIR", required=True, help="where papers go; created if missing"
    )
    simulate.add_argument("--dots", type=int, choices=[384, 512, 576], default=576, help="width of the head")
    simulate.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="what goes wrong, several times if need be; lines on standard input change it, help lists them",
    )


def _add_ticket_commands(ticket: argparse.ArgumentParser) -> None:
    actions = ticket.add_subparsers(dest="action", required=True, parser_class=_Parser)
    sample = actions.add_parser("sample", help="write a paper of an invented person")
    kinds = ("ticket", "attempt", "provisional", "fraud", "cancelled", "test")
    sample.add_argument("--kind", choices=kinds, default="ticket")
    sample.add_argument("--language", metavar="LANG", default="fr", help="of a second block, or pictograms; see doctor")
    sample.add_argument("--paper", choices=["80mm", "58mm"], default="80mm")
    sample.add_argument("--output", type=Path, metavar="FILE", required=True, help="the bytes for the printer")
    sample.add_argument("--png", type=Path, metavar="FILE", help="the paper that those bytes make")
    verify = actions.add_parser(
        "verify", help="tell whether a ticket is good", description=_VERIFY, is_discreet=True, allow_abbrev=False
    )
    verify.set_defaults(refuse=verify.error)
    verify.add_argument("ticket", nargs="?", metavar="TOKEN|-", help="what the QR holds, or the code printed with it")
    verify.add_argument("--keys", type=Path, metavar="FILE", help="the signed list of keys")
    verify.add_argument("--central", metavar="URL", help="fetch that list from this central")
    verify.add_argument("--manifest", type=Path, metavar="FILE", help="the signed day of a site")
    verify.add_argument("--site", metavar="ID", help="check place and day for this site")
    verify.add_argument("--at", metavar="RFC3339", help="as if it were that time")
    verify.add_argument("--mrz", metavar="TEXT", help="who shows it: the machine-readable zone of the document")
    verify.add_argument("--surname", metavar="S", help="or the surname, with the given names and the birth date")
    verify.add_argument("--given-names", metavar="G", help="empty for a person of one name")
    verify.add_argument("--birth-date", metavar="D", help="as far as it is known: 03/02/1990, 02/1990, 1990")
    verify.add_argument("--json", action="store_true", help="answer with one JSON object")


def _add_welcome_commands(counter: argparse.ArgumentParser) -> None:
    counter.add_argument("--site", type=_site, metavar="ID", help="as the central calls it, like pref-93")
    actions = counter.add_subparsers(dest="action")
    sync = actions.add_parser("sync", help="meet the central once: deliver what was noted, learn the day, and tell")
    # Suppressed: a missing option must not undo the same one given before the command.
    sync.add_argument("--site", type=_site, metavar="ID", default=argparse.SUPPRESS, help="see above")


def _printer(options: argparse.Namespace) -> int:
    from kiosk.console import printer

    if options.action == "find":
        return printer.find()
    if options.action == "test":
        return printer.trial(os.environ)
    return printer.simulate(options.port, options.output, options.dots, options.fault)


def _ticket(options: argparse.Namespace) -> int:
    if options.action == "verify":
        return _verify(options)
    from kiosk.console.ticket import write_sample

    return write_sample(options.kind, options.language, options.paper, options.output, options.png)


def _verify(options: argparse.Namespace) -> int:
    import datetime as dt

    from kiosk.console import verify

    asked = verify.Asked(
        options.ticket,
        options.keys,
        options.central,
        options.manifest,
        options.site,
        options.at,
        options.mrz,
        options.surname,
        options.given_names,
        options.birth_date,
        options.json,
    )
    return verify.run(asked, os.environ, dt.datetime.now(dt.UTC))


def _counter(options: argparse.Namespace) -> int:
    if options.action == "sync":
        from kiosk.console import counter

        return counter.sync(os.environ, options.site)
    from kiosk.run import run_counter

    return run_counter(options.site)


def _doctor(options: argparse.Namespace) -> int:
    import datetime as dt

    from kiosk.console import doctor

    return doctor.run(os.environ, dt.datetime.now().astimezone().date(), ask_printer=options.printer)


def _site(text: str) -> str:
    if not text.isascii() or not text.replace("-", "").isalnum():
        raise argparse.ArgumentTypeError("a site is named in letters, digits and hyphens, like pref-93")
    return text


def _port(text: str) -> int:
    if not text.isdigit() or int(text) >= 2**16:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a date is written 2027-02-03") from None


def _days(text: str) -> int:
    if not text.isdigit() or int(text) > MAX_ROTATION_DAYS:
        raise argparse.ArgumentTypeError(f"days are a number from 0 to {MAX_ROTATION_DAYS}")
    return int(text)


def _central(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.other == "openapi":
        from kiosk.central import command

        sys.stdout.write(command.openapi())
        return 0
    if options.data is None:
        parser.error("central: --data is required")
    # By the variable, a password is not in the list of processes.
    database_url = options.database_url or os.environ.get(DATABASE_URL_VARIABLE) or None
    if options.other is None:
        from kiosk.central import command

        return command.run_central(
            command.Serving(
                options.port,
                options.data,
                database_url,
                options.seed,
                options.watch_stdin,
                options.coordination_url,
                os.environ.get(COORDINATION_TOKEN_VARIABLE, ""),
            )
        )
    if options.other == "keys":
        return _key_command(options, database_url)
    if options.other in {"counters", "admissions"}:
        return _counter_command(options, database_url)
    return _ledger_command(options, database_url)


def _key_command(options: argparse.Namespace, database_url: str | None) -> int:
    from kiosk.central import key_commands

    if options.action == "rotate":
        return key_commands.rotate_keys(options.data, database_url, options.days, options.root)
    if options.action == "revoke":
        return key_commands.revoke_key(options.data, database_url, options.key, options.root)
    return key_commands.list_keys(options.data, database_url)


def _counter_command(options: argparse.Namespace, database_url: str | None) -> int:
    from kiosk.central import counter_commands

    if options.other == "admissions":
        return counter_commands.admissions(options.data, database_url, options.site, options.date, as_json=options.json)
    if options.action == "add":
        return counter_commands.add_counter(options.data, database_url, options.site, options.name)
    if options.action == "revoke":
        return counter_commands.revoke_counter(options.data, database_url, options.name)
    return counter_commands.list_counters(options.data, database_url)


def _ledger_command(options: argparse.Namespace, database_url: str | None) -> int:
    from kiosk.central import ledger_commands

    if options.other == "audit":
        return ledger_commands.audit(options.data, database_url)
    if options.other == "review":
        return ledger_commands.review(options.data, database_url)
    return ledger_commands.rules(options.data, database_url, options.service, options.changes)
