"""`python -m bench.printing`: papers in time, in bytes, and under damage; exits 1 if a goal is missed."""

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import zxingcpp
from PIL import ImageOps

from bench.damage import DAMAGES, Code, Damage, draws, photographed
from bench.measure import MS_PER_SECOND, Row, Times, table
from kiosk.printing import pages, sheet
from kiosk.printing.facts import Ticket
from kiosk.printing.languages import offered
from kiosk.printing.paper import papers
from kiosk.printing.phrases import Status
from kiosk.printing.profiles import Paper, form_for
from kiosk.printing.qr import PAPER_EDGE_DOTS
from kiosk.printing.samples import Kind, sample
from kiosk.printing.service import Rendered, render

BYTES_GOAL = 0.35  # of the same image sent whole
SLOW_SECONDS_GOAL = 30.0  # a French ticket at 9,600 baud
LOST_GOAL = 0.03  # of the damaged codes, on 80 mm paper
SLOW_BAUD, FAST_BAUD, BITS_PER_BYTE = 9_600, 115_200, 10
SHORT_TOKEN = "RDV1:7K4M2XP"  # noqa: S105 12 characters
AROUND_CODE = 40  # dots of the ticket seen beside it
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
PAPERS: tuple[Paper, ...] = ("80mm", "58mm")


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int  # of rendering
    draws: int  # of each damage


def ticket() -> Ticket:
    """Return the sample, with a token of 208 characters."""
    facts = sample(Kind.TICKET)
    assert isinstance(facts, Ticket)
    return facts


def times(rounds: int, second: str) -> list[Row]:
    """Render and encode a ticket in two languages; the floor draws the same page, laid out before."""
    facts, form = ticket(), form_for("80mm")
    page = pages.compose(facts, form, second)
    samples = _in_turn(rounds, (lambda: sheet.draw(page), lambda: render(facts, form, second)))
    floor, whole = (Times(taken) for taken in samples)
    return [
        Row(f"render and encode, French and {second}, p50", floor.median, whole.median),
        Row(f"render and encode, French and {second}, p95", floor.p95, whole.p95),
    ]


