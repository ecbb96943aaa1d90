"""What must be true of the process before Textual is imported; hence nothing here imports Textual."""

import os
import resource
from collections.abc import MutableMapping

PRIVATE_FILES = 0o077


def strip_environment(environ: MutableMapping[str, str]) -> None:
    """Delete every variable that Textual reads: among them are a key logger, a screenshot to disk and a code loader."""
    for name in [name for name in environ if name.startswith("TEXTUAL")]:
        del environ[name]


def confine_process() -> None:
    """Leave no memory image after a crash, and let no file be readable by another account: both could hold a person."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(PRIVATE_FILES)
