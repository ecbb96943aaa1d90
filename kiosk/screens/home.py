"""Accueil: nothing personal here; the next person can sit down."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from kiosk.booking import french
from kiosk.desk.answers import Delivery, DeskError, OpenPaper, PutAside, Record, Request, Settled
from kiosk.desk.desk import Desk
from kiosk.screens.base import CHOOSE, DIGITS, HELP, MASK, VERIFY, CounterScreen
from kiosk.screens.verify import VerifyTicketScreen
from kiosk.screens.words import printer_sentence
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken

NEWS_SECONDS = 1.0
ANSWERS_SHOWN = 3  # the others follow once these were told
CODES_SHOWN = 3  # of requests that nobody has to do anything about
ALONE = "! Sans réseau. Lisez les papiers à apporter, et notez une demande : elle partira toute seule."
NOT_YET = (
    "Avant un autre rendez-vous, il faut la réponse de cette demande. Le poste la cherche tout seul. "
    "Si cela dure : fermez le poste, puis identifiez-vous de nouveau."
)
_DAMAGED = {
    Record.PAPERS: "Le journal des impressions était abîmé. Il est mis de côté : {}. "
    "Les rendez-vous, eux, sont au serveur.",
    Record.REQUESTS: "Le journal des demandes était abîmé. Il est mis de côté : {}. "
    "Une demande sans réponse a pu s'y perdre : cherchez la personne par son nom avant de recommencer.",
}


class HomeScreen(CounterScreen):
    """What does the person in front of you need?"""

    CSS_PATH = "home.tcss"
    IN_VISIT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f6,alt+6", "helpers"), Binding("f7,alt+7", "verify")]
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (Hint("F6", "revente : imprimer qui aide"), VERIFY, MASK)
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (CHOOSE, DIGITS, HELP)
    HELP_TEXT = (
        "Entrée ou 1 : prendre un rendez-vous pour la personne qui est devant vous.\n\n"
        "Tout se fait au clavier. La ligne du bas dit toujours quelles touches servent.\n"
        "Échap revient en arrière sans rien perdre. F9 efface tout. F10 seule réserve.\n\n"
        "Si la personne est déjà venue, tapez son nom : son rendez-vous à venir s'affiche, et F8 le réimprime.\n"
        "Quelqu'un montre un ticket ? F7 dit s'il est bon.\n"
        "Quelqu'un lui vend un rendez-vous ? F6 imprime une feuille : qui peut l'aider. Aucun nom n'est demandé."
    )

    class Chosen(Message):
        """`new` starts a visit, `leave` ends the shift; a paper asks to be decided about, an answer to be told."""

        def __init__(self, key: str, paper: OpenPaper | None = None, settled: Settled | None = None) -> None:
            super().__init__()
            self.key = key
            self.paper = paper
            self.settled = settled

    class Disowned(Message):
        """Whoever opened the shift without the central is not that mediator."""

    def __init__(self, desk: Desk, notice: str = "") -> None:
        super().__init__(desk)
        self._notice = notice
        self._settled = desk.settled
        self._papers = desk.papers.to_decide
        self._printing = False
        self._told_to_wait = False

    def body(self) -> Iterable[Widget]:
        """Two choices, tickets that nobody saw come out, news of earlier requests, the words of welcome."""
        yield Question("Que faut-il faire ?")
        yield ChoiceList(
            self._choices(),
            widths=(),
            id="choices",
        )
        yield Notice(self._notice, id="notice")
        yield Sentence(id="helpers")
        yield Sentence(self._waiting(), id="news")
        yield Sentence("\n".join(_damaged(one) for one in self.desk.put_aside), id="damaged")
        yield Spoken("Bonjour. C'est gratuit. Ce poste ne garde pas votre nom.")

    def on_mount(self) -> None:
        """Look for news for as long as this screen stands: what became of a request is learnt behind it."""
        self.set_interval(NEWS_SECONDS, self._look_for_news)

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        if event.key == "new" and self.desk.must_wait:
            self._told_to_wait = True
            self.query_one("#notice", Notice).say(NOT_YET)
            return
        paper = next((paper for paper in self._papers if str(paper.number) == event.key), None)
        settled = next((settled for settled in self._settled if settled.key == event.key), None)
        self.post_message(self.Chosen(event.key, paper, settled))

    def action_verify(self) -> None:
        """Check a ticket that somebody shows."""
        self.app.push_screen(VerifyTicketScreen(self.desk))

    def action_helpers(self) -> None:
        """Print who helps against resale; nothing is asked, and nobody is reported."""
        if not self._printing:
            self._printing = True
            self._print_helpers()

    @work(group="helpers", exit_on_error=False)
    async def _print_helpers(self) -> None:
        self.query_one("#notice", Notice).say("")
        try:
            delivered = await self.desk.papers.print_helpers()
        except DeskError as error:
            self.query_one("#notice", Notice).say(self.sentence_for(error))
            return
        finally:
            self._printing = False
        if delivered.delivery is Delivery.WAITING:
            self.query_one("#notice", Notice).say(printer_sentence(delivered.printer))
        else:
            self.query_one("#helpers", Sentence).say("La feuille est partie vers l'imprimante.")

    def _choices(self) -> tuple[Choice, ...]:
        return (
            Choice("new", ("Nouveau rendez-vous",)),
            Choice("leave", ("Fermer le poste (fin de service)",)),
            *(Choice(settled.key, (_to_tell(settled),)) for settled in self._settled[:ANSWERS_SHOWN]),
            *(Choice(str(paper.number), (_to_decide(paper),)) for paper in self._papers),
        )

    def _waiting(self) -> str:
        alone = self.desk.is_alone
        mine = [one for one in self.desk.noted if not one.waits_for_mediator]
        others = [one for one in self.desk.noted if one.waits_for_mediator]
        lines = (
            ALONE if alone else "",
            _noted(mine, "quand le serveur répond" if alone else "dès que le serveur l'accepte"),
            _noted(others, "quand le médiateur qui a noté ouvre de nouveau ce poste"),
            _unanswered(self.desk.unresolved),
        )
        return "\n".join(filter(None, lines))

    def _look_for_news(self) -> None:
        if self.desk.shift is None:
            self.answer(self.Disowned())
            return
        self.query_one("#news", Sentence).say(self._waiting())
        if self._told_to_wait and not self.desk.must_wait:
            self._told_to_wait = False
            self.query_one("#notice", Notice).say("")
        if (self._settled, self._papers) != (self.desk.settled, self.desk.papers.to_decide):
            self._settled, self._papers = self.desk.settled, self.desk.papers.to_decide
            self.query_one(ChoiceList).set_choices(self._choices())


def _noted(requests: Sequence[Request], when: str) -> str:
    """Return what is to be said of requests of which nothing left."""
    if not requests:
        return ""
    count = french.counted(len(requests), "demande notée", "demandes notées")
    shown = ", ".join(one.code for one in requests[:CODES_SHOWN]) + (" …" if len(requests) > CODES_SHOWN else "")
    return f"! {count} : {shown}. Envoi {when}."


def _damaged(file: PutAside) -> str:
    return f"! {_DAMAGED[file.record].format(file.name)} Prévenez qui a installé ce poste."


def _to_decide(paper: OpenPaper) -> str:
    if not paper.is_ticket:
        question = "feuille pas encore imprimée" if paper.waiting else "la feuille est-elle sortie ?"
        return f"Demande {paper.code} : {question}"
    return f"Ticket {paper.code} : {'pas encore imprimé' if paper.waiting else 'est-il sorti ?'}"


def _to_tell(settled: Settled) -> str:
    answer = "rien n'est réservé" if settled.reference is None else "le rendez-vous est pris"
    return f"À rappeler : demande {settled.code}, {answer}"


def _unanswered(requests: Iterable[Request]) -> str:
    return "\n".join(f"! Demande {request.code} : pas encore de réponse, nous vérifions." for request in requests)
