"""Who helps when somebody sells an appointment. Whoever holds this slip may have paid: nothing here blames them."""

import re

from kiosk.printing.errors import TicketError
from kiosk.printing.facts import Contact, FraudSlip
from kiosk.printing.fonts import NBSP, SEMIBOLD
from kiosk.printing.lettering import Style, measure
from kiosk.printing.pages import parts
from kiosk.printing.pages.parts import BODY, FOOT, PLACE, STRONG, WIDE
from kiosk.printing.pictograms import pictogram
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import Column, Page

REACHES = (Style(40, SEMIBOLD, WIDE), Style(40, SEMIBOLD, 66))  # the second for an address that would be cut


def compose(slip: FraudSlip, form: Form) -> Page:
    """Lay the slip out, in the order of its contacts; raise TicketError when there is none."""
    if not slip.contacts:
        raise TicketError("Il n'y a personne à qui s'adresser sur ce papier.")
    column = parts.column_for(form)
    parts.banner(column, parts.held("On vous vend un rendez-vous ?"))
    column.gap()
    parts.free(column)
    column.write("Personne ne peut vendre un rendez-vous.", STRONG)
    column.rule()
    column.pictured("person", pictogram("person", 84), (("Demandez à la personne de l'accueil.", BODY),))
    parts.sentences(column, ("Vous avez payé ?", "Vous pouvez demander de l'aide.", "Choisissez :"))
    for contact in slip.contacts:
        _contact(column, contact)
    parts.foot(column, False, slip.issued_at)
    return parts.page(column)


def _contact(column: Column, contact: Contact) -> None:
    column.rule()
    column.write(contact.name, PLACE)
    parts.sentences(column, re.split(r"(?<=[.!?]) ", contact.purpose))
    for reach in contact.reach:
        text = re.sub(r"(?<=\w) (?=\d)|(?<=\d) (?=[A-Z])", NBSP, reach)
        column.write(text, next((style for style in REACHES if measure(text, style) <= column.inside), REACHES[0]))
    column.write(f"Vérifié le {contact.checked_on:%d/%m/%Y}", FOOT)
