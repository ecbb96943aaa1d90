"""Which screen asks which question."""

from typing import Final

from kiosk.booking.journey import Journey, Step
from kiosk.screens.application import FirstDayScreen, ReadBackScreen
from kiosk.screens.check import CheckScreen
from kiosk.screens.documents import DocumentsScreen
from kiosk.screens.number import AgdrefScreen, AntsScreen, NephScreen
from kiosk.screens.person import PersonScreen
from kiosk.screens.service import ServiceScreen
from kiosk.screens.site import SiteScreen
from kiosk.screens.slot import SlotScreen
from kiosk.screens.step import StepScreen

STEP_SCREENS: Final[dict[Step, type[StepScreen]]] = {
    screen.STEP: screen
    for screen in (
        PersonScreen,
        ServiceScreen,
        AgdrefScreen,
        AntsScreen,
        NephScreen,
        DocumentsScreen,
        SiteScreen,
        SlotScreen,
        CheckScreen,
    )
}

# Where nobody can see the hours, these questions are others.
APPLICATION_SCREENS: Final[dict[Step, type[StepScreen]]] = {
    screen.STEP: screen for screen in (FirstDayScreen, ReadBackScreen)
}


def screen_for(step: Step, journey: Journey) -> type[StepScreen]:
    """Return which screen asks it."""
    return (APPLICATION_SCREENS if journey.applying else {}).get(step, STEP_SCREENS[step])
