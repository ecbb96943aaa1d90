"""Write kiosk/assets/phrases/dates.json: how each language writes a full date, from CLDR through Babel.

The kiosk runs without Babel: it composes dates from this file (kiosk/printing/dates.py). Run from the project's root:
python -m tools.make_dates
"""

import json
from pathlib import Path

from babel import Locale

TARGET = Path(__file__).parent.parent / "kiosk" / "assets" / "phrases" / "dates.json"
LOCALES = {
    "en": "en_GB",
    "ar": "ar",
    "pt": "pt_PT",
    "es": "es",
    "tr": "tr",
    "zh-Hans": "zh_Hans",
    "ru": "ru",
    "uk": "uk",
    "fa-AF": "fa_AF",
    "ps": "ps",
    "ta": "ta",
    "bn": "bn",
    "ti": "ti",
}


def dates_of(locale: Locale) -> dict[str, object]:
    """Return the pattern of a full date and the names that it asks for: Monday first, January first."""
    pattern = str(locale.date_formats["full"].pattern)
    context = "stand-alone" if "L" in pattern else "format"
    days = locale.days["stand-alone" if "c" in pattern else "format"]["wide"]
    months = locale.months[context]["wide"]
    return {
        "pattern": pattern,
        "weekdays": [days[number] for number in range(7)],
        "months": [months[number] for number in range(1, 13)],
    }


def made() -> str:
    """Return the whole file."""
    table = {code: dates_of(Locale.parse(name)) for code, name in LOCALES.items()}
    return json.dumps(table, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(made(), encoding="utf-8")
