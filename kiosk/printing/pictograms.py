"""Pictograms that need no reading. Those that never change are drawings in assets/pictograms; those that move with the
facts, calendar page, clock and sky, are drawn here.

All are drawn finer than the dots, reduced and cut at one grey level: dithering would fray every edge on thermal paper.
"""

import datetime as dt
import functools
import io
import math
import re
from collections.abc import Sequence
from importlib import resources

import resvg_py
from PIL import Image, ImageChops, ImageDraw

from kiosk.booking import french
from kiosk.printing.fonts import BOLD, font

OVERSAMPLING = 4
DRAWING_OVERSAMPLING = 2  # resvg shades its edges itself
INK_BELOW = 144  # grey level; above the middle 128, so that weak heads still draw thin strokes
BLACK, WHITE = 0, 255
SUNRISE_HOUR, SUNSET_HOUR = 6, 20  # of the drawing, not of the sky

# Ids of the catalogue that have a drawing of another name.
DOCUMENTS = {
    "carte-sejour": "residence-card",
    "passeport": "passport",
    "photos": "photos-3",
    "photo": "photo",
    "domicile": "proof-of-address",
    "naissance": "birth-certificate",
    "convocation": "message",
    "ancienne-carte": "old-card",
    "timbre": "stamp",
    "pre-demande": "number",
    "identite": "identity-card",
    "francais": "diploma",
    "impots": "tax-notice",
    "permis": "driving-licence",
    "traduction": "translation",
    "lunettes": "glasses",
    "ancienne-carte-grise": "car-papers",
    "cession": "car-sale",
}


def document_pictogram(document_id: str, name: str = "") -> str | None:
    """Return the drawing of a document of the catalogue, None where there is none.

    `name` is its French name: « 2 photos d'identité » shows two photos. Without a name there are three.
    """
    if document_id == "photos" and re.match(r"2\b", name):
        return "photos-2"
    return DOCUMENTS.get(document_id)


@functools.lru_cache(maxsize=256)
def pictogram(name: str, height: int) -> Image.Image:
    """Return a drawing of assets/pictograms as a mode "1" square of `height` dots. It is shared: copy it to change it.

    Raise FileNotFoundError when there is no drawing of that name.
    """
    source = resources.files("kiosk").joinpath("assets", "pictograms", f"{name}.svg").read_text(encoding="utf-8")
    png = resvg_py.svg_to_bytes(
        svg_string=source, height=height * DRAWING_OVERSAMPLING, background="#ffffff", skip_system_fonts=True
    )
    with Image.open(io.BytesIO(bytes(png))) as drawn:
        return crisp(drawn.convert("L").reduce(DRAWING_OVERSAMPLING))


def crisp(grey: Image.Image) -> Image.Image:
    """Return the greyscale picture as pure black on white, mode "1"."""
    return grey.point(lambda level: BLACK if level < INK_BELOW else WHITE).convert("1", dither=Image.Dither.NONE)


