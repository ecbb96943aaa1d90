"""F7: what a mediator is told about a ticket that somebody shows."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.settings import Settings
from tests.central.calls import Json, booked, cancel, move, newcomer
from tests.support.central import NOW, RunningCentral
from tests.support.counter import Counter, counter, settings_for
from tests.support.proxy import cutting_proxy
from tests.support.welcome import root_of
from tests.tickets.zones import Document

WHO = {"surname": "N'Guessan-Koné", "given_names": "Éléonore Marie", "birth_date": "1990-02-03"}


def appointment(central: RunningCentral) -> Json:
    """Return what was booked at some other kiosk."""
    with newcomer(central, "shop") as kiosk:
        [booking] = booked(kiosk, central.add_slot("wanted", capacity=1), WHO)
    return booking


@asynccontextmanager
async def verifying(
    central: RunningCentral, state_dir: Path, settings: Settings | None = None
) -> AsyncIterator[Counter]:
    """Come to the screen of F7."""
    async with counter(central, state_dir, settings=settings) as at:
        await at.sign_in()
        await at.press("f7")
        await at.sees("Scannez le carré du ticket")
        yield at


async def test_a_good_ticket_is_told_with_its_place_and_hour_and_without_a_name(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    booking = appointment(demo_central)
    async with verifying(demo_central, tmp_path / "state") as at:
        await at.type(booking["token"])
        await at.sees("TICKET BON")
        assert "Mercredi 13 janvier 2027, 9\u00a0h\u00a007" in at.text
        assert "Préfecture de\u00a0Bobigny" in at.text
        assert not at.clipped()
        for part in ("Guessan", "Éléonore", "GUESSAN", "1990"):
            assert part not in at.text
        await at.press("enter")
        await at.sees("Scannez le carré du ticket")
        assert "TICKET BON" not in at.text
        await at.press("escape")
        await at.sees("Que faut-il faire ?")


async def test_the_bearer_is_compared_by_the_zone_of_a_document_or_by_what_is_typed(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    booking = appointment(demo_central)
    async with verifying(demo_central, tmp_path / "state") as at:
        await at.type(booking["token"])
        await at.sees("TICKET BON")
        await at.press("f5")
        await at.sees("Qui montre ce ticket")
        assert not at.clipped()
        await at.type_by_hand("NGUESSAN KONE")
        await at.type_by_hand("Eleonore")
        await at.type_by_hand("04/02/1990")
        await at.sees("PAS LA MÊME IDENTITÉ")
        assert not at.clipped()
        document = Document("TD1", "NGUESSAN<KONE", "ELEONORE<MARIE", "900203")
        await at.press(*(key for line in document.lines() for key in (*line, "enter")))
        await at.sees("BONNE PERSONNE")


async def test_a_code_is_asked_for_with_its_bearer(demo_central: RunningCentral, tmp_path: Path) -> None:
    booking = appointment(demo_central)
    async with verifying(demo_central, tmp_path / "state") as at:
        await at.type(booking["reference"].lower())
        await at.sees("Ou F5")
        for birth_date, said in (("05/02/1990", "Aucun rendez-vous n'a ce code"), ("3/2/1990", "BONNE PERSONNE")):
            await at.press("f5")
            await at.sees("Qui montre ce ticket")
            await at.type_by_hand("N’guessan koné")
            await at.type_by_hand("éléonore")
            await at.type_by_hand(birth_date)
            await at.sees(said)
        await at.type("7K4M-Q2XP")
        await at.sees("Ce code n'est pas juste.")


async def test_what_became_of_the_appointment_is_told(demo_central: RunningCentral, tmp_path: Path) -> None:
    later = demo_central.add_slot("later", capacity=1, service="sejour-premiere", site="sp-932")
    with newcomer(demo_central, "shop-4") as kiosk:
        [moved] = booked(kiosk, demo_central.add_slot("moved", capacity=1))
        assert move(kiosk, moved, later).is_success
    with newcomer(demo_central, "shop-5") as kiosk:
        [gone] = booked(kiosk, demo_central.add_slot("gone", capacity=1, start=NOW + dt.timedelta(days=3, minutes=7)))
        assert cancel(kiosk, gone).is_success
    async with verifying(demo_central, tmp_path / "state") as at:
        await at.type(moved["token"])
        await at.sees("RENDEZ-VOUS DÉPLACÉ")
        assert "Sous-préfecture" in at.text
        await at.type(gone["token"])
        await at.sees("RENDEZ-VOUS ANNULÉ")
        assert not at.clipped()


@pytest.mark.parametrize("length", [300, 600, 1500])
async def test_no_answer_outlives_its_ticket(demo_central: RunningCentral, tmp_path: Path, length: int) -> None:
    booking = appointment(demo_central)
    async with verifying(demo_central, tmp_path / "state") as at:
        await at.type(booking["token"])
        await at.sees("TICKET BON")
        await at.type("RDV1:" + "A" * length)
        await at.sees("PAS JUSTE")
        assert "TICKET BON" not in at.text


async def test_while_the_central_is_silent_only_a_signature_under_a_known_root_is_believed(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    booking = appointment(demo_central)
    for root, said in ((root_of(demo_central), "TICKET BON"), (None, "Pas de réponse du serveur")):
        with cutting_proxy(demo_central.base_url) as proxy:
            settings = replace(settings_for(proxy.url, tmp_path / f"state-{said}"), root_key=root)
            async with verifying(demo_central, settings.state_dir, settings) as at:
                proxy.unplug()
                await at.type(booking["token"])
                await at.sees(said)
                assert ("seule la signature a été vérifiée" in at.text) == (root is not None)
                if root is not None:
                    await at.press("f5")
                    await at.sees("Qui montre ce ticket")
                    for answer in ("Autre", "Nom", "1980"):
                        await at.type_by_hand(answer)
                    await at.sees("CE POSTE NE PEUT PAS COMPARER LE NOM")


@pytest.mark.parametrize(
    ("scan", "said"),
    [
        ("RDV1:00ABC", "CE CODE N'EST PAS JUSTE"),
        ("https://exemple.fr/rdv/AZERTYUIOPQSDFGHJKLM", "PAS UN DE NOS TICKETS"),
        ("P<UTOERIKSSON<<ANNA", "bas d'un document d'identité"),
    ],
)
async def test_what_is_no_ticket_of_ours_is_said_without_blame(
    demo_central: RunningCentral, tmp_path: Path, scan: str, said: str
) -> None:
    async with verifying(demo_central, tmp_path / "state") as at:
        await at.type(scan)
        await at.sees(said)
        assert not at.clipped()


async def test_a_scan_answers_the_question_who_it_is_or_is_the_next_ticket_and_is_never_shown(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    booking = appointment(demo_central)
    document = Document("TD1", "NGUESSAN<KONE", "ELEONORE<MARIE", "900203")
    async with verifying(demo_central, tmp_path / "state") as at:
        await at.type(booking["reference"])
        await at.sees("Ou F5")
        await at.press("f5")
        await at.sees("Qui montre ce ticket")
        await at.type("https://exemple.fr/rdv/AZERTYUIOPQSDFGHJKLM")
        await at.sees("Ce scan n'est pas le bas d'une pièce d'identité")
        assert "exemple" not in at.text
        assert not at.clipped()
        await at.press(*(key for line in document.lines()[1:] for key in (*line, "enter")))
        await at.sees("Ce n'est pas le bas d'un document")
        assert "NGUESSAN" not in at.text
        await at.press(*(key for line in document.lines() for key in (*line, "enter")))
        await at.sees("BONNE PERSONNE")
        await at.type(booking["reference"])
        await at.sees("Ou F5")
        await at.press("f5")
        await at.sees("Qui montre ce ticket")
        await at.type(booking["token"])
        await at.sees("TICKET BON")


async def test_a_scan_closes_the_help_and_is_asked_for_again(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with verifying(demo_central, tmp_path / "state") as at:
        await at.press("f1")
        await at.sees("Quelqu'un montre un ticket ?")
        await at.type("RDV1:00ABC")
        await at.sees("Scannez encore une fois")
        assert "PAS JUSTE" not in at.text
