"""The numbers that a service wants: asked once, of the right person, and put right in one place."""

from pathlib import Path

import sqlalchemy as sa

from kiosk.central import tables as db
from tests.support.central import RunningCentral
from tests.support.counter import Counter, counter

ASKED = "Quel est son numéro étranger ?"
DURAND, NGUYEN = "9900000003", "9900000004"


async def up_to_number(at: Counter, surname: str = "DURAND", digit: str = "1") -> None:
    """Come with somebody new as far as the number that the service wants."""
    await at.sign_in()
    await at.start(surname, "05051985")
    await at.sees("Prénom")
    await at.type("Amadou")
    await at.type("")
    await at.sees("Pour quelle démarche ?")
    await at.press(digit)
    await at.sees("Quel est son numéro")


async def choose_an_hour(at: Counter) -> None:
    """From the documents to the first hour of Bobigny, and ask for it."""
    await at.sees("Que faut-il apporter ?")
    await at.press("enter")
    await at.sees("sur 334")
    await at.first_place()
    await at.times()
    await at.press("enter")


async def test_a_number_of_the_wrong_form_is_said_under_its_field_and_a_right_one_goes_on(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await up_to_number(at)
        assert "étape 2 sur 6" in at.text
        await at.type("99 0000")
        await at.sees("✗ Le numéro étranger a 10 chiffres, parfois 9. Exemple : 9912345678.")
        await at.type(" 0003")
        await at.sees("Que faut-il apporter ?")


async def test_a_number_half_typed_survives_the_way_back_and_help_says_where_it_stands(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await up_to_number(at)
        await at.press(*"9900", "f1")
        await at.sees("est sur la carte de séjour")
        await at.press("enter")
        await at.press("escape")
        await at.sees("Pour quelle démarche ?")
        await at.press("1")
        await at.sees(ASKED)
        assert "9900" in at.text
        await at.type("000003")
        await at.sees("Que faut-il apporter ?")
        await at.press("escape")
        await at.sees(ASKED)
        assert DURAND in at.text


async def test_another_service_keeps_the_number_and_another_person_does_not(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await up_to_number(at)
        await at.type(DURAND)
        await at.sees("Que faut-il apporter ?")
        await at.press("escape")
        await at.sees(ASKED)
        await at.press("escape")
        await at.sees("Pour quelle démarche ?")
        await at.press("3")
        await at.sees("Que faut-il apporter ?")
        await at.press("f9")
        await at.sees("Que faut-il faire ?")
        await at.start("NGUYEN", "30111979")
        await at.sees("Prénom")
        await at.type("Linh")
        await at.type("")
        await at.sees("Pour quelle démarche ?")
        await at.press("1")
        await at.sees(ASKED)
        assert DURAND not in at.text


async def test_the_number_of_somebody_else_leads_back_to_it_and_all_the_rest_is_kept(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await up_to_number(at)
        await at.type(NGUYEN)
        await choose_an_hour(at)
        await at.sees("Ce numéro n'est pas à ce nom")
        await at.sees(ASKED)
        assert NGUYEN in at.text
        assert not at.clipped()
        assert demo_central.count(db.holds) == 0
        await at.press("backspace")
        await at.type("3")
        await at.sees("Quel jour ?")
        await at.sees("places")
        await at.first_time()
        assert f"{DURAND} (numéro étranger)" in at.text
        await at.press("4")
        await at.sees(ASKED)
        await at.press("enter")
        await at.sees("Tout est juste ?")
        await at.press("f10")
        await at.sees("Le rendez-vous est pris.")


async def test_the_name_was_wrong_and_not_the_number(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await up_to_number(at, "DURANT")
        await at.type(DURAND)
        await choose_an_hour(at)
        await at.sees("Échap deux fois")
        await at.press("escape")
        await at.sees("Pour quelle démarche ?")
        await at.press("escape")
        await at.sees("Qui vient")
        await at.press("end", "backspace")
        await at.type("D")
        await at.press("enter")
        await at.sees("Prénom")
        await at.press("enter")
        await at.press("enter")
        await at.sees(ASKED)
        await at.press("enter")
        await at.sees("Quel jour ?")
        await at.sees("places")
        await at.first_time()


async def test_a_pre_application_that_was_used_before_is_asked_for_though_the_central_knows_one(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await up_to_number(at, digit="5")
        await at.type("aaaaaaaaa1")
        await choose_an_hour(at)
        await at.sees("Tout est juste ?")
        await at.press("f10")
        await at.sees("Ticket virtuel")
        await at.press("f9")
        await at.sees("Que faut-il faire ?")
        with demo_central.storage.writing() as transaction:
            transaction.execute(sa.update(db.pre_applications).values(status="consumed"))
        await at.start("DURAND", "05051985")
        await at.sees("est-ce elle ?")
        await at.press("enter")
        await at.sees("Pour quelle démarche ?")
        await at.press("4")
        await choose_an_hour(at)
        await at.sees("Cette pré-demande a déjà servi")
        await at.sees("Quel est son numéro de pré-demande ?")
        assert not at.clipped()
