"""What a counter reads about a ticket: a sign, a short title, what to do next. Neutral: the bearer may be a victim."""

from dataclasses import dataclass
from enum import Enum, auto

from kiosk.tickets.verify import State


class Tone(Enum):
    """The colour, which only repeats what sign and title say."""

    GO = auto()
    WAIT = auto()  # something is to be looked at
    STOP = auto()


@dataclass(frozen=True, slots=True)
class Words:
    """One state, as it is said."""

    tone: Tone
    sign: str
    title: str
    advice: str


_WORDS = {
    State.VALID: Words(
        Tone.GO, "✓", "Ticket bon", "Regardez la pièce d'identité : le nom doit être celui du rendez-vous."
    ),
    State.ALREADY_ADMITTED: Words(
        Tone.WAIT,
        "↻",
        "Ticket déjà passé",
        "Demandez si la personne est déjà entrée. Sinon, regardez sa pièce d'identité.",
    ),
    State.MOVED: Words(
        Tone.WAIT,
        "→",
        "Rendez-vous déplacé",
        "Ce papier est remplacé. Dites à la personne la date et l'heure ci-dessus.",
    ),
    State.WRONG_SITE: Words(
        Tone.WAIT, "⌂", "Ce n'est pas ici", "Le rendez-vous est dans un autre lieu. Montrez-le sur le papier."
    ),
    State.WRONG_DAY: Words(
        Tone.WAIT, "◷", "Ce n'est pas aujourd'hui", "Le rendez-vous est un autre jour. Montrez-le sur le papier."
    ),
    State.EXPIRED: Words(
        Tone.WAIT, "◷", "L'heure est passée", "Voyez avec un agent si la personne peut encore être reçue."
    ),
    State.CANCELLED: Words(
        Tone.STOP,
        "✗",
        "Rendez-vous annulé",
        "La personne ne le sait peut-être pas. Proposez-lui de reprendre un rendez-vous : c'est gratuit.",
    ),
    State.NOT_LISTED: Words(
        Tone.STOP,
        "?",
        "Pas dans la liste du jour",
        "Ne concluez rien : demandez à un agent de chercher ce code avec la date de naissance.",
    ),
    State.UNKNOWN_KEY: Words(
        Tone.WAIT,
        "?",
        "Signature pas encore connue",
        "Le poste n'est peut-être pas à jour. Attendez le réseau, ou tapez les 12 lettres et chiffres du code.",
    ),
    State.REVOKED_KEY: Words(
        Tone.WAIT,
        "!",
        "Ticket à refaire",
        "Sa signature n'est plus acceptée. Le rendez-vous peut être bon : tapez les 12 lettres et chiffres du code.",
    ),
    State.ALTERED: Words(
        Tone.STOP,
        "✗",
        "Ce code n'est pas juste",
        "Scannez-le encore une fois, bien à plat. Si cela continue : tapez le code écrit en dessous. "
        "La personne a peut-être été trompée : restez aimable, prévenez un agent.",
    ),
    State.NOT_OURS: Words(
        Tone.STOP,
        "✗",
        "Ce n'est pas un de nos tickets",
        "Cherchez le carré sur le ticket de rendez-vous. Qui a payé ce papier a peut-être été trompé.",
    ),
}


def words_for(state: State) -> Words:
    """Return what is said of a state."""
    return _WORDS[state]
