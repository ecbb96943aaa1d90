"""What a kiosk is told by its file and its environment; a wrong setting is one line that says where and what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TextIO
from urllib.parse import urlsplit

import platformdirs

from kiosk.printing import address as printer_address

APP = "kiosk"
SYSTEM_FILE = Path("/etc/kiosk/kiosk.toml")
LOCK_FILE = "lock"
DEMO_KIOSK = "demo"
DEMO_SITE = "pref-93"
DEMO_COUNTER_TOKEN = "demonstration-counter-{}"  # noqa: S105 (of a site; it opens invented data only)

Paper = Literal["80mm", "58mm"]
Translation = Literal["machine", "translated", "reviewed", "tested"]  # how far a translation has come, least first
IDLE_WARNING_SECONDS, IDLE_MASK_SECONDS, IDLE_WIPE_SECONDS = 90, 120, 300  # without a key, during a visit
MAX_IDLE_SECONDS = 3600
_ROOT_KEY = re.compile(r"0[23][0-9a-f]{64}")  # a compressed point (SEC 1), see kiosk.tickets.keys.root_text
_COUNTER_TOKEN = re.compile(r"[A-Za-z0-9._~-]{20,200}")
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}")

_ENVIRONMENT = {
    "central_url": "KIOSK_CENTRAL_URL",
    "id": "KIOSK_ID",
    "printer": "KIOSK_PRINTER",
    "paper": "KIOSK_PAPER",
    "profile": "KIOSK_PROFILE",
    "least_translation": "KIOSK_LEAST_TRANSLATION",
    "idle_warning_seconds": "KIOSK_IDLE_WARNING_SECONDS",
    "idle_mask_seconds": "KIOSK_IDLE_MASK_SECONDS",
    "idle_wipe_seconds": "KIOSK_IDLE_WIPE_SECONDS",
    "state_dir": "KIOSK_STATE_DIR",
    "root_key": "KIOSK_ROOT_KEY",
    "counter_token": "KIOSK_COUNTER_TOKEN",
}

_IDLE = ("idle_warning_seconds", "idle_mask_seconds", "idle_wipe_seconds")
_EXPECTED_ROOT = "la clé du central, 66 chiffres et lettres, comme dans son fichier root.pub"
_EXPECTED_TOKEN = "le jeton que donne la commande « kiosk central counters add »"  # noqa: S105 (words)


class SettingsError(ValueError):
    """A setting is wrong; the message is one line for stderr."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between two kiosks."""

    central_url: str | None  # None: the embedded central, with demonstration data
    id: str  # the kiosk's own name at the central
    printer: str  # an address, see kiosk.printing.address
    paper: Paper
    profile: str | None  # the printer's model as python-escpos calls it; whether it knows it is found out when printing
    least_translation: Translation  # no phrase that is less may be printed
    state_dir: Path
    root_key: str | None = None  # signs the central's list of keys; a counter believes no other
    counter_token: str | None = field(default=None, repr=False)
    idle_warning_seconds: int = IDLE_WARNING_SECONDS
    idle_mask_seconds: int = IDLE_MASK_SECONDS
    idle_wipe_seconds: int = IDLE_WIPE_SECONDS

    @property
    def embedded(self) -> bool:
        """Return whether the kiosk starts its own central."""
        return self.central_url is None

    def counter_dir(self, site: str) -> Path:
        """Return where the counter of a site keeps its own files."""
        return self.state_dir / f"counter-{site}"

    def counter_token_for(self, site: str) -> str:
        """Return the token under which the central knows the counter of a site; raise SettingsError if none is set."""
        if self.embedded:
            return DEMO_COUNTER_TOKEN.format(site)
        if self.counter_token is None:
            raise SettingsError(f"clé « counter_token » absente : attendu {_EXPECTED_TOKEN}")
        return self.counter_token

    def site_of_counter(self, asked: str | None) -> str:
        """Return the site whose counter this is to be, the demonstration's by default.

        Raise SettingsError when none was asked for, or when a counter could not be sure of its central.
        """
        site = asked or (DEMO_SITE if self.embedded else None)
        if site is None:
            raise SettingsError("il faut dire de quel lieu : kiosk counter --site pref-93")
        if self.root_key is None and not self.embedded:
            raise SettingsError(f"clé « root_key » absente : attendu {_EXPECTED_ROOT}")
        self.counter_token_for(site)
        return site


