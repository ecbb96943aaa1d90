"""The client against a real central, and against servers that answer wrong over a real socket."""

import datetime as dt
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kiosk.api import contract
from kiosk.api.client import CentralClient, OutcomeUnknownError, RefusedError, SealedWrite, UnreachableError
from kiosk.api.problems import MEDIA_TYPE, ProblemName, Rejection
from tests.support.central import NOW, RunningCentral
from tests.support.faulty import CUT, answer, faulty_server
from tests.support.outgoing import book, hold

KEY = "0123456789abcdef-key"
SERVICE = "permis-echange"  # wants no number
PERSON = contract.Person(surname="N'Guessan", given_names="Éléonore", birth_date="1987")
OTHER = contract.Applicant(surname="Durand", given_names="Amadou", birth_date="1985-05-05")
WRITE = SealedWrite("/v1/bookings", KEY, None, b"sealed")
REQUEST = contract.BookingRequest(hold="h1", persons=[PERSON], consent=contract.Consent(mode="present"))

WRONG_ANSWERS = {
    "cut before the answer": CUT,
    "half an answer": answer("201 Created", "application/json", b'{"bookings": [', length=500),
    "not JSON": answer("200 OK", "text/html", b"<h1>Bienvenue</h1>"),
    "a proxy's 502": answer("502 Bad Gateway", "text/html", b"<h1>Bad gateway</h1>"),
    "a broken server": answer("500 Internal Server Error", MEDIA_TYPE, b'{"type":"urn:rdv:problem:internal"}'),
    "not the contract": answer("201 Created", "application/json", b'{"bookings": [{"id": 1}]}'),
    "nine megabytes": answer("201 Created", "application/json", b'"' + b"x" * 9_000_000 + b'"'),
    "not HTTP": b"\x1b[2J\x00\x1dV\x00 hello",
}


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[CentralClient]:
    client = CentralClient(url)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def signed_in(central: RunningCentral) -> AsyncIterator[CentralClient]:
    async with client_of(central.base_url) as client:
        await client.sign_in("demo", "000000", "demo")
        yield client


def wanted(slot: str, person: contract.Person = PERSON) -> contract.HoldRequest:
    return contract.HoldRequest(slot=slot, persons=[contract.Applicant(**person.model_dump())])


async def hold_one(central: RunningCentral, client: CentralClient, slot: str = "one-place") -> contract.Hold:
    central.add_slot(slot, capacity=1, service=SERVICE)
    return await hold(client, wanted(slot))


async def test_a_booking_goes_all_the_way_and_is_found_again_by_key_name_and_reference(
    demo_central: RunningCentral,
) -> None:
    async with signed_in(demo_central) as client:
        held = await hold_one(demo_central, client)
        request = REQUEST.model_copy(update={"hold": held.id})
        booked = await book(client, request, KEY)
        assert await book(client, request, KEY) == booked
        outcome = await client.outcome_of(KEY)
        assert outcome == contract.Outcome(action="book", bookings=booked.bookings)
        assert await client.outcome_of("another-key-0000000") is None
        by_name = await client.search(contract.ByName(surname="NGUE", birth_date="1987"))
        assert by_name == booked
        reference = booked.bookings[0].reference
        assert await client.search(contract.ByReference(reference=reference, birth_date="1987")) == booked


async def test_the_same_hold_is_given_again_and_a_slot_once_given_back_is_not(demo_central: RunningCentral) -> None:
    async with signed_in(demo_central) as client:
        held = await hold_one(demo_central, client)
        assert await hold(client, wanted(held.slot.id)) == held
        await client.release(held.id)
        with pytest.raises(RefusedError) as refused:
            await hold(client, wanted(held.slot.id))
        assert refused.value.name is ProblemName.SLOT_TAKEN
        assert refused.value.retry_after_seconds is None


async def test_a_refused_number_has_its_reason(demo_central: RunningCentral) -> None:
    slot = demo_central.add_slot("renewal", capacity=1, service="sejour-renouvellement")
    mistaken = OTHER.model_copy(update={"identifiers": contract.Identifiers(agdref="9900000004")})
    async with signed_in(demo_central) as client:
        with pytest.raises(RefusedError) as missing:
            await hold(client, contract.HoldRequest(slot=slot, persons=[OTHER]))
        with pytest.raises(RefusedError) as mismatch:
            await hold(client, contract.HoldRequest(slot=slot, persons=[mistaken]))
    assert (missing.value.name, missing.value.reason) == (ProblemName.IDENTITY_REJECTED, Rejection.AGDREF_MISSING)
    assert mismatch.value.reason is Rejection.AGDREF_MISMATCH


async def test_a_person_for_whom_another_kiosk_keeps_a_slot_has_a_time_to_wait(demo_central: RunningCentral) -> None:
    demo_central.add_kiosk("elsewhere")
    async with signed_in(demo_central) as client, client_of(demo_central.base_url) as elsewhere:
        held = await hold_one(demo_central, client)
        await elsewhere.sign_in("demo", "000000", "elsewhere")
        start = held.slot.start + dt.timedelta(minutes=1)
        other = demo_central.add_slot("another", capacity=1, service=SERVICE, start=start)
        with pytest.raises(RefusedError) as refused:
            await hold(elsewhere, wanted(other), "elsewhere")
    assert refused.value.name is ProblemName.PERSON_HAS_HOLD
    assert refused.value.retry_after_seconds in range(300, 302)


