"""The ticket: one appointment, so that whoever cannot read still knows the day, the hour and the place."""

from kiosk.booking import french
from kiosk.printing import phrases, pictures
from kiosk.printing.errors import TicketError
from kiosk.printing.facts import Ticket
from kiosk.printing.fonts import BOLD
from kiosk.printing.qr import draw_qr
from kiosk.printing.sheet import (
    BANNER_SIZES,
    BODY,
    CODE_SIZES,
    DATE_SIZES,
    DIGITS,
    FOOT,
    HOUR,
    MARGIN,
    NAME_SIZES,
    PICTURE_GAP,
    PLACE,
    STRONG,
    WIDTHS,
    Column,
    Page,
)


def compose(ticket: Ticket, width: int) -> Page:
    """Lay the ticket out; raise TicketError, MissingGlyphError or QrError when that cannot be done well."""
    if width not in WIDTHS:
        raise TicketError("Cette largeur de papier n'est pas connue.")
    column = Column(width)
    _banners(column, ticket)
    _when(column, ticket)
    _where(column, ticket)
    _who(column, ticket)
    _what_to_bring(column, ticket)
    _warnings(column)
    _code(column, ticket)
    _foot(column, ticket)
    return Page(width, column.y, tuple(column.items))


def _banners(column: Column, ticket: Ticket) -> None:
    if ticket.demonstration:
        column.write_whole(phrases.DEMONSTRATION, BANNER_SIZES, BOLD)
        column.write(phrases.NOT_REAL, STRONG)
        column.rule()
    if ticket.copy > 1:
        column.write_whole(phrases.duplicate(ticket), BANNER_SIZES, BOLD)
        column.write(phrases.reprinted(ticket), BODY)
        column.rule()


def _when(column: Column, ticket: Ticket) -> None:
    column.write_whole(phrases.TITLE, BANNER_SIZES, BOLD)
    column.gap()
    _calendar_and_clock(column, ticket)
    column.write_whole(phrases.date_line(ticket), DATE_SIZES, BOLD)
    column.write(phrases.hour_line(ticket), HOUR)
    if ticket.zone_note:
        column.write(ticket.zone_note, BODY)
    column.write(phrases.arrive_line(ticket), BODY)


def _calendar_and_clock(column: Column, ticket: Ticket) -> None:
    """Day and hour without words, then the hour in digits beside the sky."""
    time = ticket.start.time()
    inside = column.inside
    calendar = pictures.calendar_page(round(inside * 0.55), round(inside * 0.5), ticket.start.date())
    clock = pictures.clock_face(round(inside * 0.42), time)
    column.row((("calendar", calendar, MARGIN), ("clock", clock, column.width - MARGIN - clock.width)))
    column.gap()
    sky = pictures.sky(round(inside * 0.31), round(inside * 0.18), time)
    left = MARGIN + sky.width + PICTURE_GAP
    column.line_at(french.hour(time), DIGITS[column.width], left, column.y + sky.height)
    column.picture("sky", sky, MARGIN)
    column.gap()


def _where(column: Column, ticket: Ticket) -> None:
    column.rule()
    column.beside("building", pictures.building(84), (ticket.site,), PLACE)
    column.write(ticket.town, PLACE)
    for sentence in phrases.ADDRESS:
        column.write(sentence, BODY)


def _who(column: Column, ticket: Ticket) -> None:
    column.rule()
    column.write(phrases.FOR, BODY)
    column.write_whole(phrases.name(ticket), NAME_SIZES, BOLD)
    column.write(ticket.purpose.name, STRONG)


def _what_to_bring(column: Column, ticket: Ticket) -> None:
    if not ticket.documents:
        return
    column.rule()
    column.write(phrases.BRING, STRONG)
    for document in ticket.documents:
        column.gap(6)
        column.beside("tick box", pictures.tick_box(44), (document.name,), BODY)


def _warnings(column: Column) -> None:
    column.rule()
    column.beside("coin", pictures.crossed_out_coin(96), phrases.FREE, STRONG)
    for sentence in (*phrases.PERSONAL, *phrases.CANNOT_COME):
        column.write(sentence, BODY)


def _code(column: Column, ticket: Ticket) -> None:
    column.rule()
    column.write(phrases.CODE, BODY)
    column.write_whole(ticket.code, CODE_SIZES, BOLD)
    qr = draw_qr(ticket.token, column.width).image
    column.picture("qr", qr, (column.width - qr.width) // 4 * 2)  # even: a coarse paper has columns in pairs


def _foot(column: Column, ticket: Ticket) -> None:
    if ticket.demonstration:  # again, for whoever cuts the top off
        column.write_whole(phrases.DEMONSTRATION, BANNER_SIZES, BOLD)
    column.write(phrases.NOT_A_PERMIT, FOOT)
    column.write(phrases.issued(ticket), FOOT)
    column.gap()
