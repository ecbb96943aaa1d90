"""What a verified ticket looks like: one banner, the appointment, what to do, how old the knowledge is."""

import datetime as dt
from dataclasses import dataclass

from kiosk.booking import french
from kiosk.desk.checks import Check
from kiosk.tickets.verify import Person, State
from kiosk.tickets.words import Tone, Words, words_for

_PERSON = {
    Person.NO_MATCH: Words(
        Tone.WAIT,
        "≠",
        "Ce n'est pas la même identité",
        "Relisez la pièce et tapez encore une fois. Toujours différent ? Appelez un agent : "
        "la personne a peut-être payé ce ticket sans savoir.",
    ),
    Person.NAME_CUT: Words(
        Tone.WAIT,
        "?",
        "Le nom est trop long pour la pièce",
        "Le bas de la pièce ne donne qu'une partie du nom. F5 : tapez le nom entier.",
    ),
    Person.NO_KEY: Words(
        Tone.WAIT,
        "?",
        "Ce poste ne peut pas comparer le nom",
        "Sans réseau, comparez vous-même : prénom et première lettre du nom sont sur le ticket.",
    ),
}
_COMPARED = {
    Person.MATCH: "✓ C'est la personne du rendez-vous",
    Person.NO_MATCH: "≠ Ce n'est pas la personne du rendez-vous",
    Person.NAME_CUT: "? Le nom est trop long pour la pièce. F5 : tapez le nom entier",
    Person.NO_KEY: "? Ce poste ne peut pas comparer le nom",
}
_SAME = Words(Tone.GO, "✓", "Ticket bon, bonne personne", "Ce ticket est bien à cette personne.")
_OLD = "Ce poste ne sait pas tout : une annulation récente ne se voit pas."


@dataclass(frozen=True, slots=True)
class Shown:
    """A verdict as it is read: the banner's words, the appointment, the advice, the age of what is known."""

    words: Words
    facts: tuple[str, ...]
    advice: str
    knowledge: str


def shown(check: Check, now: dt.datetime, *, at_counter: bool) -> Shown:
    """Return what to show of a check at that time, on the site's clock; a counter knows its place and its own notes."""
    words = _words(check)
    advice = words.advice
    if words.tone is Tone.GO and not check.is_fresh:
        words = Words(Tone.WAIT, words.sign, words.title, words.advice)
        advice = f"{words.advice} {_OLD}"
    return Shown(words, _facts(check, now), advice, _knowledge(check, now, at_counter))


def _words(check: Check) -> Words:
    if check.state is not State.VALID or check.person is Person.NOT_ASKED:
        return words_for(check.state)
    return _SAME if check.person is Person.MATCH else _PERSON[check.person]


def _facts(check: Check, now: dt.datetime) -> tuple[str, ...]:
    facts = []
    if check.start is not None:
        facts.append(f"{french.capitalised(_day(check.start, now))}, {french.hour(check.start.time())}")
        facts.append(" · ".join(part for part in (check.site, check.service) if part))
    if check.state is not State.VALID and check.person in _COMPARED:
        facts.append(_COMPARED[check.person])
    if check.admitted_at is not None:
        facts.append(f"Passé {_moment(check.admitted_at, now)}, poste {check.admitted_by}")
    if check.code:
        facts.append(f"Code {check.code}")
    return tuple(fact for fact in facts if fact)


def _day(moment: dt.datetime, now: dt.datetime) -> str:
    if moment.date() == now.astimezone(moment.tzinfo).date():
        return "aujourd'hui"
    return french.long_date(moment.date())


def _moment(moment: dt.datetime, now: dt.datetime) -> str:
    day = _day(moment, now)
    hour = french.hour(moment.time())
    return f"à {hour}" if day == "aujourd'hui" else f"le {day} à {hour}"


def _knowledge(check: Check, now: dt.datetime, at_counter: bool) -> str:
    if check.as_of is None:
        return (
            _without_list(check) if at_counter else "! Sans réseau et sans liste : seule la signature a été vérifiée."
        )
    as_of = check.as_of.astimezone(now.tzinfo)
    if check.is_fresh:
        return f"Vérifié avec ce qui est connu à {french.hour(as_of.time())}."
    return f"! Vérifié avec une liste d'il y a {_age(now - as_of)}."


def _without_list(check: Check) -> str:
    if check.start is None:  # nothing of it is believed, so nothing else was looked at
        return "! Ce poste n'a pas la liste du jour."
    return "! Pas de liste : seuls signature, lieu, jour et heure sont vérifiés."


def _age(age: dt.timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    if minutes < 60:
        return french.counted(minutes, "minute", "minutes")
    if minutes < 48 * 60:
        return french.counted(minutes // 60, "heure", "heures")
    return french.counted(minutes // 1440, "jour", "jours")
