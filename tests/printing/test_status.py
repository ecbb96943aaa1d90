"""What printers say, cut into answers whatever the line does to it."""

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kiosk.printing.status import (
    Answer,
    Health,
    Identity,
    Parser,
    PrinterState,
    ProcessDone,
    Processed,
    Query,
    health,
)

GOOD_ERRORS = PrinterState(recoverable=False, cutter_error=False, unrecoverable=False, overheated=False)
GOOD_ASB = PrinterState(False, False, False, False, False, False, False, False)


def said(query: Query | None, data: bytes) -> list[Answer]:
    """Return the answers in `data`, `query` having been asked."""
    parser = Parser()
    if query:
        parser.expect(query)
    return parser.feed(data)


def state_of(query: Query | None, data: bytes) -> PrinterState:
    """Return the only answer, a state."""
    [answer] = said(query, data)
    assert isinstance(answer, PrinterState)
    return answer


@pytest.mark.parametrize(
    ("query", "byte", "state", "verdict"),
    [
        (Query.PRINTER, 0x12, PrinterState(offline=False), Health.READY),
        (Query.PRINTER, 0x16, PrinterState(offline=False), Health.READY),
        (Query.PRINTER, 0x1A, PrinterState(offline=True), Health.OFFLINE),
        (Query.OFFLINE_CAUSE, 0x12, PrinterState(cover_open=False, error=False), Health.UNKNOWN),
        (Query.OFFLINE_CAUSE, 0x16, PrinterState(cover_open=True, error=False), Health.COVER_OPEN),
        (Query.OFFLINE_CAUSE, 0x32, PrinterState(cover_open=False, paper_out=True, error=False), Health.PAPER_OUT),
        (Query.OFFLINE_CAUSE, 0x52, PrinterState(cover_open=False, error=True), Health.FAULT),
        (Query.ERROR, 0x12, GOOD_ERRORS, Health.UNKNOWN),
        (Query.ERROR, 0x1A, GOOD_ERRORS.merged(PrinterState(cutter_error=True)), Health.CUTTER),
        (Query.ERROR, 0x16, GOOD_ERRORS.merged(PrinterState(recoverable=True)), Health.FAULT),
        (Query.ERROR, 0x32, GOOD_ERRORS.merged(PrinterState(unrecoverable=True)), Health.FAULT),
        (Query.ERROR, 0x52, GOOD_ERRORS.merged(PrinterState(overheated=True)), Health.FAULT),
        (Query.PAPER, 0x12, PrinterState(paper_near_end=False, paper_out=False), Health.READY),
        (Query.PAPER, 0x1E, PrinterState(paper_near_end=True, paper_out=False), Health.NEAR_END),
        (Query.PAPER, 0x72, PrinterState(paper_near_end=False, paper_out=True), Health.PAPER_OUT),
        (Query.PAPER, 0x7E, PrinterState(paper_near_end=True, paper_out=True), Health.PAPER_OUT),
    ],
)
def test_real_time_answers(query: Query, byte: int, state: PrinterState, verdict: Health) -> None:
    assert said(query, bytes((byte,))) == [state]
    assert health(state) is verdict


@pytest.mark.parametrize(
    ("frame", "change", "verdict"),
    [
        ("10000000", PrinterState(), Health.READY),
        ("14000000", PrinterState(), Health.READY),
        ("18000000", PrinterState(offline=True), Health.OFFLINE),
        ("38000c00", PrinterState(offline=True, cover_open=True, paper_out=True), Health.COVER_OPEN),
        ("18080000", PrinterState(offline=True, cutter_error=True), Health.CUTTER),
        ("18040000", PrinterState(offline=True, recoverable=True), Health.FAULT),
        ("18280000", PrinterState(offline=True, cutter_error=True, unrecoverable=True), Health.FAULT),
        ("10000300", PrinterState(paper_near_end=True), Health.NEAR_END),
        ("18000f00", PrinterState(offline=True, paper_near_end=True, paper_out=True), Health.PAPER_OUT),
    ],
)
def test_what_a_printer_says_by_itself(frame: str, change: PrinterState, verdict: Health) -> None:
    state = state_of(None, bytes.fromhex(frame))
    assert state == GOOD_ASB.merged(change)
    assert health(state) is verdict


def test_a_printer_that_said_nothing_is_not_ready() -> None:
    assert health(PrinterState()) is Health.UNKNOWN


