"""1-bit image to printer bytes, through python-escpos; and the gate that every payload passes before it is sent."""

import functools
import logging
import os
import re
import shutil
from typing import Any

from PIL import Image

from kiosk.printing.commands import MAX_BAND_ROWS, Cut, Initialise, parse
from kiosk.printing.errors import PayloadError

FEED_LINES = 3  # lines after the ink: some clones cut at once where Epson's GS V 66 first feeds to the blade
# Profiles are used for their width only: with an unknown width python-escpos print()s a remark onto the screen.
_PROFILE_OF_WIDTH = {384: "NT-5890K", 576: "TM-T20II"}
_PICKLE_VARIABLE = "ESCPOS_CAPABILITIES_PICKLE_DIR"

# DLE EOT (status), DLE ENQ (clear buffer) and DLE DC4 (drawer, power off) are executed wherever they are received,
# even inside image data.
_LOOK_ALIKE = re.compile(rb"\x10(?=[\x04\x05\x14])")


def scrub(image: Image.Image) -> Image.Image:
    """Return the image with no real-time command hidden in its raster.

    Byte 10 is one black dot alone between white ones in its row: it is wiped. A QR module is at least six dots wide,
    so no dot of a QR code is ever touched.
    """
    raster = bytes(byte ^ 0xFF for byte in image.tobytes())  # ESC/POS: 1 is black; Pillow: 1 is white
    clean = _LOOK_ALIKE.sub(b"\x00", raster)
    return Image.frombytes("1", image.size, bytes(byte ^ 0xFF for byte in clean))


def encode(image: Image.Image) -> bytes:
    """Return ESC @, the image in GS v 0 bands, ESC d, GS V 66 0; raise PayloadError if the gate refuses them.

    Blank rows are sent as white raster: the unit of ESC J differs between printers (1/180, 1/203, 1/360 inch).
    """
    if image.mode != "1" or image.width not in _PROFILE_OF_WIDTH:
        raise PayloadError("Cette image n'est pas un ticket.")
    printer = _dummy_class()(profile=_PROFILE_OF_WIDTH[image.width])
    printer.hw("INIT")
    for top in range(0, image.height, MAX_BAND_ROWS):
        printer.image(image.crop((0, top, image.width, min(top + MAX_BAND_ROWS, image.height))))
    printer.print_and_feed(FEED_LINES)
    printer.cut(feed=False)
    payload: bytes = printer.output
    check(payload)
    return payload


def check(payload: bytes) -> None:
    """Raise PayloadError unless `payload` is whole tickets in the few commands we use, without look-alikes."""
    if _LOOK_ALIKE.search(payload):
        raise PayloadError("Une commande immédiate est cachée dans le ticket.")
    fresh = True
    for command in parse(payload):
        if isinstance(command, Initialise) != fresh:
            raise PayloadError("Un ticket commence par une remise à zéro, et par une seule.")
        fresh = isinstance(command, Cut)
    if not payload or not fresh:
        raise PayloadError("Le ticket n'est pas complet.")


@functools.cache
def _dummy_class() -> Any:
    """Import python-escpos, late (0.25 s) and without its side effects on the terminal and the disk.

    3.1 calls logging.basicConfig(), which does nothing when the root logger has a handler; and it leaves a temporary
    directory behind, which it names only when the environment does not choose another.
    """
    quiet = logging.NullHandler()
    logging.getLogger().addHandler(quiet)
    os.environ.pop(_PICKLE_VARIABLE, None)
    try:
        from escpos import capabilities
        from escpos.printer import Dummy
    finally:
        logging.getLogger().removeHandler(quiet)
    shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)
    return Dummy
