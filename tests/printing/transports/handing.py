"""What a caller of a channel does: hands over piece by piece, until all is taken or nothing more is."""

from kiosk.printing.profiles import form_for
from kiosk.printing.service import render
from kiosk.printing.transports import Channel
from tests.printing.builders import ticket

PAYLOAD = render(ticket(), form_for("58mm")).payload
NAME = "7K4MQ2XP93TQ"


def hand_over(channel: Channel, payload: bytes = PAYLOAD, patience: float = 5.0) -> int:
    """Return how many bytes were taken."""
    taken = 0
    while taken < len(payload) and (more := channel.write(payload[taken:], patience)):
        taken += more
    return taken
