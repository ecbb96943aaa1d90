"""The central dies or its answer is lost: never two, never lost, never a lie."""

import contextlib
import datetime as dt
import signal
import sqlite3
from pathlib import Path

from kiosk.central.clock import utc_now
from kiosk.journal.outbox import Outbox
from kiosk.printing.paper import papers
from kiosk.printing.simulator import Simulator
from tests.support.mediator import NEW, Mediator, codes_on, kiosk
from tests.support.office import CentralProcess, Office
from tests.support.outcome import assert_one_booking_on_one_paper
from tests.support.proxy import CuttingProxy

BOOKING = "POST /v1/bookings HTTP"
TAKEN = "rendez-vous est pris."
NO_ANSWER = "Pas de réponse du serveur"
NOT_SENT = "pas encore pris : le serveur ne répond pas"
UNKNOWN = "Nous ne savons pas encore"


def assert_claims_nothing(mediator: Mediator) -> None:
    """No screen so far said that the appointment is taken."""
    assert TAKEN not in mediator.terminal.text.replace("si le rendez-vous est pris.", "")


def test_a_central_killed_before_the_search_loses_nothing_typed(
    mediator: Mediator, central: CentralProcess, office: Office, printer: Simulator
) -> None:
    mediator.begin(NEW)
    central.kill()
    mediator.search()
    mediator.sees("personne ne peut être cherché")
    mediator.sees(f"{NEW.surname}.*{NEW.born}")
    central.start()
    mediator.writes_new_person(NEW)
    mediator.chooses_service_and_documents()
    mediator.chooses_place()
    mediator.chooses_day()
    mediator.chooses_hour()
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert_one_booking_on_one_paper(office, printer, NEW)


def test_a_central_killed_at_the_list_of_places_loses_no_decision(
    mediator: Mediator, central: CentralProcess, office: Office, printer: Simulator
) -> None:
    mediator.goes_to_places(NEW)
    central.kill()
    mediator.terminal.press("enter")
    mediator.sees("Amadou D.*Sans réseau, les heures libres ne se voient pas")
    mediator.terminal.press("esc")
    mediator.sees("Où.*Sans réseau : places vues")
    central.start()
    mediator.sees("dès le")
    mediator.chooses_place()
    mediator.chooses_day()
    mediator.chooses_hour()
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert_one_booking_on_one_paper(office, printer, NEW)


def test_a_central_killed_at_the_list_of_hours_loses_no_decision(
    mediator: Mediator, central: CentralProcess, office: Office, printer: Simulator
) -> None:
    mediator.goes_to_hours(NEW)
    central.kill()
    mediator.terminal.press("enter")
    mediator.sees(f"Amadou D.*{NO_ANSWER}")
    central.start()
    mediator.chooses_hour()
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert_one_booking_on_one_paper(office, printer, NEW)


def test_a_central_killed_before_f10_is_asked_again_until_it_answers(
    mediator: Mediator, central: CentralProcess, office: Office, printer: Simulator
) -> None:
    mediator.goes_to_check(NEW)
    central.kill()
    mediator.terminal.press("f10")
    mediator.sees(NOT_SENT)
    assert_claims_nothing(mediator)
    central.start()
    mediator.sees_ticket()
    assert_one_booking_on_one_paper(office, printer, NEW)


def test_an_answer_lost_after_f10_is_not_known_then_resolved_by_the_same_key(
    mediator_far_away: Mediator, line: CuttingProxy, office: Office, printer: Simulator
) -> None:
    mediator_far_away.goes_to_check(NEW)
    line.cut_answers_to(BOOKING)
    mediator_far_away.terminal.press("f10")
    line.wait_for_lost_answer()
    mediator_far_away.sees(UNKNOWN)
    assert_claims_nothing(mediator_far_away)
    mediator_far_away.sees_ticket()  # though every answer to a booking is still lost: it was asked about by its key
    assert_one_booking_on_one_paper(office, printer, NEW)


