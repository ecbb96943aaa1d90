"""The token of a booking: what it says, when it changes, who is its bearer."""

import datetime as dt

import httpx
import pytest
import sqlalchemy as sa

from kiosk.booking.person import BirthDate
from kiosk.central import tables as db
from kiosk.central import wire
from kiosk.central.issuer import Issuer
from kiosk.tickets.identity import bearer_of
from kiosk.tickets.token import MAX_CHARS, Claims, code_of, read
from kiosk.tickets.verify import Here, Knowledge, Person, State, Verdict, verify_token
from tests.central.calls import Json, book, booked, cancel, correct, done, held, move, new_key, person
from tests.central.rows import add_booking
from tests.support.central import NOW, RunningCentral

START = NOW + dt.timedelta(days=2, minutes=7)
MARIAM = bearer_of("DIALLO", "MARIAM", BirthDate(1990, 2, 3))


@pytest.fixture
def issuer(central: RunningCentral) -> Issuer:
    """Another server's issuer on the same database."""
    return Issuer(central.storage.person_key)


@pytest.fixture
def booking(central: RunningCentral, kiosk: httpx.Client) -> Json:
    """An appointment of Mariam Diallo."""
    mariam = person("Diallo", given_names="Mariam Awa", birth_date="1990-02-03")
    [made] = booked(kiosk, central.add_slot("mine", capacity=1), mariam)
    return made


def _claims(booking: Json) -> Claims:
    return read(booking["token"]).claims


def _verdict(central: RunningCentral, issuer: Issuer, token: str) -> Verdict:
    """Return what Mariam's ticket is worth at Bobigny on the day."""
    with central.storage.reading() as transaction:
        keys = issuer.key_set(transaction)
    known = Knowledge(tag_keys={"2027-Q1": issuer.tag_key("pref-93", "2027-Q1")})
    return verify_token(token, keys, known, Here("pref-93", central.catalogue.zone("pref-93")), START, MARIAM)


def test_a_token_says_which_appointment_and_names_nobody(booking: Json) -> None:
    claims = _claims(booking)
    assert (claims.reference, claims.issued_at, claims.start, claims.minutes) == (booking["reference"], NOW, START, 20)
    assert (claims.site, claims.service) == (code_of("pref-93"), code_of(booking["service"]))
    assert (claims.kiosk, claims.revision) == (code_of("demo"), 1)
    assert len(booking["token"]) <= MAX_CHARS


def test_it_is_good_for_the_person_who_booked(central: RunningCentral, issuer: Issuer, booking: Json) -> None:
    verdict = _verdict(central, issuer, booking["token"])
    assert (verdict.state, verdict.person) == (State.VALID, Person.MATCH)


def test_the_same_revision_has_the_same_token_however_it_is_asked_for(
    central: RunningCentral, kiosk: httpx.Client
) -> None:
    kept, key = held(kiosk, central.add_slot("wanted", capacity=1)), new_key()
    answers = [done(book(kiosk, kept, key=key))]
    central.clock.advance(hours=30)
    [somebody] = kept.persons
    names = {"surname": somebody["surname"], "birth_date": somebody["birth_date"]}
    answers.append(done(book(kiosk, kept, key=key)))
    answers.append(done(kiosk.get(f"/v1/bookings/by-key/{key}")))
    answers.append(done(kiosk.post("/v1/bookings/search", json=names)))
    assert len({answer["bookings"][0]["token"] for answer in answers}) == 1


def test_a_move_gives_a_new_token_and_leaves_the_former_slot_behind(
    central: RunningCentral, kiosk: httpx.Client, booking: Json
) -> None:
    central.clock.advance(seconds=90.5)
    new = central.add_slot("new", capacity=1, start=START + dt.timedelta(days=1))
    claims = _claims(done(move(kiosk, booking, new)))
    moved_at = NOW + dt.timedelta(seconds=90)
    assert (claims.start, claims.revision, claims.issued_at) == (START + dt.timedelta(days=1), 2, moved_at)
    with central.storage.reading() as transaction:
        former = transaction.execute(sa.select(db.former_slots)).one()
    assert former == (booking["id"], 1, "mine", central.clock())


def test_a_correction_binds_the_ticket_to_the_right_name(
    central: RunningCentral, kiosk: httpx.Client, issuer: Issuer, booking: Json
) -> None:
    wrong = done(correct(kiosk, booking, surname="Dialo"))
    assert _verdict(central, issuer, wrong["token"]).person is Person.NO_MATCH
    assert _verdict(central, issuer, done(correct(kiosk, wrong, surname="Diallo"))["token"]).person is Person.MATCH


def test_what_is_cancelled_has_no_token_any_more(kiosk: httpx.Client, booking: Json) -> None:
    assert done(cancel(kiosk, booking))["token"] is None


def test_a_booking_that_is_older_than_every_key_is_signed_by_the_first(
    central: RunningCentral, kiosk: httpx.Client, issuer: Issuer, booking: Json
) -> None:
    this = db.bookings.c.id == booking["id"]
    with central.storage.writing() as transaction:
        transaction.execute(sa.update(db.bookings).where(this).values(changed_at=NOW - dt.timedelta(days=50)))
    names = {"surname": "Diallo", "birth_date": "1990-02-03"}
    every = done(kiosk.post("/v1/bookings/search", json=names))["bookings"]
    [found] = [each for each in every if each["id"] == booking["id"]]
    assert _claims(found).issued_at == NOW
    assert _verdict(central, issuer, found["token"]).state is State.VALID


@pytest.mark.parametrize("status", ["booked", "cancelled"])
def test_the_list_of_a_day_names_a_booking_as_its_token_does(
    central: RunningCentral, issuer: Issuer, status: str
) -> None:
    cancelled_at = NOW if status == "cancelled" else None
    added = add_booking(central, status=status, birth_date="1990", cancelled_at=cancelled_at)
    with central.storage.reading() as transaction:
        row = transaction.execute(wire.BOOKING.where(db.bookings.c.id == added.id)).mappings().one()
        entry, token = issuer.entry_of(row), issuer.token(transaction, row)
    assert (entry.reference, entry.cancelled, entry.admission) == (added.reference, status == "cancelled", None)
    assert (token is None) == entry.cancelled
    if token is not None:
        same = ("reference", "tag", "start", "minutes", "service", "site", "revision")
        claims = read(token).claims
        assert [getattr(claims, name) for name in same] == [getattr(entry, name) for name in same]


def test_a_site_and_a_quarter_have_a_key_of_their_own(issuer: Issuer) -> None:
    asked = [("pref-93", "2027-Q1"), ("pref-93", "2027-Q2"), ("sp-932", "2027-Q1")]
    made = {issuer.tag_key(*each) for each in asked}
    assert (len(made), {len(key) for key in made}) == (3, {32})


def test_signing_asks_the_database_nothing_more_while_the_keys_stay(
    central: RunningCentral, kiosk: httpx.Client, booking: Json
) -> None:
    asked: list[str] = []
    sa.event.listen(central.storage.writer, "before_cursor_execute", lambda *event: asked.append(event[2]))
    booked(kiosk, central.add_slot("another", capacity=1, start=START + dt.timedelta(days=1)))
    assert any("INSERT INTO bookings" in statement for statement in asked)
    assert not [statement for statement in asked if "ticket_keys" in statement]
