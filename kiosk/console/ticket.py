"""`kiosk ticket sample`: a paper with invented facts, as bytes for a printer and as the picture of those very bytes."""

import sys
from pathlib import Path

from kiosk.printing import languages
from kiosk.printing.errors import PhrasesError, PrintingError
from kiosk.printing.paper import papers
from kiosk.printing.phrases import Status
from kiosk.printing.profiles import Paper, form_for
from kiosk.printing.samples import Kind, sample
from kiosk.printing.service import render

FRENCH = "fr"
FAILURE, USAGE_ERROR = 1, 2


def write_sample(kind: str, language: str, paper: Paper, output: Path, picture: Path | None) -> int:
    """Write the bytes to `output` and the picture, if asked for, as PNG; return the exit code.

    What cannot be done is said in one French line on standard error.
    """
    second, made = None if language == FRENCH else language, Kind(kind)
    try:
        if second is not None:
            _check_language(made, second)
    except PrintingError as error:
        return _refuse(str(error), USAGE_ERROR)
    try:
        form = form_for(paper)
        payload = render(sample(made), form, second).payload
        [interpreted] = papers(payload, form.dots)
        output.write_bytes(payload)
        if picture is not None:
            interpreted.save(picture, format="PNG")
    except PrintingError as error:
        return _refuse(str(error), FAILURE)
    except OSError as error:
        return _refuse(f"{error.filename or output} : ce fichier ne peut pas être écrit.", FAILURE)
    return 0


def _check_language(kind: Kind, second: str) -> None:
    """Raise PhrasesError unless this paper can have a second block in this language."""
    if kind is not Kind.TICKET:
        raise PrintingError(
            "Seul le ticket existe en plusieurs langues. Ce papier est en français : enlevez --language."
        )
    if second == languages.PICTOGRAMS:
        return
    try:
        languages.wording(second)
    except PhrasesError as error:
        codes = ", ".join((FRENCH, languages.PICTOGRAMS, *(one.code for one in languages.offered(Status.MACHINE))))
        raise PhrasesError(f"{error} Langues possibles ici : {codes}.") from error


def _refuse(line: str, code: int) -> int:
    sys.stderr.write(f"kiosk ticket : {line}\n")
    return code
