"""Drawings that are exact in dots: what a test card measures with, what frames a paper, what crosses a fact out."""

from PIL import Image, ImageDraw

from kiosk.printing.fonts import SEMIBOLD, font

MM_PER_INCH = 25.4
RULER_HEIGHT, RULER_DIGITS = 76, 30  # dots; dots per em
STEPS, STEP_HEIGHT = 8, 14  # of the staircase: one eighth of the print head at a time, kind to heads and power supplies
SQUARE_GREYS = (4, 8, 12, 16)  # sixteenths of black
FINE_LINES = (1, 2, 3)  # dots
DASH = 48  # rows, and as many without ink
HATCH_PITCH, HATCH_INK = 24, 11  # dots along a row, from one stripe to the next, and the black ones among them

# The order in which the dots of a 4 x 4 cell turn black (Bayer): greys without lumps.
_ORDER = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))


def ruler(width: int, dpi: int) -> Image.Image:
    """Return a ruler in millimetres over the whole width, a line at each edge."""
    sheet, pen = _sheet(width, RULER_HEIGHT)
    dots_per_mm = dpi / MM_PER_INCH
    for mm in range(int((width - 1) / dots_per_mm) + 1):
        x = round(mm * dots_per_mm)
        height = 34 if mm % 10 == 0 else 24 if mm % 5 == 0 else 15
        pen.line((x, 0, x, height), fill=0, width=1)
        if mm % 10 == 0:
            _number(pen, str(mm), x, width)
    for left in (0, width - 3):
        pen.rectangle((left, 0, left + 2, RULER_HEIGHT), fill=0)
    return _one_bit(sheet)


def _number(pen: ImageDraw.ImageDraw, number: str, x: int, width: int) -> None:
    drawn = font(RULER_DIGITS, SEMIBOLD)
    reach = round(drawn.getlength(number)) + 6  # clear of the lines at both edges
    left = min(max(x - reach // 2 + 3, 6), width - reach)
    pen.text((left, RULER_HEIGHT - 10), number, font=drawn, fill=0, anchor="ls")


def staircase(width: int) -> Image.Image:
    """Return steps that use every dot of the head once: a dead one leaves a white slit."""
    sheet, pen = _sheet(width, STEPS * STEP_HEIGHT)
    for step in range(STEPS):
        left, right = step * width // STEPS, (step + 1) * width // STEPS
        pen.rectangle((left, step * STEP_HEIGHT, right - 1, (step + 1) * STEP_HEIGHT - 1), fill=0)
    return _one_bit(sheet)


def grey_squares(width: int) -> Image.Image:
    """Return squares from light grey to black, side by side."""
    side = min(96, width // 6)
    sheet, pen = _sheet(width, side)
    gap = (width - len(SQUARE_GREYS) * side) // (len(SQUARE_GREYS) - 1)
    for number, grey in enumerate(SQUARE_GREYS):
        left = number * (side + gap)
        dots = [(left + x, y) for y in range(side) for x in range(side) if _ORDER[y % 4][x % 4] < grey]
        pen.point(dots, fill=0)
    return _one_bit(sheet)


def fine_lines(width: int) -> Image.Image:
    """Return lying, standing and slanting lines of one, two and three dots."""
    height, third = 60, width // 3
    sheet, pen = _sheet(width, height)
    for thickness in FINE_LINES:
        y = 20 * thickness - 12
        pen.rectangle((0, y, third - 20, y + thickness - 1), fill=0)
        for number in range(3):
            x = third + 20 * number + (thickness - 1) * third // 3
            pen.rectangle((x, 0, x + thickness - 1, height), fill=0)
        x = 2 * third + 10 + (thickness - 1) * (third - 70) // 2
        pen.line((x, height, x + height, 0), fill=0, width=thickness)
    return _one_bit(sheet)


def hatching(width: int, height: int, top: int = 0) -> Image.Image:
    """Return slanting stripes; `top` is where the picture stands on the paper, so that neighbours join."""
    rows = [bytes(_stripe(x + y) for x in range(width)) for y in range(top, top + height)]
    return _one_bit(Image.frombytes("L", (width, height), b"".join(rows)))


def dashes(width: int, height: int, top: int) -> list[tuple[Image.Image, int]]:
    """Return pieces of hatching, each with the row on which it stands, evenly over `height` rows from `top` on.

    Rows without ink at the edges take half the bytes of a closed frame.
    """
    pieces = max(1, (height - DASH) // (2 * DASH))
    gap = (height - pieces * DASH) / (pieces + 1)
    rows = [top + round(gap + number * (DASH + gap)) for number in range(pieces)]
    return [(hatching(width, DASH, row), row) for row in rows]


def _stripe(position: int) -> int:
    return 0 if position % HATCH_PITCH < HATCH_INK else 255


def crossed_out(image: Image.Image) -> Image.Image:
    """Return the drawing under a cross from corner to corner, with white on both sides so that it stands out."""
    sheet = image.convert("L")
    pen = ImageDraw.Draw(sheet)
    right, bottom = image.width - 1, image.height - 1
    thickness = max(7, image.width // 28)  # what is crossed out can still be read
    for fill, wide in ((255, thickness + 8), (0, thickness)):
        for ends in ((0, 0, right, bottom), (0, bottom, right, 0)):
            pen.line(ends, fill=fill, width=wide)
    return _one_bit(sheet)


def _sheet(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("L", (width, height), 255)
    return sheet, ImageDraw.Draw(sheet)


def _one_bit(sheet: Image.Image) -> Image.Image:
    return sheet.point(lambda level: 0 if level < 144 else 255).convert("1", dither=Image.Dither.NONE)
