"""Pictures are pure black and white at any size, thick enough for a thermal head, and differ with the facts."""

import datetime as dt
import json
import re
from importlib import resources

import pytest
from PIL import Image, ImageChops, ImageFilter

from kiosk.printing import pictograms

DAY = dt.date(2027, 2, 3)
FOLDER = resources.files("kiosk").joinpath("assets", "pictograms")
SOURCES = {
    file.name.removesuffix(".svg"): file.read_text(encoding="utf-8")
    for file in FOLDER.iterdir()
    if file.name.endswith(".svg")
}
CATALOGUE = json.loads(
    resources.files("kiosk").joinpath("assets", "catalogue", "services.json").read_text(encoding="utf-8")
)["services"]
HEIGHTS = (44, 64, 84, 96, 120, 160)
TIPS = 8  # dots: where two edges meet at a point, ink is thin without being a thin stroke


def ink(image: Image.Image) -> int:
    """Return the number of black dots."""
    return image.convert("L").histogram()[0]


def lonely(image: Image.Image) -> int:
    """Return the number of dots whose eight neighbours all have the other colour."""
    grey = framed(image)
    second, last_but_one = (grey.filter(ImageFilter.RankFilter(3, rank)) for rank in (1, 7))  # of nine, dark to light
    black = ink(ImageChops.lighter(grey, ImageChops.invert(second)))
    return black + ink(ImageChops.lighter(ImageChops.invert(grey), last_but_one))


def thin(image: Image.Image) -> int:
    """Return the number of black dots more than one dot away from any square of 3 x 3 black dots."""
    white = framed(image)
    thick = white.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MinFilter(3))
    return ink(ImageChops.lighter(white, ImageChops.invert(thick)))


def framed(image: Image.Image) -> Image.Image:
    """Return the picture in grey, on a larger white sheet: the paper around it is white."""
    sheet = Image.new("L", (image.width + 8, image.height + 8), 255)
    sheet.paste(image.convert("L"), (4, 4))
    return sheet


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_drawing_is_crisp_at_every_height(name: str) -> None:
    for height in HEIGHTS:
        drawn = pictograms.pictogram(name, height)
        assert (drawn.mode, drawn.size) == ("1", (height, height))
        assert 0.05 < ink(drawn) / height**2 < 0.75
        assert lonely(drawn) == 0


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_strokes_are_at_least_three_dots_thick_at_64(name: str) -> None:
    assert thin(pictograms.pictogram(name, 64)) <= TIPS


def test_thin_strokes_and_lonely_dots_would_be_seen() -> None:
    sheet = Image.new("1", (20, 20), 1)
    sheet.paste(0, (2, 2, 18, 4))
    assert (thin(sheet), lonely(sheet)) == (32, 0)
    sheet.putpixel((10, 10), 0)
    sheet.paste(0, (12, 12, 18, 18))
    sheet.putpixel((14, 14), 1)
    assert lonely(sheet) == 2


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_drawing_holds_shapes_in_black_and_white_and_nothing_else(name: str) -> None:
    source = SOURCES[name]
    assert source.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" ')
    assert set(re.findall(r"<([^\s/>]+)", source)) <= {"svg", "g", "path", "rect", "circle", "ellipse"}
    assert set(re.findall(r"\s([\w:-]+)=", source)) <= {
        *("xmlns", "viewBox", "fill", "stroke", "transform", "d", "x", "y", "cx", "cy", "r", "rx", "ry"),
        *("width", "height", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray"),
    }
    assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', source)) <= {"#000", "#fff", "none"}


def test_everything_in_the_catalogue_has_a_drawing() -> None:
    documents = {document["id"] for service in CATALOGUE for document in service["documents"]}
    assert set(pictograms.DOCUMENTS) == documents
    assert {pictograms.document_pictogram(document) for document in documents} <= set(SOURCES)
    assert pictograms.document_pictogram("laissez-passer") is None


def test_documents_of_one_appointment_do_not_look_alike() -> None:
    for service in CATALOGUE:
        drawn = [pictograms.document_pictogram(document["id"], document["name"]) for document in service["documents"]]
        assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize(
    ("name", "drawing"),
    [("2 photos d'identité", "photos-2"), ("3 photos d'identité", "photos-3"), ("", "photos-3")],
)
def test_as_many_photos_are_shown_as_are_asked_for(name: str, drawing: str) -> None:
    assert pictograms.document_pictogram("photos", name) == drawing


def test_there_is_no_drawing_of_an_unknown_name() -> None:
    with pytest.raises(FileNotFoundError):
        pictograms.pictogram("unicorn", 64)


@pytest.mark.parametrize("size", [150, 210, 310])
def test_pictures_are_one_bit_and_of_the_size_asked(size: int) -> None:
    drawn = [
        pictograms.calendar_page(size, size, DAY),
        pictograms.clock_face(size, dt.time(14, 5)),
        pictograms.sky(size, size, dt.time(14, 5)),
    ]
    for image in drawn:
        assert (image.mode, image.size) == ("1", (size, size))
        assert 0 < ink(image) < size * size
        assert lonely(image) == 0


def test_every_day_has_its_own_page() -> None:
    days = [DAY + dt.timedelta(days=count) for count in range(31)]
    assert len({pictograms.calendar_page(200, 180, day).tobytes() for day in days}) == 31


def test_the_same_day_of_another_year_has_another_page() -> None:
    day = DAY.replace(year=2021)  # a Wednesday too
    assert day.weekday() == DAY.weekday()
    assert pictograms.calendar_page(200, 180, day).tobytes() != pictograms.calendar_page(200, 180, DAY).tobytes()


def test_five_past_two_is_not_ten_past_one() -> None:
    assert pictograms.clock_face(200, dt.time(14, 5)).tobytes() != pictograms.clock_face(200, dt.time(13, 10)).tobytes()


@pytest.mark.parametrize("diameter", [150, 158, 239])
def test_the_hands_never_touch_the_figures(diameter: int) -> None:
    for hour in (12, 3, 6, 9):
        pointing = pictograms.clock_face(diameter, dt.time(hour, hour % 12 * 5)).convert("L")
        away = pictograms.clock_face(diameter, dt.time((hour + 6) % 12, (hour + 6) % 12 * 5)).convert("L")
        figures = ImageChops.difference(pointing, away)
        left, top, right, bottom = figures.getbbox() or (0, 0, 0, 0)
        assert min(left, top, diameter - right, diameter - bottom) > diameter * 0.17


def test_the_clock_has_twelve_hours_and_the_sky_tells_them_apart() -> None:
    assert pictograms.clock_face(200, dt.time(4, 0)).tobytes() == pictograms.clock_face(200, dt.time(16, 0)).tobytes()
    skies = {pictograms.sky(140, 80, dt.time(hour, 0)).tobytes() for hour in (4, 9, 14, 16)}
    assert len(skies) == 4


def test_the_sun_goes_from_left_to_right() -> None:
    def middle(hour: int) -> float:
        image = pictograms.sky(140, 80, dt.time(hour, 0)).convert("L")
        columns = [x for x in range(140) for y in range(60) if image.getpixel((x, y)) == 0]
        return sum(columns) / len(columns)

    assert middle(8) < middle(11) < middle(14) < middle(17)
