"""The whole way, for real: the program in a terminal, a central in its own process, a printer on the network."""

from dataclasses import replace

from kiosk.printing.simulator import Simulator
from tests.support.mediator import KNOWN, NEW, RESIDENCE_PERMIT, Mediator
from tests.support.office import Office
from tests.support.outcome import assert_forgotten, assert_one_booking_on_one_paper
from tests.support.pty import KEYS

KEYS_FOR_NEW_PERSON = 50
KEYS_FOR_KNOWN_PERSON = 22


def test_a_new_person_has_a_ticket_in_at_most_50_keys(mediator: Mediator, office: Office, printer: Simulator) -> None:
    mediator.goes_to_check(NEW)
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert mediator.terminal.keys <= KEYS_FOR_NEW_PERSON
    assert_one_booking_on_one_paper(office, printer, NEW)
    assert_forgotten(mediator, NEW)


def test_a_new_person_without_phone_gives_a_number_and_has_a_ticket_in_at_most_50_keys(
    mediator: Mediator, office: Office, printer: Simulator
) -> None:
    somebody = replace(NEW, phone="")
    mediator.begin(somebody)
    mediator.search()
    mediator.writes_new_person(somebody)
    mediator.gives_number(somebody)
    mediator.reads_documents()
    mediator.chooses_place()
    mediator.chooses_day()
    mediator.chooses_hour()
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert mediator.terminal.keys <= KEYS_FOR_NEW_PERSON
    assert_one_booking_on_one_paper(office, printer, somebody)
    assert_forgotten(mediator, somebody)


def test_a_known_person_has_a_ticket_in_at_most_22_keys(mediator: Mediator, office: Office, printer: Simulator) -> None:
    mediator.begin(KNOWN, letters=4)
    mediator.search()
    mediator.recognises_known_person()
    mediator.chooses_service_and_documents(RESIDENCE_PERMIT)
    mediator.chooses_place()
    mediator.chooses_day()
    mediator.chooses_hour()
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert mediator.terminal.keys <= KEYS_FOR_KNOWN_PERSON
    assert_one_booking_on_one_paper(office, printer, KNOWN)
    assert_forgotten(mediator, KNOWN)


def test_five_impatient_f10_make_one_booking(mediator: Mediator, office: Office, printer: Simulator) -> None:
    mediator.goes_to_check(NEW)
    mediator.terminal.send(KEYS["f10"] * 5)
    mediator.sees_ticket()
    assert_forgotten(mediator, NEW)
    assert_one_booking_on_one_paper(office, printer, NEW)
