"""Tricks by which appointments are hoarded and resold, each by its name, and the rule that stops it.

The tricks are those that were seen in France, in the United Kingdom and in India; who plays them here is a mediator
with a login, which is what is stolen or bought once bots are kept out.
"""

import datetime as dt
import itertools
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from kiosk.api import sealing
from kiosk.api.problems import ProblemName
from kiosk.api.sealing import Binding
from kiosk.central import tables as db
from kiosk.central.boundary import MAX_BODY_BYTES
from kiosk.central.clock import Chance
from tests.central.calls import (
    Held,
    Json,
    book,
    booked,
    cancel,
    change,
    correct,
    done,
    free_on,
    held,
    hold,
    move,
    new_key,
    newcomer,
    person,
    post_sealed,
    problem_of,
    sealing_key,
    signed_in,
)
from tests.support.central import NOW, RunningCentral, running_central

DAY = "2027-01-13"  # of the slots that tests add: NOW + 2 days
HIDDEN_LEAST, HIDDEN_MOST = 2 * 60, 24 * 60  # minutes
BUYER = {"surname": "Nguyen", "given_names": "Linh", "birth_date": "1979-11-30"}
REPORTS = "/v1/reports"
RESALE = b'{"channel": "online", "price_euros": 150}'
DIALLO = {"surname": "Diallo", "given_names": "Mariam", "birth_date": "1990-02-03"}


@pytest.fixture
def slot(central: RunningCentral) -> str:
    """The last place of a day."""
    return central.add_slot("wanted", capacity=1)


@pytest.fixture
def accomplice(central: RunningCentral) -> Iterator[httpx.Client]:
    """Another kiosk with another mediator, who knows what is going on."""
    with newcomer(central, "accomplice") as client:
        yield client


@pytest.fixture
def stranger(central: RunningCentral) -> Iterator[httpx.Client]:
    """Another kiosk with another mediator, who knows nothing."""
    with newcomer(central, "stranger") as client:
        yield client


# Cancel, and take it again in the buyer's name.


def test_cancel_and_retake_for_the_buyer_at_once(kiosk: httpx.Client, slot: str) -> None:
    done(cancel(kiosk, _booked(kiosk, slot)))
    assert problem_of(hold(kiosk, slot, BUYER)) is ProblemName.SLOT_TAKEN


def test_cancel_and_retake_at_another_kiosk_of_the_same_mediator(
    kiosk: httpx.Client, other_kiosk: httpx.Client, central: RunningCentral, slot: str
) -> None:
    done(cancel(kiosk, _booked(kiosk, slot)))
    assert problem_of(hold(other_kiosk, slot, BUYER)) is ProblemName.SLOT_TAKEN
    central.clock.advance(hours=25)  # long after it has returned for others
    assert problem_of(hold(other_kiosk, slot, BUYER)) is ProblemName.SLOT_TAKEN


def test_cancel_and_retake_by_another_mediator_of_the_same_kiosk(
    kiosk: httpx.Client, central: RunningCentral, slot: str
) -> None:
    done(cancel(kiosk, _booked(kiosk, slot)))
    central.add_mediator("colleague")
    central.clock.advance(hours=25)
    with signed_in(central, "demo", "colleague") as colleague:
        assert problem_of(hold(colleague, slot, BUYER)) is ProblemName.SLOT_TAKEN


def test_cancel_and_retake_by_an_accomplice_who_looks_every_minute(
    central: RunningCentral, kiosk: httpx.Client, accomplice: httpx.Client, stranger: httpx.Client
) -> None:
    start = NOW + dt.timedelta(days=5)
    slots = [central.add_slot(f"sold-{n}", capacity=1, start=start + dt.timedelta(minutes=n)) for n in range(8)]
    for booking in [_booked(kiosk, each) for each in slots]:
        done(cancel(kiosk, booking))
    day = start.date().isoformat()
    seen: dict[str, int] = {}  # the minute in which each was seen
    for minute in range(1, HIDDEN_MOST + 1):
        central.clock.advance(seconds=60)
        offered = set(free_on(accomplice, day)) & set(slots)
        if offered != set(seen):
            # Whoever does not know sees it in the same minute as whoever waits for it.
            assert set(free_on(stranger, day)) & set(slots) == offered
            seen.update(dict.fromkeys(offered - set(seen), minute))
    assert set(seen) == set(slots)
    assert min(seen.values()) >= HIDDEN_LEAST
    assert len(set(seen.values())) > 1  # given up in the same instant, they do not return together
    assert not set(free_on(kiosk, day)) & set(slots)


