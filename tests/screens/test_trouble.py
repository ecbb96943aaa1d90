"""When something goes wrong: the sentence says what happened and what to do, and the visit goes on."""

import contextlib
import datetime as dt
import functools
import json
import sqlite3
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from kiosk.api import client, contract
from kiosk.api.client import CentralClient
from kiosk.booking.french import NBSP
from kiosk.central import tables as db
from kiosk.screens.words import SILENT
from tests.support.central import RunningCentral, running_central
from tests.support.counter import counter

CANARY = "ZEBULONOV"
HOSTILE = "[/nope] [@click=app.pwn]x[/] \x1b]52;c;cHduZWQ=\x07\u202eBobigny\x9b2J"


class HostileWire(httpx.AsyncHTTPTransport):
    """A central that was taken over: the name of a town holds markup, escape bytes and bidi overrides."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass the request on and change the answer."""
        response = await super().handle_async_request(request)
        body = (await response.aread()).replace(b'"Bobigny"', json.dumps(HOSTILE).encode())
        return httpx.Response(response.status_code, content=body)


async def take_every_place(central: RunningCentral) -> None:
    """Fill the central as if others had been faster."""
    with central.storage.writing() as transaction:
        transaction.execute(sa.update(db.slots).values(taken=db.slots.c.capacity))


async def test_a_journal_that_cannot_be_written_is_said_and_nothing_is_sent(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        other = sqlite3.connect(tmp_path / "state" / "journal.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await at.press("f10")
        await at.sees("n'arrive plus à écrire sur son disque")
        assert demo_central.count(db.bookings, db.bookings.c.active) == 0
        other.execute("ROLLBACK")
        other.close()
        await at.sees("Le rendez-vous est pris.")


async def test_a_code_typed_before_the_central_is_there_opens_the_counter_when_it_is(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.type("demo")
        await at.type("000000")
        await at.sees("Que faut-il faire ?")


async def test_a_wrong_code_is_said_and_can_be_typed_again(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sees("Central ✓")
        await at.type("demo")
        await at.type("111111")
        await at.sees("Le nom ou le code n'est pas juste")
        await at.type("000000")
        await at.sees("Que faut-il faire ?")


async def test_the_slot_was_just_taken_and_everything_else_is_kept(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_days()
        await at.times()
        await take_every_place(demo_central)
        await at.press("enter")
        await at.sees("Rien n'est réservé")
        await at.sees("aucun rendez-vous libre")
        assert "Mariam D." in at.text


async def test_none_free_and_nobody_knows_are_different_sentences(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_places()
        await at.press(*"rainc", "enter")
        await at.sees(f"Sous-préfecture du{NBSP}Raincy : aucun rendez-vous libre")
        await at.press("escape")
        await at.sees("sur 334")
        await at.press("3")
        await at.sees("ne répond pas")


async def test_the_five_minutes_ran_out_and_the_hour_is_asked_again(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        demo_central.clock.advance(seconds=301)
        await at.press("f10")
        await at.sees("Les 5 minutes sont passées")
        await at.sees("Quel jour ?")
        assert demo_central.count(db.bookings, db.bookings.c.active) == 0
        await at.first_time()
        await at.press("f10")
        await at.sees("Le rendez-vous est pris.")


async def test_a_silent_central_is_said_and_nothing_typed_is_lost(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        central = stack.enter_context(running_central(tmp_path / "central"))
        async with counter(central, tmp_path / "state") as at:
            await at.sign_in()
            await at.press("enter")
            await at.sees("Qui vient")
            stack.close()
            await at.type(CANARY)
            await at.type("03021990")
            await at.sees(SILENT[:30])
            assert CANARY in at.text
            await at.sees("Central ✗")


async def test_labels_from_the_network_are_never_markup_nor_escape_bytes(
    demo_central: RunningCentral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CentralClient", functools.partial(CentralClient, transport=HostileWire()))
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_places()
        assert "[/nope] [@click=app.pwn]" in at.text
        assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in at.text.replace("\n", ""))
        assert "\u202e" not in at.text
        await at.press("1")
        await at.sees("Quel jour ?")


async def test_a_slot_held_elsewhere_shows_as_one_place_less(demo_central: RunningCentral, tmp_path: Path) -> None:
    rival = CentralClient(demo_central.base_url)
    await rival.sign_in("demo", "000000", "demo")
    start = demo_central.clock() + dt.timedelta(days=1)
    slot = demo_central.add_slot("last-place", capacity=1, start=start, site="sp-932")
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_places()
        await at.press(*"rainc", "enter")
        await at.sees("1 place")
        await rival.hold(contract.HoldRequest(slot=slot))
        await rival.close()
        await at.press("enter")
        await at.sees("Ce jour vient d'être pris en entier")
