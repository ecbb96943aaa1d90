"""What all runs share: a small scarce central, and a clock that a run can put forward."""

import datetime as dt
import mmap
import shutil
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from kiosk.central import signing_in
from kiosk.central import tables as db
from kiosk.central.catalogue import Catalogue, load_catalogue
from kiosk.central.command import prepare
from kiosk.central.storage import FILE_NAME

START = dt.datetime(2027, 1, 11, 8, 0, tzinfo=dt.UTC)  # a Monday, 9 h in Paris
PARIS = ZoneInfo("Europe/Paris")
KIOSK = MEDIATOR = "demo"
CODE = "000000"
SITES = ("pref-93", "pref-75")
SERVICES = ("permis-echange", "sejour-premiere")  # both take applications and want no number
# Of each service and site: days from now, hour, capacity. So few that persons of one run get in each other's way.
OPENINGS = ((2, 9, 1), (2, 10, 1), (3, 9, 2))
MANY = 1000
_CLOCK = struct.Struct("dd")
_CHEAP = 2  # rounds of scrypt: signing in is no part of this campaign, and as dear as a whole run


class SharedClock:
    """The time of one worker's lives: it passes as it does, and goes forward at once when told."""

    def __init__(self) -> None:
        """Make the memory that forked processes share."""
        self._shared = mmap.mmap(-1, _CLOCK.size)
        self.restart()

    def restart(self) -> None:
        """It is START again."""
        _CLOCK.pack_into(self._shared, 0, time.monotonic(), 0.0)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        begun, ahead = _CLOCK.unpack_from(self._shared)
        _CLOCK.pack_into(self._shared, 0, begun, ahead + seconds)

    def stopwatch(self) -> float:
        """Return the seconds since the start."""
        begun, ahead = _CLOCK.unpack_from(self._shared)
        return float(time.monotonic() - begun + ahead)

    def __call__(self) -> dt.datetime:
        """Return the time in Paris."""
        return (START + dt.timedelta(seconds=self.stopwatch())).astimezone(PARIS)


@dataclass(frozen=True, slots=True)
class Place:
    """The directories of one worker, or of the template."""

    root: Path

    @property
    def central(self) -> Path:
        """Return where the central keeps its data."""
        return self.root / "central"

    @property
    def ledger(self) -> Path:
        """Return the central's database."""
        return self.central / FILE_NAME

    @property
    def kiosk(self) -> Path:
        """Return the kiosk's state directory."""
        return self.root / "kiosk"

    @property
    def drawn(self) -> Path:
        """Return where the ink of each drawn paper is kept."""
        return self.root / "drawn"

    def begin(self, template: "Place") -> None:
        """Give a run its own files, as of the start."""
        for folder in (self.central, self.kiosk, self.drawn):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template.central, self.central)
        self.kiosk.mkdir(mode=0o700)
        self.drawn.mkdir()


def catalogue() -> Catalogue:
    """Return the part of the catalogue that runs use."""
    whole = load_catalogue()
    return Catalogue({one: whole.services[one] for one in SERVICES}, {one: whole.sites[one] for one in SITES})


def make_template(place: Place, clock: Callable[[], dt.datetime]) -> None:
    """Make the database that each run begins with."""
    signing_in._SCRYPT["n"] = _CHEAP  # lives are forked of this process
    storage = prepare(place.central, clock, None)
    salt = bytes(signing_in.SALT_BYTES)
    with storage.writing() as tx:
        code_hash = signing_in.hash_code(CODE, salt)
        tx.execute(sa.insert(db.mediators).values(id=MEDIATOR, name="Camille", code_salt=salt, code_hash=code_hash))
        tx.execute(sa.insert(db.kiosks).values(id=KIOSK, name="Poste", department="93", region="Île-de-France"))
        tx.execute(sa.update(db.services).values(mediator_hour=MANY, mediator_day=MANY, kiosk_hour=MANY, site_day=MANY))
        tx.execute(
            sa.insert(db.slots), [_slot(*one, site, what) for one in OPENINGS for site in SITES for what in SERVICES]
        )
    storage.close()


def _slot(days: int, hour: int, capacity: int, site: str, service: str) -> dict[str, object]:
    start = dt.datetime.combine(START.date() + dt.timedelta(days=days), dt.time(hour), PARIS)
    return {
        "id": f"s-{service}-{site}-{days}-{hour}",
        "service": service,
        "site": site,
        "date": start.date(),
        "start_at": start,
        "minutes": 20,
        "capacity": capacity,
    }