def test_a_person_who_cannot_wait_leaves_with_a_paper_that_is_no_ticket(
    mediator_far_away: Mediator, line: CuttingProxy, office: Office, printer: Simulator
) -> None:
    mediator_far_away.goes_to_check(NEW)
    line.cut_answers_to(BOOKING)
    mediator_far_away.terminal.press("f10")
    line.wait_for_lost_answer()
    line.unplug()
    mediator_far_away.sees(f"{UNKNOWN}.*Demande .* essais .*Si la personne doit partir")
    mediator_far_away.terminal.press("f9")
    mediator_far_away.sees("Que faut-il faire.*Demande .* pas encore de réponse")
    mediator_far_away.begin(NEW)
    mediator_far_away.search()
    mediator_far_away.writes_new_person_who_waits(NEW)
    mediator_far_away.finishes()
    line.cut_answers_to(None)
    line.plug_in()
    mediator_far_away.sees("À rappeler : demande .* le rendez-vous est pris")
    assert len(office.booked(NEW.surname, NEW.birth_date)) == 1
    printer.wait_for_payload()
    ((paper,),) = [papers(payload) for payload in printer.payloads]
    assert codes_on(paper) == []


def test_a_kiosk_killed_after_f10_tells_at_its_next_start_that_it_went_through(
    tmp_path: Path, central: CentralProcess, line: CuttingProxy, office: Office, printer: Simulator
) -> None:
    state = tmp_path / "state"
    with kiosk(state, {"KIOSK_CENTRAL_URL": line.url, "KIOSK_PRINTER": printer.url}) as mediator:
        mediator.sign_in()
        mediator.goes_to_check(NEW)
        line.cut_answers_to(BOOKING)
        mediator.terminal.press("f10")
        line.wait_for_lost_answer()
        mediator.terminal.kill(signal.SIGKILL)
        mediator.terminal.wait_exit()
    assert_no_name_on_disk(state)
    with kiosk(state, {"KIOSK_CENTRAL_URL": central.base_url, "KIOSK_PRINTER": printer.url}) as mediator:
        mediator.sign_in()
        mediator.sees("À rappeler : demande .* le rendez-vous est pris")
        mediator.terminal.press("3")
        mediator.sees("Demande .* Le rendez-vous est pris. Code")
        mediator.terminal.press("2")
        mediator.sees("Que faut-il faire")
    with contextlib.closing(Outbox(state / "journal.sqlite", utc_now)) as journal:
        assert journal.answered_intents() == (), "it was told, and stays told"
    assert len(office.booked(NEW.surname, NEW.birth_date)) == 1
    assert printer.payloads == []


def test_an_intent_that_never_arrived_is_told_as_nothing_booked(
    tmp_path: Path, central: CentralProcess, printer: Simulator
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    sent_at = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=10)
    with contextlib.closing(sqlite3.connect(state / "journal.sqlite")) as journal, journal:  # of the first version
        journal.execute(
            "CREATE TABLE open_intent (key TEXT PRIMARY KEY, sent_at TEXT NOT NULL, hold_expires_at TEXT NOT NULL)"
        )
        journal.execute(
            "INSERT INTO open_intent VALUES ('an-intent-lost-on-its-way', ?, ?)",
            (sent_at.isoformat(), (sent_at + dt.timedelta(minutes=5)).isoformat()),
        )
        journal.execute("PRAGMA user_version = 1")
    with kiosk(state, {"KIOSK_CENTRAL_URL": central.base_url, "KIOSK_PRINTER": printer.url}) as mediator:
        mediator.sign_in()
        mediator.sees("À rappeler : demande .* rien n'est réservé")


def assert_no_name_on_disk(folder: Path) -> None:
    """No file of the kiosk holds who came, in whatever case."""
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).lower()
    assert written, "nothing was written at all"
    for word in (NEW.surname, NEW.given_names, NEW.birth_date, NEW.phone[1:]):
        assert word.lower().encode() not in written
