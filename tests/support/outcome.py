"""What must be true once an appointment is taken, asked of the central and of the paper, never of the kiosk."""

from kiosk.printing.paper import papers
from kiosk.printing.simulator import Simulator
from kiosk.tickets.verify import State
from tests.support.mediator import Mediator, Somebody, read_code
from tests.support.office import Office


def assert_one_booking_on_one_paper(office: Office, printer: Simulator, somebody: Somebody) -> None:
    """The central holds one appointment for that person, and the printer got it, once."""
    printer.wait_for_payload()
    [payload] = printer.payloads
    [paper] = papers(payload)
    [booking] = office.booked(somebody.surname, somebody.birth_date)
    code = read_code(paper)
    assert code == booking["token"]
    verdict = office.verdict(code)
    assert verdict.state is State.VALID
    assert verdict.appointment
    assert verdict.appointment.reference == booking["reference"]


def assert_forgotten(mediator: Mediator, somebody: Somebody) -> None:
    """After F9 nothing of the person is on the screen."""
    mediator.finishes()
    shown = mediator.terminal.text.upper()
    assert somebody.surname.upper() not in shown
    assert somebody.given_names.upper() not in shown