def test_cancel_while_an_accomplice_moves_the_buyers_appointment_there(
    central: RunningCentral, kiosk: httpx.Client, accomplice: httpx.Client, slot: str
) -> None:
    [waiting] = booked(accomplice, central.add_slot("worse", capacity=1, start=_later(20)), BUYER)
    done(cancel(kiosk, _booked(kiosk, slot)))
    assert problem_of(move(accomplice, waiting, slot)) is ProblemName.SLOT_TAKEN


def test_move_away_while_an_accomplice_takes_what_was_left(
    central: RunningCentral, kiosk: httpx.Client, accomplice: httpx.Client, slot: str
) -> None:
    done(move(kiosk, _booked(kiosk, slot), central.add_slot("elsewhere", capacity=1, start=_later(1))))
    assert problem_of(hold(accomplice, slot, BUYER)) is ProblemName.SLOT_TAKEN


def test_let_the_accomplice_cancel_so_that_the_first_may_retake(
    central: RunningCentral, kiosk: httpx.Client, accomplice: httpx.Client, slot: str
) -> None:
    done(cancel(accomplice, _booked(kiosk, slot)))
    for minutes in range(0, HIDDEN_LEAST, 20):
        assert problem_of(hold(kiosk, slot, BUYER)) is ProblemName.SLOT_TAKEN, minutes
        central.clock.advance(seconds=20 * 60 - 1)


@pytest.mark.parametrize("by_moving", [False, True])
def test_ask_again_until_an_expired_place_draws_an_early_return(
    tmp_path_factory: pytest.TempPathFactory, by_moving: bool
) -> None:
    draws = itertools.chain([60 * HIDDEN_MOST], itertools.repeat(60 * HIDDEN_LEAST))
    chance = Chance(between=lambda least, most: next(draws))
    folder = tmp_path_factory.mktemp("central") / "data"
    with running_central(folder, chance=chance) as central, signed_in(central) as kiosk:
        slot = central.add_slot("wanted", capacity=1)
        with newcomer(central, "accomplice") as accomplice:
            [waiting] = booked(accomplice, central.add_slot("worse", capacity=1, start=_later(20)), BUYER)
            held(kiosk, slot)
            central.clock.advance(hours=12)  # at night, when nobody looks
            for _ in range(5):
                answer = move(accomplice, waiting, slot) if by_moving else hold(accomplice, slot)
                assert problem_of(answer) is ProblemName.SLOT_TAKEN


# Give the appointment another name.


def test_hold_for_a_false_name_and_book_for_the_buyer(kiosk: httpx.Client, slot: str) -> None:
    assert problem_of(book(kiosk, held(kiosk, slot), BUYER)) is ProblemName.NOT_A_TYPO


def test_correct_the_name_into_the_buyers(kiosk: httpx.Client, slot: str) -> None:
    assert problem_of(correct(kiosk, _booked(kiosk, slot), **BUYER)) is ProblemName.NOT_A_TYPO


def test_correct_the_name_by_small_steps(kiosk: httpx.Client, slot: str) -> None:
    [booking] = booked(kiosk, slot, person("Diallo"))
    for step in ("Dialla", "Dialma"):
        booking = done(correct(kiosk, booking, surname=step))
    for step in ("Diaema", "Dilma"):
        assert problem_of(correct(kiosk, booking, surname=step)) is ProblemName.NOT_A_TYPO