async def test_all_slots_of_a_day_are_read_over_several_pages(demo_central: RunningCentral) -> None:
    start = NOW + dt.timedelta(days=3)
    for number in range(contract.PAGE_SIZE + 5):
        demo_central.add_slot(
            f"s{number}", capacity=1, start=start + dt.timedelta(seconds=number), service=SERVICE, site="pref-01"
        )
    async with signed_in(demo_central) as client:
        slots = await client.slots(SERVICE, "pref-01", start.date().isoformat())
    assert len({slot.id for slot in slots}) == len(slots) >= contract.PAGE_SIZE + 5


async def test_a_wrong_code_and_a_call_without_sign_in_are_refused(demo_central: RunningCentral) -> None:
    async with client_of(demo_central.base_url) as client:
        with pytest.raises(RefusedError) as wrong:
            await client.sign_in("demo", "111111", "demo")
        with pytest.raises(RefusedError) as stranger:
            await client.services()
    assert wrong.value.name is ProblemName.WRONG_CODE
    assert stranger.value.name is ProblemName.NOT_SIGNED_IN


@pytest.mark.parametrize("raw", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS.keys())
async def test_a_booking_without_a_readable_answer_is_neither_made_nor_failed(raw: bytes) -> None:
    async with faulty_server(raw) as url, client_of(url) as client:
        with pytest.raises(OutcomeUnknownError) as unknown:
            await client.write(WRITE, contract.Bookings)
    assert unknown.value.__cause__ is None
    assert "Guessan" not in str(unknown.value)


@pytest.mark.parametrize("raw", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS.keys())
async def test_a_question_without_a_readable_answer_is_just_not_answered(raw: bytes) -> None:
    async with faulty_server(raw) as url, client_of(url) as client:
        with pytest.raises(UnreachableError):
            await client.services()


@pytest.mark.parametrize(
    "raw",
    [
        answer("503 Service Unavailable", "text/html", b"<h1>Travaux</h1>", headers="Retry-After: 120\r\n"),
        answer(
            "500 Internal Server Error",
            MEDIA_TYPE,
            b'{"type":"urn:rdv:problem:internal","title":"x","status":500}',
            headers="Retry-After: 120\r\n",
        ),
    ],
    ids=["proxy", "central"],
)
async def test_who_cannot_say_what_became_of_an_intent_can_say_when_to_ask_again(raw: bytes) -> None:
    async with faulty_server(raw) as url, client_of(url) as client:
        with pytest.raises(UnreachableError) as silent:
            await client.outcome_of(KEY)
    assert silent.value.retry_after_seconds == 120


async def test_a_booking_that_never_left_is_known_not_to_be_made() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    async with client_of(f"http://127.0.0.1:{port}") as client:
        with pytest.raises(UnreachableError):
            await client.write(WRITE, contract.Bookings)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("61", 61),
        ("0", 0),
        ("31622400", 31_622_400),
        ("31622401", None),
        ("-1", None),
        ("1.5", None),
        ("\u0661", None),
        ("9" * 5000, None),
        ("Wed, 03 Feb 2027 08:00:00 GMT", None),
    ],
)
async def test_only_a_bounded_number_of_seconds_is_a_time_to_wait(header: str, seconds: int | None) -> None:
    problem = b'{"type":"urn:rdv:problem:kiosk-limit","title":"x","status":429}'
    raw = answer("429 Too Many Requests", MEDIA_TYPE, problem, headers=f"Retry-After: {header}\r\n")
    async with faulty_server(raw) as url, client_of(url) as client:
        with pytest.raises(RefusedError) as refused:
            await client.write(WRITE, contract.Hold)
    assert refused.value.retry_after_seconds == seconds


async def test_a_refusal_nobody_defined_is_a_refusal_to_a_question_and_no_answer_to_a_write() -> None:
    body = b'{"type":"urn:rdv:problem:new","title":"x","status":418,"reason":"newer"}'
    problem = answer("418 Teapot", MEDIA_TYPE, body)
    async with faulty_server(problem) as url, client_of(url) as client:
        with pytest.raises(RefusedError) as refused:
            await client.services()
        with pytest.raises(OutcomeUnknownError):
            await client.write(WRITE, contract.Bookings)
    assert refused.value.name is None
    assert refused.value.reason is None


@pytest.mark.parametrize("status", ["302 Found", "403 Forbidden", "404 Not Found", "503 Service Unavailable"])
async def test_what_a_box_on_the_way_says_is_no_answer_to_a_write(status: str) -> None:
    raw = answer(status, "text/html", b"<h1>Portail</h1>", headers="Retry-After: 7\r\nLocation: /\r\n")
    async with faulty_server(raw) as url, client_of(url) as client:
        with pytest.raises(OutcomeUnknownError) as unknown:
            await client.write(WRITE, contract.Bookings)
    assert unknown.value.retry_after_seconds == 7
