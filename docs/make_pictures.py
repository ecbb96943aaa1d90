"""Takes the pictures of the documentation from the real program: `python -m docs.make_pictures` from the root."""

import asyncio
import os
import re
import shutil
import tempfile
from pathlib import Path

import cairosvg

from kiosk.printing.languages import PICTOGRAMS
from kiosk.printing.profiles import form_for
from kiosk.printing.samples import Kind, sample
from kiosk.printing.service import render
from kiosk.themed_app import ThemedApp
from tests.central.calls import booked, newcomer
from tests.screens.test_golden import every_screen
from tests.screens.test_welcome import SOON, WHO, welcome_desk
from tests.support.central import running_central
from tests.support.counter import counter

PICTURES = Path(__file__).parent / "pictures"
STOPS = ("opening", "person_known", "service", "number", "documents", "site_typed", "slot_times", "check", "ticket")
SCALE = 0.75


def take(app: ThemedApp, name: str) -> None:
    """Write the screen as a PNG."""
    svg = re.sub(r"@font-face\s*{[^}]*}", "", app.export_screenshot(title="kiosk"))
    # The picture's own font comes from the network; this one is everywhere, and a little wider.
    svg = svg.replace("Fira Code", "DejaVu Sans Mono").replace("font-size: 20px", "font-size: 19.8px")
    cairosvg.svg2png(svg.encode(), write_to=str(PICTURES / f"{name}.png"), scale=SCALE)


async def main() -> None:
    """Walk the whole road once."""
    with tempfile.TemporaryDirectory() as folder, running_central(Path(folder) / "central") as central:
        os.environ["HOME"] = folder
        state = Path.home() / ".local/state/kiosk"
        async with counter(central, state) as at:
            async for stop in every_screen(at):
                if stop in STOPS:
                    take(at.app, stop)
        (paper,) = (state / "tickets").glob("*.png")
        shutil.copy(paper, PICTURES / "paper.png")
        with newcomer(central, "elsewhere") as kiosk:
            [booking] = booked(kiosk, central.add_slot("soon", capacity=1, start=SOON), WHO)
        async with welcome_desk(central, Path(folder) / "welcome", central.clock) as at:
            await at.sees("tout est transmis")
            await at.type(booking["token"])
            await at.sees("TICKET BON")
            take(at.app, "welcome_good")
    for name, second in (("arabic", "ar"), ("tamil", "ta"), ("pictograms", PICTOGRAMS)):
        ticket = render(sample(Kind.TICKET), form_for("80mm"), second)
        ticket.image.save(PICTURES / f"paper_{name}.png", optimize=True)


if __name__ == "__main__":
    asyncio.run(main())
