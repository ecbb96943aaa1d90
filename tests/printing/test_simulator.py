"""The simulated printer does what a real one does with the same bytes, and fails where it is told to."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.printing.commands import FeedLines, as_bytes
from kiosk.printing.errors import LineError, NotSentError
from kiosk.printing.escpos import TEAR_LINES, encode, with_process_id
from kiosk.printing.paper import papers
from kiosk.printing.profiles import Form
from kiosk.printing.simulator import BUFFER_BYTES, FLOOD_PACKETS, GARBAGE, Faults, Reader, Simulator
from kiosk.printing.status import Health, Identity, Parser, PrinterState, ProcessDone, Processed, Query, health
from kiosk.printing.transports import Channel, transport_for
from tests.printing.transports.handing import NAME, PAYLOAD, hand_over

[PICTURE] = papers(PAYLOAD, 384)
ASKING = with_process_id(PAYLOAD, b"0042")
PIECES = [
    b"\x1b@",
    b"\x1bJ\x10",
    b"\x1ba\x01",
    b"\x10\x04\x01",
    b"\x10\x05\x02",
    b"\x1dv0\x00\x02\x00\x02\x00\x10\x04\x01\x10",
    b"\x1dr\x01",
    b"\x1dV\x42\x00",
    b"\x1d(H\x06\x00\x30\x300042",
    b"x",
]
DONE = b'7"0042\x00'
OFFLINE_QUERIES = (Query.PRINTER, Query.OFFLINE_CAUSE, Query.ERROR, Query.PAPER)


@contextlib.contextmanager
def printer(tmp_path: Path, faults: Faults | None = None) -> Iterator[tuple[Simulator, Channel]]:
    """Run a printer for 58 mm paper with one open line to it."""
    with Simulator(faults, dots=384) as simulator:
        channel = transport_for(simulator.url, tmp_path).open(NAME)
        try:
            yield simulator, channel
        finally:
            channel.close()


def told(channel: Channel, *queries: Query) -> PrinterState:
    """Return what a printer says to questions, asked one after the other."""
    parser, state = Parser(), PrinterState()
    for query in queries:
        parser.expect(query)
        channel.write(query.value, 5)
        for answer in parser.feed(channel.read(5)):
            assert isinstance(answer, PrinterState)
            state = state.merged(answer)
    return state


def heard(channel: Channel, until: bytes) -> bytes:
    """Return everything that is said up to `until`."""
    said = b""
    while not said.endswith(until):
        more = channel.read(5)
        assert more, f"the printer said {said!r}, not {until!r}"
        said += more
    return said


def test_a_paper_is_what_the_interpreter_makes_of_the_bytes(tmp_path: Path) -> None:
    with printer(tmp_path) as (simulator, channel):
        hand_over(channel, ASKING + PAYLOAD)
        for _ in range(2):
            assert simulator.wait_for_paper().tobytes() == PICTURE.tobytes()
        assert heard(channel, DONE) == DONE
        channel.finish(5)
        assert simulator.payloads == simulator.received == [ASKING + PAYLOAD]
        assert (simulator.torn, simulator.look_alikes, simulator.rubbish) == ([], [], b"")


def test_questions_between_are_answered_and_are_no_payload(tmp_path: Path) -> None:
    with printer(tmp_path, Faults(paper_near_end=True)) as (simulator, channel):
        assert health(told(channel, *OFFLINE_QUERIES)) is Health.NEAR_END
        hand_over(channel)
        parser = Parser()
        parser.expect(Query.PAPER_SENSOR)
        channel.write(Query.PAPER_SENSOR.value, 5)
        assert parser.feed(channel.read(5)) == [PrinterState(paper_near_end=True), Processed()]
        parser.expect(Query.IDENTITY)
        channel.write(Query.IDENTITY.value, 5)
        assert parser.feed(channel.read(5)) == [Identity("SIMULATOR")]
        channel.finish(5)
        assert simulator.payloads == [PAYLOAD]
        assert simulator.queries == [query.value for query in OFFLINE_QUERIES]
    assert simulator.received != simulator.payloads


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        (Faults(), Health.READY),
        (Faults(paper_near_end=True), Health.NEAR_END),
        (Faults(paper_out=True), Health.PAPER_OUT),
        (Faults(cover_open=True), Health.COVER_OPEN),
        (Faults(cutter_stuck=True), Health.CUTTER),
        (Faults(wrong_answers=True), Health.UNKNOWN),
    ],
)
def test_it_says_of_itself_what_is_true(faults: Faults, expected: Health, tmp_path: Path) -> None:
    with printer(tmp_path, faults) as (_, channel):
        assert health(told(channel, *OFFLINE_QUERIES)) is expected


@pytest.mark.parametrize("faults", [Faults(silent=True), Faults(silent_offline=True, cover_open=True)])
def test_it_can_be_mute(faults: Faults, tmp_path: Path) -> None:
    with printer(tmp_path, faults) as (simulator, channel):
        channel.write(Query.PRINTER.value, 5)
        simulator.wait_until(lambda printer: len(printer.queries) == 1)
        assert channel.read(0) == b""
        simulator.set(silent=False, cover_open=False)
        assert told(channel, Query.PRINTER) == PrinterState(offline=False)


@pytest.mark.parametrize("bytes_printed", [0, 1, 7, 5000, len(PAYLOAD) - 1])
def test_a_roll_that_ends_in_the_middle_is_changed_and_the_paper_goes_on(bytes_printed: int, tmp_path: Path) -> None:
    with printer(tmp_path, Faults(paper_out_after=bytes_printed)) as (simulator, channel):
        taken = hand_over(channel, ASKING, 0.05)
        simulator.wait_until(lambda printer: printer.faults.paper_out)
        assert simulator.papers == []
        simulator.set(paper_out=False)
        hand_over(channel, ASKING[taken:])
        assert heard(channel, DONE) == DONE
        assert [paper.tobytes() for paper in simulator.papers] == [PICTURE.tobytes()]
        assert simulator.torn == []


def test_a_small_printer_throws_away_what_it_cannot_print(tmp_path: Path) -> None:
    with printer(tmp_path, Faults(paper_out_after=5000, resumes=False)) as (simulator, channel):
        assert hand_over(channel, ASKING) == len(ASKING)
        simulator.wait_until(lambda printer: len(printer.torn) == 1)
        simulator.set(paper_out=False)
        channel.finish(5)
    [torn] = simulator.torn
    assert simulator.papers == []
    assert 0 < torn.height < PICTURE.height
    assert torn.tobytes() == PICTURE.crop((0, 0, 384, torn.height)).tobytes()
    assert simulator.holds == 0


def test_a_printer_without_paper_takes_only_what_its_buffer_holds(tmp_path: Path) -> None:
    with printer(tmp_path, Faults(paper_out=True)) as (simulator, channel):
        assert hand_over(channel, PAYLOAD, 0.05) < len(PAYLOAD)
        simulator.wait_until(lambda printer: printer.holds >= BUFFER_BYTES)
        channel.write(Query.PAPER.value, 0.05)
        assert channel.read(0.05) == b""  # the question waits behind the ticket
    with pytest.raises(TimeoutError):
        simulator.wait_for_paper(0)


def test_what_it_kept_comes_out_after_the_line_was_cut(tmp_path: Path) -> None:
    short = encode(PICTURE.crop((0, 0, 384, 40)), Form(384))
    with Simulator(Faults(cover_open=True), dots=384) as simulator:
        channel = transport_for(simulator.url, tmp_path).open(NAME)
        hand_over(channel, short)
        channel.finish(0.05)
        channel.close()
        simulator.wait_until(lambda printer: bool(printer.payloads))
        simulator.set(cover_open=False)
        assert simulator.wait_for_paper().size == papers(short, 384)[0].size


def test_a_cutter_that_is_stuck_keeps_the_paper_until_it_is_freed(tmp_path: Path) -> None:
    with printer(tmp_path, Faults(cutter_stuck=True)) as (simulator, channel):
        hand_over(channel, ASKING)
        simulator.wait_until(lambda printer: printer.holds > 0)
        assert simulator.papers == []
        simulator.set(cutter_stuck=False)
        heard(channel, DONE)
        assert len(simulator.papers) == 1


@pytest.mark.parametrize("faults", [Faults(closes_after=5001), Faults(resets_after=5001), Faults(stalls_after=5001)])
def test_a_line_breaks_at_the_very_byte_and_the_paper_is_torn(faults: Faults, tmp_path: Path) -> None:
    with printer(tmp_path, faults) as (simulator, channel):
        told(channel, Query.PRINTER)
        with contextlib.suppress(LineError):
            hand_over(channel, PAYLOAD, 0.05)
    simulator.wait_until(lambda printer: bool(printer.payloads))
    assert simulator.payloads == [PAYLOAD[:5001]]
    assert (len(simulator.papers), len(simulator.torn)) == (0, 1)


def test_a_printer_that_is_switched_off_and_on(tmp_path: Path) -> None:
    with Simulator(Faults(refuses=True)) as simulator:
        transport = transport_for(simulator.url, tmp_path)
        for _ in range(2):
            with pytest.raises(NotSentError):
                transport.open(NAME)
            simulator.set(refuses=False)
            channel = transport.open(NAME) if simulator.listens(5) else None
            assert channel
            channel.close()
            simulator.set(refuses=True)
            assert not simulator.listens(5)


@pytest.mark.parametrize("payload", [b"\x10\x04\x01", b"\x10\x14\x01\x00\x01"])
def test_a_command_hidden_in_a_picture_is_executed_and_recorded(payload: bytes, tmp_path: Path) -> None:
    row = payload + bytes(48 - len(payload))
    raster = b"\x1dv0\x00\x30\x00\x01\x00" + row
    with printer(tmp_path) as (simulator, channel):
        hand_over(channel, b"\x1b@" + raster + b"\x1dV\x42\x00")
        simulator.wait_for_paper()
        assert simulator.look_alikes == [payload[:3]]
        assert simulator.queries == []
        assert channel.read(5 if payload[1] == 4 else 0) == (b"\x12" if payload[1] == 4 else b"")


def test_a_hidden_command_that_clears_the_buffer_costs_the_paper(tmp_path: Path) -> None:
    raster = b"\x1dv0\x00\x30\x00\x02\x00" + b"\x10\x05\x02" + bytes(93)
    with printer(tmp_path) as (simulator, channel):
        hand_over(channel, b"\x1b@" + raster + b"\x1dV\x42\x00")
        channel.finish(5)
    assert simulator.papers == []
    assert simulator.look_alikes == [b"\x10\x05\x02"]


def test_a_process_id_can_be_late_and_missing(tmp_path: Path) -> None:
    with printer(tmp_path, Faults(process_id="late", process_id_delay=60)) as (simulator, channel):
        hand_over(channel, ASKING)
        simulator.wait_for_paper()
        assert channel.read(0) == b""
        simulator.set(process_id_delay=0.0)
        assert heard(channel, DONE) == DONE
        simulator.set(process_id="missing")
        hand_over(channel, ASKING)
        simulator.wait_for_paper()
        channel.finish(5)
        with pytest.raises(LineError):
            channel.read(0)


def test_wrong_answers_are_another_jobs_number_and_garbage(tmp_path: Path) -> None:
    with printer(tmp_path, Faults(wrong_answers=True)) as (_, channel):
        channel.write(Query.PAPER.value, 5)
        assert heard(channel, GARBAGE) == GARBAGE
        hand_over(channel, ASKING)
        [answer] = Parser().feed(heard(channel, b"\x00"))
        assert isinstance(answer, ProcessDone)
        assert answer.process_id != b"0042"


def test_a_flood_of_status_packets_hides_nothing(tmp_path: Path) -> None:
    with printer(tmp_path, Faults(asb_flood=True)) as (simulator, channel):
        parser = Parser()
        parser.expect(Query.PAPER_SENSOR)
        hand_over(channel, ASKING)
        channel.write(Query.PAPER_SENSOR.value, 5)
        channel.finish(5)
        answers = []
        with contextlib.suppress(LineError):
            while said := channel.read(0):
                answers += parser.feed(said)
        assert ProcessDone(b"0042") in answers
        assert Processed() in answers
        assert len(answers) > FLOOD_PACKETS
        assert len(simulator.papers) == 1


def test_automatic_status_comes_at_each_change_once_it_is_asked_for(tmp_path: Path) -> None:
    with printer(tmp_path) as (simulator, channel):
        channel.write(b"\x1da\xff", 5)
        assert channel.read(5) == b"\x10\x00\x00\x00"
        simulator.set(paper_out=True)
        assert channel.read(5) == b"\x18\x00\x0f\x00"
        simulator.set(paper_out=False, cover_open=True)
        assert channel.read(5) == b"\x38\x00\x00\x00"


def test_a_slow_line_takes_its_time(tmp_path: Path) -> None:
    waits: list[float] = []
    with Simulator(Faults(bytes_per_second=11_520), dots=384, wait=waits.append) as simulator:
        channel = transport_for(simulator.url, tmp_path).open(NAME)
        hand_over(channel)
        channel.finish(5)
        channel.close()
    assert len(simulator.papers) == 1
    assert sum(waits) == pytest.approx(len(PAYLOAD) / 11_520)
    assert max(waits) <= 0.05


def test_one_caller_at_a_time_and_the_next_is_counted(tmp_path: Path) -> None:
    with printer(tmp_path) as (simulator, channel):
        waiting = transport_for(simulator.url, tmp_path / "other").open(NAME)
        hand_over(waiting, PAYLOAD[:100])
        hand_over(channel)
        channel.finish(5)
        channel.close()
        simulator.wait_until(lambda printer: printer.callers_waiting == 1)
        waiting.close()
        simulator.wait_until(lambda printer: len(printer.payloads) == 2)
    assert simulator.payloads == [PAYLOAD, PAYLOAD[:100]]


def test_a_paper_without_cutter_ends_with_the_feed_to_its_edge(tmp_path: Path) -> None:
    payload = encode(PICTURE.crop((0, 0, 384, 80)), Form(384, cutter=False))
    with Simulator(dots=384, cutter=False) as simulator:
        for sent in (payload + payload, payload[: -len(as_bytes(FeedLines(TEAR_LINES)))]):
            channel = transport_for(simulator.url, tmp_path).open(NAME)
            hand_over(channel, sent)
            channel.finish(5)
            channel.close()
    assert (len(simulator.papers), len(simulator.torn)) == (2, 1)


def test_rubbish_is_no_paper(tmp_path: Path) -> None:
    with printer(tmp_path) as (simulator, channel):
        hand_over(channel, b"Bonjour" + b"\x1d(k\x03\x00\x31\x43\x06" + PAYLOAD)
        simulator.wait_for_paper()
        assert simulator.rubbish == b"Bonjour" + b"\x1d(k\x03\x00\x31\x43\x06"


@given(st.binary(max_size=400) | st.lists(st.sampled_from(PIECES)).map(b"".join), st.integers(1, 50))
def test_however_bytes_come_the_same_is_read(stream: bytes, size: int) -> None:
    whole, cut = Reader(), Reader()
    at_once = whole.feed(stream), whole.immediate(stream)
    commands, immediate = [], []
    for start in range(0, len(stream), size):
        commands += cut.feed(stream[start : start + size])
        immediate += cut.immediate(stream[start : start + size])
    assert bytes(whole.payload + whole.rubbish) == bytes(cut.payload + cut.rubbish)
    assert [command for command in commands if command[:3] != b"\x1dv0"] == [
        command for command in at_once[0] if command[:3] != b"\x1dv0"
    ]
    assert immediate == at_once[1]