def test_begin_the_small_steps_between_hold_and_booking(kiosk: httpx.Client, slot: str) -> None:
    [booking] = done(book(kiosk, held(kiosk, slot, person("Diallo")), person("Dialma")))["bookings"]
    assert problem_of(correct(kiosk, booking, surname="Diaema")) is ProblemName.NOT_A_TYPO


def test_change_two_letters_of_the_name_and_two_digits_of_the_date(kiosk: httpx.Client, slot: str) -> None:
    [booking] = booked(kiosk, slot, DIALLO)
    both = correct(kiosk, booking, surname="Dialma", birth_date="1990-11-03")
    assert problem_of(both) is ProblemName.NOT_A_TYPO


def test_exchange_the_persons_of_a_family(central: RunningCentral, kiosk: httpx.Client) -> None:
    family = [person("Diallo", given_names=name) for name in ("Awa", "Ava")]  # one letter apart
    kept = held(kiosk, central.add_slot("both", capacity=2), *family)
    assert problem_of(book(kiosk, kept, *reversed(family))) is ProblemName.PERSON_HAS_BOOKING


# Hoard by holding.


def test_hold_expire_and_hold_again(central: RunningCentral, kiosk: httpx.Client, slot: str) -> None:
    held(kiosk, slot)
    central.clock.advance(seconds=300)
    assert problem_of(hold(kiosk, slot)) is ProblemName.SLOT_TAKEN
    central.clock.advance(hours=25)
    assert problem_of(hold(kiosk, slot)) is ProblemName.SLOT_TAKEN


def test_hold_release_and_hold_again(kiosk: httpx.Client, slot: str) -> None:
    kiosk.delete(f"/v1/holds/{held(kiosk, slot).id}")
    assert problem_of(hold(kiosk, slot)) is ProblemName.SLOT_TAKEN


def test_ask_for_the_same_hold_again_before_it_ends(central: RunningCentral, kiosk: httpx.Client, slot: str) -> None:
    someone = person()
    first = done(hold(kiosk, slot, someone))
    central.clock.advance(seconds=299)
    assert done(hold(kiosk, slot, someone))["expires_at"] == first["expires_at"]
    central.clock.advance(seconds=1)
    assert problem_of(hold(kiosk, slot, someone)) is ProblemName.SLOT_TAKEN


def test_exchange_the_person_of_a_hold_by_asking_anew(kiosk: httpx.Client, slot: str) -> None:
    held(kiosk, slot)
    assert problem_of(hold(kiosk, slot, BUYER)) is ProblemName.SLOT_TAKEN


def test_replace_holds_round_robin_over_many_slots(central: RunningCentral, kiosk: httpx.Client) -> None:
    slots = [central.add_slot(f"robin-{n}", capacity=1, start=_later(n)) for n in range(13)]
    answers = [_problem_of(hold(kiosk, each)) for each in slots]
    assert answers == [None] * 12 + [ProblemName.MEDIATOR_LIMIT]
    assert central.count(db.holds) == 1


def test_hold_at_many_kiosks_with_one_login(central: RunningCentral) -> None:
    slot = central.add_slot("many", capacity=30)
    with ExitStack() as open_clients:
        for number in range(13):
            central.add_kiosk(f"kiosk-{number}")
            client = open_clients.enter_context(signed_in(central, f"kiosk-{number}"))
            expected = None if number < 12 else ProblemName.MEDIATOR_LIMIT
            assert _problem_of(hold(client, slot)) is expected


def test_hold_at_one_kiosk_with_many_logins(central: RunningCentral) -> None:
    slot = central.add_slot("many", capacity=60)
    with ExitStack() as open_clients:
        for number in range(16):
            central.add_mediator(f"login-{number}")
            client = open_clients.enter_context(signed_in(central, "demo", f"login-{number}"))
            expected = None if number < 15 else ProblemName.KIOSK_LIMIT
            assert _problem_of(hold(client, slot)) is expected
    assert central.count(db.holds) == 1


