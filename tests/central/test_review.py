"""Signals of resale: what each one is made of, what is not one, and what they never say."""

import datetime as dt

import pytest
import sqlalchemy as sa

from kiosk.booking import french
from kiosk.central import tables as db
from kiosk.central.events import Act
from kiosk.central.review import Kind, Signal, signals
from kiosk.tickets.reference import make_reference
from tests.central.rows import Booked, add_booking, tell
from tests.support.central import NOW, RunningCentral

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
PHONE = "+33612345642"


def _signals(central: RunningCentral, now: dt.datetime = NOW + DAY) -> list[Signal]:
    with central.storage.reading() as transaction:
        return signals(transaction, now)


def _of(central: RunningCentral, kind: Kind) -> list[Signal]:
    return [signal for signal in _signals(central) if signal.kind is kind]


def _read(signal: Signal) -> str:
    return signal.reason.replace(french.NBSP, " ")


def _cancel(
    central: RunningCentral, booking: Booked, at: dt.datetime, mediator: str = "demo", kiosk: str = "demo"
) -> None:
    tell(central, Act("cancel", booking.id, {}), at, mediator, kiosk)


def _resell(central: RunningCentral, number: int, waits: dt.timedelta = 5 * MINUTE, **columns: str) -> str:
    """Book, cancel a day later, book for somebody else; return the pair of references."""
    at = NOW - 10 * DAY + number * HOUR
    old = add_booking(central, created_at=at - DAY, **{"mediator": "demo"} | columns)
    _cancel(central, old, at, columns.get("mediator", "demo"))
    new = add_booking(central, created_at=at + waits, **columns)
    return f"{old.reference} → {new.reference}"


def test_a_fresh_demonstration_has_nothing_to_review(central: RunningCentral) -> None:
    assert _signals(central) == []


def test_cancelling_and_booking_for_another_person_twice_is_a_signal(central: RunningCentral) -> None:
    pairs = [_resell(central, number) for number in range(2)]
    [signal] = _signals(central)
    assert (signal.kind, signal.subject) == (Kind.REBOOKED, "médiateur demo")
    assert _read(signal) == (
        f"2 rendez-vous annulés, puis repris aussitôt pour une autre personne : {pairs[0]}, {pairs[1]}."
    )


def test_once_is_chance(central: RunningCentral) -> None:
    _resell(central, 1)
    assert _signals(central) == []


def test_a_booking_made_later_than_half_an_hour_is_another_matter(central: RunningCentral) -> None:
    for number in range(3):
        _resell(central, number, waits=31 * MINUTE)
    assert _signals(central) == []


def test_the_same_slot_taken_again_counts_however_late(central: RunningCentral) -> None:
    for number in range(2):
        slot = central.add_slot(f"mine-{number}", capacity=1, start=NOW + (number + 2) * DAY + MINUTE)
        _resell(central, number, waits=3 * DAY, slot=slot)
    assert [signal.kind for signal in _signals(central)] == [Kind.REBOOKED]


def test_a_person_who_books_again_for_herself_is_no_pair(central: RunningCentral) -> None:
    for number in range(3):
        _resell(central, number, person_ref=f"same-{number}")
    assert _of(central, Kind.REBOOKED) == []


def test_a_mornings_work_after_one_cancellation_is_one_pair(central: RunningCentral) -> None:
    _resell(central, 1)
    for minutes in range(5):
        add_booking(central, created_at=NOW - 10 * DAY + HOUR + (minutes + 6) * MINUTE)
    assert _of(central, Kind.REBOOKED) == []


def test_a_slot_that_goes_from_hand_to_hand_counts_each_time(central: RunningCentral) -> None:
    central.add_slot("mine", capacity=1)
    chain = [add_booking(central, created_at=NOW - (5 - number) * DAY, slot="mine") for number in range(3)]
    for number in range(2):
        _cancel(central, chain[number], NOW - (4 - number) * DAY - MINUTE)
    [signal] = _signals(central)
    first, second, third = (booking.reference for booking in chain)
    assert signal.reason.endswith(f" : {first} → {second}, {second} → {third}.")


