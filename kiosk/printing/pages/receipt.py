"""The receipt of a request that nobody has answered: framed in stripes, no calendar, no clock, no code to scan.

Its only date is that of the request, in small digits at the foot: a big one would be read as an appointment's.
"""

from kiosk.booking import french
from kiosk.printing.errors import TicketError
from kiosk.printing.facts import Receipt
from kiosk.printing.fonts import BOLD, NBSP
from kiosk.printing.pages import parts, patterns
from kiosk.printing.pages.parts import BODY, FOOT, PLACE, STRONG
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import Column, Page
from kiosk.tickets.reference import BadReferenceError, read_reference

FRAME = 36  # dots
ROOM = 8  # dots between the frame and the text
PENDING = "DEMANDE EN COURS"
NOT_AN_APPOINTMENT = "Ce n'est pas un rendez-vous."
BIGGEST_SIZES = (84, 76, 68, 60, 54)
BIG_SIZES = (66, 60, 54, 48)


def compose(receipt: Receipt, form: Form) -> Page:
    """Lay the receipt out; raise TicketError when its reference is one that a booking could have."""
    if _is_code_of_a_booking(receipt.reference):
        raise TicketError("Le numéro d'une demande ne doit pas ressembler au code d'un rendez-vous.")
    column = parts.column_for(form, FRAME + ROOM)
    column.gap(FRAME)
    parts.demonstration(column, receipt.demonstration)
    _warning(column)
    column.rule()
    _request(column, receipt)
    column.rule()
    _what_to_do(column, receipt)
    column.rule()
    _warning(column)
    asked = receipt.asked_at
    column.write(f"Demande faite le {asked:%d/%m/%Y} à{NBSP}{french.hour(asked.time())}", FOOT)
    if receipt.demonstration:
        column.write(parts.EXAMPLE, FOOT)
    column.gap(FRAME + ROOM)
    return parts.page(_framed(column, form.dots))


def _warning(column: Column) -> None:
    column.write_whole(PENDING, BIGGEST_SIZES, BOLD)
    column.write_whole(NOT_AN_APPOINTMENT, BIG_SIZES, BOLD)


def _request(column: Column, receipt: Receipt) -> None:
    parts.person(column, receipt.person)
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


def _framed(inner: Column, width: int) -> Column:
    """Return the column in the middle of paper `width` dots wide, stripes on all four sides."""
    whole, height = Column(width, y=0), inner.y
    whole.row((("frame", patterns.hatching(width, FRAME), 0),))
    sides = patterns.hatching(width, height - 2 * FRAME, top=FRAME)
    left = sides.crop((0, 0, FRAME, sides.height))
    right = sides.crop((width - FRAME, 0, width, sides.height))
    whole.row((("frame", left, 0), ("frame", right, width - FRAME)))
    whole.picture("frame", patterns.hatching(width, FRAME, top=height - FRAME), 0)
    whole.aside(inner, FRAME + ROOM, 0)
    return whole
