"""The sentence for each thing that can go wrong: what happened, then what to do."""

import datetime as dt

from kiosk.booking import french
from kiosk.desk.answers import (
    CentralRefusedError,
    CentralSilentError,
    DeskError,
    JournalError,
    NoSuchTicketError,
    NotGenuineError,
    PaperError,
    Printer,
    Refusal,
    SpoolError,
    UnderWayError,
)

SILENT = "Pas de réponse du serveur. Rien n'est perdu : ce que vous avez tapé reste là. Essayez encore dans un moment."
FAULT = "Ce poste a fait une erreur. Revenez en arrière (Échap) et recommencez. Si cela continue : F9."
_PRINTER = {
    Printer.NEAR_END: "Le rouleau de papier est presque fini. Ce ticket peut encore sortir ; préparez un rouleau neuf.",
    Printer.PAPER_OUT: "Il n'y a plus de papier. Ouvrez le capot de l'imprimante, posez un rouleau neuf, refermez.",
    Printer.COVER_OPEN: "Le capot de l'imprimante est ouvert. Refermez-le en appuyant des deux côtés, jusqu'au clic.",
    Printer.CUTTER: "La lame de l'imprimante est bloquée. Éteignez-la, ôtez le papier coincé, rallumez-la.",
    Printer.FAULT: "L'imprimante signale une panne. Éteignez-la, attendez dix secondes, rallumez-la.",
    Printer.OFFLINE: "L'imprimante est en pause. Appuyez sur son bouton ; sinon, éteignez-la et rallumez-la.",
    Printer.SILENT: "L'imprimante ne répond plus. Regardez si elle est allumée et si ses câbles tiennent.",
    Printer.UNREACHABLE: "L'imprimante ne répond pas. Regardez si elle est allumée et si ses câbles tiennent.",
}
_REFUSALS = {
    Refusal.SLOT_TAKEN: "Cette heure n'est plus libre. Rien n'est réservé.",
    Refusal.PERSON_HAS_BOOKING: "Cette personne a déjà un rendez-vous pour cette démarche. Rien de plus n'est réservé. "
    "Pour le retrouver : F9, puis son nom.",
    Refusal.PERSON_HAS_HOLD: "Un autre poste garde une heure pour cette personne, pendant quelques minutes. "
    "Rien n'est réservé ici.",
    Refusal.COOLING_OFF: "Cette personne a annulé plusieurs rendez-vous pour cette démarche. Rien n'est réservé.",
    Refusal.HOLD_EXPIRED: "L'heure n'est plus gardée : le temps est passé. Rien n'est réservé. "
    "Choisissez de nouveau une heure.",
    Refusal.NOT_A_TYPO: "Le nom ou la date de naissance a trop changé : c'est une autre personne. Rien n'est réservé. "
    "Choisissez de nouveau une heure.",
    Refusal.IDENTITY_REJECTED: "Un numéro n'est pas accepté. Rien n'est réservé. Échap : relisez le numéro.",
    Refusal.AGDREF_MISSING: "Il faut le numéro étranger pour cette démarche. Rien n'est réservé. Tapez-le ici.",
    Refusal.AGDREF_UNKNOWN: "Ce numéro n'existe pas. Rien n'est réservé. Relisez-le sur la carte, chiffre par chiffre.",
    Refusal.AGDREF_MISMATCH: "Ce numéro n'est pas à ce nom, ou pas à cette date de naissance. Rien n'est réservé. "
    "Relisez le numéro sur la carte. Le nom est faux ? Échap deux fois.",
    Refusal.ANTS_MISSING: "Il faut le numéro de pré-demande pour cette démarche. Rien n'est réservé. Tapez-le ici.",
    Refusal.ANTS_CONSUMED: "Cette pré-demande a déjà servi. Rien n'est réservé. "
    "Il faut une nouvelle pré-demande, avec un nouveau numéro.",
    Refusal.ANTS_DECLARED: "Cette pré-demande n'est pas finie. Rien n'est réservé. "
    "Il faut la finir là où elle a été commencée, puis revenir.",
    Refusal.ANTS_UNKNOWN: "Ce numéro n'existe pas. Rien n'est réservé. Relisez-le sur la feuille de la pré-demande.",
    Refusal.ANTS_EXPIRED: "Cette pré-demande est trop vieille. Rien n'est réservé. "
    "Il faut une nouvelle pré-demande, avec un nouveau numéro.",
    Refusal.NEPH_MISSING: "Il faut le numéro NEPH pour cette démarche. Rien n'est réservé. Tapez-le ici.",
    Refusal.REGISTER_UNAVAILABLE: "Le fichier qui vérifie ce numéro ne répond pas. Rien n'est réservé. "
    "Attendez une minute et choisissez de nouveau l'heure.",
    Refusal.MEDIATOR_LIMIT: "Vous avez déjà choisi beaucoup d'heures : la limite est atteinte. Rien n'est réservé.",
    Refusal.REJECTIONS_LIMIT: "Trop de numéros ont été refusés depuis une heure. Rien n'est réservé.",
    Refusal.KIOSK_LIMIT: "Ce poste a déjà choisi beaucoup d'heures : la limite est atteinte. Rien n'est réservé.",
    Refusal.SITE_LIMIT: "Ce lieu ne donne plus de rendez-vous aujourd'hui. Rien n'est réservé. "
    "Échap : choisissez un autre lieu.",
    Refusal.SOURCE_UNAVAILABLE: "Ce lieu ne répond pas : personne ne sait s'il est complet. Échap : autre lieu.",
    Refusal.WRONG_CODE: "Le nom ou le code n'est pas juste. Vérifiez, puis tapez-les de nouveau.",
    Refusal.NOT_SIGNED_IN: "Votre service est terminé sur ce poste. Faites F9, puis identifiez-vous de nouveau.",
    Refusal.TOO_MANY: "Trop d'essais en peu de temps. Attendez.",
    Refusal.STORAGE_UNAVAILABLE: "Le serveur n'arrive pas à enregistrer. Rien n'est réservé. Essayez dans un moment.",
    Refusal.NOT_FOUND: "Le serveur ne trouve pas ce qui est demandé. Rien n'est réservé. Revenez en arrière.",
    Refusal.SEALED_UNREADABLE: "Le serveur a changé de clé. Rien n'est réservé. Faites F9, fermez le poste, "
    "puis identifiez-vous de nouveau.",
    Refusal.OTHER: "Le serveur a refusé cette demande. Rien n'est réservé. Revenez en arrière et vérifiez.",
}


