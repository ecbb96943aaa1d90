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
from kiosk.booking.person import Person
from kiosk.central import tables as db
from kiosk.central.registers import Registers, RegisterSilent, Verdict
from kiosk.screens.person import NOT_SEARCHED
from kiosk.screens.words import SILENT
from tests.screens.test_golden import BrokenWire
from tests.support.central import RunningCentral, running_central
from tests.support.counter import counter
from tests.support.outgoing import hold

CANARY = "ZEBULONOV"
RENEWAL = "sejour-renouvellement"  # the first service of the list
DURAND = contract.Applicant(
    surname="Durand",
    given_names="Amadou",
    birth_date="1985-05-05",
    identifiers=contract.Identifiers(agdref="9900000003"),
)
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
        assert demo_central.count(db.bookings, db.bookings.c.status == "booked") == 0
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
        await at.sees("le temps est passé")
        await at.sees("Quel jour ?")
        assert demo_central.count(db.bookings, db.bookings.c.status == "booked") == 0
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
            await at.sees(NOT_SEARCHED[:40])
            assert CANARY in at.text
            await at.sees("Sans réseau")


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
    demo_central.add_kiosk("elsewhere")
    rival = CentralClient(demo_central.base_url)
    await rival.sign_in("demo", "000000", "elsewhere")
    start = demo_central.clock() + dt.timedelta(days=1)
    slot = demo_central.add_slot("last-place", capacity=1, start=start, service=RENEWAL, site="sp-932")
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_places()
        await at.press(*"rainc", "enter")
        await at.sees("1 place")
        await hold(rival, contract.HoldRequest(slot=slot, persons=[DURAND]), "elsewhere")
        await rival.close()
        await at.press("enter")
        await at.sees("Ce jour n'a plus d'heure libre")


async def test_a_slot_kept_for_the_person_at_another_kiosk_is_said_with_the_time_to_wait(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    demo_central.add_kiosk("elsewhere")
    rival = CentralClient(demo_central.base_url)
    await rival.sign_in("demo", "000000", "elsewhere")
    mariam = contract.Applicant(surname="Diallo", given_names="Mariam", birth_date="1990-02-03")
    slot = demo_central.add_slot("elsewhere", capacity=1, service=RENEWAL, site="pref-01")
    await hold(rival, contract.HoldRequest(slot=slot, persons=[mariam]), "elsewhere")
    await rival.close()
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_days()
        await at.times()
        await at.press("enter")
        await at.sees("Un autre poste garde une heure pour cette personne")
        await at.sees(f"Essayez de nouveau à{NBSP}9{NBSP}h{NBSP}06.")
        assert not at.clipped()
        demo_central.clock.advance(seconds=361)
        await at.press("enter")
        await at.sees("Tout est juste ?")


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("mediator_hour", "Vous avez déjà choisi beaucoup d'heures"),
        ("kiosk_hour", "Ce poste a déjà choisi beaucoup d'heures"),
        ("site_day", "Ce lieu ne donne plus de rendez-vous aujourd'hui"),
    ],
)
async def test_a_limit_is_said_and_the_hour_chosen_before_stays_kept(
    limit: str, said: str, demo_central: RunningCentral, tmp_path: Path
) -> None:
    demo_central.set_limits(**{limit: 1})
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press("4")
        await at.sees("déjà gardé")
        await at.press("down")
        await at.times()
        await at.press("2")
        await at.sees(said)
        assert "L'heure choisie avant reste gardée jusqu'à" in " ".join(at.text.split())
        assert not at.clipped()
        await at.press("escape")
        await at.press("1")
        await at.sees("Tout est juste ?")
    assert demo_central.count(db.holds) == 1


async def test_a_person_who_cancelled_too_often_is_told_when_to_come_back(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    demo_central.set_limits(cancels=1)
    with demo_central.storage.writing() as transaction:
        transaction.execute(
            sa.update(db.bookings)
            .where(db.bookings.c.surname == "DIALLO")
            .values(status="cancelled", cancel_reason="person", cancelled_at=demo_central.clock())
        )
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_days()
        await at.times()
        await at.press("enter")
        await at.sees("a annulé plusieurs rendez-vous")
        await at.sees("Essayez de nouveau le lundi 12 avril.")


async def test_a_register_that_does_not_answer_is_said_and_the_hour_can_be_chosen_again(tmp_path: Path) -> None:
    register = ImpatientForeigners()
    with running_central(tmp_path / "central", registers=Registers(register, register)) as central:
        async with counter(central, tmp_path / "state") as at:
            await at.sign_in()
            await at.up_to_days()
            await at.times()
            await at.press("enter")
            await at.sees("Le fichier qui vérifie ce numéro ne répond pas. Rien n'est réservé.")
            assert central.count(db.holds) == 0
            register.silent = False
            await at.press("enter")
            await at.sees("Tout est juste ?")


class ImpatientForeigners:
    """A register that answers only once it is told to."""

    silent = True

    def check(self, number: str, person: Person | None = None) -> Verdict:
        """Accept, or say nothing."""
        if self.silent:
            raise RegisterSilent
        return Verdict.ACCEPTED


async def test_a_correction_that_the_central_does_not_take_for_a_typing_error_leads_back_to_the_hours(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    demo_central.set_limits(typo_edits=0)
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.start("DURANT", "05051985")
        await at.sees("Prénom")
        await at.type("Amadou")
        await at.type("")
        await at.sees("Pour quelle démarche ?")
        await at.service("7")
        await at.first_place()
        await at.first_time()
        await at.press("1")
        await at.sees("Qui vient")
        await at.press("end", "backspace")
        await at.type("D")
        await at.press("enter")
        await at.sees("Prénom")
        await at.press("enter")
        await at.press("enter")
        await at.sees("Amadou DURAND")
        await at.press("f10")
        await at.sees("c'est une autre personne")
        await at.sees("Quel jour ?")
        assert "déjà gardé" not in at.text
    assert demo_central.count(db.bookings, db.bookings.c.status == "booked") == 0


async def test_once_another_hour_was_asked_for_in_vain_nobody_says_that_the_former_is_kept(
    demo_central: RunningCentral, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = BrokenWire()
    monkeypatch.setattr(client, "CentralClient", functools.partial(CentralClient, transport=wire))
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press("4")
        await at.sees("déjà gardé")
        await at.press("down")
        await at.times()
        wire.broken = httpx.ReadError("cut")
        await at.press("2")
        await at.sees(SILENT[:30])
        assert "déjà gardé" not in at.text
        wire.broken = None
        await at.sees("Central ✓")
        await at.press("2")
        await at.sees("Tout est juste ?")
