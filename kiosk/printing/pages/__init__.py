"""One module per kind of paper: from facts to a page."""

from kiosk.printing.errors import TicketError
from kiosk.printing.facts import Facts, PrinterCard, Ticket
from kiosk.printing.pages import card, ticket
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import Page


def compose(facts: Facts, form: Form, second: str | None = None) -> Page:
    """Lay out the paper of these facts; raise a PrintingError when that cannot be done well.

    `second` is the language of the second block of a ticket, by its code, or PICTOGRAMS; other papers are in French.
    """
    if second is not None:
        raise TicketError("Ce papier est en français seulement.")
    match facts:
        case Ticket():
            return ticket.compose(facts, form.dots)
        case PrinterCard():
            return card.compose(facts, form)
        case _:
            raise TicketError("Ce papier n'est pas encore fait.")


def scanned(facts: Facts) -> str | None:
    """Return what the paper's QR code must read as; None for a paper that holds none."""
    match facts:
        case Ticket():
            return facts.token
        case PrinterCard():
            return card.CODE
        case _:
            return None
