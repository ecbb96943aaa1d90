"""What happens to a QR code between the printer and the counter: fifteen damages, then a photo taken with a phone.

Simulated, for comparing: the rates are not those of the field. Every draw is seeded, so that two runs see the same.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

PIXELS_PER_DOT = 2  # while it is damaged
PHOTO_PIXELS_PER_DOT = 1.4  # 80 mm paper in four fifths of a video frame of 1,080 pixels, as scanners see it
PAPER, TABLE, STAIN = 255, 110, 40  # grey levels
MARGIN = 60  # pixels of table around the paper


@dataclass(frozen=True)
class Code:
    """A piece of paper, mode "L", and where the QR code stands on it, its quiet zone not counted."""

    paper: Image.Image
    symbol: tuple[int, int, int, int]

    def scaled(self, times: int) -> "Code":
        """Return it in more pixels."""
        size = (self.paper.width * times, self.paper.height * times)
        left, top, right, bottom = self.symbol
        symbol = (times * left, times * top, times * right, times * bottom)
        return Code(self.paper.resize(size, Image.Resampling.NEAREST), symbol)

    def spot(self, chance: random.Random, radius: float) -> tuple[float, float]:
        """Return a place in the symbol, so far from its edges."""
        left, top, right, bottom = self.symbol
        return chance.uniform(left + radius, right - radius), chance.uniform(top + radius, bottom - radius)


Damage = Callable[[Code, random.Random], Image.Image]


def photographed(code: Code, damage: Damage, chance: random.Random) -> Image.Image:
    """Return a phone's picture of a damaged piece of paper; `code` has a pixel per dot."""
    return _photo(damage(code.scaled(PIXELS_PER_DOT), chance), chance)


