"""What can go wrong between a booking and its paper; the messages are French sentences that a screen can show."""


class PrintingError(Exception):
    """Anything this room raises on purpose."""


class TicketError(PrintingError):
    """These facts cannot become a ticket."""


class MissingGlyphError(PrintingError):
    """The font has no drawing for a character, nor for its base letter."""


class ProfileError(PrintingError):
    """No printer of this name is known, or it cannot print what we draw."""


class PhrasesError(PrintingError):
    """A table of translations is not there or does not hold, or this machine cannot draw its language."""


class ContactsError(PrintingError):
    """The table of who helps against resale is not there or does not hold."""


class QrError(PrintingError):
    """The code cannot be drawn on this paper, or what is drawn does not read back as the token."""


class PayloadError(PrintingError):
    """Bytes that a printer of ours must never be sent."""


class NotSentError(PrintingError):
    """Nothing left the process: sending again cannot print twice."""


class LineError(PrintingError):
    """A line broke while it was open. What had been handed over may or may not be printed.

    `sent_nothing` is True only when it is certain that no byte ever left by this line, not even a question.
    """

    def __init__(self, message: str, *, sent_nothing: bool = False) -> None:
        super().__init__(message)
        self.sent_nothing = sent_nothing
