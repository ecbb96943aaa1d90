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
    ("state_dir", '"etat"', "chemin absolu"),
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
    assert settings.state_dir.is_absolute()


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    environ = written(tmp_path, 'central_url = "https://a.exemple.fr/"\npaper = "58mm"\nid = "bobigny-1"\n')
    environ |= {"KIOSK_CENTRAL_URL": "http://127.0.0.1:8080", "KIOSK_STATE_DIR": str(tmp_path)}
    environ |= {"KIOSK_PRINTER": "tcp://192.0.2.7:9100"}
    assert load(environ) == Settings(
        central_url="http://127.0.0.1:8080",
        id="bobigny-1",
        printer="tcp://192.0.2.7:9100",
        paper="58mm",
        state_dir=tmp_path,
    )


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
