"""The printer's test card: what an installer looks at, ticks, and keeps beside the printer."""

from kiosk.printing import languages, phrases, qr
from kiosk.printing.facts import PrinterCard
from kiosk.printing.fonts import BOLD, NBSP
from kiosk.printing.lettering import Style, measure
from kiosk.printing.pages import parts, patterns
from kiosk.printing.pages.parts import BODY, FOOT, PLACE, STRONG, WIDE
from kiosk.printing.phrases import Status
from kiosk.printing.pictograms import pictogram
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import COMPACT, MARGIN, Column, Page, Text

CODE = "LE QR SE LIT BIEN."  # what a phone shows: nothing to open, nothing to follow
CODE_WIDTH = 230  # dots: modules as fine as those of a ticket, which a bigger picture would not try
POINTS_PER_INCH = 72
BIG = Style(66, BOLD, WIDE)
ACCENTS = f"é è ê ë à â ç î ï ô ù û ü œ É È À Ç Œ «{NBSP}» € n°"


def compose(card: PrinterCard, form: Form) -> Page:
    """Lay the card out; raise TicketError, MissingGlyphError or QrError when that cannot be done well."""
    column = parts.column_for(form, pitch=COMPACT)
    parts.banner(column, "Page d'essai")
    column.write("Ce papier n'est pas un rendez-vous.", BODY)
    _printer(column, card, form)
    column.rule()
    column.write("Cochez ce qui est bien.", STRONG)
    _width(column, form)
    _head(column)
    _code(column)
    _letters(column, form)
    _languages(column)
    _end(column, form)
    return parts.page(column)


def _printer(column: Column, card: PrinterCard, form: Form) -> None:
    column.rule()
    facts = (
        f"Poste : {card.kiosk}",
        f"Imprimante : {card.printer}",
        f"Profil : {card.profile or 'aucun'}",
        f"Largeur : {form.dots}{NBSP}points",
        f"Finesse : {form.dpi}{NBSP}points par{NBSP}pouce",
    )
    parts.sentences(column, facts)
    column.write(phrases.issued(card.issued_at), FOOT)


def _check(column: Column, *sentences: str) -> None:
    """Write what to look at, with a box to tick."""
    column.gap()
    column.beside("tick box", pictogram("tick-box", 44), [parts.held(sentence) for sentence in sentences], BODY)
    column.gap(8)


def _width(column: Column, form: Form) -> None:
    _check(column, "La règle a un trait à chaque bord.", f"De 0 à 40, il y a 4{NBSP}cm.")
    column.picture("ruler", patterns.ruler(column.width, form.dpi), 0)


def _head(column: Column) -> None:
    _check(column, "L'escalier n'a pas de fente blanche.")
    column.picture("staircase", patterns.staircase(column.width), 0)
    _check(column, f"Les 4{NBSP}carrés sont différents.", "Le dernier est noir.")
    column.picture("grey squares", patterns.grey_squares(column.inside), MARGIN)
    _check(column, "Les traits fins sont entiers.")
    column.picture("fine lines", patterns.fine_lines(column.inside), MARGIN)


def _code(column: Column) -> None:
    _check(column, "Un téléphone lit :", CODE)
    drawn = qr.draw_qr(CODE, CODE_WIDTH).image
    column.y += column.y % 2  # a printer of half the vertical resolution draws rows in pairs
    column.picture("qr", drawn, (column.width - drawn.width) // 2)


def _letters(column: Column, form: Form) -> None:
    _check(column, "Ces textes se lisent.")
    for style in (FOOT, BODY, PLACE, BIG):
        column.write(f"{round(style.size * POINTS_PER_INCH / form.dpi)}{NBSP}points", style)
    column.write(ACCENTS, BODY)


def _languages(column: Column) -> None:
    """Write the name of each language in its own letters, all that this machine can print, reviewed or not."""
    offered = languages.offered(Status.MACHINE)
    if not offered:
        return
    _check(column, "Les langues se lisent.")
    tab = max(measure(language.french_name, BODY) for language in offered) + 24
    for language in offered:
        writing = languages.wording(language.code).writing
        column.write(language.french_name, BODY)
        if tab + measure(language.autonym, STRONG, writing) > column.inside:
            column.write(language.autonym, STRONG, parts.BULLET_INDENT, writing=writing)
        elif isinstance(line := column.items[-1], Text):
            column.line_at(language.autonym, STRONG, MARGIN + tab, line.origin[1], writing)


def _end(column: Column, form: Form) -> None:
    if form.cutter:
        _check(column, "Le papier est coupé sous le mot : Fin.")
    else:
        _check(column, "Le papier sort jusqu'au mot : Fin.")
    column.rule()
    parts.sentences(column, ("Une case reste vide ?", "Gardez ce papier.", "Montrez-le au dépannage."))
    column.write("Fin.", STRONG)
    column.gap()
