"""Times on a real pseudo-terminal: from the fork to a screen, from a key to the screen it changes.

Floor and subject take turns within one campaign, so that what else the machine does weighs on both alike. Only the
program is measured: bytes are stamped when they arrive and interpreted afterwards.
"""

import re
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.pty import Terminal

MS_PER_SECOND = 1000.0
LEAST_SAMPLES = 2


@dataclass(frozen=True)
class Program:
    """A command line, its variables, and how its first usable screen is recognised."""

    command: Sequence[str]
    ready: str
    env: Mapping[str, str] = field(default_factory=dict)
    rows: int = 24
    columns: int = 80

    def start(self) -> Terminal:
        """Start it on a terminal of its own."""
        return Terminal(self.command, self.env, rows=self.rows, columns=self.columns)


@dataclass(frozen=True)
class Step:
    """One key (a name or a character) and the screen that it must bring; `key` and `shows` get the turn's number.

    `prepare` leads to the first turn and `restore` to the next one; neither is measured.
    """

    key: Callable[[int], str]
    shows: Callable[[int], str]
    prepare: Callable[[Terminal], None] = lambda terminal: None
    restore: Callable[[Terminal], None] = lambda terminal: None


@dataclass(frozen=True)
class Times:
    """What was measured, in milliseconds."""

    samples: Sequence[float]

    @property
    def median(self) -> float:
        """Half of the times were shorter."""
        return statistics.median(self.samples)

    @property
    def p95(self) -> float:
        """19 of 20 times were shorter."""
        return self._all_but_one_of(20)

    @property
    def p99(self) -> float:
        """99 of 100 times were shorter."""
        return self._all_but_one_of(100)

    def _all_but_one_of(self, parts: int) -> float:
        if len(self.samples) < LEAST_SAMPLES:
            return self.median
        return statistics.quantiles(self.samples, n=parts, method="inclusive")[-1]


@dataclass(frozen=True)
class Row:
    """One line of the table: a measure, its floor, and the ratio promised, if one is."""

    name: str
    floor: float
    measured: float
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return self.measured / self.floor

    @property
    def kept(self) -> bool:
        """Is the promise kept?"""
        return self.goal is None or self.ratio <= self.goal


def measure_starts(programs: Mapping[str, Program], rounds: int) -> dict[str, Times]:
    """Start each program in turn, `rounds` times over; the first round only warms the disk cache."""
    samples: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name, program in programs.items():
            with program.start() as terminal:
                took = terminal.wait_for(program.ready) - terminal.started_at
            if turn:
                samples[name].append(took * MS_PER_SECOND)
    return {name: Times(times) for name, times in samples.items()}


def measure_keys(subjects: Mapping[str, tuple[Program, Step]], rounds: int) -> dict[str, Times]:
    """Keep every program running and press one key in each in turn, `rounds` times over."""
    samples: dict[str, list[float]] = {name: [] for name in subjects}
    terminals: dict[str, Terminal] = {}
    try:
        for name, (program, step) in subjects.items():
            terminals[name] = program.start()
            terminals[name].wait_for(program.ready)
            step.prepare(terminals[name])
        for turn in range(rounds):
            for name, (_, step) in subjects.items():
                samples[name].append(_time_key(terminals[name], step.key(turn), step.shows(turn)))
                step.restore(terminals[name])
    finally:
        for terminal in terminals.values():
            terminal.close()
    return {name: Times(times) for name, times in samples.items()}


def joined(campaigns: Sequence[Mapping[str, Times]]) -> dict[str, Times]:
    """Put the samples of several campaigns with the same subjects together."""
    return {name: Times([took for times in campaigns for took in times[name].samples]) for name in campaigns[0]}


def typing(shows: str) -> Step:
    """A step that types digits; `shows` is a regex of the screen in which `{typed}` stands for what was typed."""
    return Step(
        key=lambda turn: str(turn % 10),
        shows=lambda turn: shows.format(typed="".join(str(n % 10) for n in range(turn + 1))),
    )


def python(module: str) -> tuple[str, ...]:
    """The command line that runs `module` with this interpreter."""
    return (sys.executable, "-m", module)


def table(rows: Sequence[Row], unit: str = "ms", digits: int = 1) -> str:
    """Lay `rows` out as text."""
    lines = [f"{'name':<40} {'floor ' + unit:>12} {'measured ' + unit:>15} {'ratio':>7} {'goal':>7}"]
    for row in rows:
        goal, kept = ("-", "") if row.goal is None else (f"{row.goal:.2f}", "ok" if row.kept else "MISSED")
        lines.append(
            f"{row.name:<40} {row.floor:>12.{digits}f} {row.measured:>15.{digits}f} {row.ratio:>7.2f} {goal:>7}  {kept}"
        )
    return "\n".join(lines)


def _time_key(terminal: Terminal, key: str, shows: str) -> float:
    """Press `key` on a terminal at rest; a step whose result already stands there would measure nothing."""
    terminal.settle()
    if re.search(shows, terminal.text):
        raise AssertionError(f"already shown: {shows!r}")
    pressed = terminal.press(key)
    return (terminal.wait_for(shows) - pressed) * MS_PER_SECOND
