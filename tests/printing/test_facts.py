"""What a ticket states, and what it refuses to state."""

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest

import kiosk
from kiosk.booking.booking import BookingStatus
from kiosk.booking.catalogue import METROPOLITAN_ZONE, ZONE_NOTES
from kiosk.printing.errors import TicketError
from kiosk.printing.facts import ticket_for
from tests.printing.builders import ISSUED_AT, booking, ticket


def test_a_ticket_tells_who_where_when_and_what_for() -> None:
    made = ticket()
    assert (made.person, made.site, made.town) == ("Mariam D.", "Préfecture de\u00a0Bobigny", "93000 Bobigny")
    assert (made.start.hour, made.start.minute) == (14, 5)
    assert (made.arrive_at.hour, made.arrive_at.minute) == (13, 50)
    assert made.purpose.name == "Refaire votre carte de séjour"
    assert made.code == "7K4M-Q2XP-93TQ"
    assert made.zone_note == ""


def test_a_ticket_tells_no_surname() -> None:
    assert "iallo" not in repr(ticket())


def test_the_hour_is_the_sites_own_and_says_so_overseas() -> None:
    made = ticket(booking(zone="Indian/Reunion", commune="Saint-Denis", postcode="97400"))
    assert made.start.hour == 14
    assert made.zone_note == "heure de La\u00a0Réunion"


def test_every_zone_of_the_catalogue_has_its_name() -> None:
    catalogue = Path(kiosk.__file__).parent / "assets" / "catalogue" / "prefectures.json"
    zones = {site["time_zone"] for site in json.loads(catalogue.read_text("utf-8"))["sites"]}
    assert zones - {METROPOLITAN_ZONE} == set(ZONE_NOTES)


def test_an_unknown_zone_is_still_told_apart_from_paris() -> None:
    assert ticket(booking(zone="Pacific/Noumea")).zone_note == "heure de la ville du rendez-vous"


def test_a_cancelled_booking_has_no_ticket() -> None:
    with pytest.raises(TicketError):
        ticket(booking(status=BookingStatus.CANCELLED))


def test_copies_count_from_one() -> None:
    with pytest.raises(TicketError):
        ticket(copy=0)


def test_the_moment_of_printing_needs_a_zone() -> None:
    with pytest.raises(TicketError):
        ticket_for(booking(), issued_at=ISSUED_AT.replace(tzinfo=None))


def test_a_start_given_in_another_zone_is_told_on_the_sites_clock() -> None:
    made = booking()
    in_utc = dataclasses.replace(made, start=made.start.astimezone(dt.UTC))
    assert ticket(in_utc).start.hour == 14