def test_open_many_sessions_of_one_login_at_one_kiosk(central: RunningCentral, slot: str) -> None:
    with signed_in(central) as one, signed_in(central) as other:
        mine = held(one, slot)
        elsewhere = central.add_slot("elsewhere", capacity=1, start=_later(1))
        held(other, elsewhere)  # ends the hold of the other session
        assert problem_of(book(one, mine)) is ProblemName.HOLD_EXPIRED


# One person as many.


@pytest.mark.parametrize(
    "disguise",
    [
        {"phone": "+33612345679", "email": "b@exemple.fr"},
        {"language": "fr", "representative": "Awa Koné"},
        {"surname": "DIALLO", "given_names": "mariam"},
        {"surname": "  diállò "},
        {"surname": "Ｄｉａｌｌｏ"},
    ],
)
def test_book_once_more_with_another_address_or_another_spelling(
    central: RunningCentral, kiosk: httpx.Client, slot: str, disguise: Json
) -> None:
    booked(kiosk, slot, DIALLO | {"phone": "+33612345678", "email": "a@exemple.fr"})
    again = central.add_slot("again", capacity=1, start=_later(1))
    assert problem_of(hold(kiosk, again, DIALLO | disguise)) is ProblemName.PERSON_HAS_BOOKING


@pytest.mark.parametrize(
    ("name", "other"),
    [("Jean-Pierre", "Jean Pierre"), ("N'Diaye", "Ndiaye"), ("d’Arc", "DARC"), ("Lœuf", "Loeuf"), ("Łaski", "Laski")],
)
def test_book_once_more_with_a_hyphen_or_an_apostrophe(
    central: RunningCentral, kiosk: httpx.Client, slot: str, name: str, other: str
) -> None:
    booked(kiosk, slot, person(name))
    again = central.add_slot("again", capacity=1, start=_later(1))
    assert problem_of(hold(kiosk, again, person(other))) is ProblemName.PERSON_HAS_BOOKING


@pytest.mark.parametrize(
    "other",
    [
        {"birth_date": "1985"},  # of a date that is known whole
        {"given_names": "Amadou Issa"},
        {"given_names": "A"},
        {"birth_date": "1985-05"},
    ],
)
def test_be_another_person_by_half_a_date_or_one_more_given_name(
    central: RunningCentral, kiosk: httpx.Client, other: Json
) -> None:
    """The name makes another person of it: what stops the trick is the number, where the service wants one."""
    same = person("Durand", given_names="Amadou", birth_date="1985-05-05", identifiers={"agdref": "9900000003"})
    booked(kiosk, central.add_slot("permit", capacity=1, service="sejour-renouvellement"), same)
    again = central.add_slot("again", capacity=1, service="sejour-renouvellement", start=_later(1))
    assert problem_of(hold(kiosk, again, same | other)) is ProblemName.PERSON_HAS_BOOKING


def test_use_one_document_for_many_names(central: RunningCentral, kiosk: httpx.Client, slot: str) -> None:
    document = {"document": {"kind": "passport", "number": "18AB12345"}}
    booked(kiosk, slot, DIALLO | document)
    again = central.add_slot("again", capacity=1, start=_later(1))
    assert problem_of(hold(kiosk, again, BUYER | document)) is ProblemName.PERSON_HAS_BOOKING


def test_use_one_number_for_many_names(central: RunningCentral, kiosk: httpx.Client) -> None:
    number = {"identifiers": {"ants": "AAAAAAAAA1"}}
    booked(kiosk, central.add_slot("passport", capacity=1, service="passeport"), DIALLO | number)
    again = central.add_slot("again", capacity=1, service="passeport", start=_later(1))
    assert problem_of(hold(kiosk, again, BUYER | number)) is ProblemName.PERSON_HAS_BOOKING


