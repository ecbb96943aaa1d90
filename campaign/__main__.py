"""`python -m campaign`: many runs, or one again by its number; exits 1 if a rule was broken."""

import argparse
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import cast

from campaign.plan import draw
from campaign.run import Result
from campaign.worker import worker
from campaign.world import START, Place, make_template

RUNS = 300
MEMORY_DISK = Path("/dev/shm")  # noqa: S108 (what a killed process wrote is there all the same, and nobody waits for a disk)
WORKERS_PER_CORE = 3  # a run waits more than it works
PROGRESS_SECONDS = 10.0


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; return the exit code."""
    asked = _parsed(arguments)
    numbers = [asked.run] if asked.run is not None else list(range(asked.first, asked.first + asked.runs))
    processes = min(len(numbers), asked.workers)
    begun = time.monotonic()
    with template() as at:
        counts, failed = _gathered(at, numbers, processes, talks=asked.run is not None)
    _sum_up(counts, len(numbers), failed, time.monotonic() - begun)
    return 1 if failed else 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m campaign", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N")
    parser.add_argument("--first", type=int, default=1, metavar="NUMBER", help="the number of the first run")
    parser.add_argument("--run", type=int, metavar="NUMBER", help="this run only, with its whole timeline")
    parser.add_argument("--workers", type=int, default=WORKERS_PER_CORE * (os.cpu_count() or 1))
    return parser.parse_args(arguments)


@contextmanager
def template() -> Iterator[Place]:
    """Make what each run begins with, for the length of a block."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-", dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None))
    try:
        place = Place(folder / "template")
        make_template(place, lambda: START)
        yield place
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _gathered(template: Place, numbers: list[int], processes: int, *, talks: bool) -> tuple[Counter[str], list[int]]:
    """Share the runs among processes; return all counts, and which runs broke a rule."""
    forking = multiprocessing.get_context("fork")
    ends: list[Connection] = []
    for share in range(processes):
        ours, its = forking.Pipe(duplex=False)
        process = forking.Process(target=_work, args=(template, share, numbers[share::processes], its))
        process.start()
        its.close()
        ends.append(ours)
    counts: Counter[str] = Counter()
    failed: list[int] = []
    begun = told = time.monotonic()
    done = 0
    while ends:
        for end in wait(ends):
            try:
                result: Result = cast(Connection, end).recv()
            except EOFError:
                ends.remove(cast(Connection, end))
                continue
            done += 1
            counts += result.counts
            if result.findings:
                failed.append(result.plan.number)
            if result.findings or talks:
                _show(result)
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            print(f"{done}/{len(numbers)} runs, {len(failed)} failed, {told - begun:.0f} s", flush=True)
    for child in multiprocessing.active_children():
        child.join()
    if done != len(numbers):
        failed.append(-1)
        print(f"{len(numbers) - done} runs were lost with their process")
    return counts, failed


def _work(template: Place, share: int, numbers: list[int], results: Connection) -> None:
    with worker(template, template.root.with_name(f"worker-{share}")) as at:
        for number in numbers:
            results.send(at.run(draw(number)))


def _show(result: Result) -> None:
    print(f"run {result.plan.number}: {'broken' if result.findings else 'sound'}")
    print(f"  {result.plan}")
    for line in result.timeline:
        print(f"  {line}")
    for finding in result.findings:
        print(f"  BROKEN {finding.rule}: {finding.text}")


def _sum_up(counts: Counter[str], runs: int, failed: list[int], seconds: float) -> None:
    for name, count in sorted(counts.items()):
        print(f"{count:8}  {name}")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    print(f"{runs} runs in {seconds:.0f} s; {cpu / runs:.2f} CPU-seconds each")
    print(f"broken: {', '.join(map(str, sorted(failed))) or 'none'}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
