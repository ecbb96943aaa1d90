"""Accueil: nothing personal here; the next person can sit down."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from kiosk.booking import french
from kiosk.desk.answers import Delivery, DeskError, OpenPaper, PutAside, Record, Settled
from kiosk.desk.desk import Desk
from kiosk.screens.base import CHOOSE, DIGITS, HELP, MASK, VERIFY, CounterScreen
from kiosk.screens.verify import VerifyTicketScreen
from kiosk.screens.words import printer_sentence
from kiosk.widgets.bars import Hint
from kiosk.widgets.choice_list import Choice, ChoiceList
from kiosk.widgets.sentences import Notice, Question, Sentence, Spoken

NEWS_SECONDS = 1.0
_DAMAGED = {
    Record.PAPERS: "Le journal des impressions était abîmé. Il est mis de côté : {}. "
    "Les rendez-vous, eux, sont au serveur.",
    Record.REQUESTS: "Le journal des demandes était abîmé. Il est mis de côté : {}. "
    "Une demande sans réponse a pu s'y perdre : cherchez la personne par son nom avant de recommencer.",
}


class HomeScreen(CounterScreen):
    """What does the person in front of you need?"""

    CSS_PATH = "home.tcss"
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
        """`new` starts a visit, `leave` ends the shift, and a paper asks to be decided about."""

        def __init__(self, key: str, paper: OpenPaper | None = None) -> None:
            super().__init__()
            self.key = key
            self.paper = paper

    def __init__(self, desk: Desk, notice: str = "") -> None:
        super().__init__(desk)
        self._notice = notice
        self._settled = desk.settled
        self._papers = desk.papers.to_decide
        self._printing = False

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
        yield Sentence(_news(self._settled), id="news")
        yield Sentence("\n".join(_damaged(one) for one in self.desk.put_aside), id="damaged")
        yield Spoken("Bonjour. C'est gratuit. Ce poste ne garde pas votre nom.")

    def on_mount(self) -> None:
        """Look for news for as long as this screen stands: what became of a request is learnt behind it."""
        self.set_interval(NEWS_SECONDS, self._look_for_news)

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        self.post_message(self.Chosen(event.key, next((p for p in self._papers if str(p.number) == event.key), None)))

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
            *(Choice(str(paper.number), (_to_decide(paper),)) for paper in self._papers),
        )

    def _look_for_news(self) -> None:
        if self._settled != self.desk.settled:
            self._settled = self.desk.settled
            self.query_one("#news", Sentence).say(_news(self._settled))
        if self._papers != self.desk.papers.to_decide:
            self._papers = self.desk.papers.to_decide
            self.query_one(ChoiceList).set_choices(self._choices())


def _damaged(file: PutAside) -> str:
    return f"! {_DAMAGED[file.record].format(file.name)} Prévenez qui a installé ce poste."


def _to_decide(paper: OpenPaper) -> str:
    return f"Ticket {paper.code} : {'pas encore imprimé' if paper.waiting else 'est-il sorti ?'}"


def _news(settled: Iterable[Settled]) -> str:
    return "\n".join(_outcome(one) for one in settled)


def _outcome(settled: Settled) -> str:
    when = french.hour(settled.asked_at.astimezone().time())
    if settled.reference is None:
        return f"! La demande de {when} n'a pas abouti : rien n'est réservé. La personne peut recommencer."
    return f"! La demande de {when} a abouti. Le rendez-vous est pris : retrouvez-le par le nom, puis F8."
