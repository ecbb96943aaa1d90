"""One of the processes that share the runs of a campaign; each has its own files, clock and zygote."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from campaign.central_life import CentralOrder, warm_central
from campaign.kiosk_life import KioskOrder, warm_kiosk
from campaign.plan import Plan
from campaign.run import Order, Result, Run
from campaign.wire import Wire
from campaign.world import Place, SharedClock
from campaign.zygote import Zygote


class Worker:
    """Runs plans, one after the other."""

    def __init__(self, template: Place, root: Path) -> None:
        """Take a directory; the zygote is forked here, so the caller must have no threads."""
        self._template = template
        self._place = Place(root)
        self._clock = SharedClock()
        self._place.begin(template)
        central, kiosk = warm_central(self._place, self._clock), warm_kiosk(self._place, self._clock)

        def live(order: Order, wire: Wire) -> None:
            match order:
                case CentralOrder():
                    central(order, wire)
                case KioskOrder():
                    kiosk(order, wire)

        self._zygote = Zygote[Order](live)

    def run(self, plan: Plan, sabotage: Callable[[], None] | None = None) -> Result:
        """Run a plan from the beginning of time."""
        self._place.begin(self._template)
        self._clock.restart()

        async def run() -> Result:
            return await Run(plan, self._place, self._clock, self._zygote, sabotage).result()

        return asyncio.run(run())

    def close(self) -> None:
        """End the zygote and erase the files."""
        self._zygote.close()
        shutil.rmtree(self._place.root, ignore_errors=True)


@contextmanager
def worker(template: Place, root: Path) -> Iterator[Worker]:
    """Give a worker for the length of a block."""
    made = Worker(template, root)
    try:
        yield made
    finally:
        made.close()