def sizes(languages: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """Return bytes against the image sent whole, and seconds on two lines against the same and the goal."""
    bytes_rows, seconds = [], []
    for paper in PAPERS:
        for coarse in (False, True):
            form = dataclasses.replace(form_for(paper), coarse=coarse)
            name = f"{paper}, {'coarse' if coarse else 'fine'}"
            french = render(ticket(), form)
            worst = max((render(ticket(), form, second) for second in languages), key=_ratio)
            bytes_rows += [_bytes_row(f"{name}, French", french), _bytes_row(f"{name}, worst of two languages", worst)]
            for kind, rendered in (("French", french), ("two languages", worst)):
                seconds += _seconds_rows(f"{name}, {kind}", rendered, has_goal=coarse and rendered is french)
    return bytes_rows, seconds


def survivals(draws_of_each: int) -> list[tuple[str, list[float]]]:
    """Return, per damage, the share of codes read: 80 mm short and long token, 58 mm short and long token."""
    codes = [(paper, token, code_on_paper(paper, token)) for paper in PAPERS for token in (SHORT_TOKEN, ticket().token)]
    return [
        (
            damage.__name__,
            [_survival(code, token, damage, f"{paper} {len(token)}", draws_of_each) for paper, token, code in codes],
        )
        for damage in DAMAGES
    ]


def code_on_paper(paper: Paper, token: str) -> Code:
    """Return the QR code and what stands right beside it, cut out of the paper that the bytes leave."""
    facts, form = dataclasses.replace(ticket(), token=token), form_for(paper)
    [printed] = papers(render(facts, form).payload, form.dots)
    whole = ImageOps.expand(printed.convert("L"), PAPER_EDGE_DOTS, 255)
    [found] = zxingcpp.read_barcodes(whole, formats=QR)
    first, last = found.position.top_left, found.position.bottom_right
    left, top = max(0, first.x - AROUND_CODE), first.y - AROUND_CODE
    seen = whole.crop((left, top, min(whole.width, last.x + AROUND_CODE), last.y + AROUND_CODE))
    return Code(seen, (first.x - left, first.y - top, last.x - left, last.y - top))


def _languages() -> list[str]:
    """Return the codes of the languages that this machine can print, Arabic first where it can."""
    codes = [language.code for language in offered(Status.MACHINE)]
    return sorted(codes, key=lambda code: code != "ar")


def _in_turn(rounds: int, subjects: Sequence[Callable[[], object]]) -> list[list[float]]:
    samples: list[list[float]] = [[] for _ in subjects]
    for turn in range(rounds + 1):
        for subject, taken in zip(subjects, samples, strict=True):
            started = time.perf_counter()
            subject()
            if turn:  # the first only fills the caches
                taken.append((time.perf_counter() - started) * MS_PER_SECOND)
    return samples


def _naive(rendered: Rendered) -> int:
    return rendered.image.width * rendered.image.height // 8


def _ratio(rendered: Rendered) -> float:
    return len(rendered.payload) / _naive(rendered)


def _bytes_row(name: str, rendered: Rendered) -> Row:
    return Row(name, _naive(rendered), len(rendered.payload), BYTES_GOAL)


def _seconds_rows(name: str, rendered: Rendered, *, has_goal: bool) -> list[Row]:
    slow, fast = (len(rendered.payload) * BITS_PER_BYTE / baud for baud in (SLOW_BAUD, FAST_BAUD))
    return [
        Row(f"{name}, 9,600 baud", SLOW_SECONDS_GOAL, slow, 1.0 if has_goal else None),
        Row(f"{name}, 115,200 baud", SLOW_SECONDS_GOAL, fast),
    ]


def _survival(code: Code, token: str, damage: Damage, seed: str, count: int) -> float:
    photos = (photographed(code, damage, chance) for chance in draws(count, f"{damage.__name__} {seed}"))
    read = sum(token in (found.text for found in zxingcpp.read_barcodes(photo, formats=QR)) for photo in photos)
    return read / count


def _lost_rows(survived: Sequence[tuple[str, list[float]]]) -> list[Row]:
    rows = []
    for column, name in enumerate(("80 mm, 12 characters", "80 mm, 208 characters", "58 mm, 12", "58 mm, 208")):
        lost = 100 * (1 - sum(shares[column] for _, shares in survived) / len(survived))
        rows.append(Row(f"QR codes lost, {name}", 100, lost, LOST_GOAL if name.startswith("80") else None))
    return rows


def _survival_table(survived: Sequence[tuple[str, list[float]]]) -> str:
    lines = [f"{'% read under':<20} {'80 mm 12':>10} {'80 mm 208':>10} {'58 mm 12':>10} {'58 mm 208':>10}"]
    lines += [f"{name:<20} " + " ".join(f"{100 * share:>10.0f}" for share in shares) for name, shares in survived]
    return "\n".join(lines)


def measured(plan: Plan) -> tuple[str, bool]:
    """Measure all; return the tables and whether every goal is kept."""
    languages = _languages()
    bytes_rows, seconds = sizes(languages)
    survived = survivals(plan.draws)
    time_rows, lost = times(plan.rounds, languages[0]), _lost_rows(survived)
    tables = (
        "The floor draws the same page.\n" + table(time_rows),
        "The floor is the image sent whole.\n" + table(bytes_rows, "bytes"),
        "The floor is what a French ticket may take.\n" + table(seconds, "s"),
        _survival_table(survived),
        table(lost, "%"),
    )
    return "\n\n".join(tables), all(row.kept for row in (*time_rows, *bytes_rows, *seconds, *lost))


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m bench.printing", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="tickets rendered")
    parser.add_argument("--draws", type=int, default=10, help="draws of each damage, on each of four codes")
    options = parser.parse_args()
    tables, kept = measured(Plan(options.rounds, options.draws))
    print(tables)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