def test_stand_in_somebodys_way_with_a_number_that_nobody_checks(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    number = {"identifiers": {"agdref": "9900000001"}}  # hers
    slot = central.add_slot("unasked", capacity=2)  # of a service that asks for none
    booked(kiosk, slot, person() | number)
    booked(stranger, slot, DIALLO | number)


def test_spoil_somebodys_known_number_where_nobody_checks_it(central: RunningCentral, kiosk: httpx.Client) -> None:
    held(kiosk, central.add_slot("unasked", capacity=1), DIALLO | {"identifiers": {"agdref": "1111111111"}})
    permit = central.add_slot("permit", capacity=1, service="sejour-remise", start=_later(30))
    assert hold(kiosk, permit, DIALLO).status_code == 201  # under the number that was accepted before


def test_take_one_appointment_of_each_service(central: RunningCentral, kiosk: httpx.Client) -> None:
    """Allowed, since a person may need several; what bounds it are the caps of whoever takes them."""
    central.set_limits(mediator_day=2)
    for number, service in enumerate(("sejour-premiere", "carte-grise")):
        booked(kiosk, central.add_slot(service, capacity=1, service=service, start=_later(number)), DIALLO)
    third = central.add_slot("third", capacity=1, service="naturalisation", start=_later(2))
    assert problem_of(hold(kiosk, third, DIALLO)) is ProblemName.MEDIATOR_LIMIT


# Games with the clock.


def test_burst_around_the_hour(central: RunningCentral, kiosk: httpx.Client) -> None:
    central.set_limits(mediator_hour=12, mediator_day=20, kiosk_hour=100)
    slot = central.add_slot("many", capacity=60)
    central.clock.advance(seconds=3599)
    before = [_problem_of(hold(kiosk, slot)) for _ in range(13)]
    central.clock.advance(seconds=1)
    after = [_problem_of(hold(kiosk, slot)) for _ in range(9)]
    assert before == [None] * 12 + [ProblemName.MEDIATOR_LIMIT]
    assert after == [None] * 8 + [ProblemName.MEDIATOR_LIMIT]  # twenty: the day's


@pytest.mark.parametrize("header", ["Date", "X-Date", "If-Modified-Since"])
def test_tell_the_central_what_time_it_is(kiosk: httpx.Client, slot: str, header: str) -> None:
    kiosk.headers[header] = "Wed, 13 Jan 2027 08:00:00 GMT"
    kiosk.delete(f"/v1/holds/{held(kiosk, slot).id}")
    assert problem_of(hold(kiosk, slot)) is ProblemName.SLOT_TAKEN


def test_wait_for_midnight_in_mayotte_to_begin_the_mediators_day_anew(
    central: RunningCentral, kiosk: httpx.Client
) -> None:
    central.set_limits(mediator_day=2)
    overseas = central.add_slot("overseas", capacity=9, site="pref-976", start=_later(9))
    booked(kiosk, overseas)
    booked(kiosk, overseas)
    central.clock.advance(hours=13)  # 22 h in Paris, midnight in Mayotte
    assert problem_of(hold(kiosk, overseas)) is ProblemName.MEDIATOR_LIMIT
    central.clock.advance(hours=2)
    assert hold(kiosk, overseas).status_code == 201


def test_wait_for_midnight_in_paris_to_begin_the_sites_day_anew(
    central: RunningCentral, kiosk: httpx.Client, stranger: httpx.Client
) -> None:
    central.set_limits(site_day=1)
    overseas = central.add_slot("overseas", capacity=9, site="pref-973", start=_later(9))
    booked(kiosk, overseas)
    central.clock.advance(hours=15)  # midnight in Paris, 20 h in Cayenne
    assert problem_of(hold(stranger, overseas)) is ProblemName.SITE_LIMIT


def test_profit_from_a_clock_that_is_put_back_over_the_hour(central: RunningCentral, kiosk: httpx.Client) -> None:
    central.set_limits(mediator_hour=1)
    slot = central.add_slot("many", capacity=9)
    central.clock.advance(seconds=3599)
    held(kiosk, slot)
    central.clock.advance(seconds=302)
    free_on(kiosk, DAY)  # whereby what is over is forgotten
    central.clock.advance(seconds=-302)
    assert problem_of(hold(kiosk, slot)) is ProblemName.MEDIATOR_LIMIT


# Somebody else's.


def test_replay_another_kiosks_key(kiosk: httpx.Client, accomplice: httpx.Client, slot: str) -> None:
    kept, key = held(kiosk, slot), new_key()
    done(book(kiosk, kept, key=key))
    assert problem_of(accomplice.get(f"/v1/bookings/by-key/{key}")) is ProblemName.NOT_FOUND
    assert problem_of(book(accomplice, kept, key=key)) is ProblemName.HOLD_EXPIRED
    told = done(accomplice.get(f"/v1/bookings/by-key/{key}"))  # of its own intent, which was refused
    assert (told["bookings"], told["refusal"]["status"]) == ([], 410)


def test_book_or_release_another_kiosks_hold(kiosk: httpx.Client, accomplice: httpx.Client, slot: str) -> None:
    kept = held(kiosk, slot)
    assert problem_of(book(accomplice, kept)) is ProblemName.HOLD_EXPIRED
    assert accomplice.delete(f"/v1/holds/{kept.id}").status_code == 204  # which tells nothing, and does nothing
    assert book(kiosk, kept).status_code == 201


@pytest.mark.parametrize("guess", ["1", "00000000-0000-4000-8000-000000000000", "%2e%2e", "' OR 1=1 --", "a" * 101])
def test_guess_the_number_of_somebodys_booking(kiosk: httpx.Client, slot: str, guess: str) -> None:
    _booked(kiosk, slot)
    answer = cancel(kiosk, {"id": guess, "revision": 1})
    assert problem_of(answer) in {ProblemName.NOT_FOUND, ProblemName.INVALID}


def test_book_for_a_hold_that_was_guessed(kiosk: httpx.Client) -> None:
    guessed = Held("00000000-0000-4000-8000-000000000000", (person(),))
    assert problem_of(book(kiosk, guessed)) is ProblemName.HOLD_EXPIRED


# What somebody else sealed.


@pytest.fixture
def intercepted(kiosk: httpx.Client) -> tuple[str, bytes]:
    """A report that the demonstration's kiosk sealed and that was copied on its way: its key, its envelope."""
    key = new_key()
    return key, sealing.seal(sealing_key(kiosk), Binding("demo", key, REPORTS), RESALE)


def test_replay_a_sealed_body_as_it_is(
    central: RunningCentral, kiosk: httpx.Client, intercepted: tuple[str, bytes]
) -> None:
    key, envelope = intercepted
    told = [done(post_sealed(kiosk, REPORTS, envelope, key)) for _ in range(2)]
    assert told[0] == told[1]
    assert central.count(db.reports) == 1


def test_replay_a_sealed_body_under_another_key(
    central: RunningCentral, kiosk: httpx.Client, intercepted: tuple[str, bytes]
) -> None:
    _, envelope = intercepted
    assert problem_of(post_sealed(kiosk, REPORTS, envelope, new_key())) is ProblemName.SEALED_UNREADABLE
    without = kiosk.post(REPORTS, content=envelope, headers={"Content-Type": sealing.MEDIA_TYPE})
    assert problem_of(without) is ProblemName.SEALED_UNREADABLE
    assert central.count(db.reports) == 0


def test_replay_a_sealed_body_from_another_kiosk(
    central: RunningCentral, accomplice: httpx.Client, intercepted: tuple[str, bytes]
) -> None:
    key, envelope = intercepted
    assert problem_of(post_sealed(accomplice, REPORTS, envelope, key)) is ProblemName.SEALED_UNREADABLE
    renamed = envelope[:12] + bytes([10]) + b"accomplice" + envelope[13 + len("demo") :]
    assert problem_of(post_sealed(accomplice, REPORTS, renamed, key)) is ProblemName.SEALED_UNREADABLE
    assert central.count(db.reports) == 0


def test_bring_a_sealed_body_to_another_call(kiosk: httpx.Client, slot: str) -> None:
    mine, key = _booked(kiosk, slot), new_key()
    path = f"/v1/bookings/{mine['id']}/cancel"
    envelope = sealing.seal(sealing_key(kiosk), Binding("demo", key, path), b'{"reason": "person"}')
    for call in ("reschedule", "correction"):
        other = f"/v1/bookings/{mine['id']}/{call}"
        assert problem_of(post_sealed(kiosk, other, envelope, key)) is ProblemName.SEALED_UNREADABLE
    for other in (f"/v1/bookings/{mine['id']}0/cancel", "/v1/bookings", REPORTS):
        assert problem_of(post_sealed(kiosk, other, envelope, key)) is ProblemName.SEALED_UNREADABLE
    assert problem_of(post_sealed(kiosk, f"{path}/", envelope, key)) is ProblemName.NOT_FOUND  # there is no such call
    assert done(post_sealed(kiosk, path, envelope, key))["status"] == "cancelled"


def test_seal_in_another_kiosks_name(kiosk: httpx.Client, accomplice: httpx.Client, slot: str) -> None:
    mine, key = _booked(kiosk, slot), new_key()
    path = f"/v1/bookings/{mine['id']}/cancel"
    envelope = sealing.seal(sealing_key(accomplice), Binding("demo", key, path), b'{"reason": "person"}')
    assert problem_of(post_sealed(accomplice, path, envelope, key)) is ProblemName.SEALED_UNREADABLE
    assert problem_of(accomplice.get(f"/v1/bookings/by-key/{key}")) is ProblemName.NOT_FOUND


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"{}",
        b'{"channel": "online"}',
        b"RDS1",
        b"RDS1" + bytes(9),
        b"RDS1" + bytes(8) + b"\x04demo" + bytes(48),  # a key that nobody has
        b"RDS1" + bytes(8) + b"\xffdemo" + bytes(300),
        b"RDS1" + bytes(8) + b"\x04d\xe9mo" + bytes(48),
        b"RDS2" + bytes(8) + b"\x04demo" + bytes(48),
        bytes(60_000),
    ],
)
def test_send_garbage_as_a_sealed_body(central: RunningCentral, kiosk: httpx.Client, garbage: bytes) -> None:
    assert problem_of(post_sealed(kiosk, REPORTS, garbage, new_key())) is ProblemName.SEALED_UNREADABLE
    own = b"RDS1" + sealing_key(kiosk).key_id + b"\x04demo" + garbage
    assert problem_of(post_sealed(kiosk, REPORTS, own, new_key())) is ProblemName.SEALED_UNREADABLE
    assert central.count(db.reports) == 0


