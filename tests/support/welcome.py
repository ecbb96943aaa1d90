"""Counters of a site on a real central: their machines, their tickets, and people who come."""

import datetime as dt
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from kiosk.central import counters, wire
from kiosk.central import tables as db
from kiosk.central.issuer import Issuer
from kiosk.desk.welcome import Welcome
from kiosk.embedded import RemoteCentral
from kiosk.settings import DEMO_COUNTER_TOKEN, Settings
from kiosk.tickets import keys
from tests.central.rows import Booked, add_bookings
from tests.support.central import NOW, RunningCentral
from tests.support.counter import settings_for

SITE = "pref-93"
SERVICE = "sejour-premiere"
FIRST_COUNTER, SECOND_COUNTER = "accueil-pref-93", "accueil-2"
SECOND_TOKEN = "second-counter-of-pref-93"
_nonces = itertools.count(1)


def counter_settings(central: RunningCentral, state_dir: Path, url: str | None = None) -> Settings:
    """Return the settings of the demonstration's counter, told the central's root."""
    return replace(
        settings_for(url or central.base_url, state_dir),
        root_key=root_of(central),
        counter_token=DEMO_COUNTER_TOKEN.format(SITE),
    )


def root_of(central: RunningCentral) -> str:
    """Return the root of the central's keys, as its administrator copies it."""
    with central.storage.reading() as transaction:
        return keys.read(Issuer(central.storage.person_key).published(transaction), None).root


def add_second_counter(central: RunningCentral) -> None:
    """Let a second counter of the site in."""
    with central.storage.writing() as transaction:
        second = counters.Counter(SECOND_COUNTER, SITE)
        counters.add(transaction, central.storage.person_key, NOW, second, SECOND_TOKEN)


@asynccontextmanager
async def welcome_at(
    settings: Settings, machine_time: Callable[[], dt.datetime], site: str = SITE
) -> AsyncIterator[Welcome]:
    """Run a counter whose machine has that time, and nonces that nobody else has."""
    welcome = Welcome(
        settings,
        site,
        host=RemoteCentral(str(settings.central_url)),
        now=machine_time,
        new_nonce=lambda: f"test-nonce-{next(_nonces):09d}",
    )
    await welcome.open()
    try:
        yield welcome
    finally:
        await welcome.close()


def book_at(central: RunningCentral, *slots: str, **columns: object) -> list[Booked]:
    """Add an appointment of somebody new in each of these slots of the test's, made days ago."""
    taken = sa.update(db.slots).where(db.slots.c.id == sa.bindparam("which")).values(taken=sa.bindparam("many"))
    with central.storage.writing() as transaction:
        transaction.execute(taken, [{"which": slot, "many": many} for slot, many in Counter(slots).items()])
    common = {"service": SERVICE, "created_at": NOW - dt.timedelta(days=9)} | columns
    return add_bookings(central, [{"slot": slot, **common} for slot in slots])


def tickets_of(central: RunningCentral, bookings: Iterable[Booked]) -> list[str]:
    """Return what stands in the QR of each ticket now."""
    issuer = Issuer(central.storage.person_key)
    found = []
    with central.storage.reading() as transaction:
        for booked in bookings:
            row = transaction.execute(wire.BOOKING.where(db.bookings.c.id == booked.id)).mappings().one()
            text = issuer.token(transaction, row)
            assert text
            found.append(text)
    return found
