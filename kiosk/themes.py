"""The colours: dark on white, every pair at 7:1 or more; a colour only repeats what a word or a sign already says."""

from textual.theme import Theme

LIGHT = Theme(
    name="kiosk-clair",
    dark=False,
    primary="#000091",
    secondary="#000091",
    accent="#000091",
    foreground="#161616",
    background="#ffffff",
    surface="#ffffff",
    panel="#eeeeee",
    error="#9c0400",
    warning="#713000",
    success="#0b4f27",
    variables={
        "input-cursor-background": "#000091",
        "input-cursor-foreground": "#ffffff",
        "input-selection-background": "#d5d5ff",
        "footer-background": "#ffffff",
    },
)