def test_seal_more_than_may_be_sent(kiosk: httpx.Client) -> None:
    key = new_key()
    envelope = sealing.seal(sealing_key(kiosk), Binding("demo", key, REPORTS), RESALE + b" " * MAX_BODY_BYTES)
    assert problem_of(post_sealed(kiosk, REPORTS, envelope, key)) is ProblemName.INVALID


# Move and cancel as often as it pays.


def test_move_three_times(central: RunningCentral, kiosk: httpx.Client, slot: str) -> None:
    booking = _booked(kiosk, slot)
    for number in range(2):
        booking = done(move(kiosk, booking, central.add_slot(f"next-{number}", capacity=1, start=_later(1 + number))))
    third = central.add_slot("third", capacity=1, start=_later(5))
    assert problem_of(move(kiosk, booking, third)) is ProblemName.MOVES_USED_UP


def test_move_to_and_fro_to_keep_two_slots(central: RunningCentral, kiosk: httpx.Client, slot: str) -> None:
    there = central.add_slot("there", capacity=1, start=_later(1))
    booking = done(move(kiosk, _booked(kiosk, slot), there))
    assert problem_of(move(kiosk, booking, slot)) is ProblemName.SLOT_TAKEN
    central.clock.advance(hours=25)
    assert problem_of(move(kiosk, booking, slot)) is ProblemName.SLOT_TAKEN


