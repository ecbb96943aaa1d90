"""What `kiosk ticket verify` says of a ticket: the words of the screens for a person, one JSON object for a program."""

import datetime as dt
import json
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from kiosk.booking.catalogue import Service, Site
from kiosk.desk.checks import Directory
from kiosk.screens.verdict import shown
from kiosk.tickets.verify import Here, Person, State, Verdict
from kiosk.tickets.words import Words

_UTC = ZoneInfo("UTC")
_ADVICE = {  # where the screens speak of their keys, or of a network
    Person.NAME_CUT: "La pièce ne donne qu'une partie du nom : donnez --surname, --given-names et --birth-date.",
    Person.NO_KEY: "Donnez la liste du jour du lieu (--manifest), ou comparez vous-même.",
}
_NO_LIST = (
    "! Sans liste du jour (--manifest), seuls comptent la signature, le lieu, le jour et l'heure : "
    "une annulation ne se voit pas."
)
_NOTHING = (
    "! Sans liste du jour (--manifest) ni lieu (--site), seules comptent la signature et l'heure : "
    "une annulation ne se voit pas."
)
_OLD_LIST = " Une annulation faite depuis ne se voit pas."
_NO_ZONE = "Ce lieu n'est pas au catalogue : l'heure ci-dessus est en temps universel (UTC)."
_NOT_VOUCHED = "! Personne ne s'est porté garant de la liste des clés : réglez root_key (KIOSK_ROOT_KEY)."


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict, with what it takes to say it."""

    verdict: Verdict
    directory: Directory
    here: Here | None
    moment: dt.datetime  # at which it holds
    is_vouched: bool  # the keys are signed by a root that was set here

    @property
    def is_good(self) -> bool:
        """Return whether the ticket is valid and, if somebody asked, shown by the right person."""
        return self.verdict.state is State.VALID and self.verdict.person in {Person.NOT_ASKED, Person.MATCH}

    def text(self) -> str:
        """Return some lines: sign and title, the appointment, what to do, how old the knowledge is."""
        clock = self._clock()
        seen = shown(self.directory.check_of(self.verdict, clock), self.moment.astimezone(clock))
        lines = [f"{seen.words.sign} {seen.words.title}", *seen.facts]
        if clock is _UTC and self.verdict.appointment:
            lines.append(_NO_ZONE)
        lines += [self._advice(seen.words), self._knowledge(seen.knowledge)]
        if not self.is_vouched:
            lines.append(_NOT_VOUCHED)
        return "".join(f"{line}\n" for line in lines)

    def json(self) -> str:
        """Return one line. Every member is always there: null where nothing can be believed, or is known here."""
        found, seen, as_of = self.verdict.appointment, self.verdict.admission, self.verdict.as_of
        site, service = self._names()
        members = {
            "state": self.verdict.state.value,
            "person": self.verdict.person.name.lower().replace("_", "-"),
            "reference": found.reference if found else None,
            "start": found.start.astimezone(self._clock()).isoformat() if found else None,
            "minutes": found.minutes if found else None,
            "site": site.id if site else None,
            "service": service.id if service else None,
            "admitted": {"at": seen.at.isoformat(), "counter": seen.counter} if seen else None,
            "as_of": as_of.isoformat() if as_of else None,
            "fresh": self.verdict.is_fresh,
            "vouched": self.is_vouched,
        }
        return json.dumps(members) + "\n"

    def _advice(self, words: Words) -> str:
        return _ADVICE.get(self.verdict.person, words.advice) if self.verdict.state is State.VALID else words.advice

    def _knowledge(self, age: str) -> str:
        if self.verdict.as_of is None:
            return _NOTHING if self.here is None else _NO_LIST
        return age if self.verdict.is_fresh else age + _OLD_LIST

    def _names(self) -> tuple[Site | None, Service | None]:
        found = self.verdict.appointment
        if found is None:
            return None, None
        return self.directory.sites.get(found.site), self.directory.services.get(found.service)

    def _clock(self) -> ZoneInfo:
        site, _ = self._names()
        if site is not None:
            return site.zone
        return self.here.zone if self.here else _UTC
