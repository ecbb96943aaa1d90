"""A 1-bit image cut into the pictures and feeds that print it in few bytes; nothing of it is lost but white.

Of every picture the white at its left, at its right, or as much at both sides is left out, and of rows or columns that
come in equal pairs one of the two. Epson documents ESC a, which then puts the picture back in its place, for GS v 0.
"""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from kiosk.printing.commands import LOOK_ALIKE, MAX_BAND_ROWS, MAX_FEED_DOTS, Command, FeedDots, Justify, Raster, Side

HEADER_BYTES, JUSTIFY_BYTES, FEED_BYTES = 8, 3, 3
INVERTED = bytes(range(255, -1, -1))  # ESC/POS: 1 is black; Pillow: 1 is white


@dataclass(frozen=True, slots=True)
class _Band:
    """Rows that are sent as one picture or fed past, and what can be left out of them."""

    rows: int  # on paper
    left: int  # bytes that are white at the left of every row
    right: int
    wide: bool  # columns come in equal pairs
    tall: bool  # rows come in equal pairs
    is_feed: bool

    def __add__(self, below: "_Band") -> "_Band":
        return _Band(
            self.rows + below.rows,
            min(self.left, below.left),
            min(self.right, below.right),
            self.wide and below.wide,
            self.tall and below.tall,
            self.is_feed and below.is_feed,
        )


def commands(image: Image.Image, unbroken: Sequence[tuple[int, int]], *, justified: bool) -> Iterator[Command]:
    """Yield what prints `image`, white rows at its end left out.

    `unbroken` are ranges of rows (first, one after the last) whose white is printed, not fed past. Without `justified`
    every picture stands at the left. No picture holds what looks like a real-time command if no row of `image` does.
    """
    measure = _Measure(image.width // 8, tuple(Side) if justified else (Side.LEFT,))
    bands = _joined(_runs(image, unbroken), measure)
    if bands and bands[-1].is_feed:
        bands.pop()
    tops = itertools.accumulate((band.rows for band in bands), initial=0)
    waiting = list(zip(tops, bands, strict=False))[::-1]
    now = Side.LEFT
    while waiting:
        top, band = waiting.pop()
        if band.is_feed:
            yield from (FeedDots(min(MAX_FEED_DOTS, band.rows - fed)) for fed in range(0, band.rows, MAX_FEED_DOTS))
            continue
        side = measure.side(band, now)
        picture = _picture(image, top, band, side, measure.width(band, side))
        if found := LOOK_ALIKE.search(picture.data):
            waiting += _parted(top, band, found.start() // picture.width_bytes + 1)
            continue
        if side is not now:
            yield Justify(side)
        yield picture
        now = side


def _picture(image: Image.Image, top: int, band: _Band, side: Side, width_bytes: int) -> Raster:
    whole = Raster(width_bytes, band.rows // 2 if band.tall else band.rows, b"", band.wide, band.tall)
    width, _ = whole.dots
    left = (0, (image.width - width) // 2, image.width - width)[side]
    part = image.crop((left, top, left + width, top + band.rows))
    halved = part.resize((8 * whole.width_bytes, whole.rows), Image.Resampling.NEAREST)
    return dataclasses.replace(whole, data=halved.tobytes().translate(INVERTED))


def _parted(top: int, band: _Band, rows_of_picture: int) -> list[tuple[int, _Band]]:
    """Return, last first, bands that part what looked like a command at the end of one of the picture's rows.

    Within a row only the halving of its columns can have made it, so that is undone first.
    """
    if band.wide:
        return [(top, dataclasses.replace(band, wide=False))]
    above = rows_of_picture * 2 if band.tall else rows_of_picture
    first, rest = dataclasses.replace(band, rows=above), dataclasses.replace(band, rows=band.rows - above)
    return [(top + above, rest), (top, first)]


@dataclass(frozen=True, slots=True)
class _Measure:
    """How many bytes a band takes on this paper."""

    row_bytes: int
    sides: tuple[Side, ...]

    def width(self, band: _Band, side: Side) -> int:
        """Return how many bytes a row of the picture takes at this side."""
        left_out = (band.right, 2 * min(band.left, band.right), band.left)[side]
        printed = max(1, self.row_bytes - left_out)
        return (printed + 1) // 2 if band.wide else printed

    def side(self, band: _Band, now: Side) -> Side:
        """Return the side at which the picture takes the fewest bytes, pictures standing at the side `now`."""
        rows = band.rows // 2 if band.tall else band.rows
        return min(self.sides, key=lambda side: self.width(band, side) * rows + (side is not now) * JUSTIFY_BYTES)

    def cost(self, band: _Band) -> int:
        """Return how many bytes the band takes; which side the one before stands at is not known yet."""
        if band.is_feed:
            return FEED_BYTES * -(-band.rows // MAX_FEED_DOTS)
        rows = band.rows // 2 if band.tall else band.rows
        picture = min(self.width(band, side) * rows + (side is not Side.LEFT) * JUSTIFY_BYTES for side in self.sides)
        return HEADER_BYTES + picture


def _runs(image: Image.Image, unbroken: Sequence[tuple[int, int]]) -> Iterator[_Band]:
    """Yield a band for each run of equal rows; an odd row stands alone, so that pairs stay pairs."""
    row_bytes = image.width // 8
    raster = image.tobytes().translate(INVERTED)
    kept = {row for top, bottom in unbroken for row in range(top, bottom)}
    rows = ((raster[row * row_bytes : (row + 1) * row_bytes], row in kept) for row in range(image.height))
    pairs = int.from_bytes(b"\x55" * row_bytes)
    for (row, is_kept), equal in itertools.groupby(rows):
        count = sum(1 for _ in equal)
        dots = int.from_bytes(row)
        if not dots and not is_kept:
            yield _Band(count, row_bytes, row_bytes, True, count % 2 == 0, True)
            continue
        left, right = row_bytes - len(row.lstrip(b"\0")), row_bytes - len(row.rstrip(b"\0"))
        one = _Band(1, left, right, not (dots ^ dots >> 1) & pairs, False, False)
        for height in _heights(count):
            yield dataclasses.replace(one, rows=height, tall=height % 2 == 0)


def _heights(count: int) -> Iterator[int]:
    for start in range(0, count - count % 2, MAX_BAND_ROWS):
        yield min(MAX_BAND_ROWS, count - count % 2 - start)
    if count % 2:
        yield 1


def _joined(runs: Iterator[_Band], measure: _Measure) -> list[_Band]:
    """Join a run with the one or two bands above it wherever one header less outweighs the white that is then sent."""
    bands: list[_Band] = []
    for run in runs:
        bands.append(run)
        while joint := next((last for last in (bands[-2:], bands[-3:]) if _is_worth_it(last, measure)), None):
            bands[-len(joint) :] = [functools.reduce(_Band.__add__, joint)]
    return bands


def _is_worth_it(bands: Sequence[_Band], measure: _Measure) -> bool:
    joint = functools.reduce(_Band.__add__, bands)
    if len(bands) == 1 or (joint.rows > MAX_BAND_ROWS and not joint.is_feed):
        return False
    return measure.cost(joint) <= sum(measure.cost(band) for band in bands)