def test_processed_is_said_by_the_paper_sensor() -> None:
    assert said(Query.PAPER_SENSOR, b"\x00") == [PrinterState(paper_near_end=False), Processed()]
    assert said(Query.PAPER_SENSOR, b"\x03") == [PrinterState(paper_near_end=True), Processed()]
    assert said(Query.PRINTER, b"\x00") == said(None, b"\x00\x12") == []


def test_printed_is_said_by_the_process_id_alone() -> None:
    assert said(None, b"\x37\x220042\x00") == [ProcessDone(b"0042")]
    for other in (b"\x37\x230042\x00", b"\x37\x25\x00", b"\x37\x22042\x00", b"\x37\x2200042\x00", b"\x5f\x220042\x00"):
        assert said(Query.PRINTER, other) == []


def test_the_model_is_said_when_asked_for() -> None:
    assert said(Query.IDENTITY, b"\x5fTM-T88VI\x00") == [Identity("TM-T88VI")]
    assert said(None, b"\x5fTM-T88VI\x00") == []


def test_one_question_has_one_answer() -> None:
    parser = Parser()
    parser.expect(Query.PAPER)
    assert parser.feed(b"\x12\x7e") == [PrinterState(paper_near_end=False, paper_out=False)]
    parser.expect(Query.PRINTER)
    assert parser.feed(b"\x1a") == [PrinterState(offline=True)]


def test_newer_answers_replace_what_they_speak_of() -> None:
    old = PrinterState(offline=True, cover_open=True)
    assert old.merged(PrinterState(offline=False, paper_out=True)) == PrinterState(False, True, None, True)


def test_answers_of_every_kind_in_one_stream() -> None:
    stream = b"\x11\x18\x00\x0c\x00\x37\x22\x13ABCD\x00\x5fTM\x00\x12\x10\x00\x11\x03\x00\x37\x220043\x00"
    assert said(Query.PAPER, stream) == [
        GOOD_ASB.merged(PrinterState(offline=True, paper_out=True)),
        ProcessDone(b"ABCD"),
        PrinterState(paper_near_end=False, paper_out=False),
        GOOD_ASB.merged(PrinterState(paper_near_end=True)),
        ProcessDone(b"0043"),
    ]


@pytest.mark.parametrize("torn", [b"\x10", b"\x18\x00\x00", b"\x37", b"\x37\x22AB", b"\xff\x80\xfe"])
def test_a_torn_answer_does_not_swallow_the_next(torn: bytes) -> None:
    assert said(Query.PAPER, torn + b"\x12")[-1] == PrinterState(paper_near_end=False, paper_out=False)
    assert said(None, torn + b"\x18\x00\x00\x00")[-1] == GOOD_ASB.merged(PrinterState(offline=True))


def test_an_endless_block_is_given_up() -> None:
    assert said(None, b"\x5f" + b"A" * 300 + b"\x10\x00\x00\x00") == [GOOD_ASB]


frames = st.sampled_from(
    [
        *(b"\x10\x00\x00\x00", b"\x38\x04\x0f\x00", b"\x12", b"\x7e", b"\x00", b"\x03", b"\x11", b"\x13"),
        *(b"\x37\x220042\x00", b"\x37\x23@\x00", b"\x37\x25\x00", b"\x5fTM-T20\x00", b"\x3dA\x00", b"\x37\x22"),
    ]
)
streams = st.lists(st.one_of(frames, st.binary(max_size=3)), max_size=20).map(b"".join)


@settings(max_examples=200, deadline=None)
@given(streams, st.lists(st.integers(0, 80), max_size=6), st.sampled_from([None, *Query]))
@example(b"\x37\x11\x22ABCD\x13\x00", [1, 2, 3], None)
def test_a_line_may_split_what_is_said_anywhere(stream: bytes, cuts: list[int], query: Query | None) -> None:
    parser = Parser()
    if query:
        parser.expect(query)
    ends = [0, *sorted(cuts), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(ends)]
    assert [answer for piece in pieces for answer in parser.feed(piece)] == said(query, stream)


@settings(max_examples=200, deadline=None)
@given(streams, st.sampled_from([None, *Query]))
def test_nothing_is_invented(stream: bytes, query: Query | None) -> None:
    heard = stream.translate(None, b"\x11\x13")
    answers = said(query, stream)
    for answer in answers:
        if isinstance(answer, ProcessDone):
            assert b"\x37\x22" + answer.process_id + b"\x00" in heard
    assert answers.count(Processed()) <= (query is Query.PAPER_SENSOR)
    assert sum(isinstance(answer, Identity) for answer in answers) <= (query is Query.IDENTITY)
