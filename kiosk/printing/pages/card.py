"""The printer's test card: what an installer looks at, ticks, and keeps beside the printer."""

from kiosk.printing import pictures, qr
from kiosk.printing.facts import PrinterCard
from kiosk.printing.fonts import BOLD, NBSP, SEMIBOLD
from kiosk.printing.pages import parts, patterns
from kiosk.printing.profiles import Form
from kiosk.printing.sheet import BANNER_SIZES, BODY, FOOT, MARGIN, PLACE, STRONG, Column, Page, Style

CODE = "LE QR SE LIT BIEN."  # what a phone shows: nothing to open, nothing to follow
CODE_WIDTH = 230  # dots: modules as fine as those of a ticket, which a bigger picture would not try
POINTS_PER_INCH = 72
ACCENTS = f"é è ê ë à â ç î ï ô ù û ü œ É È À Ç Œ «{NBSP}» € n°"


def compose(card: PrinterCard, form: Form) -> Page:
    """Lay the card out; raise MissingGlyphError or QrError when that cannot be done well."""
    column = Column(form.dots)
    column.write_whole("Page d'essai", BANNER_SIZES, BOLD)
    column.write("Ce papier n'est pas un rendez-vous.", BODY)
    _identity(column, card, form)
    column.rule()
    column.write("Cochez ce qui est bien.", STRONG)
    _width(column, form)
    _head(column)
    _code(column)
    _texts(column, form)
    _cut(column, form)
    return Page(column.width, column.y, tuple(column.items))


def _identity(column: Column, card: PrinterCard, form: Form) -> None:
    column.rule()
    column.write(f"Poste{NBSP}: {card.kiosk}", BODY)
    column.write(f"Imprimante{NBSP}: {card.printer}", BODY)
    column.write(f"Profil{NBSP}: {card.profile or 'aucun'}", BODY)
    column.write(f"Largeur{NBSP}: {form.dots}{NBSP}points, {form.dpi}{NBSP}par{NBSP}pouce", BODY)
    parts.printed_on(column, card.issued_at)


def _check(column: Column, sentence: str) -> None:
    """Write what to look at, with a box to tick."""
    column.gap()
    column.beside("tick box", pictures.tick_box(44), (sentence,), BODY)
    column.gap(8)


def _width(column: Column, form: Form) -> None:
    _check(column, "La règle a un trait à chaque bord.")
    column.picture("ruler", patterns.ruler(column.width, form.dpi), 0)
    _check(column, f"De 0 à 40, il y a 4{NBSP}cm.")


def _head(column: Column) -> None:
    _check(column, "L'escalier n'a pas de fente blanche.")
    column.picture("staircase", patterns.staircase(column.width), 0)
    _check(column, f"Les 4{NBSP}carrés sont différents. Le{NBSP}dernier est noir.")
    column.picture("grey squares", patterns.grey_squares(column.inside), MARGIN)
    _check(column, "Les traits fins sont entiers.")
    column.picture("fine lines", patterns.fine_lines(column.inside), MARGIN)


def _code(column: Column) -> None:
    _check(column, f"Un téléphone lit{NBSP}: {CODE}")
    drawn = qr.draw_qr(CODE, CODE_WIDTH).image
    column.picture("qr", drawn, (column.width - drawn.width) // 2)


def _texts(column: Column, form: Form) -> None:
    _check(column, "Ces textes se lisent.")
    for style in (FOOT, BODY, PLACE, Style(66, SEMIBOLD)):
        column.write(f"{round(style.size * POINTS_PER_INCH / form.dpi)}{NBSP}points", style)
    column.write(ACCENTS, BODY)


def _cut(column: Column, form: Form) -> None:
    if form.cutter:
        _check(column, f"Le papier est coupé sous le mot{NBSP}: Fin.")
    else:
        _check(column, f"Le papier sort jusqu'au mot{NBSP}: Fin.")
    column.rule()
    column.write("Une case reste vide ? Gardez ce papier. Montrez-le pour le dépannage.", BODY)
    column.write("Fin.", STRONG)
    column.gap()
