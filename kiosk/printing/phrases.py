"""The French sentences of the ticket, easy to read, one idea each; no-break spaces hold what belongs together."""

import datetime as dt
import re

from kiosk.booking import french
from kiosk.printing.facts import Ticket
from kiosk.printing.fonts import NBSP

DEMONSTRATION = "DÉMONSTRATION"
NOT_REAL = "Ce papier n'est pas un vrai rendez-vous."
TITLE = f"Votre{NBSP}rendez-vous"
ADDRESS = (f"Adresse{NBSP}: demandez ici.", f"Ou regardez sur le site de la{NBSP}préfecture.")
FOR = f"Pour{NBSP}:"
BRING = f"Apportez{NBSP}:"
FREE = ("C'est gratuit.", "Ne payez jamais.")
PERSONAL = ("Ce rendez-vous est à votre nom.", "Personne ne peut le vendre.")
CANNOT_COME = (f"Vous ne pouvez pas venir{NBSP}?", "Revenez ici.")
CODE = f"Code{NBSP}:"
NOT_A_PERMIT = "Ce papier n'est pas un titre de séjour."


def name(ticket: Ticket) -> str:
    """Return the person's name, an initial at its end never alone on a line."""
    return re.sub(r" (?=\S\.$)", NBSP, ticket.person)


def date_line(ticket: Ticket) -> str:
    """Return Mercredi 3 février 2027."""
    return french.capitalised(_held_date(ticket.start))


def hour_line(ticket: Ticket) -> str:
    """Return à 14 h 05."""
    return f"à{NBSP}{french.hour(ticket.start.time())}"


def arrive_line(ticket: Ticket) -> str:
    """Return Arrivez à 13 h 50."""
    return f"Arrivez à{NBSP}{french.hour(ticket.arrive_at.time())}."


def duplicate(ticket: Ticket) -> str:
    """Return DUPLICATA n° 2, whatever the number."""
    return f"DUPLICATA{NBSP}n°{NBSP}{ticket.copy}"


def reprinted(ticket: Ticket) -> str:
    """Return Réimprimé le 23 novembre 2026 à 12 h 03."""
    return f"Réimprimé le {_moment(ticket.issued_at)}."


def issued(ticket: Ticket) -> str:
    """Return Imprimé le 23/11/2026 à 12 h 03, for the foot."""
    return f"Imprimé le {ticket.issued_at:%d/%m/%Y} à{NBSP}{french.hour(ticket.issued_at.time())}"


def _held_date(date: dt.date) -> str:
    """Return mercredi 3 février 2027, the date held together: a line breaks after the weekday or nowhere."""
    return f"{french.weekday(date)} {french.day_number(date.day)}{NBSP}{french.month(date)}{NBSP}{date.year}"


def _moment(moment: dt.datetime) -> str:
    day = f"{french.day_number(moment.day)}{NBSP}{french.month(moment)} {moment.year}"
    return f"{day} à{NBSP}{french.hour(moment.time())}"
