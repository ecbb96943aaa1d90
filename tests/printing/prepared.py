"""Papers made beforehand, without fonts or drawing: a first one and its duplicate, which look different."""

import random

from kiosk.printing.commands import Command, Cut, FeedLines, Initialise, Justify, Raster, Side, as_bytes
from kiosk.printing.escpos import check
from kiosk.printing.paper import papers

WIDTH_BYTES = 48
BAND_ROWS = 200


def prepared(seed: int, side: Side, bands: int = 2) -> bytes:
    """Return a payload of about 10 kB per band; the same arguments give the same paper."""
    noise = random.Random(seed)  # noqa: S311 (a pattern)
    # Even bytes above 0x20: nothing in it can be taken for a command.
    rows = [bytes(0x20 + 2 * noise.randrange(0x60) for _ in range(WIDTH_BYTES * BAND_ROWS)) for _ in range(bands)]
    commands: tuple[Command, ...] = (
        Initialise(),
        Justify(side),
        *(Raster(WIDTH_BYTES, BAND_ROWS, row) for row in rows),
        FeedLines(3),
        Cut(0),
    )
    payload = b"".join(as_bytes(command) for command in commands)
    check(payload)
    return payload


def picture(payload: bytes) -> bytes:
    """Return the dots of the one paper of a payload."""
    (image,) = papers(payload)
    return image.tobytes()


FIRST = prepared(1, Side.LEFT)
DUPLICATE = prepared(2, Side.RIGHT)