def _photo(paper: Image.Image, chance: random.Random) -> Image.Image:
    """Askew, slightly in perspective, unevenly lit, a little blurred and noisy, compressed."""
    seen = PHOTO_PIXELS_PER_DOT / PIXELS_PER_DOT
    paper = paper.resize((round(paper.width * seen), round(paper.height * seen)), Image.Resampling.BOX)
    scene = ImageOps.expand(paper, MARGIN, TABLE).rotate(
        chance.uniform(-7, 7), Image.Resampling.BICUBIC, fillcolor=TABLE
    )
    scene = _quad(scene, 0.03, chance)
    light = Image.linear_gradient("L").resize(scene.size).point(lambda level: 190 + level // 4)
    scene = ImageChops.multiply(scene, light).filter(ImageFilter.GaussianBlur(1.0))
    return _compressed(_noisy(scene, 0.08, chance), 70)


def stain(code: Code, chance: random.Random) -> Image.Image:
    """Opaque over 8 % of the symbol."""
    spoilt = code.paper.copy()
    radius = math.sqrt(0.08 / math.pi) * (code.symbol[2] - code.symbol[0])
    x, y = code.spot(chance, radius)
    ImageDraw.Draw(spoilt).ellipse((x - radius, y - radius, x + radius, y + radius), fill=STAIN)
    return spoilt


def crease(code: Code, chance: random.Random) -> Image.Image:
    """Ink gone along a fold of 2 mm."""
    spoilt = code.paper.copy()
    x, y = code.spot(chance, 0)
    angle, far = chance.uniform(0, math.pi), spoilt.width + spoilt.height
    across, down = far * math.cos(angle), far * math.sin(angle)
    line = (x - across, y - down, x + across, y + down)
    ImageDraw.Draw(spoilt).line(line, fill=PAPER, width=16 * PIXELS_PER_DOT)
    return spoilt


def dead_dots(code: Code, chance: random.Random) -> Image.Image:
    """Six dots of the head print nothing."""
    return _columns(code, 6, PAPER, chance)


def burnt_columns(code: Code, chance: random.Random) -> Image.Image:
    """Four dots of the head always print."""
    return _columns(code, 4, 0, chance)


def low_contrast(code: Code, chance: random.Random) -> Image.Image:
    """Ink as pale as 18 % of black."""
    return code.paper.point(lambda level: PAPER - round((PAPER - level) * 0.18))


def fading(code: Code, chance: random.Random) -> Image.Image:
    """From full ink at one edge to a tenth of it at the other."""
    paper = code.paper
    gradient = Image.linear_gradient("L").rotate(chance.choice((0, 90, 180, 270))).resize(paper.size)
    return ImageChops.lighter(paper, gradient.point(lambda level: level * 9 // 10))


def blur(code: Code, chance: random.Random) -> Image.Image:
    """Out of focus by a quarter of a millimetre."""
    return code.paper.filter(ImageFilter.GaussianBlur(2 * PIXELS_PER_DOT))


def noise(code: Code, chance: random.Random) -> Image.Image:
    """A dark room."""
    return _noisy(code.paper, 0.45, chance)


def rotation(code: Code, chance: random.Random) -> Image.Image:
    """Held at any angle."""
    return ImageOps.expand(code.paper, MARGIN, TABLE).rotate(
        chance.uniform(0, 360), Image.Resampling.BICUBIC, expand=True, fillcolor=TABLE
    )


def perspective(code: Code, chance: random.Random) -> Image.Image:
    """Photographed from the side."""
    return _quad(ImageOps.expand(code.paper, 2 * MARGIN, TABLE), 0.14, chance)


def smaller(code: Code, chance: random.Random) -> Image.Image:
    """From farther away: 80 %."""
    paper = code.paper
    return paper.resize((paper.width * 4 // 5, paper.height * 4 // 5), Image.Resampling.BICUBIC)


def curl(code: Code, chance: random.Random) -> Image.Image:
    """Rolled: seen as a part of a cylinder, along the paper's length."""
    paper = code.paper
    turn = chance.uniform(0.6, 1.0)  # radians at the upper and lower edge
    steps = 32
    edges = [round(paper.height * step / steps) for step in range(steps + 1)]
    half = paper.height / 2

    def source(y: int) -> float:
        return half + half * math.asin((y - half) / half * math.sin(turn)) / turn

    mesh = [
        (
            (0, top, paper.width, end),
            (0, source(top), 0, source(end), paper.width, source(end), paper.width, source(top)),
        )
        for top, end in itertools.pairwise(edges)
    ]
    return paper.transform(paper.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)


def torn(code: Code, chance: random.Random) -> Image.Image:
    """Torn off along one side, three of the quiet zone's four modules gone."""
    spoilt = code.paper.rotate(90 * (side := chance.randrange(4)), expand=True)
    depth = round(18 * PIXELS_PER_DOT)
    edge = [(x, depth - chance.uniform(0, depth / 3)) for x in range(0, spoilt.width + 20, 20)]
    ImageDraw.Draw(spoilt).polygon([(0, 0), *edge, (spoilt.width, 0)], fill=TABLE)
    return spoilt.rotate(-90 * side, expand=True)


def glare(code: Code, chance: random.Random) -> Image.Image:
    """A lamp mirrored in the paper."""
    paper = code.paper
    size = paper.width * 6 // 10
    spot = ImageOps.invert(Image.radial_gradient("L").resize((size, size)))
    lit = Image.new("L", paper.size, 0)
    lit.paste(spot, (round(chance.uniform(0, 0.5) * paper.width), round(chance.uniform(0, 0.5) * paper.height)))
    return ImageChops.add(paper, lit)


def jpeg(code: Code, chance: random.Random) -> Image.Image:
    """Sent through a messenger."""
    return _compressed(code.paper, 8)


DAMAGES: tuple[Damage, ...] = (
    *(stain, crease, dead_dots, burnt_columns, low_contrast, fading, blur, noise),
    *(rotation, perspective, smaller, curl, torn, glare, jpeg),
)


def draws(count: int, seed: str) -> Iterator[random.Random]:
    """Yield the chances of `count` draws, the same for the same seed."""
    return (random.Random(f"{seed} {number}") for number in range(count))  # noqa: S311 nothing secret


def _columns(code: Code, count: int, level: int, chance: random.Random) -> Image.Image:
    spoilt = code.paper.copy()
    left, _, right, _ = code.symbol
    for x in chance.sample(range(left, right, PIXELS_PER_DOT), count):
        spoilt.paste(level, (x, 0, x + PIXELS_PER_DOT, spoilt.height))
    return spoilt


def _noisy(image: Image.Image, share: float, chance: random.Random) -> Image.Image:
    grain = Image.frombytes("L", image.size, chance.randbytes(image.width * image.height))
    return Image.blend(image, grain, share)


def _quad(image: Image.Image, most: float, chance: random.Random) -> Image.Image:
    """Draw the corners in by at most this share of the sides."""
    right, bottom = image.size

    def shifted(x: int, y: int) -> tuple[float, float]:
        across, down = chance.uniform(-most, 0) * right, chance.uniform(-most, 0) * bottom
        return x + (across if x == 0 else -across), y + (down if y == 0 else -down)

    corners = (*shifted(0, 0), *shifted(0, bottom), *shifted(right, bottom), *shifted(right, 0))
    return image.transform(image.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=TABLE)


def _compressed(image: Image.Image, quality: int) -> Image.Image:
    file = BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("L")