def test_two_mediators_who_share_the_work_at_one_kiosk_are_seen(central: RunningCentral) -> None:
    central.add_mediator("other")
    for number in range(2):
        at = NOW - (number + 1) * DAY
        old = add_booking(central, created_at=at - HOUR)
        _cancel(central, old, at)
        add_booking(central, created_at=at + MINUTE, mediator="other")
    [signal] = _signals(central)
    assert (signal.kind, signal.subject) == (Kind.REBOOKED, "poste demo")


def test_what_is_older_than_a_month_is_left_in_peace(central: RunningCentral) -> None:
    for number in range(3):
        _resell(central, number)
    assert len(_signals(central, NOW + 19 * DAY)) == 1
    assert _signals(central, NOW + 21 * DAY) == []


@pytest.mark.parametrize(("places", "kinds"), [(8, []), (9, [Kind.BURST])])
def test_more_than_eight_places_in_ten_minutes_are_a_burst(
    central: RunningCentral, places: int, kinds: list[Kind]
) -> None:
    for number in range(places):
        add_booking(central, created_at=NOW + number * MINUTE)
    assert [signal.kind for signal in _signals(central)] == kinds


def test_a_burst_is_told_once_with_its_size_and_hour(central: RunningCentral) -> None:
    for number in range(11):
        add_booking(central, created_at=NOW + number * MINUTE // 2)
    [signal] = _signals(central)
    assert signal.subject == "médiateur demo"
    assert _read(signal) == "11 places prises en 10 minutes, le lundi 11 janvier à 9 h 05."


def test_a_steady_day_is_no_burst(central: RunningCentral) -> None:
    for number in range(30):
        add_booking(central, created_at=NOW + number * 3 * MINUTE)
    assert _signals(central) == []


def test_a_kiosk_with_several_mediators_can_burst_too(central: RunningCentral) -> None:
    mediators = ("ana", "bea", "cleo")
    for mediator in mediators:
        central.add_mediator(mediator)
    for number in range(9):
        add_booking(central, created_at=NOW + number * MINUTE, mediator=mediators[number % 3])
    [signal] = _signals(central)
    assert (signal.kind, signal.subject) == (Kind.BURST, "poste demo")


def test_a_phone_of_four_persons_is_shown_by_its_last_digits(central: RunningCentral) -> None:
    booked = [add_booking(central, phone=PHONE, created_at=NOW + number * HOUR).reference for number in range(4)]
    [signal] = _signals(central)
    assert (signal.kind, signal.subject) == (Kind.SHARED_PHONE, "téléphone …42")
    assert _read(signal) == f"4 personnes différentes sous ce numéro : {', '.join(booked)}."


def test_a_phone_of_one_person_with_four_appointments_is_no_signal(central: RunningCentral) -> None:
    for number in range(4):
        add_booking(central, phone=PHONE, person_ref="same", created_at=NOW + number * HOUR)
    for number in range(4):
        add_booking(central, phone=None, created_at=NOW + number * HOUR)
    assert _signals(central) == []


def _work(central: RunningCentral, mediator: str, booked: int, cancelled: int) -> None:
    """Let a mediator book once an hour, and cancel some of it days later."""
    central.add_mediator(mediator)
    for number in range(booked):
        booking = add_booking(central, mediator=mediator, created_at=NOW - 20 * DAY + number * HOUR)
        if number < cancelled:
            _cancel(central, booking, NOW - DAY, mediator)


def test_a_mediator_who_cancels_far_more_than_peers_is_a_signal(central: RunningCentral) -> None:
    for number, cancelled in enumerate([0, 1, 1, 2]):
        _work(central, f"peer-{number}", 10, cancelled)
    _work(central, "eager", 10, 7)
    [signal] = _signals(central)
    assert (signal.kind, signal.subject) == (Kind.CANCELS, "médiateur eager")
    assert _read(signal) == ("7 annulations pour 10 rendez-vous pris, soit 70 % ; ses collègues sont autour de 10 %.")


@pytest.mark.parametrize(
    ("peers", "booked", "cancelled"),
    [
        (3, 10, 9),  # with too few peers
        (4, 9, 9),  # after too few bookings
        (4, 10, 2),  # where nobody else cancels at all
    ],
)
def test_a_cancel_ratio_says_nothing(central: RunningCentral, peers: int, booked: int, cancelled: int) -> None:
    for number in range(peers):
        _work(central, f"peer-{number}", 10, 0)
    _work(central, "eager", booked, cancelled)
    assert _signals(central) == []


def test_a_mediator_who_never_cancels_is_no_signal(central: RunningCentral) -> None:
    for number in range(4):
        _work(central, f"peer-{number}", 10, 9)
    _work(central, "careful", 10, 0)
    assert _signals(central) == []


@pytest.mark.parametrize(("rejections", "kinds"), [(4, []), (5, [Kind.REJECTED])])
def test_five_identities_refused_in_a_day_are_a_signal(
    central: RunningCentral, rejections: int, kinds: list[Kind]
) -> None:
    for number in range(rejections):
        tell(central, Act("reject", "passeport", {"reason": "ants-unknown"}), NOW + number * HOUR)
    found = _signals(central)
    assert [signal.kind for signal in found] == kinds
    for signal in found:
        assert _read(signal) == "5 vérifications d'identité refusées le lundi 11 janvier."


def test_a_day_ends_at_midnight_in_paris(central: RunningCentral) -> None:
    midnight = dt.datetime(2027, 1, 10, 23, 0, tzinfo=dt.UTC)
    for hours in (-3, -2, -1, 0, 1, 2):
        tell(central, Act("reject", "passeport", {}), midnight + hours * HOUR)
    assert _signals(central) == []


def _named(central: RunningCentral, name: str, created_at: dt.datetime = NOW, **columns: object) -> str:
    columns = {"birth_date": "1990-02-03"} | columns
    identity = f"{name}/{columns['birth_date']}"
    return add_booking(
        central, first_identity=identity, person_ref=identity, created_at=created_at, **columns
    ).reference


def test_persons_whose_names_differ_by_two_letters_are_one_signal(central: RunningCentral) -> None:
    names = ["DIALLO<<MARIAM", "DIALO<<MARIAM", "DIALLOH<<MARIAM"]
    references = [_named(central, name, NOW - number * 8 * DAY) for number, name in enumerate(names)]
    [signal] = _signals(central)
    assert signal.kind is Kind.NEAR_NAMES
    assert signal.subject == f"rendez-vous {', '.join(sorted(references))}"
    assert _read(signal) == (
        "3 personnes nées le même jour, au nom écrit presque pareil, pour la même démarche :"
        " 2 lettres de différence au plus."
    )


@pytest.mark.parametrize(
    "other",
    [
        {"name": "DIALLO<<FATOU"},
        {"name": "DIALO<<MARIAM", "birth_date": "1990-02-04"},
        {"name": "DIALO<<MARIAM", "service": "passeport"},
        {"name": "DIALO<<MARIAM", "created_at": NOW - 2 * DAY, "ends_at": NOW - DAY},
        {"name": "DIALO<<MARIAM", "created_at": NOW - 2 * DAY, "status": "cancelled", "cancelled_at": NOW - DAY},
        {"name": "DIALLO<<MARIAM"},
    ],
)
def test_other_persons_are_no_signal(central: RunningCentral, other: dict[str, object]) -> None:
    _named(central, "DIALLO<<MARIAM")
    _named(central, **{"created_at": NOW} | other)  # type: ignore[arg-type]
    assert _signals(central) == []


def test_near_names_within_a_day_are_a_signal_even_when_one_was_cancelled(central: RunningCentral) -> None:
    _named(central, "DIALLO<<MARIAM", status="cancelled", cancelled_at=NOW)
    _named(central, "DIALO<<MARIAM", NOW + 20 * HOUR)
    assert [signal.kind for signal in _signals(central)] == [Kind.NEAR_NAMES]


def _hold_and_book(central: RunningCentral, held: int, booked: int) -> None:
    for number in range(held):
        tell(central, Act("hold", f"kept-{number}", {}), NOW + number * MINUTE)
        if number < booked:
            tell(central, Act("book", f"kept-{number}", {}), NOW + number * MINUTE)


@pytest.mark.parametrize(("held", "booked"), [(9, 0), (10, 2), (20, 4)])
def test_holds_of_which_enough_become_appointments_are_work(central: RunningCentral, held: int, booked: int) -> None:
    _hold_and_book(central, held, booked)
    assert _signals(central) == []


def test_holds_that_hardly_ever_become_appointments_are_a_signal(central: RunningCentral) -> None:
    _hold_and_book(central, 10, 1)
    [signal] = _signals(central)
    assert (signal.kind, signal.subject) == (Kind.UNUSED_HOLDS, "poste demo")
    assert _read(signal) == "10 créneaux gardés le lundi 11 janvier, dont 1 devenu rendez-vous."


def _report(central: RunningCentral, number: int, **columns: object) -> str:
    row = {"id": f"report-{number}", "reference": make_reference(1000 + number), "at": NOW, "channel": "shop"}
    with central.storage.writing() as transaction:
        transaction.execute(sa.insert(db.reports).values(row | columns))
    return str(row["reference"])


def test_each_report_of_a_resale_is_a_signal(central: RunningCentral) -> None:
    booking = add_booking(central)
    first = _report(central, 1, price_euros=80, booking_reference=booking.reference)
    second = _report(central, 2, channel="online")
    assert {signal.subject: _read(signal) for signal in _signals(central)} == {
        f"signalement {first}": (
            f"Vente signalée le lundi 11 janvier dans une boutique, 80 €, rendez-vous {booking.reference}."
        ),
        f"signalement {second}": "Vente signalée le lundi 11 janvier en ligne.",
    }


def test_a_report_comes_first_then_what_is_furthest_over_its_threshold(central: RunningCentral) -> None:
    for number in range(5):
        add_booking(central, phone=PHONE, created_at=NOW + number * HOUR)
    for number in range(4):
        _resell(central, number)
    _report(central, 1)
    found = _signals(central)
    assert [signal.kind for signal in found] == [Kind.RESALE, Kind.REBOOKED, Kind.SHARED_PHONE]
    assert [signal.strength for signal in found] == sorted((signal.strength for signal in found), reverse=True)


def test_no_signal_says_who_a_person_is(central: RunningCentral) -> None:
    secret = {"surname": "Zanzibar", "mrz_surname": "ZANZIBAR", "given_names": "Yolande", "birth_date": "1961-06-07"}
    for letter in "ABCDEFGHIJKL":
        identity = f"ZANZIBAR<<YOLANDE{letter}/1961-06-07"
        booking = add_booking(central, first_identity=identity, person_ref=letter, phone=PHONE, **secret)
        _cancel(central, booking, NOW)
        add_booking(central, created_at=NOW + HOUR // 4, person_ref=f"next-{letter}", phone=PHONE, **secret)
    _report(central, 1, place="chez Zanzibar", note="Yolande", booking_reference="ZANZIBAR")
    found = _signals(central)
    assert {Kind.RESALE, Kind.REBOOKED, Kind.BURST, Kind.SHARED_PHONE, Kind.NEAR_NAMES} <= {each.kind for each in found}
    told = " ".join(signal.subject + signal.reason for signal in found).upper()
    assert not any(word in told for word in ("ZANZIBAR", "YOLANDE", "1961", PHONE, PHONE[3:]))
