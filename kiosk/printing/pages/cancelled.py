"""The slip of an appointment that is no more: its day and hour crossed out, what to throw away, what to do."""

from kiosk.booking import french
from kiosk.printing.facts import Cancellation
from kiosk.printing.fonts import NBSP
from kiosk.printing.pages import parts, patterns
from kiosk.printing.pages.parts import BODY, HOUR, STRONG
from kiosk.printing.pictograms import calendar_page, clock_face
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import MARGIN, Column, Page


def compose(cancellation: Cancellation, form: Form) -> Page:
    """Lay the slip out; raise TicketError or MissingGlyphError when that cannot be done well."""
    column = parts.column_for(form)
    parts.demonstration(column, cancellation.demonstration)
    parts.banner(column, "Rendez-vous annulé")
    column.gap()
    _when(column, cancellation)
    column.gap()
    parts.sentences(column, ("N'y allez pas.", "Jetez l'ancien papier."), HOUR)
    column.rule()
    parts.place(column, cancellation.site)
    column.gap()
    parts.person(column, cancellation.person)
    column.write(cancellation.purpose.name, STRONG)
    column.write(f"Ancien code{NBSP}:", BODY)
    parts.struck(column, cancellation.code, BODY)
    column.rule()
    parts.sentences(column, ("Vous voulez un autre rendez-vous ?",))
    parts.sentences(column, (parts.COME_BACK,), STRONG)
    parts.free(column)
    parts.foot(column, cancellation.demonstration, cancellation.issued_at)
    return parts.page(column)


def _when(column: Column, cancellation: Cancellation) -> None:
    """Cross out what the ticket shows big, so that whoever cannot read sees it too."""
    start, inside = cancellation.start, column.inside
    day = patterns.crossed_out(calendar_page(round(inside * 0.52), round(inside * 0.46), start.date()))
    clock = patterns.crossed_out(clock_face(round(inside * 0.42), start.time()))
    column.row((("calendar", day, MARGIN), ("clock", clock, column.width - MARGIN - clock.width)))
    column.gap()
    parts.struck(column, french.capitalised(parts.day(start)), HOUR)
    parts.struck(column, parts.at(start), HOUR)
    if cancellation.zone_note:
        column.write(cancellation.zone_note, BODY)
