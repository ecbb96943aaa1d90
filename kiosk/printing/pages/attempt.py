"""The proof of a search: what was looked for, when, where, and what was found. It claims nothing beyond that."""

import datetime as dt
from collections.abc import Sequence

from kiosk.booking import french
from kiosk.printing.errors import TicketError
from kiosk.printing.facts import SearchProof
from kiosk.printing.fonts import BOLD, NBSP
from kiosk.printing.pages import parts
from kiosk.printing.pages.parts import BODY, HOUR, STRONG
from kiosk.printing.pictograms import pictogram
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import Column, Page
from kiosk.tickets.reference import LENGTH, grouped

MOST_EARLIER = 6  # searches told one by one; the others are counted


def compose(proof: SearchProof, form: Form) -> Page:
    """Lay the proof out; raise TicketError when nothing was searched, MissingGlyphError for what cannot be drawn."""
    if not proof.without_place and not proof.silent:
        raise TicketError("Une recherche sans aucun lieu ne prouve rien.")
    column = parts.column_for(form)
    parts.demonstration(column, proof.demonstration)
    _what_and_when(column, proof)
    _where(column, proof)
    _earlier(column, sorted(proof.earlier, reverse=True))
    _reference(column, proof)
    parts.foot(column, proof.demonstration, proof.issued_at)
    return parts.page(column)


def _what_and_when(column: Column, proof: SearchProof) -> None:
    parts.banner(column, f"Preuve de{NBSP}recherche")
    column.write("Ce papier n'est pas un rendez-vous.", BODY)
    column.rule()
    column.pictured("search", pictogram("search", 84), (("Recherche de rendez-vous", STRONG),))
    column.write(proof.purpose.name, STRONG)
    column.gap()
    column.write(f"Faite le{NBSP}:", BODY)
    column.write(french.capitalised(parts.day(proof.searched_at)), HOUR)
    column.write(parts.at(proof.searched_at), HOUR)
    column.gap()
    column.write(f"Jours regardés{NBSP}:", BODY)
    column.write(f"du {parts.date_alone(proof.first_day)}", BODY)
    column.write(f"au {parts.date_alone(proof.last_day)}", BODY)


def _where(column: Column, proof: SearchProof) -> None:
    if proof.without_place:
        column.rule()
        column.write(f"Aucune place libre{NBSP}:", STRONG)
        parts.bullets(column, proof.without_place)
    if proof.silent:
        column.rule()
        column.write(f"Pas de réponse{NBSP}:", STRONG)
        parts.bullets(column, proof.silent)
        column.write("Ici, nous ne savons pas s'il y a des places.", BODY)


def _earlier(column: Column, moments: Sequence[dt.datetime]) -> None:
    if not moments:
        return
    column.rule()
    column.write(f"La même personne a déjà cherché{NBSP}:", STRONG)
    parts.bullets(column, (f"{moment:%d/%m/%Y} {parts.at(moment)}" for moment in moments[:MOST_EARLIER]))
    others = moments[MOST_EARLIER:]
    if others:
        column.write(f"et {french.counted(len(others), 'autre fois', 'autres fois')}, depuis{NBSP}le", BODY)
        column.write(f"{others[-1]:%d/%m/%Y}.", BODY)


def _reference(column: Column, proof: SearchProof) -> None:
    column.rule()
    column.write(f"Numéro de la recherche{NBSP}:", BODY)
    reference = grouped(proof.reference) if len(proof.reference) == LENGTH else proof.reference
    column.write_whole(reference, parts.CODE_SIZES, BOLD)
    column.gap()
    parts.sentences(column, ("Gardez ce papier.",), STRONG)
    parts.sentences(column, ("Vous voulez chercher encore ?", parts.COME_BACK))
