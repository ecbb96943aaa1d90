"""What happens between screens: nothing typed is lost, nothing is booked twice, nothing stays after F9."""

from pathlib import Path

import pytest

from kiosk.booking.french import NBSP
from kiosk.central import tables as db
from kiosk.screens.base import CounterScreen
from tests.support.central import RunningCentral
from tests.support.counter import Counter, counter
from tests.support.pilot import until

CANARY = "ZEBULONOV"


async def new_person(at: Counter, surname: str = CANARY) -> None:
    """Write somebody whom the central does not know, as far as the services."""
    await at.start(surname)
    await at.sees("Prénom")
    await at.type("Ada")
    await at.type("")
    await at.sees("Pour quelle démarche ?")


async def test_going_back_to_the_first_question_loses_nothing(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await new_person(at)
        await at.press("7")
        await at.sees("Que faut-il apporter ?")
        await at.press("2")
        await at.sees("[x]")
        await at.press("escape")
        await at.sees("Pour quelle démarche ?")
        await at.press("escape")
        await at.sees("Qui vient")
        assert CANARY in at.text
        assert "Ada" in at.text
        await at.press("escape")
        await at.sees("Pour arrêter et tout effacer : F9")
        assert CANARY in at.text


async def test_half_typed_fields_survive_the_way_to_help_and_mask(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.press("enter")
        await at.sees("Qui vient")
        await at.press("Z", "E", "B")
        await at.press("f12")
        await at.sees("Écran masqué")
        assert "ZEB" not in at.text
        await at.press("x")
        await at.sees("ZEB")
        assert "ZEBx" not in at.text


async def test_each_line_of_the_last_question_is_changed_and_comes_back(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press("1")
        await at.sees("Qui vient")
        await at.press("enter")
        await at.press("enter")
        await at.sees("est-ce elle ?")
        await at.press("enter")
        await at.sees("Tout est juste ?")
        await at.press("6")
        await at.sees("Que faut-il apporter ?")
        await at.press("1", "enter")
        await at.sees("1 papier déjà là")
        await at.press("4")
        await at.sees("Quel jour ?")
        await at.sees("places")
        await at.press("down")
        await at.first_time()
        assert demo_central.count(db.holds) == 1
        await at.press("3")
        await at.sees("Pour quelle démarche ?")
        await at.press("7")
        await at.sees("Que faut-il apporter ?")


@pytest.mark.parametrize("cover", ["f12", "f1"])
async def test_a_key_under_help_or_mask_does_nothing_but_uncover(
    cover: str, demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        covered = {"f12": "Écran masqué", "f1": "Lisez chaque ligne"}[cover]
        for key in ("f10", "f9", "f8", "f1", "f12", "escape", "enter", "1", "r", "alt+0"):
            await at.press(cover)
            await at.sees(covered)
            await at.press(key)
            await at.sees("Tout est juste ?")
            assert covered not in at.text
    assert demo_central.count(db.bookings, db.bookings.c.status == "booked") == 0
    assert demo_central.count(db.holds) == 1


async def test_enter_on_the_last_question_says_which_key_books(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press("enter")
        await at.sees("Tout est juste : F10")


async def test_a_name_of_sixty_letters_is_read_to_its_end_before_f10(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    surname, given = "VAN-DER-MEULEN-" * 4 + "X", "Marie-Antoinette-Joséphine-Éléonore-Wilhelmine-de-la-Tour-du-Pin"
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.start(surname)
        await at.sees("Prénom")
        await at.type(given)
        await at.type("")
        await at.sees("Pour quelle démarche ?")
        await at.service("7")
        await at.first_place()
        await at.first_time()
        shown = "".join(line[14:].strip() for line in at.text.splitlines())
        assert f"{given}{surname}" in shown.replace(" ", "")
        assert "le 3 février 1990" in at.text


async def test_every_appointment_to_come_of_a_person_can_be_printed_again(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press("f10")
        await at.sees("Ticket virtuel")
        await at.press("enter")
        await at.sees("Qui vient")
        await at.type("DIAL")
        await at.type("03021990")
        await at.sees("est-ce elle ?")
        await at.press("1")
        await at.sees("Pour quelle démarche ?")
        await at.service("7")
        await at.first_place()
        await at.first_time()
        await at.press("f10")
        await at.sees("Ticket virtuel")
        await at.press("f9")
        await at.sees("Que faut-il faire ?")
        await at.start("DIAL")
        await at.sees("est-ce elle ?")
        rows = [line for line in at.text.splitlines() if "réimprimer :" in line]
        assert len(rows) == 2
        await at.press(next(row.split()[0] for row in rows if "permis" in row))
        await at.sees("Mariam D. · permis")
        await at.sees("Ticket virtuel")


async def test_a_town_comes_before_a_department_of_that_name_and_its_namesake_overseas_is_told_apart(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    demo_central.add_slot("overseas", capacity=1, service="sejour-renouvellement", site="pref-974")
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_places()
        await at.press(*"saint-den")
        await at.sees("▶ 1 Saint-Denis (93)")
        assert "2 Saint-Denis (974)" in at.text
        await at.press("2")
        await at.sees("1 place")
        await at.first_time()
        assert f"(heure de La{NBSP}Réunion)" in at.text
        assert "97400 Saint-Denis (La Réunion)" in at.text


async def test_a_town_without_prefecture_is_said(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_places()
        await at.press(*"zzz")
        await at.sees("Aucune préfecture ni sous-préfecture dans une ville de ce nom")


async def test_the_hour_already_kept_can_be_kept(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press("4")
        await at.sees("déjà gardé")
        await at.press("enter")
        await at.sees("Tout est juste ?")
    assert demo_central.count(db.holds) == 1


async def test_going_back_gives_no_hour_away(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press("escape")
        await at.sees("déjà gardé")
        await at.press("escape")
        await at.sees("sur 334")
        await at.press("escape")
        await at.sees("Que faut-il apporter ?")
        await at.press("escape")
        await at.sees("Pour quelle démarche ?")
        await at.press("1")
        await at.sees("Tout est juste ?")
    assert demo_central.count(db.holds) == 1
    assert demo_central.count(db.releases) == 0


async def test_a_typing_error_found_at_the_end_keeps_the_hour_and_another_person_does_not(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await new_person(at)
        await at.service("7")
        await at.first_place()
        await at.first_time()
        await at.press("1")
        await rename(at, "ZEBULONOFF")
        await at.sees("Tout est juste ?")
        assert "Ada ZEBULONOFF" in at.text
        await at.press("1")
        await rename(at, "DURAND")
        await at.sees("Quel jour ?")
        await at.sees("places")
        await at.times()
        await at.press("2")
        await at.sees("Tout est juste ?")
        await at.press("f10")
        await at.sees("Le rendez-vous est pris.")
    assert demo_central.count(db.bookings, db.bookings.c.surname == "DURAND") == 1


async def rename(at: Counter, surname: str) -> None:
    """Write another surname and keep all the rest."""
    await at.sees("Qui vient")
    await at.press("end", *["backspace"] * 12)
    await at.type(surname)
    await at.press("enter")
    await at.sees("Prénom")
    await at.press("enter")
    await at.press("enter")


async def test_a_person_who_has_an_appointment_is_told_and_can_have_the_ticket_again(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press("f10")
        await at.sees("Le rendez-vous est pris.")
        await at.sees("Ticket virtuel")
        await at.press("f9")
        await at.sees("Que faut-il faire ?")
        await at.up_to_days()
        await at.times()
        await at.press("enter")
        await at.sees("a déjà un rendez-vous pour cette démarche")
        await at.press("f9")
        await at.sees("Que faut-il faire ?")
        await at.start("DIAL")
        await at.sees("réimprimer : mar. 12 janv.")
        await at.press("f8")
        await at.sees("Ticket virtuel")
    assert demo_central.count(db.bookings, db.bookings.c.status == "booked") == 1
    assert len(list((tmp_path / "state" / "tickets").glob("*.png"))) == 2


async def test_f10_held_down_books_once_and_prints_once(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press(*["f10"] * 5)
        await at.sees("Ticket virtuel")
    assert demo_central.count(db.bookings, db.bookings.c.status == "booked") == 1
    assert len(list((tmp_path / "state" / "tickets").glob("*.png"))) == 1


async def test_f8_while_the_first_paper_is_on_its_way_makes_no_second_original(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press("f10")
        await at.sees("Le rendez-vous est pris.")
        await at.press("f8")
        await at.sees("Ticket virtuel")
        await at.press("f8")
        await until(lambda: len(list((tmp_path / "state" / "tickets").glob("*.bin"))) >= 2)
    papers = [path.read_bytes() for path in (tmp_path / "state" / "tickets").glob("*.bin")]
    assert len(set(papers)) == len(papers)


async def test_only_f10_books(demo_central: RunningCentral, tmp_path: Path) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        await at.press("enter", "tab", "y", "o", "f8")
        await at.press("0", "9", "f2")
        await at.sees("quelle langue")
        await at.press("f10", "escape")
        await at.sees("Tout est juste ?")
    assert demo_central.count(db.bookings, db.bookings.c.status == "booked") == 0


async def test_f9_gives_the_slot_back_and_leaves_no_name_on_the_screen_or_in_the_kiosk_files(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await new_person(at)
        await at.service("7")
        await at.first_place()
        await at.first_time()
        await at.press("f9")
        await at.sees("Que faut-il faire ?")
        assert CANARY not in at.text
        await at.press("enter")
        await at.sees("Qui vient")
        assert CANARY not in at.text
    assert demo_central.count(db.holds) == 0
    for path in (tmp_path / "state").rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()


async def test_every_key_that_the_bottom_of_a_screen_names_does_something(
    demo_central: RunningCentral, tmp_path: Path
) -> None:
    async with counter(demo_central, tmp_path / "state") as at:
        await at.sign_in()
        await at.up_to_check()
        screen = at.app.screen
        assert isinstance(screen, CounterScreen)
        hints = [hint.key for hint in (*screen.STEP_HINTS, *screen.VISIT_HINTS) if hint.key.startswith("F")]
        assert hints == ["F1", "F9", "F10", "F2", "F12"]
        for hint in hints:
            assert hint.lower() in screen.active_bindings
        for digit in ("alt+1", "alt+2", "alt+9", "alt+0", "alt+m"):
            assert digit in screen.active_bindings