class _Canvas:
    """A white sheet measured in dots, drawn four times as fine."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._image = Image.new("L", (width * OVERSAMPLING, height * OVERSAMPLING), WHITE)
        self._draw = ImageDraw.Draw(self._image)

    def line(self, points: Sequence[tuple[float, float]], width: float, fill: int = BLACK) -> None:
        scaled = _scaled(points)
        self._draw.line(scaled, fill=fill, width=round(width * OVERSAMPLING), joint="curve")
        for x, y in (scaled[0], scaled[-1]):  # round ends
            reach = width * OVERSAMPLING / 2
            self._draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill)

    def polygon(self, points: Sequence[tuple[float, float]], fill: int = BLACK) -> None:
        self._draw.polygon(_scaled(points), fill=fill)

    def box(
        self, left: float, top: float, right: float, bottom: float, *, radius: float = 0, fill: int = BLACK
    ) -> None:
        corners = [c * OVERSAMPLING for c in (left, top, right, bottom)]
        self._draw.rounded_rectangle(
            (corners[0], corners[1], corners[2] - 1, corners[3] - 1), radius * OVERSAMPLING, fill=fill
        )

    def disc(self, centre: tuple[float, float], radius: float, fill: int = BLACK) -> None:
        x, y = (c * OVERSAMPLING for c in centre)
        reach = radius * OVERSAMPLING
        self._draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill)

    def text(self, centre: tuple[float, float], text: str, size: int, weight: int = BOLD, fill: int = BLACK) -> None:
        """Write `text` with the middle of its capitals or digits at `centre`; `size` in dots per em."""
        drawn = font(size * OVERSAMPLING, weight)
        x, y = (c * OVERSAMPLING for c in centre)
        digits_top = drawn.getbbox("0", anchor="ls")[1]
        self._draw.text((x, y - digits_top / 2), text, font=drawn, fill=fill, anchor="ms")

    def crisp(self) -> Image.Image:
        return crisp(self._image.resize(self._size, Image.Resampling.BOX))


def _scaled(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in points]


def _towards(centre: tuple[float, float], degrees: float, distance: float) -> tuple[float, float]:
    """Return the point at `distance` from `centre`, 0 degrees upwards, clockwise."""
    angle = math.radians(degrees)
    return centre[0] + distance * math.sin(angle), centre[1] - distance * math.cos(angle)


def _fitting_size(text: str, width: float, largest: int) -> int:
    """Return the largest size, in dots per em, at which bold `text` is at most `width` dots wide."""
    at_100 = font(100, BOLD).getlength(text)
    return min(largest, int(100 * width / at_100))


def calendar_page(width: int, height: int, date: dt.date) -> Image.Image:
    """Return a tear-off calendar page: month and year in a black band, huge day number, weekday."""
    sheet, edge = _Canvas(width, height), max(4, width // 60)
    band, foot, inside = round(height * 0.24), round(height * 0.22), width - 4 * edge
    month, weekday, number = f"{french.month(date)} {date.year}", french.weekday(date), str(date.day)
    sheet.box(0, 0, width, height, radius=14)
    sheet.box(edge, band, width - edge, height - edge, radius=10, fill=WHITE)
    sheet.text((width / 2, band * 0.52), month, _fitting_size(month, inside, round(band * 0.72)), fill=WHITE)
    room = height - band - foot
    size = _fitting_size(number, inside, round(room / 0.82))  # digits are 0.71 em tall
    sheet.text((width / 2, band + room * 0.52), number, size)
    sheet.text((width / 2, height - foot * 0.52), weekday, _fitting_size(weekday, inside, round(foot * 0.8)))
    return sheet.crisp()


def clock_face(diameter: int, time: dt.time) -> Image.Image:
    """Return a clock with its two hands; the hour hand stands between two hours as on a real one."""
    sheet, radius = _Canvas(diameter, diameter), diameter / 2
    centre, edge = (radius, radius), max(4.0, diameter / 36)
    sheet.disc(centre, radius - 0.5)
    sheet.disc(centre, radius - edge, fill=WHITE)
    far = radius - edge - diameter * 0.02
    for hour in range(1, 13):
        if hour % 3 == 0:
            sheet.text(_towards(centre, hour * 30, far - diameter * 0.07), str(hour), round(diameter * 0.17))
        else:
            sheet.line(
                (_towards(centre, hour * 30, far - edge / 2), _towards(centre, hour * 30, far - diameter * 0.05)), edge
            )
    hour_degrees = 30 * (time.hour % 12 + time.minute / 60)
    sheet.line((centre, _towards(centre, hour_degrees, radius * 0.38)), diameter * 0.075)
    sheet.line((centre, _towards(centre, time.minute * 6, radius * 0.565)), diameter * 0.042)
    sheet.disc(centre, diameter * 0.055)
    return sheet.crisp()


def sky(width: int, height: int, time: dt.time) -> Image.Image:
    """Return the half disc of the sky: the sun where it stands, morning left, evening right; or a moon."""
    sheet, ground, size = _Canvas(width, height), height - 4, round(height * 0.54)
    passed = (time.hour + time.minute / 60 - SUNRISE_HOUR) / (SUNSET_HOUR - SUNRISE_HOUR)
    shines = 0 <= passed <= 1
    way = (width / 2, ground), width / 2 - size / 2, ground - size / 2
    x, y = _on_its_way(*way, 180 * passed - 90 if shines else 0)
    for degrees in range(-84, 85, 12):
        point = _on_its_way(*way, degrees)
        if math.dist(point, (x, y)) > size * 0.6:
            sheet.disc(point, max(2, height / 40))
    image = sheet.crisp()
    star = pictogram("sun" if shines else "moon", size)
    image.paste(BLACK, (round(x - size / 2), round(y - size / 2)), ImageChops.invert(star))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, ground - 2, width, height), fill=WHITE)  # nothing shows below the ground
    pen.rectangle((0, ground - 2, width, ground + 1), fill=BLACK)
    return image


def _on_its_way(middle: tuple[float, float], across: float, up: float, degrees: float) -> tuple[float, float]:
    """Return a point of the half ellipse over `middle`: -90 degrees at the left on the ground, 0 at the top."""
    angle = math.radians(degrees)
    return middle[0] + across * math.sin(angle), middle[1] - up * math.cos(angle)
