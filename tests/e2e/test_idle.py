"""A visit left alone, in a real terminal, on settings that do not make a test wait."""

from pathlib import Path

from kiosk.printing.simulator import Simulator
from tests.support.mediator import NEW, kiosk
from tests.support.office import CentralProcess

SECONDS = {"KIOSK_IDLE_WARNING_SECONDS": "1", "KIOSK_IDLE_MASK_SECONDS": "3", "KIOSK_IDLE_WIPE_SECONDS": "5"}


def test_who_walked_away_is_asked_for_with_a_bell_hidden_and_erased(
    tmp_path: Path, central: CentralProcess, printer: Simulator
) -> None:
    settings = {"KIOSK_CENTRAL_URL": central.base_url, "KIOSK_PRINTER": printer.url, **SECONDS}
    with kiosk(tmp_path / "state", settings) as mediator:
        mediator.sign_in()
        before = len(mediator.terminal.output)
        mediator.begin(NEW)
        mediator.sees(f"{NEW.surname}.*{NEW.born}.*Vous êtes là")
        assert mediator.terminal.output[before:].count(b"\x07")
        mediator.sees("Écran masqué")
        assert NEW.surname not in mediator.terminal.text
        mediator.sees("La visite a été effacée après 5 secondes sans touche.")
        assert NEW.surname not in mediator.terminal.text
