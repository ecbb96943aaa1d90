"""The receipt of a request that nobody has answered: framed in stripes, no calendar, no clock, no code to scan.

Its only date is that of the request, in small digits at the foot: a big one would be read as an appointment's.
"""

from kiosk.printing import phrases
from kiosk.printing.errors import TicketError
from kiosk.printing.facts import Receipt
from kiosk.printing.fonts import BOLD, NBSP
from kiosk.printing.pages import parts, patterns
from kiosk.printing.pages.parts import BODY, FOOT, PLACE, STRONG
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import Box, Column, Page, Picture
from kiosk.tickets.reference import BadReferenceError, read_reference

FRAME = {384: 26, 512: 36, 576: 36}  # dots, by width of paper
ROOM = 8  # dots between the frame and the text
PENDING = "DEMANDE EN COURS"
NOT_AN_APPOINTMENT = "Ce n'est pas un rendez-vous."
BIGGEST_SIZES = (84, 76, 68, 60, 54)
BIG_SIZES = (66, 60, 54, 48)
NAME_SIZES = (46, 44)  # smaller than what it is not


def compose(receipt: Receipt, form: Form) -> Page:
    """Lay the receipt out; raise TicketError when its reference is one that a booking could have."""
    if _is_code_of_a_booking(receipt.reference):
        raise TicketError("Le numéro d'une demande ne doit pas ressembler au code d'un rendez-vous.")
    frame = FRAME.get(form.dots, 0)
    column = parts.column_for(form, frame + ROOM)
    column.gap(frame)
    parts.demonstration(column, receipt.demonstration)
    _warning(column)
    column.rule()
    _request(column, receipt)
    column.rule()
    _what_to_do(column, receipt)
    column.rule()
    _warning(column)
    column.write(phrases.asked(receipt.asked_at), FOOT)
    if receipt.demonstration:
        column.write(parts.EXAMPLE, FOOT)
    column.gap(frame + ROOM)
    return parts.page(_framed(column, form.dots, frame))


def _warning(column: Column) -> None:
    column.write_whole(PENDING, BIGGEST_SIZES, BOLD)
    column.write_whole(NOT_AN_APPOINTMENT, BIG_SIZES, BOLD)


def _request(column: Column, receipt: Receipt) -> None:
    parts.person(column, receipt.person, NAME_SIZES)
    column.write(receipt.purpose.name, STRONG)
    column.write(receipt.site, PLACE)
    column.write("N'y allez pas maintenant.", STRONG)


def _what_to_do(column: Column, receipt: Receipt) -> None:
    sentences = ("La réponse n'est pas arrivée.", "Gardez ce papier.")
    parts.sentences(column, sentences)
    parts.sentences(column, (parts.COME_BACK, "Montrez ce papier."), STRONG)
    column.write(f"Demande n°{NBSP}: {receipt.reference}", BODY)


def _is_code_of_a_booking(reference: str) -> bool:
    try:
        read_reference(reference)
    except BadReferenceError:
        return False
    return True


def _framed(inner: Column, width: int, frame: int) -> Column:
    """Return the column in the middle of paper `width` dots wide, stripes around it."""
    whole, last = Column(width, y=0), inner.y - frame
    whole.picture("frame", patterns.hatching(width, frame), 0)
    for left in (0, width - frame):
        for dash, row in patterns.dashes(frame, last - frame, frame):
            whole.items.append(Picture("frame", dash, Box(left, row, left + frame, row + dash.height)))
    whole.aside(inner, frame + ROOM, 0)
    whole.y = last
    whole.picture("frame", patterns.hatching(width, frame, last), 0)
    return whole
