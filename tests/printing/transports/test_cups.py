"""The queue of CUPS: `lp` and `lpstat` are small scripts here, started as the real ones are."""

import os
from pathlib import Path

import pytest

from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.transports import transport_for
from kiosk.printing.transports.cups import CupsChannel, CupsTransport
from tests.printing.transports.handing import NAME, PAYLOAD, hand_over

TAKES = 'printf "%s\\n" "$@" > "$HERE/arguments"; cat > "$HERE/bytes"; echo "request id is TICKETS-12 (1 file(s))"'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory of programs in front of all others."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("HERE", str(tmp_path))
    script(tmp_path, "lpstat", '[ "$1 $2" = "-a TICKETS" ]')
    return tmp_path


def script(directory: Path, name: str, text: str) -> None:
    (directory / name).write_text(f"#!/bin/sh\n{text}\n")
    (directory / name).chmod(0o755)


def opened(state_dir: Path, queue: str = "TICKETS") -> CupsChannel:
    transport = transport_for(f"cups:{queue}", state_dir)
    assert isinstance(transport, CupsTransport)
    return transport.open(NAME)


def test_the_queue_gets_the_bytes_raw_and_says_what_it_calls_the_job(here: Path) -> None:
    script(here, "lp", TAKES)
    channel = opened(here)
    assert not channel.talks
    assert hand_over(channel) == len(PAYLOAD)
    assert channel.read(0) == b""
    assert not (here / "bytes").exists()
    assert channel.finish(5) is None
    channel.close()
    assert (here / "arguments").read_text().split("\n") == ["-d", "TICKETS", "-o", "raw", "-t", NAME, ""]
    assert (here / "bytes").read_bytes() == PAYLOAD


def test_a_queue_that_refuses_was_sent_nothing(here: Path) -> None:
    script(here, "lp", "cat > /dev/null; exit 1")
    channel = opened(here)
    hand_over(channel)
    with pytest.raises(LineError, match="refuse le ticket") as broken:
        channel.finish(5)
    assert broken.value.sent_nothing
    channel.close()


def test_an_lp_that_is_killed_may_have_handed_the_job_over(here: Path) -> None:
    script(here, "lp", "cat > /dev/null; kill -KILL $$")
    channel = opened(here)
    hand_over(channel)
    with pytest.raises(LineError) as broken:
        channel.finish(5)
    assert not broken.value.sent_nothing
    channel.close()


def test_a_queue_that_says_nothing_leaves_nobody_sure(here: Path) -> None:
    script(here, "lp", "exec sleep 30")
    channel = opened(here)
    hand_over(channel)
    with pytest.raises(LineError, match="ne répond pas") as broken:
        channel.finish(0.1)
    assert not broken.value.sent_nothing
    channel.close()


def test_an_unknown_queue_and_a_machine_without_cups_were_sent_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotSentError, match="n'a pas cette file"):
        opened(here, "OTHER")
    monkeypatch.setenv("PATH", str(here / "nowhere"))
    with pytest.raises(NotSentError, match="pas installé"):
        opened(here)
    script(here, "lp", TAKES)  # the lock was let go both times
    monkeypatch.setenv("PATH", f"{here}:/usr/bin:/bin")
    opened(here).close()