def test_cancel_three_times(central: RunningCentral, kiosk: httpx.Client) -> None:
    for number in range(2):
        [booking] = booked(kiosk, central.add_slot(f"slot-{number}", capacity=1, start=_later(number)), DIALLO)
        done(cancel(kiosk, booking))
    third = central.add_slot("third", capacity=1, start=_later(3))
    assert problem_of(hold(kiosk, third, DIALLO)) is ProblemName.COOLING_OFF


@pytest.mark.parametrize("typed", ["Diallo", "Diallq"])
def test_cancel_under_typing_errors_to_keep_the_right_name_clean(
    central: RunningCentral, kiosk: httpx.Client, typed: str
) -> None:
    def slot(number: int) -> str:
        return central.add_slot(f"slot-{number}", capacity=1, start=_later(number))

    for number, wrong in enumerate(("Dialo", "Dialllo")):
        [booking] = done(book(kiosk, held(kiosk, slot(number), person(wrong)), person("Diallo")))["bookings"]
        done(cancel(kiosk, booking))
    answer = hold(kiosk, slot(3), person(typed))
    if answer.is_success:  # a third typing error; put right, it is the person who cancelled twice
        answer = book(kiosk, Held(answer.json()["id"], (person(typed),)), person("Diallo"))
    assert problem_of(answer) is ProblemName.COOLING_OFF


