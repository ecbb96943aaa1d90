"""The log tells what happened, and cannot tell to whom, whatever is passed to it, raised, or said by a library."""

import datetime as dt
import errno
import io
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import fields
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk import log
from kiosk.api import contract
from kiosk.booking.booking import Booking, BookingStatus, Hold
from kiosk.booking.catalogue import Service, Site, Slot
from kiosk.booking.journey import Journey, Known, Typed
from kiosk.booking.person import BirthDate, Person
from kiosk.booking.private import Private
from kiosk.desk.answers import Printer, Refusal
from kiosk.journal.outbox import request_code
from kiosk.log import Event, RequestCode
from kiosk.printing.facts import Cancellation, Named, Receipt, SearchProof, Ticket, ticket_for
from kiosk.tickets.identity import Bearer
from kiosk.tickets.reference import ALPHABET

CANARY = "ZEBULONOV"
NOW = dt.datetime(2027, 1, 11, 9, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=30)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A log of this process, for one test."""
    root, raising = logging.getLogger(), logging.raiseExceptions
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    log.to_file(tmp_path / "kiosk.log")
    yield tmp_path / "kiosk.log"
    for handler in root.handlers:
        handler.close()
    root.handlers[:], logging.raiseExceptions = handlers, raising
    root.setLevel(level)


def raised(error: Exception) -> Exception:
    """Return it with a traceback, whose lines hold it."""

    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_an_event_is_one_line_with_what_a_reader_needs(file: Path) -> None:
    code = request_code("0190c6e0-8f6e-7c3a-9d57")
    log.event(Event.INTENT_REFUSED, request=RequestCode(code), why=Refusal.KIOSK_LIMIT, tries=2, new=True)
    log.event(Event.PAPER_DELIVERED, number=7, printer=Printer.PAPER_OUT)
    first, second = lines(file)
    assert dt.datetime.fromisoformat(first.pop("at")).utcoffset() == dt.timedelta()
    assert first == {
        "level": "info",
        "event": "intent-refused",
        "request": code,
        "why": "kiosk-limit",
        "tries": 2,
        "new": True,
    }
    assert (second["event"], second["number"], second["printer"]) == ("paper-delivered", 7, "paper-out")


@given(st.text(ALPHABET, min_size=8, max_size=8).map(lambda text: f"{text[:4]}-{text[4:]}"))
def test_every_code_of_a_request_can_be_written(code: str) -> None:
    assert log._written(RequestCode(code)) == code


class FullDisk(io.StringIO):
    """A file on a disk that is full."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, "full")


def rotating() -> RotatingFileHandler:
    return next(one for one in logging.getLogger().handlers if isinstance(one, RotatingFileHandler))


def everything_about_somebody() -> list[object]:
    """Return one of each thing that holds who somebody is."""
    person = Person(CANARY, CANARY, BirthDate(1987, 5, 17), "+33612345678")
    site = Site("s", "prefecture", "Bobigny", "93000", "93", "93", "Île-de-France", ZoneInfo("Europe/Paris"))
    service = Service("v", "v", "v", 20, (), ())
    slot = Slot("slot", LATER, 20, 1)
    hold = Hold("hold", slot, LATER, person)
    booking = Booking(
        "b", "7K4MQ2XP93TQ", BookingStatus.BOOKED, person, service, site, LATER, 20, CANARY, False, frozenset()
    )
    purpose = Named("v", "v")
    return [
        person,
        person.birth_date,
        hold,
        booking,
        Typed(CANARY, CANARY, CANARY, CANARY),
        Journey(key=CANARY, typed=Typed(CANARY), person=person, numbers={"agdref": CANARY}),
        Known(person, (booking,), frozenset()),
        Bearer(CANARY, CANARY, "870517"),
        Receipt(CANARY, CANARY, purpose, CANARY, NOW, False),
        Cancellation(CANARY, purpose, CANARY, NOW, "", CANARY, False, NOW),
        SearchProof(CANARY, purpose, NOW, NOW.date(), NOW.date(), (), (), (), False, NOW),
        ticket_for(booking, issued_at=NOW, copy=1),
        contract.Person(surname=CANARY, given_names=CANARY, birth_date="1987-05-17", phone="+33612345678"),
        contract.ByName(surname=CANARY, birth_date="1987-05-17"),
        contract.Bearer(surname=CANARY, given_name="X", birth_date="870517"),
    ]


EVERYTHING = everything_about_somebody()


