"""The whole way, for real: the program in a terminal, a central in its own process, a printer on the network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.printing.paper import papers
from tests.support.mediator import KNOWN, NEW, Mediator, Somebody, kiosk, read_code
from tests.support.office import CentralProcess, Office, central_process
from tests.support.printer import PrinterSimulator, printer_simulator

KEYS_FOR_NEW_PERSON = 50
KEYS_FOR_KNOWN_PERSON = 22
KEYS_FOR_ANOTHER_HOUR = 3
TAKEN = "Le rendez-vous est pris"


@pytest.fixture
def central(tmp_path: Path) -> Iterator[CentralProcess]:
    with central_process(tmp_path / "central") as central:
        yield central


@pytest.fixture
def office(central: CentralProcess) -> Iterator[Office]:
    with Office(central.base_url) as office:
        yield office


@pytest.fixture
def printer() -> Iterator[PrinterSimulator]:
    with printer_simulator() as printer:
        yield printer


@pytest.fixture
def mediator(tmp_path: Path, central: CentralProcess, printer: PrinterSimulator) -> Iterator[Mediator]:
    settings = {"KIOSK_CENTRAL_URL": central.base_url, "KIOSK_PRINTER": printer.url}
    with kiosk(tmp_path / "state", settings) as mediator:
        mediator.sign_in()
        yield mediator


def assert_one_booking_on_one_paper(office: Office, printer: PrinterSimulator, somebody: Somebody) -> None:
    """The central holds one appointment for that person, and the printer got it, once."""
    printer.wait_for_ticket()
    [payload] = printer.payloads
    [paper] = papers(payload)
    [booking] = office.booked(somebody.surname, somebody.birth_date)
    assert read_code(paper) == booking["token"]


def assert_forgotten(mediator: Mediator, somebody: Somebody) -> None:
    """After F9 nothing of the person is on the screen."""
    mediator.finishes()
    shown = mediator.terminal.text.upper()
    assert somebody.surname.upper() not in shown
    assert somebody.given_names.upper() not in shown


def test_a_new_person_has_a_ticket_in_at_most_50_keys(
    mediator: Mediator, office: Office, printer: PrinterSimulator
) -> None:
    mediator.goes_to_check(NEW)
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert mediator.terminal.keys <= KEYS_FOR_NEW_PERSON
    assert_one_booking_on_one_paper(office, printer, NEW)
    assert_forgotten(mediator, NEW)


def test_a_known_person_has_a_ticket_in_at_most_22_keys(
    mediator: Mediator, office: Office, printer: PrinterSimulator
) -> None:
    mediator.begin(KNOWN, letters=4)
    mediator.search()
    mediator.recognises_known_person()
    mediator.chooses_service_and_documents()
    mediator.chooses_place()
    mediator.chooses_day()
    mediator.chooses_hour()
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    assert mediator.terminal.keys <= KEYS_FOR_KNOWN_PERSON
    assert_one_booking_on_one_paper(office, printer, KNOWN)
    assert_forgotten(mediator, KNOWN)


def test_five_impatient_f10_make_one_booking(mediator: Mediator, office: Office, printer: PrinterSimulator) -> None:
    mediator.goes_to_check(NEW)
    mediator.terminal.send("\x1b[21~" * 5)
    mediator.sees_ticket()
    assert_one_booking_on_one_paper(office, printer, NEW)
