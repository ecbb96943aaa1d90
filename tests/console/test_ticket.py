"""`kiosk ticket sample`, as an installer types it."""

from pathlib import Path

import pytest
from PIL import Image

from kiosk import cli
from kiosk.printing import languages
from kiosk.printing.errors import PhrasesError
from kiosk.printing.paper import papers


def test_bytes_and_the_picture_of_those_bytes(tmp_path: Path) -> None:
    output, picture = tmp_path / "ticket.bin", tmp_path / "ticket.png"
    wanted = ["--language", "en", "--paper", "58mm", "--output", str(output), "--png", str(picture)]
    assert cli.main(["ticket", "sample", *wanted]) == 0
    [paper] = papers(output.read_bytes(), 384)
    with Image.open(picture) as shown:
        assert shown.size == paper.size
        assert shown.convert("1").tobytes() == paper.tobytes()


def test_other_kinds_are_written_too(tmp_path: Path) -> None:
    output = tmp_path / "slip.bin"
    assert cli.main(["ticket", "sample", "--kind", "cancelled", "--output", str(output)]) == 0
    assert papers(output.read_bytes())


def test_an_unknown_language_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ticket", "sample", "--language", "xx", "--output", str(tmp_path / "x")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "'xx'" in said
    assert "pictograms" in said
    assert not (tmp_path / "x").exists()


def test_a_language_that_lacks_a_font_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(code: str) -> None:
        raise PhrasesError(f"{code} : installez le paquet fonts-noto-core.")

    monkeypatch.setattr(languages, "wording", refuse)
    assert cli.main(["ticket", "sample", "--language", "bn", "--output", str(tmp_path / "x")]) == 2
    assert "installez le paquet fonts-noto-core" in capsys.readouterr().err


def test_a_french_paper_has_no_other_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["--kind", "fraud", "--language", "ar", "--output", str(tmp_path / "x")]
    assert cli.main(["ticket", "sample", *wanted]) == 2
    assert "en français" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["ticket", "sample", "--output", str(tmp_path / "none" / "x")]) == 1
    assert "ne peut pas être écrit" in capsys.readouterr().err
