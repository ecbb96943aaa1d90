"""The sentence for each thing that can go wrong: what happened, then what to do."""

from kiosk.desk.answers import (
    CentralRefusedError,
    CentralSilentError,
    DeskError,
    JournalError,
    PaperError,
    Refusal,
)

SILENT = "Pas de réponse du serveur. Rien n'est perdu : ce que vous avez tapé reste là. Essayez encore dans un moment."
FAULT = "Ce poste a fait une erreur. Revenez en arrière (Échap) et recommencez. Si cela continue : F9."
_REFUSALS = {
    Refusal.SLOT_TAKEN: "Quelqu'un vient de prendre cette heure. Rien n'est réservé.",
    Refusal.PERSON_HAS_BOOKING: "Cette personne a déjà un rendez-vous pour cette démarche. Rien de plus n'est réservé.",
    Refusal.HOLD_EXPIRED: "Les 5 minutes sont passées. Rien n'est réservé. Choisissez de nouveau une heure.",
    Refusal.SOURCE_UNAVAILABLE: "Ce lieu ne répond pas : personne ne sait s'il est complet. Échap : autre lieu.",
    Refusal.WRONG_CODE: "Le nom ou le code n'est pas juste. Vérifiez, puis tapez-les de nouveau.",
    Refusal.NOT_SIGNED_IN: "Votre service est terminé sur ce poste. Faites F9, puis identifiez-vous de nouveau.",
    Refusal.TOO_MANY: "Trop d'essais en peu de temps. Attendez quelques minutes, puis essayez encore.",
    Refusal.STORAGE_UNAVAILABLE: "Le serveur n'arrive pas à enregistrer. Rien n'est réservé. Essayez dans un moment.",
    Refusal.OTHER: "Le serveur a refusé cette demande. Rien n'est réservé. Revenez en arrière et vérifiez.",
}


def sentence_for(error: DeskError) -> str:
    """Return what a mediator reads; never what the central wrote."""
    match error:
        case CentralRefusedError(refusal=refusal):
            return _REFUSALS[refusal]
        case CentralSilentError():
            return SILENT
        case JournalError():
            return "Ce poste n'arrive plus à écrire sur son disque : rien n'est parti, rien n'est réservé."
        case PaperError():
            return "Le ticket n'a pas pu être dessiné. Le rendez-vous est pris : recopiez le code à la main."
    return SILENT
