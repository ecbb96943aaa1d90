"""The ticket: one appointment, so that whoever cannot read still knows the day, the hour and the place.

French comes first and whole; then, on request, the same facts in the person's language, or without any words.
"""

from collections.abc import Sequence

from PIL import Image

from kiosk.booking import french
from kiosk.printing import dates, languages, phrases, pictures
from kiosk.printing.errors import TicketError
from kiosk.printing.facts import Ticket
from kiosk.printing.fonts import BOLD, MEDIUM, SEMIBOLD
from kiosk.printing.languages import PICTOGRAMS, Wording
from kiosk.printing.lettering import FRENCH, Style, extent, measure
from kiosk.printing.phrases import Status, french as say
from kiosk.printing.profiles import Form
from kiosk.printing.qr import draw_qr
from kiosk.printing.sheet import COMPACT, MARGIN, PICTURE_GAP, WIDTHS, Column, Page

LONGEST = 2080  # dots: 260 mm at 203 dpi; the second block takes smaller letters rather than more paper
SECOND_SIZES = (40, 37, 34)  # dots per em; 40 are 14 pt
NARROW = 88  # of the `wdth` axis: most sentences take one line of 80 mm paper
GAP, SMALL_GAP = 7, 4  # dots
TOP = 4

BODY = Style(40, MEDIUM, NARROW)
STRONG = Style(40, BOLD, NARROW)
PLACE = Style(44, SEMIBOLD, NARROW)
NAMES = tuple(Style(size, BOLD, NARROW) for size in (56, 52, 48, 44))
FOOT = Style(34, MEDIUM, 85)
BANNER_SIZES = (66, 60, 54, 48, 40)
TITLE_SIZES = (50, 46, 42, 40)
DIGITS_SIZES = tuple(range(96, 58, -2))
GROUP_SIZES = (64, 60, 56, 52, 48, 44, 40)
CALENDAR_HEIGHT = 222
CLOCK = 104
NARROWEST_WITH_CODE_BESIDE = 512


def compose(ticket: Ticket, form: Form, second: str | None = None) -> Page:
    """Lay the ticket out; `second` is the code of a language or PICTOGRAMS.

    Raise TicketError, PhrasesError, MissingGlyphError or QrError when that cannot be done well.
    """
    if form.dots not in WIDTHS:
        raise TicketError("Cette largeur de papier n'est pas connue.")
    column = Column(form.dots, pitch=COMPACT, y=TOP)
    _banners(column, ticket)
    _when(column, ticket)
    _where(column, ticket)
    _who(column, ticket)
    _what_to_bring(column, ticket)
    _warnings(column)
    _code(column, ticket)
    _foot(column, ticket)
    items, height = column.items, column.y
    if second == PICTOGRAMS:
        below = _without_words(ticket, form.dots, height)
        items, height = [*items, *below.items], below.y
    elif second is not None:
        below = _in_words(ticket, form.dots, height, languages.wording(second))
        items, height = [*items, *below.items], below.y
    return Page(form.dots, height, tuple(items))


def _banners(column: Column, ticket: Ticket) -> None:
    if ticket.copy > 1:
        column.write_whole(phrases.duplicate(ticket), BANNER_SIZES, BOLD)
        column.write(phrases.reprinted(ticket), BODY)
        column.rule(GAP)
    if ticket.demonstration:
        column.write_whole(phrases.DEMONSTRATION, BANNER_SIZES, BOLD)
        column.rule(GAP)


def _when(column: Column, ticket: Ticket) -> None:
    column.write_whole(say("title"), TITLE_SIZES, BOLD)
    column.gap(SMALL_GAP)
    _pictured_moment(column, ticket)
    if ticket.zone_note:
        column.write(ticket.zone_note, BODY)


def _pictured_moment(column: Column, ticket: Ticket) -> None:
    """Day and hour without words, and the hour in digits: as large as the paper allows."""
    time, top = ticket.start.time(), column.y
    wide = column.width > 384
    calendar = pictures.calendar_page(232 if wide else 190, CALENDAR_HEIGHT, ticket.start.date())
    left = MARGIN + calendar.width + PICTURE_GAP
    room = column.width - MARGIN - left
    column.picture("calendar", calendar, MARGIN)
    bottom = column.y
    digits = french.hour(time)
    style = next((s for s in _bold(DIGITS_SIZES) if measure(digits, s) <= room), None)
    if style is None:
        _clock_and_sky(column, ticket, left, top, room, stacked=True)
        style = Style(84, BOLD, NARROW)
        ink = extent(digits, style)
        column.line_at(digits, style, MARGIN, bottom + 12 - ink.top)
        column.y = bottom + 12 - ink.top + ink.bottom + 8
        column.labelled(say("arrive"), french.hour(ticket.arrive_at.time()), BODY, (STRONG,))
        return
    _clock_and_sky(column, ticket, left, top, room, stacked=False)
    ink = extent(digits, style)
    baseline = top + CLOCK + 8 - ink.top
    column.line_at(digits, style, left, baseline)
    label, fact = say("arrive"), french.hour(ticket.arrive_at.time())
    used = measure(label, BODY) + 12
    if used + measure(fact, STRONG) <= room:
        column.line_at(label, BODY, left, bottom - 10)
        column.line_at(fact, STRONG, left + used, bottom - 10)
    else:
        column.labelled(label, fact, BODY, (STRONG,))


