"""A 1-bit image cut into the pictures and feeds that print it in few bytes; nothing of it is lost but white.

Of every picture the white at its left, at its right, or as much at both sides is left out, and of rows or columns that
come in equal pairs one of the two. Epson documents ESC a, which then puts the picture back in its place, for GS v 0.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PIL import Image

from kiosk.printing.commands import LOOK_ALIKE, MAX_BAND_ROWS, MAX_FEED_DOTS, Command, FeedDots, Justify, Raster, Side

HEADER_BYTES, JUSTIFY_BYTES, FEED_BYTES = 8, 3, 3
_INVERTED = bytes(range(255, -1, -1))
_HALF = bytes(sum((byte >> 2 * bit + 1 & 1) << bit for bit in range(4)) for byte in range(256))  # one dot of each pair
_UPPER_HALF = bytes(half << 4 for half in _HALF)


class _Band(NamedTuple):  # quicker to make than a dataclass, and thousands are made
    """Rows that are sent as one picture or fed past, and what can be left out of them."""

    rows: int  # on paper
    left: int  # bytes that are white at the left of every row
    right: int
    wide: bool  # columns come in equal pairs
    tall: bool  # rows come in equal pairs
    is_feed: bool

    def above(self, below: "_Band") -> "_Band":
        """Return the two as one."""
        return _Band(
            self.rows + below.rows,
            self.left if self.left < below.left else below.left,
            self.right if self.right < below.right else below.right,
            self.wide and below.wide,
            self.tall and below.tall,
            self.is_feed and below.is_feed,
        )


def rows_of(image: Image.Image) -> list[bytes]:
    """Return the rows of a 1-bit image whose width is a multiple of 8, as ESC/POS wants them: 1 is black."""
    row_bytes = image.width // 8
    raster = image.tobytes().translate(_INVERTED)
    return [raster[start : start + row_bytes] for start in range(0, len(raster), row_bytes)]


def image_of(rows: Sequence[bytes], width: int) -> Image.Image:
    """Return the 1-bit image, `width` dots wide, of rows in which 1 is black."""
    return Image.frombytes("1", (width, len(rows)), b"".join(rows).translate(_INVERTED))


def commands(image: Image.Image, unbroken: Sequence[tuple[int, int]], *, justified: bool) -> Iterator[Command]:
    """Yield what prints `image`, white rows at its end left out.

    `unbroken` are ranges of rows (first, one after the last) whose white is printed, not fed past. Without `justified`
    every picture stands at the left. No picture holds what looks like a real-time command if no row of `image` does.
    """
    rows, row_bytes = rows_of(image), image.width // 8
    bands = _joined(_runs(rows, unbroken), row_bytes, justified)
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
        side = _side(band, row_bytes, now) if justified else now
        picture = _picture(rows[top : top + band.rows], band, side)
        if found := LOOK_ALIKE.search(picture.data):
            waiting += _parted(top, band, found.start() // picture.width_bytes + 1)
            continue
        if side is not now:
            yield Justify(side)
        yield picture
        now = side


def _runs(rows: Sequence[bytes], unbroken: Sequence[tuple[int, int]]) -> Iterator[_Band]:
    """Yield a band for each run of equal rows; an odd row stands alone, so that pairs stay pairs."""
    kept = {row for top, bottom in unbroken for row in range(top, bottom)}
    marked = ((row, number in kept) for number, row in enumerate(rows))
    for (row, is_kept), equal in itertools.groupby(marked):
        count, dots = sum(1 for _ in equal), int.from_bytes(row)
        if not dots and not is_kept:
            yield _Band(count, len(row), len(row), True, count % 2 == 0, True)
            continue
        left, right = len(row) - len(row.lstrip(b"\0")), len(row) - len(row.rstrip(b"\0"))
        wide = not (dots ^ dots >> 1) & int.from_bytes(b"\x55" * len(row))
        for height in _heights(count):
            yield _Band(height, left, right, wide, height % 2 == 0, False)


def _heights(count: int) -> Iterator[int]:
    for start in range(0, count - count % 2, MAX_BAND_ROWS):
        yield min(MAX_BAND_ROWS, count - count % 2 - start)
    if count % 2:
        yield 1


def _joined(runs: Iterator[_Band], row_bytes: int, justified: bool) -> list[_Band]:
    """Join a run with the one or two bands above it whenever that takes no more bytes.

    On our tickets this comes within half a percent of the best way to cut, which takes ten times as long to find.
    """
    bands: list[_Band] = []
    costs: list[int] = []
    for run in runs:
        bands.append(run)
        costs.append(_cost(run, row_bytes, justified))
        while _join_last(bands, costs, row_bytes, justified):
            pass
    return bands


def _join_last(bands: list[_Band], costs: list[int], row_bytes: int, justified: bool) -> bool:
    joint, apart = bands[-1], costs[-1]
    for last in range(2, 1 + min(3, len(bands))):
        joint, apart = bands[-last].above(joint), apart + costs[-last]
        together = _cost(joint, row_bytes, justified)
        if together <= apart and (joint.rows <= MAX_BAND_ROWS or joint.is_feed):
            bands[-last:], costs[-last:] = [joint], [together]
            return True
    return False


def _cost(band: _Band, row_bytes: int, justified: bool) -> int:
    """Return how many bytes a band takes; that pictures stand at the left before it is only likely."""
    if band.is_feed:
        return FEED_BYTES * -(-band.rows // MAX_FEED_DOTS)
    rows = band.rows // 2 if band.tall else band.rows
    at_left, centred, at_right = _widths(band, row_bytes)
    cost = at_left * rows
    if justified:
        cost = min(cost, JUSTIFY_BYTES + rows * (centred if centred < at_right else at_right))
    return HEADER_BYTES + cost


def _side(band: _Band, row_bytes: int, now: Side) -> Side:
    """Return where the picture takes the fewest bytes when pictures stand at the side `now`."""
    rows, widths = band.rows // 2 if band.tall else band.rows, _widths(band, row_bytes)
    return min(Side, key=lambda side: widths[side] * rows + (side is not now) * JUSTIFY_BYTES)


def _widths(band: _Band, row_bytes: int) -> tuple[int, int, int]:
    """Return how many bytes a row of the picture takes at the left, at the centre, at the right."""
    left, right = band.left, band.right
    printed = row_bytes - right, row_bytes - 2 * (left if left < right else right), row_bytes - left
    at_left, centred, at_right = ((dots + 1) // 2 for dots in printed) if band.wide else printed
    return at_left or 1, centred if centred > 0 else 1, at_right or 1


def _picture(rows: Sequence[bytes], band: _Band, side: Side) -> Raster:
    row_bytes = len(rows[0])
    width = _widths(band, row_bytes)[side]
    printed = 2 * width if band.wide else width
    start = (0, (row_bytes - printed) // 2, row_bytes - printed)[side]
    sent = rows[:: 2 if band.tall else 1]
    data = b"".join(row[start : start + printed] for row in sent)
    return Raster(width, len(sent), _halved(data) if band.wide else data, band.wide, band.tall)


def _halved(data: bytes) -> bytes:
    """Return one dot of each pair."""
    upper, lower = data[::2].translate(_UPPER_HALF), data[1::2].translate(_HALF)
    return (int.from_bytes(upper) | int.from_bytes(lower)).to_bytes(len(upper))


def _parted(top: int, band: _Band, rows_sent: int) -> list[tuple[int, _Band]]:
    """Return, last first, bands that part what looked like a command at the end of one of the rows sent.

    Within a row only the halving of its columns can have made it, so that is undone first.
    """
    if band.wide:
        return [(top, band._replace(wide=False))]
    above = rows_sent * 2 if band.tall else rows_sent
    return [(top + above, band._replace(rows=band.rows - above)), (top, band._replace(rows=above))]
