"""The lower half of a ticket: the same facts in the person's language."""

from dataclasses import dataclass

from kiosk.printing import dates
from kiosk.printing.facts import Named, Ticket
from kiosk.printing.fonts import BOLD, MEDIUM
from kiosk.printing.languages import Wording
from kiosk.printing.lettering import FRENCH, Style, Writing
from kiosk.printing.phrases import Status
from kiosk.printing.pictograms import pictogram
from kiosk.printing.sheet import COMPACT, Column

LONGEST = 2080  # dots of a paper 576 wide, 260 mm at 203 dpi: smaller letters are taken before more paper
LONGEST_WIDTH = 576  # narrower papers may be longer: as large in all
WIDE, NARROW, NARROWEST = 90, 78, 70  # of the `wdth` axis
GAP = 4  # dots


@dataclass(frozen=True, slots=True)
class _Setting:
    """How much paper the block takes."""

    size: int  # dots per em; 40 are 14 pt
    dense: bool = False  # sentences and things to bring follow each other on the line
    narrowest: int = NARROW


# The most legible first. The last is for Tamil, whose letters are wide.
SETTINGS = (
    _Setting(40),
    _Setting(37),
    _Setting(34),
    _Setting(34, dense=True),
    _Setting(34, dense=True, narrowest=NARROWEST),
)


def compose(ticket: Ticket, width: int, top: int, wording: Wording) -> Column:
    """Lay out the block that starts at row `top`, in the largest letters with which the paper is not too long."""
    for setting in SETTINGS:
        column = _in_words(ticket, width, top, wording, setting)
        if column.y <= LONGEST * LONGEST_WIDTH // width:
            break
    return column


def _in_words(ticket: Ticket, width: int, top: int, wording: Wording, setting: _Setting) -> Column:
    column = Column(width, wording.writing, pitch=COMPACT, narrowest=setting.narrowest, y=top)
    body, strong = Style(setting.size, MEDIUM, WIDE), Style(setting.size, BOLD, WIDE)
    say = wording.phrase
    column.rule(GAP)
    column.ends(say("title"), wording.language.autonym, strong)
    if ticket.copy > 1:
        column.labelled(say("copy"), str(ticket.copy), body, (strong,))
    column.labelled(wording.date(ticket.start.date()), dates.hour(ticket.start.time()), strong, (strong,))
    column.labelled(say("arrive"), dates.hour(ticket.arrive_at.time()), body, (strong,))
    if ticket.zone_note:
        column.write(say("local_time"), body)
    purpose, writing = _named(wording, ticket.purpose)
    column.write(purpose, strong, writing=writing)
    _bring(column, ticket, wording, setting)
    price, otherwise = ("free", "never_pay", "not_for_sale"), ("cannot_come", "come_back")
    last = _small_print(ticket, wording)
    groups = (price, (*otherwise, *last)) if setting.dense else (price, otherwise, last)
    for group, style in zip(groups, (strong, body, body), strict=False):
        column.flow([say(id_) for id_ in group], style, dense=setting.dense)
    column.gap(GAP)
    return column


def _bring(column: Column, ticket: Ticket, wording: Wording, setting: _Setting) -> None:
    if not ticket.documents:
        return
    style, box = Style(setting.size, MEDIUM, WIDE), pictogram("tick-box", setting.size)
    things = [_named(wording, document) for document in ticket.documents]
    column.write(wording.phrase("bring"), style)
    if setting.dense:
        column.ticks("tick box", box, things, style)
    else:
        for text, writing in things:
            column.pictured("tick box", box, ((text, style),), writing=writing)


def _named(wording: Wording, named: Named) -> tuple[str, Writing]:
    """Return a name of the catalogue; without translation it stays French: it is still true, and French counts."""
    translated = wording.name_of(named.name)
    return (named.name, FRENCH) if translated is None else (translated, wording.writing)


def _small_print(ticket: Ticket, wording: Wording) -> list[str]:
    ids = ["not_a_permit", "french_counts"]
    if not wording.language.status.reaches(Status.REVIEWED):
        ids.append("unreviewed")
    if ticket.demonstration:
        ids.append("not_real")
    return ids
