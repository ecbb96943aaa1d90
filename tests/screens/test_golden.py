"""Every screen as text at 80x24, compared with the one that was looked at; and nothing clipped, on small or large."""

import functools
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from kiosk.api import client
from kiosk.api.client import CentralClient
from tests.support.central import RunningCentral
from tests.support.counter import Counter, counter
from tests.support.pilot import until

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
    await at.press("f7")
    await at.sees("Scannez le carré")
    yield "verify"
    await at.type("RDV1:00ABC")
    await at.sees("CE CODE N'EST PAS JUSTE")
    yield "verify_altered"
    await at.type("7K4M-Q2XP-93TQ")
    await at.sees("Ou F5")
    await at.press("f5")
    await at.sees("Qui montre ce ticket ?")
    yield "verify_identity"
    await at.press("escape")
    await at.sees("Scannez le carré")
    await at.press("escape")
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
    await at.press("backspace", "backspace", "enter")
    await at.sees("Pour quelle démarche ?")
    await at.press("1")
    await at.sees("Quel est son numéro étranger ?")
    yield "number"
    await at.type("99 00 00")
    await at.sees("a 10 chiffres, parfois 9. Exemple")
    yield "number_wrong"
    await at.type(" 00 03")
    await at.sees("Que faut-il apporter ?")
    await at.press("enter")
    await at.sees("sur 334")
    await at.first_place()
    await at.times()
    await at.press("enter")
    await at.sees("Ce numéro n'est pas à ce nom")
    yield "number_refused"
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
    await at.press("f10")
    await at.sees("Ticket virtuel")
    await until(lambda: "▀" in at.text)
    yield "ticket"
    await at.press("down")
    await until(lambda: "Code" not in at.text)
    yield "ticket_whole"


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x60"])
async def test_every_screen_is_as_it_was_looked_at_and_nothing_is_clipped(
    size: tuple[int, int],
    demo_central: RunningCentral,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    clipped: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    async with counter(demo_central, tmp_path / "state", size=size) as at:
        async for stop in every_screen(at):
            seen[stop] = steady(at.text) + "\n"
            clipped[stop] = at.clipped()
    assert not {stop: cut for stop, cut in clipped.items() if cut}
    if size == SMALL:
        compare(seen, request)


async def test_what_is_not_taken_yet_and_what_nobody_knows_look_different(
    demo_central: RunningCentral, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = BrokenWire()
    monkeypatch.setattr(client, "CentralClient", functools.partial(CentralClient, transport=wire))
    monkeypatch.setattr("kiosk.screens.sending.monotonic", lambda: 0.0)
    seen: dict[str, str] = {}
    async with counter(demo_central, tmp_path / "state", size=SMALL) as at:
        await at.sign_in()
        await at.up_to_check()
        wire.broken = httpx.ConnectError("refused")
        await at.press("f10")
        await at.sees("n'est pas encore pris")
        await at.sees("Central ✗")
        seen["sending_not_sent"] = at.text + "\n"
        assert not at.clipped()
        wire.broken = httpx.ReadError("cut")
        await at.sees("Nous ne savons pas encore")
        seen["sending_unknown"] = at.text + "\n"
        assert not at.clipped()
        wire.broken = None
        await at.sees("Le rendez-vous est pris.")
    compare(seen, request)


class BrokenWire(httpx.AsyncHTTPTransport):
    """A line that fails as it is told to."""

    broken: httpx.TransportError | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Fail, or pass the request on."""
        if self.broken:
            raise self.broken
        return await super().handle_async_request(request)


def steady(text: str) -> str:
    """Return the screen without what chance and the clock write into it: reference and file name."""
    text = re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", "XXXX-XXXX-XXXX", text)
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines) if "Ticket virtuel" in line), len(lines))
    for number in range(first + 2, min(first + 5, len(lines))):
        lines[number] = re.sub(r"[0-9A-HJ-NP-Z]", "X", lines[number])
    return "\n".join(lines)


def compare(seen: dict[str, str], request: pytest.FixtureRequest) -> None:
    """Compare with what was looked at; with --write-golden, write it down to be looked at."""
    GOLDEN.mkdir(exist_ok=True)
    for stop, text in seen.items():
        path = GOLDEN / f"{stop}.txt"
        if request.config.getoption("--write-golden"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), stop
