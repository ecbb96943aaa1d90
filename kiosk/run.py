"""What `kiosk run` does: settings, log, desk, application."""

import datetime as dt
import fcntl
import logging
import os
import sys
import uuid
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from kiosk.environment import confine_process, strip_environment
from kiosk.settings import Settings, SettingsError, load

LOG_FILE = "kiosk.log"
LOCK_FILE = "lock"
LOG_BYTES = 1_000_000
USAGE_ERROR = 2


def run() -> int:
    """Run the kiosk in this terminal until a signal ends it; return its exit code."""
    strip_environment(os.environ)
    confine_process()
    try:
        settings = load(os.environ)
        _check_profile(settings)
        lock = _own(settings.state_dir)
    except SettingsError as error:
        return _refuse(str(error))
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        return _refuse("kiosk : il faut un terminal, d'au moins 80 colonnes et 24 lignes")
    _log_to(settings.state_dir / LOG_FILE)
    with lock:
        return _run_in_terminal(settings)


def _run_in_terminal(settings: Settings) -> int:
    from kiosk.app import KioskApp
    from kiosk.desk.desk import Desk
    from kiosk.embedded import EmbeddedCentral, RemoteCentral
    from kiosk.terminal import run_forever

    def fresh_app(after_crash: bool) -> KioskApp:
        url = settings.central_url
        host = RemoteCentral(url) if url else EmbeddedCentral(settings.state_dir / "central")
        desk = Desk(settings, host=host, now=_now, new_key=lambda: str(uuid.uuid4()))
        return KioskApp(desk, after_crash=after_crash)

    return run_forever(fresh_app)


def _now() -> dt.datetime:
    return dt.datetime.now().astimezone()


def _own(state_dir: Path) -> TextIO:
    """Make the state directory and lock it: two kiosks would settle each other's requests. Raise SettingsError."""
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (state_dir / LOCK_FILE).open("w")
    except OSError:
        raise SettingsError(f"{state_dir} : clé « state_dir », attendu un dossier où ce poste peut écrire") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SettingsError(f"{state_dir} : clé « state_dir », un autre poste se sert déjà de ce dossier") from None
    return lock


def _check_profile(settings: Settings) -> None:
    """Refuse a printer's model that nobody knows before anybody stands at the desk; raise SettingsError."""
    if settings.profile is None:
        return
    from kiosk.printing.errors import ProfileError
    from kiosk.printing.profiles import form_for

    try:
        form_for(settings.paper, settings.profile)
    except ProfileError as error:
        raise SettingsError(f"clé « profile » : {error}") from None


def _log_to(path: Path) -> None:
    """Log to a file only: a line on stderr would be drawn over the screen."""
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _refuse(line: str) -> int:
    sys.stderr.write(line + "\n")
    return USAGE_ERROR
