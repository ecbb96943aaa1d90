"""Half the resolution, for a line too slow for all of it: dots in equal pairs, of which `bands` sends one."""

import itertools
from collections.abc import Sequence

from PIL import Image

from kiosk.printing.bands import image_of, rows_of


def coarsen(image: Image.Image, unbroken: Sequence[tuple[int, int]] = ()) -> Image.Image:
    """Return the image with rows equal two by two, and with columns too in the ranges of rows `unbroken`.

    Rows are counted anew from each range. A QR code that starts there on an even column, with an even number of dots
    per module, is made of such pairs already and stays as it is; what stands beside it must not cost its pairs.
    Elsewhere the first of a pair is kept, so that strokes keep their weight, and with it what stands in the second
    alone: the thinnest strokes would be lost otherwise. Doing it twice changes nothing more.
    """
    rows = [int.from_bytes(row) for row in rows_of(image)]
    firsts = int.from_bytes(b"\xaa" * (image.width // 8))
    for top, bottom in unbroken:
        rows[top:bottom] = [_columns_paired(row, firsts) for row in rows[top:bottom]]
    edges = {edge for lines in unbroken for edge in lines if edge < image.height}
    for start, end in itertools.pairwise(sorted({0, image.height, *edges})):
        for first, second, below in ((row, row + 1, row + 2) for row in range(start, end - 1, 2)):
            alone = rows[second] & ~rows[below] if below < end else rows[second]
            rows[first] = rows[second] = rows[first] | alone
    return image_of([row.to_bytes(image.width // 8) for row in rows], image.width)


def _columns_paired(row: int, firsts: int) -> int:
    first, second = row & firsts, row << 1 & firsts
    kept = first | (second & ~(first << 2))
    return kept | kept >> 1
