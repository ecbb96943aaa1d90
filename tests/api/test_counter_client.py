"""A counter's client against a real central, and against servers that answer wrong over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kiosk.api import contract
from kiosk.api.client import CentralClient, RefusedError, UnreachableError
from kiosk.api.counter_client import CounterClient
from kiosk.api.problems import ProblemName
from kiosk.settings import DEMO_COUNTER_TOKEN
from kiosk.tickets import keys, manifest
from kiosk.tickets.verify import State
from tests.api.test_client import WRONG_ANSWERS
from tests.support.central import NOW, RunningCentral
from tests.support.faulty import faulty_server
from tests.support.welcome import SITE, book_at, root_of, tickets_of

NOTE = contract.Note(nonce="0123456789abcdef-nonce", at=NOW, outcome="admitted", reference="7K4MQ2XP93TQ", revision=1)


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[CounterClient]:
    client = CounterClient(url, DEMO_COUNTER_TOKEN.format(SITE))
    try:
        yield client
    finally:
        await client.close()


async def test_a_counter_learns_keys_days_and_names_and_tells_what_it_did(demo_central: RunningCentral) -> None:
    async with client_of(demo_central.base_url) as client:
        known = keys.read(await client.keys(), root_of(demo_central))
        day = manifest.read(await client.manifest(SITE, NOW.date()), known)
        changes = manifest.read(await client.manifest(SITE, NOW.date(), NOW), known)
        assert day.updated(changes).made_at == (await client.health()).time
        assert SITE in {site.id for site in (await client.sites()).sites}
        assert (await client.services()).services
        [finding] = (await client.deliver(contract.Notes(notes=[NOTE]))).findings
    assert (finding.nonce, finding.finding) == (NOTE.nonce, "unknown")


async def test_a_counter_has_no_business_with_other_sites(demo_central: RunningCentral) -> None:
    async with client_of(demo_central.base_url) as client:
        with pytest.raises(RefusedError) as refused:
            await client.manifest("pref-75", NOW.date())
    assert refused.value.name is ProblemName.NOT_FOUND


@pytest.mark.parametrize("raw", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS.keys())
async def test_notes_without_a_readable_answer_are_to_be_delivered_again(raw: bytes) -> None:
    async with faulty_server(raw) as url, client_of(url) as client:
        with pytest.raises(UnreachableError):
            await client.deliver(contract.Notes(notes=[NOTE]))


async def test_a_mediator_s_kiosk_reads_the_keys_and_asks_about_a_ticket(demo_central: RunningCentral) -> None:
    demo_central.add_slot("today", capacity=1, start=NOW.replace(hour=10))
    [booked] = book_at(demo_central, "today")
    client = CentralClient(demo_central.base_url)
    assert keys.read(await client.keys(), root_of(demo_central)).number == 1
    await client.sign_in("demo", "000000", "demo")
    check = await client.check_ticket(contract.TicketByToken(token=tickets_of(demo_central, [booked])[0]))
    assert (check.state, check.reference) == (State.VALID, booked.reference)
    await client.close()
