"""The hardened terminal: a Textual application that nobody can leave, read back or confuse. It knows no booking."""

from kiosk.terminal.app import HardenedApp
from kiosk.terminal.gate import BURST_GAP_SECONDS, BURST_KEYS, KeyHold
from kiosk.terminal.supervisor import run_forever

__all__ = ["BURST_GAP_SECONDS", "BURST_KEYS", "HardenedApp", "KeyHold", "run_forever"]
