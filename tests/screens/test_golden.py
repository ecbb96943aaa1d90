"""Every screen as text at 80x24, compared with the one that was looked at; and nothing clipped, on small or large."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.central import RunningCentral
from tests.support.counter import Counter, counter

GOLDEN = Path(__file__).parent / "golden"
SMALL, LARGE = (80, 24), (200, 60)


async def every_screen(at: Counter) -> AsyncIterator[str]:
    """Go the whole road once, with its detours, and name each stop."""
    await at.sees("Central ✓")
    yield "opening"
    await at.sign_in()
    yield "home"
    await at.press("f12")
    await at.sees("Écran masqué")
    yield "masked"
    await at.press("enter")
    await at.sees("Que faut-il faire ?")
    await at.press("enter")
    await at.sees("Qui vient")
    yield "person"
    await at.press("f1")
    await at.sees("Prenez la pièce")
    yield "help"
    await at.press("enter")
    await at.sees("Qui vient")
    await at.type("NGUESSAN")
    await at.type("03/02/19")
    await at.sees("Il manque deux chiffres")
    yield "person_wrong_date"
    await at.type("90")
    await at.sees("Prénom")
    await at.type("Éléonore")
    await at.type("12")
    await at.sees("Ce numéro n'existe pas")
    yield "person_new"
    await at.press("f9")
    await at.sees("Que faut-il faire ?")
    await at.start("DIAL")
    await at.sees("est-ce elle ?")
    yield "person_known"
    await at.press("enter")
    await at.sees("Pour quelle démarche ?")
    yield "service"
    await at.press("1")
    await at.sees("Que faut-il apporter ?")
    await at.press("1", "2")
    await at.sees("[x]")
    yield "documents"
    await at.press("enter")
    await at.sees("sur 334")
    yield "site"
    await at.press("b", "o")
    await at.sees("Bonneville")
    yield "site_typed"
    await at.press("enter")
    await at.sees("places")
    yield "slot_days"
    await at.times()
    yield "slot_times"
    await at.press("enter")
    await at.sees("Tout est juste ?")
    yield "check"


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x60"])
async def test_every_screen_is_as_it_was_looked_at_and_nothing_is_clipped(
    size: tuple[int, int], demo_central: RunningCentral, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clipped: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    async with counter(demo_central, tmp_path / "state", size=size) as at:
        async for stop in every_screen(at):
            seen[stop] = at.text + "\n"
            clipped[stop] = at.clipped()
    assert not {stop: cut for stop, cut in clipped.items() if cut}
    if size == SMALL:
        if request.config.getoption("--write-golden"):
            _write(seen)
        assert seen == _golden()


def _write(seen: dict[str, str]) -> None:
    GOLDEN.mkdir(exist_ok=True)
    for stop, text in seen.items():
        (GOLDEN / f"{stop}.txt").write_text(text, encoding="utf-8")


def _golden() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.txt")}
