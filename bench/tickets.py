"""`python -m bench.tickets`: what checking and signing a ticket costs; exits 1 if a goal is missed.

The floor is a bare ECDSA P-256 verification of a message as long as a ticket's, by the same library, in turn with what
is measured. Imports are timed in processes of their own, in turn with one that imports only that library.
"""

import argparse
import dataclasses
import datetime as dt
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench.measure import MS_PER_SECOND, Row, Times, table
from kiosk.tickets import cose, keys, manifest, token
from kiosk.tickets.identity import Bearer, tag
from kiosk.tickets.keys import KeySet, TicketKey
from kiosk.tickets.manifest import Entry, Manifest
from kiosk.tickets.reference import RANDOM_BITS, make_reference
from kiosk.tickets.token import Claims, code_of
from kiosk.tickets.verify import Here, Knowledge, Person, State, knowledge_of, verify_token

ENTRIES = 300  # appointments of a day
VERIFY_GOAL = 4.0  # times a bare verification
WHOLE_GOAL_US = 1000.0  # a verification, beyond the start of the process
US_PER_SECOND = 1_000_000.0
SITE, ZONE = "pref-93", ZoneInfo("Europe/Paris")
START = dt.datetime(2027, 1, 12, 9, 20, tzinfo=dt.UTC)
BEARER = Bearer("DIALLO", "MARIAM", "900203")
_TO_BE_SIGNED_BYTES = 104
_TIMED = "import time; a = time.perf_counter(); import {0}; print(time.perf_counter() - a)"
_FLOOR_MODULE = "cryptography.hazmat.primitives.asymmetric.ec"


@dataclass(frozen=True)
class Office:
    """A site's welcome desk in the morning: what it knows, and a ticket that is shown."""

    signer: cose.Signer
    claims: Claims
    text: str
    keys: KeySet
    keys_raw: bytes
    day_raw: bytes
    known: Knowledge

    def verify(self, bearer: Bearer | None) -> None:
        """Check the ticket; a wrong answer measures nothing."""
        here = Here(SITE, ZONE)
        verdict = verify_token(self.text, self.keys, self.known, here, START, bearer)
        assert verdict.state is State.VALID
        assert verdict.person is (Person.MATCH if bearer else Person.NOT_ASKED)


def office() -> Office:
    """Return a desk with a day of 300 appointments."""
    chance = random.Random(300)  # noqa: S311 (invented)
    root, signer = cose.new_signer(), cose.new_signer()
    tag_key = chance.randbytes(32)
    every = [_claims(chance) for _ in range(ENTRIES)]
    shown = dataclasses.replace(every[150], tag=tag(tag_key, BEARER, every[150].reference))
    every[150] = shown
    key = TicketKey(signer.key_id, signer.private.public_key(), START - dt.timedelta(days=90), None, None)
    keys_raw = keys.write(1, START, [key], root)
    listed = keys.read(keys_raw, keys.root_text(root.private.public_key()))
    entries = {each.reference: _entry(each) for each in every}
    day = Manifest(SITE, ZONE.key, START.date(), START, None, {"2027-Q1": tag_key}, entries)
    day_raw = manifest.write(day, signer)
    known = knowledge_of(manifest.read(day_raw, listed), {})
    return Office(signer, shown, token.write(shown, signer), listed, keys_raw, day_raw, known)


def times(rounds: int) -> dict[str, Times]:
    """Measure floor and subjects in turn, in microseconds."""
    desk = office()
    message = bytes(_TO_BE_SIGNED_BYTES)
    algorithm, public = ec.ECDSA(hashes.SHA256()), desk.signer.private.public_key()
    signature = desk.signer.private.sign(message, algorithm)
    root = desk.keys.root
    subjects: dict[str, Callable[[], object]] = {
        "floor": lambda: public.verify(signature, message, algorithm),
        "ticket": lambda: desk.verify(None),
        "person": lambda: desk.verify(BEARER),
        "forged": lambda: verify_token(desk.text[:-3] + "000", desk.keys, desk.known, None, START),
        "foreign": lambda: verify_token("https://example.org/x", desk.keys, desk.known, None, START),
        "again": lambda: public.verify(signature, message, algorithm),
        "sign": lambda: token.write(desk.claims, desk.signer),
        "keys": lambda: keys.read(desk.keys_raw, root),
    }
    day = {"day": lambda: manifest.read(desk.day_raw, desk.keys)}  # apart: it leaves the next one cold caches
    return _in_turn(subjects, rounds) | _in_turn(day, max(1, rounds // 20))


def imports(rounds: int) -> dict[str, Times]:
    """Import in fresh processes in turn; the first round only warms the disk cache. In milliseconds."""
    modules = {"floor": _FLOOR_MODULE, "verify": "kiosk.tickets.verify"}
    samples: dict[str, list[float]] = {name: [] for name in modules}
    for turn in range(rounds + 1):
        for name, module in modules.items():
            done = subprocess.run(
                (sys.executable, "-c", _TIMED.format(module)), check=True, capture_output=True, text=True
            )
            if turn:
                samples[name].append(float(done.stdout) * MS_PER_SECOND)
    return {name: Times(taken) for name, taken in samples.items()}


def rows(measured: Mapping[str, Times]) -> list[Row]:
    """Return the table of medians over the bare verification."""
    floor = measured["floor"].median

    def row(name: str, subject: str, goal: float | None = None) -> Row:
        return Row(name, floor, measured[subject].median, goal)

    return [
        row("bare ECDSA P-256 verify, again", "again"),
        row("a ticket, a day of 300 known", "ticket", VERIFY_GOAL),
        row("the same, with who shows it", "person", VERIFY_GOAL),
        row("a ticket with a forged signature", "forged"),
        row("something else scanned", "foreign"),
        row("signing a ticket", "sign"),
        row("reading a list of one key", "keys"),
        row("reading a day of 300", "day"),
    ]


def _in_turn(subjects: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    samples: dict[str, list[float]] = {name: [] for name in subjects}
    for turn in range(rounds + 1):
        for name, subject in subjects.items():
            started = time.perf_counter()
            subject()
            if turn:  # the first only fills the caches
                samples[name].append((time.perf_counter() - started) * US_PER_SECOND)
    return {name: Times(taken) for name, taken in samples.items()}


def _claims(chance: random.Random) -> Claims:
    return Claims(
        make_reference(chance.getrandbits(RANDOM_BITS)),
        START - dt.timedelta(days=40),
        START,
        20,
        code_of("carte-sejour"),
        code_of(SITE),
        code_of("kiosk-93-1"),
        chance.randbytes(token.TAG_BYTES),
        1,
    )


def _entry(each: Claims) -> Entry:
    return Entry(
        each.reference, each.tag, each.start, each.minutes, each.service, each.site, each.revision, False, None
    )


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.tickets", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="times each is done")
    parser.add_argument("--starts", type=int, default=12, help="fresh processes of each import")
    options = parser.parse_args()
    taken = rows(times(options.rounds))
    started = imports(options.starts)
    whole = Row("a ticket and who shows it, of 1 ms", WHOLE_GOAL_US, taken[2].measured, 1.0)
    first = Row("import kiosk.tickets.verify", started["floor"].median, started["verify"].median)
    print("Medians; the floor is a bare ECDSA P-256 verify.\n" + table([*taken, whole], "us"))
    print("\nThe floor imports the library alone.\n" + table([first]))
    return 0 if all(row.kept for row in (*taken, whole)) else 1


if __name__ == "__main__":
    sys.exit(main())
