"""Dates, hours and places as they are written in French; nothing here depends on the machine's locale."""

import datetime as dt

NBSP = "\u00a0"
EARLY = dt.time(6)  # nobody works yet
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
_SHORT_MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")


def day_number(day: int) -> str:
    """Return 1er, 2, 3… as days of a month are read."""
    return "1er" if day == 1 else str(day)


def weekday(date: dt.date) -> str:
    """Return the day's name in lower case: mercredi."""
    return WEEKDAYS[date.weekday()]


def month(date: dt.date) -> str:
    """Return the month's name in lower case: février."""
    return MONTHS[date.month - 1]


def long_date(date: dt.date) -> str:
    """Return mercredi 3 février 2027."""
    return f"{weekday(date)} {day_number(date.day)} {month(date)} {date.year}"


def day_and_month(date: dt.date) -> str:
    """Return mercredi 3 février: enough when the year is not in doubt."""
    return f"{weekday(date)} {day_number(date.day)} {month(date)}"


def short_date(date: dt.date) -> str:
    """Return mer. 3 févr., for narrow columns."""
    return f"{weekday(date)[:3]}. {date.day} {_SHORT_MONTHS[date.month - 1]}"


def hour(time: dt.time) -> str:
    """Return 14 h 05, held together by no-break spaces."""
    return f"{time.hour}{NBSP}h{NBSP}{time.minute:02d}"


def when(moment: dt.datetime, now: dt.datetime) -> str:
    """Return `à 14 h 05`, or the first day whose working hours are all after it: `demain`, `le mercredi 3 février`."""
    if moment.date() == now.date():
        return f"à{NBSP}{hour(moment.time())}"
    day = moment.date() + dt.timedelta(days=moment.time() > EARLY)
    return "demain" if day == now.date() + dt.timedelta(days=1) else f"le {day_and_month(day)}"


def of_place(place: str) -> str:
    """Return the place with its preposition, held together: de Bobigny, du Mans, des Andelys, d'Évry."""
    if place.startswith("Le "):
        return f"du{NBSP}{place[3:]}"
    if place.startswith("Les "):
        return f"des{NBSP}{place[4:]}"
    return f"d'{place}" if place[0] in "AÀÂEÉÈÊIÎOÔUY" else f"de{NBSP}{place}"


def capitalised(sentence: str) -> str:
    """Return the sentence with a capital first letter, the rest untouched."""
    return sentence[:1].upper() + sentence[1:]


def counted(number: int, singular: str, plural: str) -> str:
    """Return `1 place`, `3 places`; French counts 0 as singular."""
    return f"{number} {singular if number < 2 else plural}"
