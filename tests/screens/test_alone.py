"""A kiosk without network: what can be read, what can be written down, and what becomes of it when the line is back."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kiosk.desk.answers import Central
from kiosk.screens import home, noted, opening, person, site
from kiosk.screens.application import FirstDayScreen
from tests.support.central import RunningCentral
from tests.support.counter import Counter, counter, settings_for
from tests.support.pilot import until
from tests.support.proxy import CuttingProxy, cutting_proxy

DRIVING_LICENCE, RESIDENCE_PERMIT = "7", "1"


@pytest.fixture
def line(demo_central: RunningCentral) -> Iterator[CuttingProxy]:
    """The network of a kiosk, plugged in."""
    with cutting_proxy(demo_central.base_url) as proxy:
        yield proxy


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@asynccontextmanager
async def kiosk_on(line: CuttingProxy, central: RunningCentral, state_dir: Path) -> AsyncIterator[Counter]:
    async with counter(central, state_dir, settings=settings_for(line.url, state_dir)) as at:
        yield at


async def has_been_in_touch(line: CuttingProxy, central: RunningCentral, state_dir: Path) -> None:
    """Live through a shift with network."""
    async with kiosk_on(line, central, state_dir) as at:
        await at.sign_in()
        await at.desk.bookings.look_ahead()


async def opens_alone(at: Counter, code: str = "000000") -> None:
    await until(lambda: at.desk.central is Central.SILENT)
    await at.type("demo")
    await at.type(code)
    await at.sees("ouvrir sans réseau")
    await at.press("enter")
    await at.sees("Que faut-il faire ?")


async def writes(at: Counter, surname: str = "ZEBULONOV", born: str = "17031961") -> None:
    """Write down who somebody is, whom nobody can look for."""
    await at.start(surname, born)
    await at.sees(person.NOT_SEARCHED[:40])
    await at.type("Mariam")
    await at.type("0612345678")


async def up_to_first_day(at: Counter) -> None:
    await writes(at)
    await at.sees("Pour quelle démarche")
    await at.press(DRIVING_LICENCE)
    await at.sees("Que faut-il apporter")
    await at.press("enter")
    await at.sees("Sans réseau : places vues aujourd'hui à")
    await at.press("1")
    await at.sees("À partir de quel jour")


async def up_to_noted(at: Counter) -> str:
    await up_to_first_day(at)
    await at.press("3")
    await at.sees("Noter cette demande ?")
    await at.press("f10")
    await at.sees(noted.NOTED)
    await at.sees("Papier virtuel :")
    return at.desk.noted[-1].code


async def test_a_request_noted_without_network_becomes_an_appointment_that_is_told(
    line: CuttingProxy, demo_central: RunningCentral, state_dir: Path
) -> None:
    await has_been_in_touch(line, demo_central, state_dir)
    line.unplug()
    async with kiosk_on(line, demo_central, state_dir) as at:
        await opens_alone(at)
        await at.sees(home.ALONE[:40])
        await at.sees("Sans réseau")
        code = await up_to_noted(at)
        assert code in at.text
        assert not at.clipped()
        await at.press("f9")
        await at.sees(f"1 demande notée : {code}")
        assert "ZEBULONOV" not in at.text
        assert not at.clipped()
        line.plug_in()
        await at.sees(f"À rappeler : demande {code}, le rendez-vous est pris")
        assert at.desk.shift
        assert at.desk.shift.verified
        await at.press("3")
        await at.sees("Le rendez-vous est pris. Code : ")


async def test_what_is_read_back_says_that_it_is_no_appointment(
    line: CuttingProxy, demo_central: RunningCentral, state_dir: Path
) -> None:
    await has_been_in_touch(line, demo_central, state_dir)
    line.unplug()
    async with kiosk_on(line, demo_central, state_dir) as at:
        await opens_alone(at)
        await up_to_first_day(at)
        assert not at.clipped()
        assert isinstance(at.app.screen, FirstDayScreen)
        await at.press("1")
        await at.sees("Première place à partir du")
        await at.sees("Ce n'est pas encore un rendez-vous")
        assert not at.clipped()
        await at.press("escape")
        await at.sees("À partir de quel jour")


async def test_a_service_with_a_number_waits_for_the_network(
    line: CuttingProxy, demo_central: RunningCentral, state_dir: Path
) -> None:
    await has_been_in_touch(line, demo_central, state_dir)
    line.unplug()
    async with kiosk_on(line, demo_central, state_dir) as at:
        await opens_alone(at)
        await writes(at)
        await at.sees("Pour quelle démarche")
        await at.press(RESIDENCE_PERMIT)
        await at.sees("Quel est son numéro étranger")
        await at.type("9900000003")
        await at.sees("Que faut-il apporter")
        await at.press("enter")
        await at.sees(site.NOT_WITHOUT[:40])
        assert not at.clipped()
        await at.press("enter")
        await at.sees(site.NOT_WITHOUT[:40])


async def test_the_same_person_is_not_asked_for_twice_and_the_next_one_is(
    line: CuttingProxy, demo_central: RunningCentral, state_dir: Path
) -> None:
    await has_been_in_touch(line, demo_central, state_dir)
    line.unplug()
    async with kiosk_on(line, demo_central, state_dir) as at:
        await opens_alone(at)
        code = await up_to_noted(at)
        await at.press("f9")
        await at.sees("Que faut-il faire ?")
        await writes(at)
        await at.sees(f"une demande sans réponse : {code}")
        await at.press("f9")
        await at.sees("Que faut-il faire ?")
        await writes(at, "AUTRE", "01011970")
        await at.sees("Pour quelle démarche")


async def test_whoever_is_not_that_mediator_sends_nothing(
    line: CuttingProxy, demo_central: RunningCentral, state_dir: Path
) -> None:
    await has_been_in_touch(line, demo_central, state_dir)
    line.unplug()
    async with kiosk_on(line, demo_central, state_dir) as at:
        await opens_alone(at, code="999999")
        code = await up_to_noted(at)
        await at.press("f9")
        await at.sees("1 demande notée")
        line.plug_in()
        await at.sees("tapé sans réseau n'était pas juste")
        assert not at.clipped()
        await at.sign_in()
        await at.sees(f"À rappeler : demande {code}, rien n'est réservé")


async def test_a_kiosk_that_never_was_in_touch_says_so_and_opens_by_itself(
    line: CuttingProxy, demo_central: RunningCentral, state_dir: Path
) -> None:
    line.unplug()
    async with kiosk_on(line, demo_central, state_dir) as at:
        await until(lambda: at.desk.central is Central.SILENT)
        await at.type("demo")
        await at.type("000000")
        await at.sees("ouvrir sans réseau")
        await at.press("enter")
        await at.sees(opening.NEVER_OPENED[:40])
        line.plug_in()
        await at.sees("Que faut-il faire ?")
        assert at.desk.shift
        assert at.desk.shift.verified


async def test_the_line_may_fall_and_come_back_in_the_middle_of_a_visit(
    line: CuttingProxy, demo_central: RunningCentral, state_dir: Path
) -> None:
    async with kiosk_on(line, demo_central, state_dir) as at:
        await at.sign_in()
        await at.up_to_days()
        line.unplug()
        await until(lambda: at.desk.central is Central.SILENT)
        await at.press("escape")
        await at.sees("Sans réseau")
        line.plug_in()
        await at.sees("dès le")
        await at.press("1")
        await at.sees("Quel jour ?")
