"""One module per kind of paper: from facts to a page."""

from kiosk.printing.errors import TicketError
from kiosk.printing.facts import Cancellation, Facts, FraudSlip, PrinterCard, Receipt, SearchProof, Ticket
from kiosk.printing.pages import attempt, cancelled, card, fraud, receipt, ticket
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import Page


def compose(facts: Facts, form: Form, second: str | None = None) -> Page:
    """Lay out the paper of these facts; raise a PrintingError when that cannot be done well.

    `second` is the wish for a ticket's second block: the code of a language, or PICTOGRAMS. Other papers are in French.
    """
    match facts:
        case Ticket():
            return ticket.compose(facts, form, second)
        case _ if second is not None:
            raise TicketError("Ce papier existe en français seulement.")
        case SearchProof():
            return attempt.compose(facts, form)
        case Receipt():
            return receipt.compose(facts, form)
        case Cancellation():
            return cancelled.compose(facts, form)
        case FraudSlip():
            return fraud.compose(facts, form)
        case PrinterCard():
            return card.compose(facts, form)


def scanned(facts: Facts) -> str | None:
    """Return what the paper's QR code must read as; None for a paper that holds none."""
    match facts:
        case Ticket():
            return facts.token
        case PrinterCard():
            return card.CODE
        case _:
            return None