def sentence_for(error: DeskError, now: dt.datetime) -> str:
    """Return what a mediator reads; never what the central wrote."""
    match error:
        case CentralRefusedError(refusal=refusal, retry_after_seconds=None):
            return _REFUSALS[refusal]
        case CentralRefusedError(refusal=refusal, retry_after_seconds=int(seconds)):
            return f"{_REFUSALS[refusal]} Essayez de nouveau {french.when(_whole_minute(now, seconds), now)}."
        case NotGenuineError():
            return (
                "La réponse du serveur n'est pas bien signée : rien n'en est gardé. Prévenez qui a installé ce poste."
            )
        case NoSuchTicketError():
            return "Aucun rendez-vous n'a ce code avec cette date de naissance. Relisez les deux."
        case CentralSilentError():
            return SILENT
        case JournalError():
            return "Ce poste n'arrive plus à écrire sur son disque : rien n'est parti, rien n'est réservé."
        case PaperError():
            return "Le papier n'a pas pu être dessiné. Un rendez-vous pris le reste : recopiez le code à la main."
        case UnderWayError():
            return "Un ticket de ce rendez-vous est en train de sortir. Regardez l'imprimante."
        case SpoolError():
            return (
                "Ce poste n'arrive plus à écrire sur son disque : rien n'est imprimé. "
                "Un rendez-vous pris le reste : recopiez le code à la main."
            )
    return SILENT


def welcome_sentence_for(error: DeskError, now: dt.datetime) -> str:
    """Return what is read at a welcome desk: there, nobody books, and the person waits at the door."""
    match error:
        case JournalError():
            return (
                "Ce poste n'arrive plus à écrire sur son disque : cette entrée n'est pas comptée. Regardez vous-même "
                "le papier et la pièce d'identité. Prévenez un agent, et qui a installé ce poste."
            )
        case CentralSilentError():
            return "Ce poste n'est pas encore prêt : rien n'est compté. Scannez encore une fois dans un moment."
    return sentence_for(error, now)


def printer_sentence(printer: Printer) -> str:
    """Return what the printer needs from one's hands; nothing when it is ready, or cannot be asked."""
    return _PRINTER.get(printer, "")


def _whole_minute(now: dt.datetime, seconds: int) -> dt.datetime:
    """Return the first whole minute at which those seconds are over."""
    over = now + dt.timedelta(seconds=seconds)
    return (over + dt.timedelta(minutes=1) - dt.timedelta.resolution).replace(second=0, microsecond=0)
