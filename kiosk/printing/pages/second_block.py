"""The lower half of a ticket: the same facts in the person's language, or without any words."""

from kiosk.printing import dates, languages
from kiosk.printing.facts import Named, Ticket
from kiosk.printing.fonts import BOLD, MEDIUM
from kiosk.printing.languages import PICTOGRAMS, Wording
from kiosk.printing.lettering import FRENCH, Style
from kiosk.printing.phrases import Status
from kiosk.printing.pictograms import pictogram
from kiosk.printing.sheet import COMPACT, Column

LONGEST = 2080  # dots of the whole paper, 260 mm at 203 dpi: smaller letters are taken before more paper
SIZES = (40, 37, 34)  # dots per em; 40 are 14 pt
WIDE, NARROW = 90, 80  # of the `wdth` axis
GAP = 6  # dots


def compose(ticket: Ticket, width: int, top: int, second: str) -> Column:
    """Lay out the block that starts at row `top`; raise PhrasesError when it cannot be printed here."""
    if second == PICTOGRAMS:
        return _without_words(ticket, width, top)
    wording = languages.wording(second)
    for size in SIZES:
        column = _in_words(ticket, width, top, wording, size)
        if column.y <= LONGEST:
            break
    return column


def _in_words(ticket: Ticket, width: int, top: int, wording: Wording, size: int) -> Column:
    column = Column(width, wording.writing, pitch=COMPACT, narrowest=NARROW, y=top)
    body, strong = Style(size, MEDIUM, WIDE), Style(size, BOLD, WIDE)
    say = wording.phrase
    column.rule(GAP)
    column.ends(say("title"), wording.language.autonym, strong)
    if ticket.copy > 1:
        column.labelled(say("copy"), str(ticket.copy), body, (strong,))
    column.labelled(wording.date(ticket.start.date()), dates.hour(ticket.start.time()), strong, (strong,))
    column.labelled(say("arrive"), dates.hour(ticket.arrive_at.time()), body, (strong,))
    if ticket.zone_note:
        column.write(say("local_time"), body)
    _name(column, wording, ticket.purpose, strong)
    if ticket.documents:
        column.write(say("bring"), body)
    for document in ticket.documents:
        _ticked(column, wording, document, body)
    column.flow((say("free"), say("never_pay"), say("not_for_sale")), strong)
    column.flow((say("cannot_come"), say("come_back")), body)
    column.flow(_small_print(ticket, wording), body)
    column.gap(GAP)
    return column


def _small_print(ticket: Ticket, wording: Wording) -> list[str]:
    ids = ["not_a_permit", "french_counts"]
    if not wording.language.status.reaches(Status.REVIEWED):
        ids.append("unreviewed")
    if ticket.demonstration:
        ids.append("not_real")
    return [wording.phrase(id_) for id_ in ids]


def _name(column: Column, wording: Wording, named: Named, style: Style) -> None:
    """Write a name of the catalogue; one without translation stays French: it is still true, and French counts."""
    translated = wording.name_of(named.name)
    if translated is None:
        column.write(named.name, style, writing=FRENCH)
    else:
        column.write(translated, style)


def _ticked(column: Column, wording: Wording, document: Named, style: Style) -> None:
    translated = wording.name_of(document.name)
    writing = FRENCH if translated is None else wording.writing
    lines = ((translated or document.name, style),)
    column.pictured("tick box", pictogram("tick-box", 34), lines, writing=writing)


def _without_words(ticket: Ticket, width: int, top: int) -> Column:
    column = Column(width, pitch=COMPACT, y=top)
    column.rule(GAP)
    return column
