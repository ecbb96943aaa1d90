"""The kiosk: a mediator books an appointment for a person and hands over a printed ticket."""

__version__ = "0.1.0"
