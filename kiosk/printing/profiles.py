"""What a paper is drawn and encoded for: width, resolution, cutter, and how fast the line is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """The facts of one printer that change pixels or bytes."""

    dots: int  # printable width: 384 (58 mm), 512 (80 mm at 180 dpi), 576 (80 mm)
    dpi: int = 203
    cutter: bool = True
    coarse: bool = False  # half the vertical resolution, for a line too slow for all of it
    justified: bool = True  # the print area is exactly `dots` wide: pictures may be put at its centre and right
