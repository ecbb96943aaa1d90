"""What is installed is what runs: the wheel alone, from any directory, without the source beside it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.mediator import KIOSK, Mediator, environment
from tests.support.pty import Terminal

ROOT = Path(__file__).parents[1]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "--quiet")
BUILD_SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(*PIP, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", str(folder), str(ROOT))
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    run(*PIP, "install", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder


def test_everything_the_program_reads_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    needed = {path.relative_to(ROOT).as_posix() for path in (ROOT / "kiosk").rglob("*") if is_ours(path)}
    assert any(name.endswith(".tcss") for name in needed)
    assert any("/migrations/versions/" in name for name in needed)
    assert any(name.endswith(".svg") for name in needed)
    assert any("/assets/" in name for name in needed)
    assert needed <= inside


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    rooms = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {room for room in rooms if not room.endswith(".dist-info")} == {"kiosk"}


def test_the_installed_central_describes_the_committed_contract(installed: Path, tmp_path: Path) -> None:
    printed = run(*KIOSK, "central", "openapi", cwd=tmp_path, env={"PYTHONPATH": str(installed)})
    assert printed == (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")


def test_the_installed_kiosk_comes_up_with_its_central(installed: Path, tmp_path: Path) -> None:
    variables = environment(tmp_path / "state", tmp_path, {}) | {"PYTHONPATH": str(installed)}
    with Terminal(KIOSK, variables, cwd=tmp_path) as terminal:
        mediator = Mediator(terminal)
        mediator.sees("Qui tient ce poste.*Médiateur.*Code.*F12")
        mediator.sign_in()


def is_ours(path: Path) -> bool:
    """Is that a file of the program, and not one that Python left?"""
    return path.is_file() and "__pycache__" not in path.parts


def run(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Return what a command prints; fail with what it said."""
    ended = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
