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
