import datetime as dt

import pytest

from kiosk.booking import french


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("Bobigny", "de Bobigny"),
        ("Évry-Courcouronnes", "d'Évry-Courcouronnes"),
        ("Le Mans", "du Mans"),
        ("Les Andelys", "des Andelys"),
        ("La Rochelle", "de La Rochelle"),
        ("L'Haÿ-les-Roses", "de L'Haÿ-les-Roses"),
        ("Haguenau", "de Haguenau"),
        ("Yssingeaux", "d'Yssingeaux"),
    ],
)
def test_a_place_takes_its_preposition(place: str, said: str) -> None:
    assert french.of_place(place) == said.replace(" ", french.NBSP, 1)


def test_dates_and_hours_are_written_in_full_and_in_short() -> None:
    day = dt.date(2027, 2, 3)
    assert french.long_date(day) == "mercredi 3 février 2027"
    assert french.long_date(dt.date(2027, 2, 1)) == "lundi 1er février 2027"
    assert french.short_date(day) == "mer. 3 févr."
    assert french.hour(dt.time(14, 5)) == "14\u00a0h\u00a005"
    assert french.counted(1, "place", "places") == "1 place"
    assert french.counted(2, "place", "places") == "2 places"


def at(month: int, day: int, hour: int, minute: int) -> dt.datetime:
    return dt.datetime(2027, month, day, hour, minute, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (at(1, 11, 9, 6), "à\u00a09\u00a0h\u00a006"),
        (at(1, 12, 0, 1), "demain"),
        (at(1, 12, 14, 0), "le mercredi 13 janvier"),
        (at(2, 3, 5, 59), "le mercredi 3 février"),
        (at(1, 31, 23, 0), "le lundi 1er février"),
    ],
)
def test_a_moment_is_said_as_exactly_as_it_is_needed(moment: dt.datetime, said: str) -> None:
    assert french.when(moment, at(1, 11, 9, 0)) == said