# Ask for what is not on offer.


def test_book_beyond_the_horizon(central: RunningCentral, kiosk: httpx.Client, slot: str) -> None:
    far = central.add_slot("far", capacity=1, start=NOW + dt.timedelta(days=85))
    assert problem_of(hold(kiosk, far)) is ProblemName.SLOT_TAKEN
    assert problem_of(move(kiosk, _booked(kiosk, slot), far)) is ProblemName.SLOT_TAKEN


@pytest.mark.parametrize("party", [4, 11, 200])
def test_bring_more_people_than_the_service_allows(central: RunningCentral, kiosk: httpx.Client, party: int) -> None:
    slot = central.add_slot("many", capacity=300)
    assert problem_of(hold(kiosk, slot, *(person() for _ in range(party)))) is ProblemName.INVALID


def test_bring_nobody(kiosk: httpx.Client, slot: str) -> None:
    answer = kiosk.post("/v1/holds", json={"slot": slot, "persons": []})
    assert problem_of(answer) is ProblemName.INVALID


@pytest.mark.parametrize("number", ["-1", "0", "11", "999999999999999999999", "1e9", "NaN", "٣"])
def test_ask_for_a_party_of_no_size(kiosk: httpx.Client, number: str) -> None:
    asked = {"service": "sejour-premiere", "site": "pref-93", "date": DAY, "party": number}
    assert problem_of(kiosk.get("/v1/slots", params=asked)) is ProblemName.INVALID


@pytest.mark.parametrize("number", ["-1", "0", "999999999999999999999", "1e9", "NaN"])
def test_change_a_revision_that_cannot_be(kiosk: httpx.Client, slot: str, number: str) -> None:
    answer = change(kiosk, _booked(kiosk, slot), "cancel", {"reason": "person"}, tag=f'"{number}"')
    assert problem_of(answer) is ProblemName.INVALID


@pytest.mark.parametrize(
    "written",
    [
        {"surname": "Ⅷ" * 100},  # four letters each
        {"given_names": "Mariam\u200d"},
        {"email": "a\x00b@exemple.fr"},
        {"email": "a\x1b[2J@exemple.fr"},
        {"email": "a\u202eb@exemple.fr"},
    ],
)
def test_write_what_unfolds_or_does_not_print(kiosk: httpx.Client, slot: str, written: Json) -> None:
    assert problem_of(hold(kiosk, slot, person() | written)) is ProblemName.INVALID


def _booked(kiosk: httpx.Client, slot: str) -> Json:
    [booking] = booked(kiosk, slot)
    return booking


def _later(days: int) -> dt.datetime:
    return NOW + dt.timedelta(days=2 + days, minutes=7)


def _problem_of(answer: httpx.Response) -> ProblemName | None:
    """Return why not, if not."""
    return None if answer.is_success else problem_of(answer)
