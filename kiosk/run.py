"""What `kiosk run` and `kiosk counter` do: settings, log, desk or counter, application."""

import datetime as dt
import fcntl
import os
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from kiosk import log
from kiosk.environment import confine_process, strip_environment
from kiosk.log import Event
from kiosk.settings import Settings, SettingsError, load, open_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.terminal import HardenedApp
    from kiosk.terminal.idle import Limits

LOG_FILE = "kiosk.log"
USAGE_ERROR = 2


def run() -> int:
    """Run the kiosk in this terminal until a signal ends it; return its exit code."""
    _confine()
    try:
        settings = load(os.environ)
        _check_profile(settings)
        lock = _own(settings.state_dir)
    except SettingsError as error:
        return _refuse(str(error))
    return _run_in_terminal(lambda: _kiosk(settings), settings.state_dir, lock)


def run_counter(site: str | None) -> int:
    """Run the welcome desk of a site in this terminal until a signal ends it; return its exit code."""
    _confine()
    try:
        settings = load(os.environ)
        site = settings.site_of_counter(site)
        lock = _own(settings.counter_dir(site))
    except SettingsError as error:
        return _refuse(str(error))
    return _run_in_terminal(lambda: _counter(settings, site), settings.counter_dir(site), lock)


def _run_in_terminal(maker: "Callable[[], Callable[[bool], HardenedApp]]", state_dir: Path, lock: TextIO) -> int:
    """Run what the maker's function makes; nothing heavy is imported before there is a terminal to show it in."""
    with lock:
        if not sys.stdin.isatty() or not sys.stdout.isatty():
            return _refuse("kiosk : il faut un terminal, d'au moins 80 colonnes et 24 lignes")
        log.to_file(state_dir / LOG_FILE)
        log.event(Event.STARTED)
        from kiosk.terminal import run_forever

        return run_forever(maker())


def _kiosk(settings: Settings) -> "Callable[[bool], HardenedApp]":
    from kiosk.app import KioskApp
    from kiosk.desk.desk import Desk
    from kiosk.embedded import host_for

    def fresh_app(after_crash: bool) -> KioskApp:
        desk = Desk(settings, host=host_for(settings), now=_now, new_key=lambda: str(uuid.uuid4()))
        return KioskApp(desk, after_crash=after_crash, limits=_limits(settings))

    return fresh_app


def _counter(settings: Settings, site: str) -> "Callable[[bool], HardenedApp]":
    from kiosk.desk.welcome import Welcome
    from kiosk.embedded import host_for
    from kiosk.welcome_app import WelcomeApp

    def fresh_app(_after_crash: bool) -> WelcomeApp:
        host = host_for(settings)
        counter = Welcome(settings, site, host=host, now=_now, new_nonce=lambda: str(uuid.uuid4()))
        return WelcomeApp(counter, _limits(settings))

    return fresh_app


def _limits(settings: Settings) -> "Limits":
    from kiosk.terminal.idle import Limits

    return Limits(settings.idle_warning_seconds, settings.idle_mask_seconds, settings.idle_wipe_seconds)


def _confine() -> None:
    strip_environment(os.environ)
    confine_process()


def _now() -> dt.datetime:
    return dt.datetime.now().astimezone()


def _own(state_dir: Path) -> TextIO:
    """Make the state directory and lock it: two kiosks would settle each other's requests. Raise SettingsError."""
    lock = open_lock(state_dir)
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


def _refuse(line: str) -> int:
    sys.stderr.write(line + "\n")
    return USAGE_ERROR
