"""Accueil d'un lieu: tickets one after the other, all day, with a network or without."""

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from kiosk.booking import french
from kiosk.desk.answers import Central, CentralRefusedError, DeskError, JournalError, NotGenuineError
from kiosk.desk.welcome import Conflict, Welcome
from kiosk.screens.base import CENTRAL, HELP
from kiosk.screens.verify import IDENTITY, NEXT_TICKET, VerifyScreen
from kiosk.screens.words import welcome_sentence_for
from kiosk.tickets.scan import Code, Ticket
from kiosk.widgets.bars import Hint
from kiosk.widgets.sentences import Sentence

LOOK_SECONDS = 1.0
NEWS_SHOWN = 2
_TROUBLE = {  # a silent central is told by the top line
    CentralRefusedError: "! Le central ne veut pas de ce poste : rien n'est transmis. Prévenez qui l'a installé.",
    NotGenuineError: "! Ce central n'est pas celui que ce poste attend. Prévenez qui l'a installé.",
    JournalError: "! Ce poste n'arrive plus à écrire sur son disque. Prévenez qui l'a installé.",
}
_NOT_IN = "Noté : la personne n'est pas entrée avec ce ticket."
_STILL_IN = "Ce poste n'arrive plus à écrire sur son disque : l'entrée compte encore. Prévenez qui l'a installé."
_READ = "Dites-le à un agent, avec le code. F8 : c'est fait."
_AGAIN = "! Ticket {} passé deux fois : {}, puis ici {}."
_UNKNOWN = "! Ticket {} : passé ici {}, mais le central ne connaît pas ce rendez-vous. Prévenez un agent."
_GONE = "! Ticket {} : le rendez-vous était annulé ou déplacé quand il est passé ici {}."


class WelcomeScreen(VerifyScreen):
    """Who comes in? A good ticket is counted at once; Échap takes it back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "turn_away"), Binding("f8,alt+8", "news")]
    STEP_HINTS: ClassVar[tuple[Hint, ...]] = (NEXT_TICKET, IDENTITY, Hint("Échap", "pas entré"), HELP)
    VISIT_HINTS: ClassVar[tuple[Hint, ...]] = (Hint("F8", "messages"),)
    HELP_TEXT = (
        "Scannez le carré du ticket. La réponse s'affiche tout de suite, puis scannez le suivant.\n\n"
        "Un bon ticket compte comme une entrée. La personne n'entre pas ? Échap.\n"
        "Le ticket doit être à la personne : regardez sa pièce d'identité, ou scannez le bas de la pièce, ou F5.\n\n"
        "Le réseau manque ? Continuez : tout est gardé, puis transmis. Le poste dit de quand date ce qu'il sait.\n"
        "Un ticket faux, annulé ou au nom d'un autre ? La personne a peut-être été trompée. Restez aimable."
    )

    def __init__(self, counter: Welcome) -> None:
        super().__init__(counter)
        self._counter = counter
        self._read: set[Conflict] = set()

    def body(self) -> Iterable[Widget]:
        """The field and the answer, or the news where there is none; at the bottom, how this counter stands."""
        yield from super().body()
        yield Sentence(id="news")
        yield Sentence(id="standing")

    def on_mount(self) -> None:
        """Keep the bottom line true."""
        self._look_again()
        self.set_interval(LOOK_SECONDS, self._look_again)

    def status(self) -> tuple[str, str]:
        """Return where this counter is and whether it hears the central."""
        counter = self._counter
        left = (["DÉMONSTRATION"] if counter.demonstration else []) + ["Accueil", counter.site_label]
        return " · ".join(left), f"{CENTRAL[counter.central]}   {french.hour(counter.now().time())}"

    def action_turn_away(self) -> None:
        """Take the entry back."""
        if self.check is not None and self.check.nonce:
            self._withdraw()
        else:
            self.forget()

    def action_news(self) -> None:
        """Make room for the news; those that are on the screen have been read."""
        if self.is_idle:
            self._read.update(self._unread()[:NEWS_SHOWN])
        self.forget()

    def begin(self, asked: Ticket | Code | None) -> None:
        """Make room for the answer about this ticket; where there is none, there is room for news."""
        super().begin(asked)
        self._look_again()

    def sentence_for(self, error: DeskError) -> str:
        """Return why nobody was let in, and what to do."""
        return welcome_sentence_for(error, self._counter.now())

    @work(group="verify", exit_on_error=False)
    async def _withdraw(self) -> None:
        async with self.in_turn:
            if self.check is None:
                return
            try:
                await self._counter.withdraw(self.check)
            except DeskError as error:
                self.say(_STILL_IN if isinstance(error, JournalError) else self.sentence_for(error))
                return
            self.forget()
            self.query_one("#advice", Sentence).say(_NOT_IN)

    def _look_again(self) -> None:
        if self.check is not None and (known := self._counter.reconsidered(self.check)) != self.check:
            self.check = known
            self._show(known)
        unread = self._unread()
        news = [told for told in (_TROUBLE.get(type(self._counter.trouble)),) if told]
        standing = self._standing()
        if waiting := len(news) + len(unread):
            standing += f" · ! {french.counted(waiting, 'message', 'messages')}"
        if unread:
            news += [*map(self._told, unread[:NEWS_SHOWN]), _READ]
        board = self.query_one("#news", Sentence)
        board.say("\n".join(news))
        board.display = self.is_idle and bool(news)
        self.query_one("#standing", Sentence).say(standing)

    def _unread(self) -> list[Conflict]:
        return [conflict for conflict in self._counter.conflicts if conflict not in self._read]

    def _standing(self) -> str:
        counter = self._counter
        parts = [french.counted(counter.admitted_today, "entrée", "entrées")]
        if counter.as_of is None:
            parts = ["! Pas encore de liste du jour", *parts]
        else:
            parts = [f"Liste de {french.hour(counter.as_of.astimezone(counter.now().tzinfo).time())}", *parts]
        if counter.pending:
            parts.append(f"{counter.pending} à transmettre")
        elif counter.central is Central.HERE:
            parts.append("tout est transmis")
        return " · ".join(parts)

    def _told(self, conflict: Conflict) -> str:
        here = f"à {french.hour(conflict.at.time())}"
        if conflict.finding == "unknown":
            return _UNKNOWN.format(conflict.code, here)
        if conflict.first_at is None:
            return _GONE.format(conflict.code, here)
        return _AGAIN.format(conflict.code, f"à {french.hour(conflict.first_at.time())} ({conflict.first_by})", here)
