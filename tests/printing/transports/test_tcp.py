"""What left for a network printer, what came back, and what nobody knows."""

from pathlib import Path

import pytest

from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.qr import verify
from kiosk.printing.simulator import Faults, Simulator
from kiosk.printing.transports import Channel, transport_for
from kiosk.printing.transports.tcp import TcpTransport
from tests.printing.builders import LONG_TOKEN
from tests.printing.transports.handing import NAME, PAYLOAD, hand_over

STATUS = b"\x10\x04\x01"


def channel_to(simulator: Simulator, tmp_path: Path) -> Channel:
    return transport_for(simulator.url, tmp_path).open(NAME)


def test_a_network_printer_gets_the_ticket_whole(tmp_path: Path) -> None:
    with Simulator(dots=384) as simulator:
        channel = channel_to(simulator, tmp_path)
        assert hand_over(channel) == len(PAYLOAD)
        assert channel.finish(5) is None
        channel.close()
        verify(simulator.wait_for_paper(), LONG_TOKEN)
        assert simulator.payloads == [PAYLOAD]


def test_questions_are_answered_before_and_after_a_ticket(tmp_path: Path) -> None:
    with Simulator(Faults(paper_near_end=True)) as simulator:
        channel = channel_to(simulator, tmp_path)
        assert channel.talks
        assert channel.write(b"\x10\x04\x04", 5) == 3
        assert channel.read(5) == b"\x1e"
        hand_over(channel)
        channel.write(STATUS, 5)
        assert channel.read(5) == b"\x12"
        channel.close()


def test_a_printer_that_talks_all_the_time_loses_nothing(tmp_path: Path) -> None:
    with Simulator(Faults(asb_flood=True)) as simulator:
        for _ in range(3):
            channel = channel_to(simulator, tmp_path)
            hand_over(channel)
            channel.finish(5)
            channel.close()
        assert simulator.payloads == [PAYLOAD] * 3


def test_what_is_said_at_the_very_end_is_kept(tmp_path: Path) -> None:
    with Simulator() as simulator:
        channel = channel_to(simulator, tmp_path)
        channel.write(STATUS, 5)
        channel.finish(5)
        assert channel.read(5) == b"\x12"
        with pytest.raises(LineError):
            channel.read(5)
        channel.close()


def test_a_printer_that_is_off_was_sent_nothing(tmp_path: Path) -> None:
    with Simulator(Faults(refuses=True)) as simulator, pytest.raises(NotSentError):
        channel_to(simulator, tmp_path)


@pytest.mark.parametrize("host", ["", "x" * 64 + ".invalid", "a..b"])
def test_a_host_that_cannot_be_was_sent_nothing(host: str, tmp_path: Path) -> None:
    with pytest.raises(NotSentError):
        TcpTransport("tcp://x:1", host, 1, tmp_path).open(NAME)


@pytest.mark.parametrize("faults", [Faults(closes_after=5000), Faults(resets_after=5000)])
def test_a_printer_lost_on_the_way_breaks_the_line(faults: Faults, tmp_path: Path) -> None:
    with Simulator(faults) as simulator:
        channel = channel_to(simulator, tmp_path)
        with pytest.raises(LineError):
            hand_over(channel)
        channel.close()
    assert simulator.papers == []
    assert simulator.wait_for_payload() == PAYLOAD[:5000]


def test_a_reset_after_the_last_byte_breaks_the_line(tmp_path: Path) -> None:
    with Simulator(Faults(resets_after=len(PAYLOAD))) as simulator:
        channel = channel_to(simulator, tmp_path)
        hand_over(channel)
        with pytest.raises(LineError) as broken:
            channel.finish(5)
        channel.close()
    assert not broken.value.sent_nothing


def test_a_printer_that_takes_nothing_more_is_told_apart_from_one_that_broke(tmp_path: Path) -> None:
    with Simulator(Faults(stalls_after=5000)) as simulator:
        channel = channel_to(simulator, tmp_path)
        assert 5000 <= hand_over(channel, patience=0.1) < len(PAYLOAD)
        assert channel.read(0) == b""
        channel.close()


def test_a_line_is_not_finished_while_bytes_wait_in_this_machine(tmp_path: Path) -> None:
    with Simulator(Faults(stalls_after=5000)) as simulator:
        channel = channel_to(simulator, tmp_path)
        hand_over(channel, patience=0.1)
        with pytest.raises(LineError, match="n'a pas tout pris"):
            channel.finish(0.1)
        channel.close()


def test_a_printer_that_never_closes_its_side_does_not_hold_the_kiosk(tmp_path: Path) -> None:
    with Simulator(Faults(stalls_after=len(PAYLOAD))) as simulator:
        channel = channel_to(simulator, tmp_path)
        hand_over(channel)
        channel.finish(0.1)
        channel.close()
    assert simulator.payloads == [PAYLOAD]


def test_closing_twice_and_after_a_break_is_quiet(tmp_path: Path) -> None:
    with Simulator(Faults(resets_after=100)) as simulator:
        channel = channel_to(simulator, tmp_path)
        with pytest.raises(LineError):
            hand_over(channel)
        channel.close()
        channel.close()
