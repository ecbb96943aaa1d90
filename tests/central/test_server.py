"""One visit, end to end, and what each call answers."""

import httpx

from kiosk.tickets.token import read
from tests.support.central import RunningCentral


def test_a_kiosk_books_from_the_first_question_to_the_reference(kiosk: httpx.Client) -> None:
    offer = kiosk.get("/v1/availability", params={"service": "sejour-renouvellement", "site": "pref-93"}).json()
    [site] = offer["sites"]
    slots = kiosk.get(
        "/v1/slots", params={"service": "sejour-renouvellement", "site": "pref-93", "date": site["next_free"]}
    ).json()["slots"]
    someone = {"surname": "Durand", "given_names": "Amadou", "birth_date": "1985-05-05"}
    numbered = someone | {"identifiers": {"agdref": "9900000003"}}
    hold = kiosk.post("/v1/holds", json={"slot": slots[0]["id"], "persons": [numbered]})
    assert hold.status_code == 201, hold.text
    booked = kiosk.post(
        "/v1/bookings",
        headers={"Idempotency-Key": "0190c6e0-8f6e-7c3a-9d57-3f2b1a6c4e5d"},
        json={
            "hold": hold.json()["id"],
            "persons": [someone],
            "consent": {"mode": "present"},
        },
    )
    assert booked.status_code == 201, booked.text
    [booking] = booked.json()["bookings"]
    assert booking["start"] == slots[0]["start"]
    assert read(booking["token"]).claims.reference == booking["reference"]
    assert booking["demonstration"]


def test_health_needs_no_sign_in(stranger: httpx.Client, central: RunningCentral) -> None:
    answer = stranger.get("/v1/health").json()
    assert answer["status"] == "ok"
    assert answer["demonstration"] is True
    assert answer["time"] == "2027-01-11T08:00:00Z"