def load(environ: Mapping[str, str]) -> Settings:
    """Read the file, then let the environment override it; raise SettingsError."""
    path = settings_file(environ)
    values = {key: (value, f"{path} : clé « {key} »") for key, value in _read(path).items()} if path else {}
    for key, variable in _ENVIRONMENT.items():
        if environ.get(variable):
            values[key] = (environ[variable], f"variable {variable}")
    idle = {key: _seconds(*values[key]) for key in _IDLE if key in values}
    settings = Settings(
        central_url=read_central_url(*values["central_url"]) if "central_url" in values else None,
        id=_identifier(*values["id"]) if "id" in values else DEMO_KIOSK,
        printer=_printer(*values["printer"]) if "printer" in values else printer_address.VIRTUAL,
        paper=_paper(*values["paper"]) if "paper" in values else "80mm",
        profile=_profile(*values["profile"]) if "profile" in values else None,
        least_translation=_translation(*values["least_translation"]) if "least_translation" in values else "machine",
        state_dir=_state_dir(*values["state_dir"]) if "state_dir" in values else platformdirs.user_state_path(APP),
        root_key=_root_key(*values["root_key"]) if "root_key" in values else None,
        counter_token=_counter_token(*values["counter_token"]) if "counter_token" in values else None,
        **idle,
    )
    if not settings.idle_warning_seconds < settings.idle_mask_seconds < settings.idle_wipe_seconds:
        asked = ", ".join(f"{key} = {getattr(settings, key)}" for key in _IDLE)
        raise SettingsError(f"{asked} : attendu des secondes de plus en plus grandes, comme 90, 120, 300")
    return settings


def open_lock(state_dir: Path) -> TextIO:
    """Make a directory of state and open the lock in it, which nobody holds yet; raise SettingsError."""
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (state_dir / LOCK_FILE).open("w")
    except OSError:
        raise SettingsError(f"{state_dir} : clé « state_dir », attendu un dossier où ce poste peut écrire") from None


def settings_file(environ: Mapping[str, str]) -> Path | None:
    """Return the file that `load` reads, None where there is none; one that is named need not exist."""
    if named := environ.get("KIOSK_CONFIG"):
        return Path(named)
    candidates = (platformdirs.user_config_path(APP) / "kiosk.toml", SYSTEM_FILE)
    return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> dict[str, object]:
    import tomllib  # most kiosks have no file, and the first screen waits for this import

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = "il est absent ou ne peut être lu" if isinstance(error, OSError) else "ce n'est pas du texte UTF-8"
        raise SettingsError(f"{path} : fichier de réglages illisible, {reason}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} : ce n'est pas du TOML ({error})") from None
    for key in table:
        if key not in _ENVIRONMENT:
            raise SettingsError(f"{path} : clé « {key} » inconnue, attendu : {', '.join(_ENVIRONMENT)}")
    return table


def _wrong(where: str, expected: str) -> SettingsError:
    return SettingsError(f"{where} : attendu {expected}")


def read_central_url(value: object, where: str) -> str:
    """Return the address of a central; raise SettingsError, which says where it stands."""
    expected = _wrong(where, "une adresse comme https://central.exemple.fr")
    if not isinstance(value, str):
        raise expected
    try:
        parts = urlsplit(value)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        raise expected from None
    extra = parts.query or parts.fragment or parts.username
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_right or extra:
        raise expected
    return value.rstrip("/")


def _identifier(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.replace("-", "").isalnum() or not value.isascii():
        raise _wrong(where, "le nom du poste, en lettres, chiffres et tirets, comme bobigny-1")
    return value


def _printer(value: object, where: str) -> str:
    expected = _wrong(where, printer_address.EXPECTED)
    if not isinstance(value, str):
        raise expected
    try:
        printer_address.parse_address(value)
    except printer_address.AddressError:
        raise expected from None
    return value


def _paper(value: object, where: str) -> Paper:
    match value:
        case "80mm" | "58mm":
            return value
    raise _wrong(where, "80mm ou 58mm")


def _profile(value: object, where: str) -> str:
    if not isinstance(value, str) or not _PROFILE.fullmatch(value):
        raise _wrong(where, "le nom d'un modèle d'imprimante, comme TM-T20II")
    return value


def _translation(value: object, where: str) -> Translation:
    match value:
        case "machine" | "translated" | "reviewed" | "tested":
            return value
    raise _wrong(where, "machine, translated, reviewed ou tested")


def _seconds(value: object, where: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 4:
        value = int(value)  # a variable is always text
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_IDLE_SECONDS:
        raise _wrong(where, f"un nombre entier de secondes, de 1 à {MAX_IDLE_SECONDS}")
    return value


def _state_dir(value: object, where: str) -> Path:
    expected = _wrong(where, "un dossier, en chemin absolu, comme /var/lib/kiosk")
    if not isinstance(value, str):
        raise expected
    try:
        path = Path(value).expanduser()
    except RuntimeError:  # ~somebody whom this machine does not know
        raise expected from None
    if not path.is_absolute():
        raise expected
    return path


def _root_key(value: object, where: str) -> str:
    if not isinstance(value, str) or not _ROOT_KEY.fullmatch(value.lower()):
        raise _wrong(where, _EXPECTED_ROOT)
    return value.lower()


def _counter_token(value: object, where: str) -> str:
    if not isinstance(value, str) or not _COUNTER_TOKEN.fullmatch(value):
        raise _wrong(where, _EXPECTED_TOKEN)
    return value