@pytest.mark.parametrize("one", EVERYTHING, ids=lambda one: type(one).__module__ + "." + type(one).__name__)
def test_what_names_somebody_refuses_to_be_formatted(one: object) -> None:
    written = [repr(one), str(one), f"{one}", f"{one!r:>40}", "%s %r" % (one, one), repr([one]), repr({"a": one})]  # noqa: UP031
    error = raised(ValueError(one))
    written += traceback.format_exception(error)
    written.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    said = "\n".join(written)
    for secret in (CANARY, "1987", "17", "612345678", "7K4MQ2XP93TQ"):
        assert secret not in said.replace(str(Path(__file__)), "").replace(one_number_per_line(said), ""), secret


def one_number_per_line(said: str) -> str:
    """Return the line of this file that a traceback names: a number, but nobody's."""
    return next((part for part in said.split('"') if part.startswith(", line ")), "\0")


def test_every_dataclass_that_holds_a_person_is_private() -> None:
    known = {type(one) for one in EVERYTHING}
    assert {Person, Hold, Booking, Journey, Known, Typed, Ticket, Receipt, Bearer} <= known
    holders = [kind for kind in known if any("Person" in str(field.type) for field in _fields(kind))]
    assert all(issubclass(kind, Private) for kind in holders)


def _fields(kind: type) -> tuple[Any, ...]:
    return fields(kind) if hasattr(kind, "__dataclass_fields__") else ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text(min_size=1), key=st.sampled_from(["request", "why", "number"]))
def test_a_text_that_got_past_the_types_is_refused(file: Path, text: str, key: str) -> None:
    file.write_text("")
    for handler in logging.getLogger().handlers:
        handler.close()
    secret = f"{CANARY}{text}{CANARY}"
    log.event(Event.STARTED, **{key: secret})  # type: ignore[arg-type]
    log.event(Event.STARTED, **{key: RequestCode(secret)})
    log.event(secret)  # type: ignore[arg-type]
    log.event(Event.STARTED, **{key: [secret]})  # type: ignore[arg-type]
    assert CANARY not in file.read_text()
    assert [line.get(key) for line in lines(file)] == ["refused", "refused", None, "refused"]


def test_a_fault_says_its_type_and_its_place(file: Path) -> None:
    log.fault(Event.CRASH, raised(ValueError(CANARY)))
    [line] = lines(file)
    assert line["level"] == "error"
    assert line["fault"].startswith("ValueError at tests/test_log.py:")
    assert CANARY not in file.read_text()


def test_other_libraries_say_their_name_and_nothing_else(file: Path) -> None:
    for name in ("httpx", "textual", "sqlalchemy.engine", CANARY + " é"):
        other = logging.getLogger(name)
        other.error("%s came", CANARY)
        other.error("no %s", CANARY, exc_info=raised(KeyError(CANARY)), extra={"who": CANARY}, stack_info=True)
    written = lines(file)
    assert CANARY not in file.read_text()
    assert {line["event"] for line in written} == {"other"}
    assert [line["logger"] for line in written[:2]] == ["httpx", "httpx"]
    assert written[1]["fault"].startswith("KeyError at tests/test_log.py:")
    assert written[-1]["logger"] == "refused"


def test_a_log_stays_small(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotating(), "maxBytes", 2_000)
    for number in range(200):
        log.event(Event.PAPER_DELIVERED, number=number)
    files = sorted(path.name for path in file.parent.iterdir())
    assert files == ["kiosk.log", "kiosk.log.1", "kiosk.log.2"]
    assert all(path.stat().st_size <= 2_000 for path in file.parent.iterdir())
    assert lines(file)[-1]["number"] == 199


def test_a_log_that_cannot_be_written_hinders_nobody(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = rotating()
    handler.close()
    monkeypatch.setattr(handler, "stream", FullDisk())
    log.event(Event.STARTED)
    assert capsys.readouterr().err == ""


def test_journald_reads_stderr_where_systemd_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "journal").open("w+") as journal:
        monkeypatch.setattr(sys, "stderr", journal)
        assert not log._is_read_by_journald(journal)
        found = os.fstat(journal.fileno())
        monkeypatch.setenv(log.JOURNAL, f"{found.st_dev}:{found.st_ino}")
        assert log._is_read_by_journald(journal)
        monkeypatch.setenv(log.JOURNAL, f"{found.st_dev}:{found.st_ino + 1}")
        assert not log._is_read_by_journald(journal)
