"""The ticket: one appointment, so that whoever cannot read still knows the day, the hour and the place.

French comes first and whole; what follows on request, the person's language or pictograms, is in `second_block`.
"""

from collections.abc import Sequence

from kiosk.booking import french
from kiosk.printing import languages, phrases
from kiosk.printing.errors import TicketError
from kiosk.printing.facts import Ticket
from kiosk.printing.fonts import BOLD, MEDIUM, SEMIBOLD
from kiosk.printing.languages import PICTOGRAMS
from kiosk.printing.lettering import Style, extent, measure, widest_atom
from kiosk.printing.pages import pictogram_block, second_block
from kiosk.printing.phrases import french as say
from kiosk.printing.pictograms import calendar_page, clock_face, pictogram, sky
from kiosk.printing.profiles import Form
from kiosk.printing.qr import draw_qr
from kiosk.printing.sheet import COMPACT, LABEL_GAP, MARGIN, PICTURE_GAP, WIDTHS, Column, Page

WIDE, NARROW = 90, 76  # of the `wdth` axis: most sentences take one line of 80 mm paper
BODY = Style(40, MEDIUM, WIDE)  # 14 pt
STRONG = Style(40, BOLD, WIDE)
PLACE = Style(42, SEMIBOLD, WIDE)
NAMES = tuple(Style(size, BOLD, WIDE) for size in (50, 46, 42))
CODES = tuple(Style(size, BOLD, WIDE) for size in (48, 44, 40))
DIGITS = tuple(Style(size, BOLD, WIDE) for size in range(90, 66, -2))  # of the hour
FOOT = Style(34, MEDIUM, WIDE)
TITLES = (Style(48, BOLD, WIDE), Style(44, BOLD, WIDE), Style(42, BOLD, NARROW))
BANNER_SIZES = (50, 46, 42, 40)
TOP, GAP = 2, 4  # dots
CALENDAR, NARROW_CALENDAR = (230, 198), (190, 190)  # width and height
CLOCK, NARROW_CLOCK = 80, 116
BUILDING, NARROW_BUILDING = 104, 84
COIN, SMALLEST_COIN = 104, 64
WIDE_FROM = 512  # dots of paper
QUIET_EDGE = 16  # dots of the quiet zone that lie on the blank edge of the paper
UNDERLENGTH, OVERLENGTH = 8, 4  # dots below and above its letters that a line leaves empty


def compose(ticket: Ticket, form: Form, second: str | None = None) -> Page:
    """Lay the ticket out; `second` is the code of a language, or PICTOGRAMS.

    Raise TicketError, PhrasesError, MissingGlyphError or QrError when that cannot be done well.
    """
    if form.dots not in WIDTHS:
        raise TicketError("Cette largeur de papier n'est pas connue.")
    column = Column(form.dots, pitch=COMPACT, narrowest=NARROW, y=TOP)
    _banners(column, ticket)
    _when(column, ticket)
    _where(column, ticket)
    _who_and_what(column, ticket)
    _price_and_code(column, ticket)
    _foot(column, ticket)
    if second is None:
        return Page(form.dots, column.y, tuple(column.items))
    if second == PICTOGRAMS:
        below = pictogram_block.compose(ticket, form.dots, column.y)
    else:
        below = second_block.compose(ticket, form.dots, column.y, languages.wording(second))
    return Page(form.dots, below.y, (*column.items, *below.items))


def _banners(column: Column, ticket: Ticket) -> None:
    if ticket.copy > 1:
        column.write_whole(phrases.duplicate(ticket), BANNER_SIZES, BOLD)
        column.write(phrases.reprinted(ticket), BODY)
        column.rule(GAP)
    if ticket.demonstration:
        column.write_whole(phrases.DEMONSTRATION, BANNER_SIZES, BOLD)
        column.rule(GAP)


def _when(column: Column, ticket: Ticket) -> None:
    title = say("title")
    column.write(title, next((style for style in TITLES if measure(title, style) <= column.inside), TITLES[-1]))
    column.gap(GAP)
    digits, arrive_at = french.hour(ticket.start.time()), french.hour(ticket.arrive_at.time())
    room = column.inside - CALENDAR[0] - PICTURE_GAP
    fitting = [style for style in DIGITS if measure(digits, style) <= room]
    if fitting and measure(say("arrive"), BODY) + LABEL_GAP + measure(arrive_at, STRONG) <= room:
        _day_beside_hour(column, ticket, fitting[0])
    else:
        _day_above_hour(column, ticket)
    if ticket.zone_note:
        column.write(ticket.zone_note, BODY)


def _day_beside_hour(column: Column, ticket: Ticket, digits: Style) -> None:
    """Put the calendar page at the left; clock, sky, the hour in digits and when to come at its right."""
    time, top = ticket.start.time(), column.y
    left = MARGIN + CALENDAR[0] + PICTURE_GAP
    room = column.width - MARGIN - left
    column.picture("calendar", calendar_page(*CALENDAR, ticket.start.date()), MARGIN)
    beside = Column(room + 2 * MARGIN, pitch=COMPACT, narrowest=NARROW, y=0)
    drawn = sky(min(190, room - CLOCK - PICTURE_GAP), CLOCK, time)
    beside.row((("clock", clock_face(CLOCK, time), MARGIN), ("sky", drawn, MARGIN + room - drawn.width)))
    _digits(beside, french.hour(time), digits, 8)
    beside.labelled(say("arrive"), french.hour(ticket.arrive_at.time()), BODY, (STRONG,))
    column.aside(beside, left - MARGIN, top)
    column.y = max(column.y, top + beside.y)


