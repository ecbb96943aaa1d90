"""Settings: the file, the environment over it, and one clear line for what is wrong."""

from pathlib import Path

import pytest

from kiosk.settings import Settings, SettingsError, load

WRONG_VALUES = [
    ("central_url", '"ftp://central"', "https://central.exemple.fr"),
    ("central_url", "3", "https://central.exemple.fr"),
    ("central_url", '"http://[::1"', "https://central.exemple.fr"),
    ("printer", '"lpt1"', "tcp://192.0.2.7:9100"),
    ("printer", '"tcp://imprimante"', "tcp://192.0.2.7:9100"),
    ("printer", '"tcp://imprimante:99999"', "tcp://192.0.2.7:9100"),
    ("printer", '"file://dev/usb/lp0"', "file:///dev/usb/lp0"),
    ("paper", '"A4"', "80mm ou 58mm"),
    ("paper", "80", "80mm ou 58mm"),
    ("printer", '"serial:///dev/ttyUSB0?baud=1"', "serial:///dev/ttyUSB0?baud=19200"),
    ("printer", '"usb://epson"', "usb://04b8:0e15"),
    ("printer", '"cups:-d x"', "cups:TICKETS"),
    ("profile", '""', "TM-T20II"),
    ("profile", '"../../etc"', "TM-T20II"),
    ("profile", "20", "TM-T20II"),
    ("least_translation", '"best"', "machine, translated, reviewed ou tested"),
    ("idle_warning_seconds", "0", "de 1 à 3600"),
    ("idle_mask_seconds", "3601", "de 1 à 3600"),
    ("idle_wipe_seconds", "true", "de 1 à 3600"),
    ("idle_wipe_seconds", "1.5", "de 1 à 3600"),
    ("idle_wipe_seconds", '"²"', "de 1 à 3600"),
    ("idle_wipe_seconds", '"99999"', "de 1 à 3600"),
    ("state_dir", '"etat"', "chemin absolu"),
    ("root_key", '"04' + 64 * "a" + '"', "root.pub"),
    ("root_key", '"02abc"', "root.pub"),
    ("root_key", "2", "root.pub"),
    ("counter_token", '"short"', "kiosk central counters add"),
    ("counter_token", '"with a space in it, and long"', "kiosk central counters add"),
    ("counter_token", "12345678901234567890", "kiosk central counters add"),
    ("id", '"poste n° 1"', "lettres, chiffres et tirets"),
]


def written(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "kiosk.toml"
    path.write_text(text, encoding="utf-8")
    return {"KIOSK_CONFIG": str(path)}


def test_without_any_setting_the_kiosk_is_a_demonstration(tmp_path: Path) -> None:
    settings = load(written(tmp_path, ""))
    assert settings.embedded
    assert (settings.printer, settings.paper, settings.id) == ("virtual:", "80mm", "demo")
    assert (settings.profile, settings.least_translation) == (None, "machine")
    assert settings.state_dir.is_absolute()


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    environ = written(tmp_path, 'central_url = "https://a.exemple.fr/"\npaper = "58mm"\nid = "bobigny-1"\n')
    environ |= {"KIOSK_CENTRAL_URL": "http://127.0.0.1:8080", "KIOSK_STATE_DIR": str(tmp_path)}
    environ |= {"KIOSK_PRINTER": "tcp://192.0.2.7:9100", "KIOSK_PROFILE": "TM-T20II"}
    environ |= {"KIOSK_LEAST_TRANSLATION": "reviewed"}
    assert load(environ) == Settings(
        central_url="http://127.0.0.1:8080",
        id="bobigny-1",
        printer="tcp://192.0.2.7:9100",
        paper="58mm",
        profile="TM-T20II",
        least_translation="reviewed",
        state_dir=tmp_path,
    )


@pytest.mark.parametrize(
    "printer", ["serial:///dev/ttyUSB0?baud=9600", "usb://04b8:0e15/J5SF001", "cups:TICKETS", "file:///dev/usb/lp0"]
)
def test_a_file_holds_every_setting_of_the_paper(printer: str, tmp_path: Path) -> None:
    text = f'printer = "{printer}"\nprofile = "TM-T88V"\nleast_translation = "tested"\n'
    settings = load(written(tmp_path, text))
    assert (settings.printer, settings.profile, settings.least_translation) == (printer, "TM-T88V", "tested")


def test_a_counter_of_the_demonstration_needs_no_setting(tmp_path: Path) -> None:
    settings = load(written(tmp_path, ""))
    assert settings.site_of_counter(None) == "pref-93"
    assert settings.site_of_counter("pref-75") == "pref-75"
    assert settings.counter_token_for("pref-75") == "demonstration-counter-pref-75"


def test_a_counter_of_a_real_central_says_where_it_is_whom_it_believes_and_who_it_is(tmp_path: Path) -> None:
    text = 'central_url = "https://a.exemple.fr"\n'
    for setting, missing in (
        (f'root_key = "02{64 * "A"}"\n', "« root_key »"),
        ('counter_token = "0123456789-0123456789"\n', "« counter_token »"),
    ):
        with pytest.raises(SettingsError, match=missing):
            load(written(tmp_path, text)).site_of_counter("pref-93")
        text += setting
    settings = load(written(tmp_path, text) | {"KIOSK_STATE_DIR": str(tmp_path)})
    assert settings.site_of_counter("pref-93") == "pref-93"
    assert settings.root_key == "02" + 64 * "a"
    assert settings.counter_token_for("pref-93") == "0123456789-0123456789"
    assert "0123456789" not in repr(settings)
    assert settings.counter_dir("pref-93") == tmp_path / "counter-pref-93"
    with pytest.raises(SettingsError, match="--site"):
        settings.site_of_counter(None)


@pytest.mark.parametrize(("key", "value", "expected"), WRONG_VALUES)
def test_a_wrong_value_names_file_key_and_what_was_expected(
    tmp_path: Path, key: str, value: str, expected: str
) -> None:
    environ = written(tmp_path, f"{key} = {value}\n")
    with pytest.raises(SettingsError) as error:
        load(environ)
    line = str(error.value)
    assert environ["KIOSK_CONFIG"] in line
    assert f"« {key} »" in line
    assert expected in line
    assert "\n" not in line


def test_the_seconds_of_an_idle_visit_are_set_one_by_one_and_must_increase(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "idle_mask_seconds = 100\n") | {"KIOSK_IDLE_WIPE_SECONDS": "101"})
    assert settings.idle_warning_seconds == 90
    assert (settings.idle_mask_seconds, settings.idle_wipe_seconds) == (100, 101)
    for key, value in (("warning", 120), ("mask", 90), ("wipe", 120)):
        with pytest.raises(SettingsError, match=f"idle_{key}_seconds = {value}.*de plus en plus grandes"):
            load(written(tmp_path, f"idle_{key}_seconds = {value}\n"))


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="variable KIOSK_PAPER : attendu 80mm ou 58mm"):
        load(written(tmp_path, "") | {"KIOSK_PAPER": "A4"})


def test_an_unknown_key_a_file_that_is_not_toml_and_one_that_is_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="clé « imprimante » inconnue"):
        load(written(tmp_path, 'imprimante = "virtual:"'))
    with pytest.raises(SettingsError, match="ce n'est pas du TOML"):
        load(written(tmp_path, "paper = "))
    with pytest.raises(SettingsError, match="illisible"):
        load({"KIOSK_CONFIG": str(tmp_path / "absent.toml")})
