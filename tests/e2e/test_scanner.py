"""A scanner at the real program, on screens that did not ask for it: each key alone would choose, print or leave."""

from kiosk.printing.simulator import Simulator
from tests.support.mediator import DRIVING_LICENCE, NEW, Mediator
from tests.support.office import Office
from tests.support.outcome import assert_one_booking_on_one_paper

SCANS = {
    "RDV1:6BFOXN%TSMAHN-H3O1N\r": 0.001,  # as it is, and with the keys of another country
    'RDV&M-BFOXN5TS?QHN)H"O&N\r': 0.003,
    "I<UTOD231458907<<<<\r7408122F1204159UTO<6\rERIKSSON<<ANNA\r": 0.008,
}


def scan_in_vain(mediator: Mediator) -> None:
    """Scan everything; fail if the screen says anything else than before."""
    mediator.terminal.settle()
    before = below_the_clock(mediator)
    for text, seconds_per_key in SCANS.items():
        mediator.terminal.scan(text, seconds_per_key)
        assert below_the_clock(mediator) == before


def below_the_clock(mediator: Mediator) -> str:
    """Return the screen without its first line."""
    return mediator.terminal.text.split("\n", 1)[1]


def test_a_scan_triggers_nothing_where_no_field_takes_it(
    mediator: Mediator, office: Office, printer: Simulator
) -> None:
    scan_in_vain(mediator)
    mediator.begin(NEW)
    mediator.search()
    mediator.writes_new_person(NEW)
    scan_in_vain(mediator)
    mediator.chooses_service_and_documents(DRIVING_LICENCE)
    mediator.chooses_place()
    mediator.chooses_day()
    mediator.chooses_hour()
    scan_in_vain(mediator)
    mediator.terminal.press("f10")
    mediator.sees_ticket()
    mediator.sees("est imprimé")
    scan_in_vain(mediator)
    mediator.finishes()
    assert_one_booking_on_one_paper(office, printer, NEW)
