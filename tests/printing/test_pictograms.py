"""Pictures are pure black and white, whatever their size, and differ where the facts differ."""

import datetime as dt

import pytest
from PIL import Image

from kiosk.printing import pictograms

DAY = dt.date(2027, 2, 3)


def ink(image: Image.Image) -> int:
    """Return the number of black dots."""
    return image.convert("L").histogram()[0]


@pytest.mark.parametrize("size", [150, 210, 310])
def test_pictograms_are_one_bit_and_of_the_size_asked(size: int) -> None:
    drawn = [
        pictograms.calendar_page(size, size, DAY),
        pictograms.clock_face(size, dt.time(14, 5)),
        pictograms.sky(size, size, dt.time(14, 5)),
        pictograms.pictogram("building", size),
    ]
    for image in drawn:
        assert (image.mode, image.size) == ("1", (size, size))
        assert 0 < ink(image) < size * size


def test_every_day_has_its_own_page() -> None:
    days = [DAY + dt.timedelta(days=count) for count in range(31)]
    assert len({pictograms.calendar_page(200, 180, day).tobytes() for day in days}) == 31


def test_five_past_two_is_not_ten_past_one() -> None:
    assert pictograms.clock_face(200, dt.time(14, 5)).tobytes() != pictograms.clock_face(200, dt.time(13, 10)).tobytes()


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