def _clock_and_sky(column: Column, ticket: Ticket, left: int, top: int, room: int, *, stacked: bool) -> None:
    time = ticket.start.time()
    column.y = top
    if stacked:
        clock = pictures.clock_face(min(room, 136), time)
        sky = pictures.sky(room, CALENDAR_HEIGHT - clock.height - 8, time)
        column.picture("clock", clock, left + (room - clock.width) // 2)
        column.gap(8)
        column.picture("sky", sky, left)
    else:
        clock = pictures.clock_face(CLOCK, time)
        sky = pictures.sky(min(190, room - CLOCK - PICTURE_GAP), CLOCK, time)
        column.row((("clock", clock, left), ("sky", sky, column.width - MARGIN - sky.width)))
    column.y = top + CALENDAR_HEIGHT


def _bold(sizes: Sequence[int]) -> tuple[Style, ...]:
    return tuple(Style(size, BOLD, NARROW) for size in sizes)


def _where(column: Column, ticket: Ticket) -> None:
    column.rule(GAP)
    building = pictures.building(96)
    column.pictured("building", building, ((ticket.site, PLACE), (ticket.town, PLACE), (say("ask_address"), BODY)))


def _who(column: Column, ticket: Ticket) -> None:
    column.rule(GAP)
    column.labelled(say("name"), phrases.name(ticket), BODY, NAMES)
    column.write(ticket.purpose.name, STRONG)


def _what_to_bring(column: Column, ticket: Ticket) -> None:
    if not ticket.documents:
        return
    column.write(say("bring"), BODY)
    for document in ticket.documents:
        column.beside("tick box", pictures.tick_box(36), (document.name,), BODY)


def _warnings(column: Column) -> None:
    column.rule(GAP)
    coin = pictures.crossed_out_coin(104)
    lines = ((say("free"), STRONG), (say("never_pay"), STRONG), (say("not_for_sale"), BODY))
    column.pictured("coin", coin, lines)
    column.rule(GAP)
    column.flow((say("cannot_come"), say("come_back")), BODY)


def _code(column: Column, ticket: Ticket) -> None:
    qr = draw_qr(ticket.token, column.width).image
    column.y += column.y % 2  # a printer of half the vertical resolution draws rows in pairs
    top = column.y
    if column.width < NARROWEST_WITH_CODE_BESIDE:
        column.picture("qr", qr, (column.width - qr.width) // 2)
        column.labelled(say("code"), ticket.code, BODY, _bold((48, 44, 40)))
        column.write(phrases.issued(ticket.issued_at), FOOT)
        return
    column.picture("qr", qr, 0)
    bottom, left = column.y, qr.width
    room = column.width - MARGIN - left
    groups = ticket.code.split("-")
    style = next(s for s in _bold(GROUP_SIZES) if max(measure(group, s) for group in groups) <= room)
    y = top + 44
    column.line_at(say("code"), BODY, left, y)
    for group in groups:
        y += style.size
        column.line_at(group, style, left, y)
    column.y = max(bottom, y + 8)
    lines = phrases.issued(ticket.issued_at).replace(" à", "\nà").replace(" le ", " le\n").split("\n")
    if bottom - y >= len(lines) * 40:
        for line in lines:
            y += 40
            column.line_at(line, FOOT, left, y)
    else:
        column.write(phrases.issued(ticket.issued_at), FOOT)


def _foot(column: Column, ticket: Ticket) -> None:
    column.write(say("not_a_permit"), FOOT)
    if ticket.demonstration:  # again, for whoever cuts the top off
        column.write(say("not_real"), FOOT)
        column.write(phrases.DEMONSTRATION, FOOT)
    column.gap(SMALL_GAP)


def _in_words(ticket: Ticket, width: int, top: int, wording: Wording) -> Column:
    """Return the second block in the largest letters with which the paper is not too long, or in the smallest."""
    for size in SECOND_SIZES:
        column = _translated(ticket, width, top, wording, size)
        if column.y <= LONGEST:
            break
    return column


def _translated(ticket: Ticket, width: int, top: int, wording: Wording, size: int) -> Column:
    column = Column(width, wording.writing, pitch=COMPACT, y=top)
    body, strong = Style(size, MEDIUM, NARROW), Style(size, BOLD, NARROW)
    say = wording.phrase
    column.rule(GAP)
    column.ends(wording.language.autonym, say("title"), strong)
    if ticket.demonstration:
        column.write(say("not_real"), strong)
    if ticket.copy > 1:
        column.labelled(say("copy"), str(ticket.copy), body, (strong,))
    column.write(wording.date(ticket.start.date()), strong)
    column.write(dates.hour(ticket.start.time()), strong, writing=FRENCH)
    column.labelled(say("arrive"), dates.hour(ticket.arrive_at.time()), body, (strong,))
    if ticket.zone_note:
        column.write(say("local_time"), body)
    _named(column, wording, ticket.purpose.name, strong)
    if ticket.documents:
        column.write(say("bring"), body)
        for document in ticket.documents:
            _ticked(column, wording, document.name, body)
    column.flow((say("free"), say("never_pay"), say("not_for_sale")), strong)
    column.flow((say("cannot_come"), say("come_back")), body)
    last = [say("not_a_permit"), say("french_counts")]
    if not wording.language.status.reaches(Status.REVIEWED):
        last.append(say("unreviewed"))
    column.flow(last, body)
    column.gap(SMALL_GAP)
    return column


def _named(column: Column, wording: Wording, french_name: str, style: Style) -> None:
    translated = wording.name_of(french_name)
    if translated is None:
        column.write(french_name, style, writing=FRENCH)
    else:
        column.write(translated, style)


def _ticked(column: Column, wording: Wording, french_name: str, style: Style) -> None:
    translated = wording.name_of(french_name)
    writing = FRENCH if translated is None else wording.writing
    column.pictured("tick box", pictures.tick_box(34), ((translated or french_name, style),), writing=writing)


def _without_words(ticket: Ticket, width: int, top: int) -> Column:
    column = Column(width, pitch=COMPACT, y=top)
    return column
