"""What is measured of the kiosk: its first screen, its keys, its screens, and the way to the printer."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

from bench.measure import MS_PER_SECOND, Program, Step, Times
from tests.support.mediator import DRIVING_LICENCE, KIOSK, Mediator, Somebody, environment
from tests.support.pty import Terminal

FIRST_SCREEN = r"Médiateur(.|\n)*Code(.|\n)*F12 masquer"
UNIQUE = "ZQXJ"  # stands nowhere else on a screen, so that what follows it was just typed
TAIL = 6
FILTER_LETTERS = "abcdelmnprstv"  # each leaves more places than one page shows
BUFFER_BYTES = 65_536
QUESTION_BYTES = 64  # the kiosk asks how the printer is, on a line of its own and after the ticket
TICKET_BYTES = 1024
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Site:
    """Where the kiosks of a campaign live, and what they talk to."""

    folder: Path
    central_url: str
    printer_url: str

    def kiosk(self, name: str) -> Program:
        """Return a kiosk with a state of its own, ready at its first complete screen."""
        settings = {"KIOSK_CENTRAL_URL": self.central_url, "KIOSK_PRINTER": self.printer_url}
        return Program(KIOSK, FIRST_SCREEN, environment(self.folder / name, self.folder, settings))


class Sink:
    """A printer that takes everything at once, answers nothing, and notes when a ticket's last byte came."""

    def __init__(self, listener: socket.socket) -> None:
        self.url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        self._listener = listener
        self._ended = threading.Semaphore(0)
        self._last_byte_at = 0.0

    def serve(self) -> None:
        """Take tickets until the listener closes."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                if self._takes_a_ticket(connection):
                    self._ended.release()

    def _takes_a_ticket(self, connection: socket.socket) -> bool:
        received = 0
        while chunk := connection.recv(BUFFER_BYTES):
            received += len(chunk)
            if len(chunk) > QUESTION_BYTES:
                self._last_byte_at = time.perf_counter()
        return received > TICKET_BYTES

    def last_byte_at(self) -> float:
        """Return when the ticket under way was complete."""
        assert self._ended.acquire(timeout=PATIENCE_SECONDS), "no ticket came"
        return self._last_byte_at


@contextmanager
def sink() -> Iterator[Sink]:
    """Run a sink for the length of a campaign."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sink = Sink(listener)
        thread = threading.Thread(target=sink.serve, name="sink")
        thread.start()
        try:
            yield sink
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def typing_a_surname() -> Step:
    """A letter more in the surname of the person form."""
    typed = UNIQUE + ascii_uppercase * 4

    def prepare(terminal: Terminal) -> None:
        Mediator(terminal).sign_in()
        terminal.press("enter")
        Mediator(terminal).sees("Qui vient au rendez-vous")
        terminal.type(UNIQUE)

    def tail(turn: int) -> str:
        end = len(UNIQUE) + turn + 1
        return rf"{typed[max(0, end - TAIL) : end]}\s"

    return Step(key=lambda turn: typed[len(UNIQUE) + turn], shows=tail, prepare=prepare)


def filtering_places() -> Step:
    """A first letter in the filter above all places of the country."""

    def prepare(terminal: Terminal) -> None:
        _start(terminal, _somebody(0)).chooses_service_and_documents()

    def restore(terminal: Terminal) -> None:
        terminal.press("backspace")
        terminal.wait_for("sur 334")

    return Step(
        key=lambda turn: FILTER_LETTERS[turn % len(FILTER_LETTERS)],
        shows=lambda _: r"sur (?!334)\d\d+",
        prepare=prepare,
        restore=restore,
    )


def changing_screens() -> Step:
    """Enter, from the question of the service to that of the documents."""

    documents = "Que faut-il apporter(.|\n)*F12"

    def prepare(terminal: Terminal) -> None:
        _start(terminal, _somebody(1))
        terminal.press(DRIVING_LICENCE)
        terminal.wait_for(documents)
        restore(terminal)

    def restore(terminal: Terminal) -> None:
        terminal.press("esc")
        terminal.wait_for("Pour quelle démarche")

    return Step(key=lambda _: "enter", shows=lambda _: documents, prepare=prepare, restore=restore)


def measure_tickets(program: Program, printer: Sink, rounds: int) -> Times:
    """Book `rounds` appointments; time each from F10 to the last byte that the printer got."""
    samples = []
    with program.start() as terminal:
        mediator = Mediator(terminal)
        mediator.sign_in()
        for turn in range(rounds):
            mediator.goes_to_check(_somebody(turn))
            terminal.settle()
            pressed = terminal.press("f10")
            mediator.sees("Le ticket est-il sorti")
            terminal.press("o")
            mediator.sees("Le ticket est sorti")
            samples.append((printer.last_byte_at() - pressed) * MS_PER_SECOND)
            mediator.finishes()
    return Times(samples)


def _start(terminal: Terminal, somebody: Somebody) -> Mediator:
    mediator = Mediator(terminal)
    mediator.sign_in()
    mediator.begin(somebody)
    mediator.search()
    mediator.writes_new_person(somebody)
    return mediator


def _somebody(number: int) -> Somebody:
    return Somebody(f"MESURE{ascii_uppercase[number]}", "05051985", "1985-05-05", "Amadou", "0612345678")
