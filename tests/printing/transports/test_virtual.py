"""Virtual paper: files that only their owner reads, whole or not at all."""

import os
import stat
from pathlib import Path

import pytest
from PIL import Image

from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.paper import papers
from kiosk.printing.qr import verify
from kiosk.printing.transports import transport_for
from tests.printing.builders import LONG_TOKEN
from tests.printing.transports.handing import NAME, PAYLOAD, hand_over


def printed(state_dir: Path, payload: bytes = PAYLOAD) -> Path:
    channel = transport_for("virtual:", state_dir, 384).open(NAME)
    try:
        assert hand_over(channel, payload) == len(payload)
        picture = channel.finish(1)
    finally:
        channel.close()
    assert picture is not None
    return picture


def test_virtual_paper_is_a_picture_that_only_its_owner_reads(tmp_path: Path) -> None:
    (tmp_path / "state" / "tickets").mkdir(mode=0o755, parents=True)
    old_mask = os.umask(0)
    try:
        picture = printed(tmp_path / "state")
    finally:
        os.umask(old_mask)
    assert picture.name.endswith(f"-{NAME}.png")
    with Image.open(picture) as image:
        verify(image, LONG_TOKEN)
        assert image.tobytes() == papers(PAYLOAD, 384)[0].tobytes()
    assert picture.with_suffix(".bin").read_bytes() == PAYLOAD
    assert {stat.S_IMODE(path.stat().st_mode) for path in picture.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(picture.parent.stat().st_mode) == 0o700
    assert len(list(picture.parent.iterdir())) == 2  # nothing half written stays


def test_virtual_papers_never_overwrite_each_other(tmp_path: Path) -> None:
    assert len({printed(tmp_path) for _ in range(5)}) == 5


def test_nothing_is_written_before_the_end(tmp_path: Path) -> None:
    channel = transport_for("virtual:", tmp_path).open(NAME)
    hand_over(channel)
    assert not channel.talks
    assert channel.read(0) == b""
    channel.close()
    assert list((tmp_path / "tickets").iterdir()) == []


def test_a_directory_that_cannot_be_made_was_sent_nothing(tmp_path: Path) -> None:
    (tmp_path / "tickets").write_text("a file is in the way")
    with pytest.raises(NotSentError):
        printed(tmp_path)


def test_what_is_no_ticket_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(LineError) as broken:
        printed(tmp_path, PAYLOAD[:-7])  # neither fed nor cut
    assert broken.value.sent_nothing
    assert list((tmp_path / "tickets").iterdir()) == []


def test_a_paper_of_which_one_file_fails_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(LineError) as broken:
        printed(tmp_path)
    assert broken.value.sent_nothing
    assert list((tmp_path / "tickets").iterdir()) == []