def _day_above_hour(column: Column, ticket: Ticket) -> None:
    """On narrow paper the digits take a line of their own."""
    time, top = ticket.start.time(), column.y
    width, height = NARROW_CALENDAR
    left = MARGIN + width + PICTURE_GAP
    room = column.width - MARGIN - left
    column.picture("calendar", calendar_page(width, height, ticket.start.date()), MARGIN)
    beside = Column(room + 2 * MARGIN, y=0)
    beside.picture("clock", clock_face(NARROW_CLOCK, time), MARGIN + (room - NARROW_CLOCK) // 2)
    beside.gap(GAP)
    beside.picture("sky", sky(room, height - NARROW_CLOCK - GAP, time), MARGIN)
    column.aside(beside, left - MARGIN, top)
    _digits(column, french.hour(time), DIGITS[0], 12)
    column.labelled(say("arrive"), french.hour(ticket.arrive_at.time()), BODY, (STRONG,))


def _digits(column: Column, digits: str, style: Style, gap: int) -> None:
    """Write the hour without the empty space that letters have above and below them."""
    ink = extent(digits, style)
    column.line_at(digits, style, MARGIN, column.y + gap - ink.top)
    column.y += gap - ink.top + ink.bottom + GAP


def _where(column: Column, ticket: Ticket) -> None:
    column.rule(GAP)
    lines = ((ticket.site, PLACE), (ticket.town, PLACE), (say("ask_address"), BODY))
    if column.width < WIDE_FROM:
        column.pictured("building", pictogram("building", NARROW_BUILDING), lines[:1])
        for text, style in lines[1:]:
            column.write(text, style)
    else:
        column.pictured("building", pictogram("building", BUILDING), lines)


def _who_and_what(column: Column, ticket: Ticket) -> None:
    column.rule(GAP)
    column.labelled(say("name"), phrases.name(ticket), BODY, NAMES)
    column.write(ticket.purpose.name, STRONG)
    if ticket.documents:
        column.write(say("bring"), BODY)
    for document in ticket.documents:
        column.beside("tick box", pictogram("tick-box", 38), (document.name,), BODY)
    column.rule(GAP)
    column.flow((say("cannot_come"), say("come_back")), BODY)


def _price_and_code(column: Column, ticket: Ticket) -> None:
    """Put what nobody may sell beside what would be sold, where the paper is wide enough; else above it."""
    qr = draw_qr(ticket.token, column.width).image
    qr = qr.crop((QUIET_EDGE, 0, qr.width, qr.height)) if qr.width < column.width else qr
    price = ((say("free"), STRONG), (say("never_pay"), STRONG), (say("not_for_sale"), BODY))
    beside = _under_a_coin(price, column.width - qr.width + MARGIN, qr.height)
    if beside is None:
        column.rule(GAP)
        column.pictured("coin", pictogram("free", COIN), price)
        _start_of_code(column)
        column.picture("qr", qr, (column.width - qr.width) // 4 * 2)  # even: a coarse paper has columns in pairs
    else:
        _start_of_code(column)
        before = len(column.items)
        column.aside(beside, qr.width - MARGIN, column.y + (qr.height - beside.y) // 2)
        column.picture("qr", qr, 0)
        column.y = max(column.y - OVERLENGTH, *(item.box.bottom + OVERLENGTH for item in column.items[before:-1]))
    column.labelled(say("code"), ticket.code, BODY, CODES)


def _under_a_coin(price: Sequence[tuple[str, Style]], width: int, height: int) -> Column | None:
    """Return the crossed-out coin and the sentences below it in so much room; None where they do not fit."""
    text = Column(width, pitch=COMPACT, narrowest=NARROW, y=0)
    if any(widest_atom(sentence, style, 2 * width) > text.inside for sentence, style in price):
        return None
    for sentence, style in price:
        text.write(sentence, style)
    coin = min(COIN, height - text.y - GAP)
    if coin < SMALLEST_COIN:
        return None
    whole = Column(width, y=0)
    whole.picture("coin", pictogram("free", coin), MARGIN)
    whole.gap(GAP)
    whole.aside(text, 0, whole.y)
    whole.y += text.y
    return whole


def _start_of_code(column: Column) -> None:
    """Go to where the quiet zone of the QR may begin: below the ink, on an even row.

    A printer of half the vertical resolution draws rows in pairs: no module may begin in the middle of one.
    """
    column.y = max(column.y - UNDERLENGTH, *(item.box.bottom for item in column.items))
    column.y += column.y % 2


def _foot(column: Column, ticket: Ticket) -> None:
    column.write(phrases.issued(ticket.issued_at), FOOT)
    column.write(say("not_a_permit"), FOOT)
    if ticket.demonstration:  # again, for whoever cuts the top off
        column.write(say("not_real"), FOOT)
    column.gap(GAP)
