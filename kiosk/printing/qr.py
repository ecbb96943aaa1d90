"""The token as a QR code: module matrix, size in whole dots, and the proof that a drawn ticket reads back."""

from dataclasses import dataclass

import qrcode
import zxingcpp
from PIL import Image, ImageOps
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_Q

from kiosk.printing.errors import QrError

BORDER_MODULES = 4  # ISO/IEC 18004 quiet zone
MIN_DOTS_PER_MODULE = 6  # 0.75 mm at 203 dpi: what survives stains and dead dots
MAX_SIDE_DOTS = 330  # 41 mm, quiet zone counted; a long token takes what its modules take
# Blank paper beside the print head's reach: 58 mm paper is printed over 48 mm, 80 mm over 72 mm. Part of the quiet
# zone may lie there; one dot in two is not counted, for paper that sits askew.
PAPER_EDGE_DOTS = 16


@dataclass(frozen=True, slots=True)
class QrPicture:
    """A QR code drawn in whole dots; its quiet zone included, save what lies beyond the head's reach."""

    image: Image.Image  # mode "1"
    dots_per_module: int
    modules: int  # along one side, quiet zone not counted


def draw_qr(token: str, width: int) -> QrPicture:
    """Return the QR of `token`, no wider than `width` dots; raise QrError when it would be too fine to scan.

    Modules are an even number of dots: a printer of half the vertical resolution draws rows in pairs.
    """
    matrix = _matrix(token, min(MAX_SIDE_DOTS, width) // MIN_DOTS_PER_MODULE)
    modules = len(matrix) - 2 * BORDER_MODULES
    dots = max(MIN_DOTS_PER_MODULE, min(MAX_SIDE_DOTS, width) // len(matrix) // 2 * 2)
    if dots * len(matrix) > width + 2 * PAPER_EDGE_DOTS:
        raise QrError("Le code du ticket est trop long pour ce papier.")
    bits = bytes(0 if black else 255 for row in matrix for black in row)
    whole = Image.frombytes("L", (len(matrix), len(matrix)), bits)
    scaled = whole.resize((dots * len(matrix),) * 2, Image.Resampling.NEAREST)
    return QrPicture(_cropped(scaled, width).convert("1", dither=Image.Dither.NONE), dots, modules)


def _matrix(token: str, side: int) -> list[list[bool]]:
    """Return the modules, quiet zone included, of a code at most `side` modules wide unless the token needs more.

    A short token gets as many modules as there is room for, and level H: a stain or a crease then hits less of the
    finder patterns, and what it hits is corrected, where few large modules would be lost.
    """
    if not token or not token.isascii() or not token.isprintable():
        raise QrError("Le code du ticket est vide ou illisible.")
    version = max(1, (side - 2 * BORDER_MODULES - 17) // 4)  # a code has 17 modules and 4 per version
    code = _code(token, version, ERROR_CORRECT_H)
    if code.version != version:
        code = _code(token, version, ERROR_CORRECT_Q)
    matrix: list[list[bool]] = code.get_matrix()
    return matrix


def _code(token: str, version: int, level: int) -> qrcode.QRCode:
    """Return the code of this version, or of the next that holds the token; its modules are not made yet."""
    code = qrcode.QRCode(version, error_correction=level, border=BORDER_MODULES)
    code.add_data(token)
    code.best_fit(version)
    return code


def _cropped(image: Image.Image, width: int) -> Image.Image:
    if image.width <= width:
        return image
    left = (image.width - width) // 4 * 2  # even, so that columns stay in pairs
    return image.crop((left, 0, left + width, image.height))


def verify(image: Image.Image, token: str) -> None:
    """Raise QrError unless the ticket, as it will lie on paper, holds exactly one QR code and it reads as `token`."""
    paper = ImageOps.expand(image.convert("L"), border=PAPER_EDGE_DOTS, fill=255)
    found = zxingcpp.read_barcodes(paper, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    if [code.text for code in found] != [token]:
        raise QrError("Le QR dessiné ne se relit pas. Le ticket n'est pas imprimé.")
