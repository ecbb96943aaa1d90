"""Proofs of a search, reports of a resale."""

import httpx

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.identity import keyed
from tests.central.calls import SERVICE, Json, done, new_key, person, problem_of
from tests.support.central import RunningCentral

SITES = ["pref-93", "sp-932", "sp-933"]  # one with places, one without, one that does not answer


def _attempt(kiosk: httpx.Client, key: str | None = None, **members: object) -> httpx.Response:
    wanted = {"service": SERVICE, "sites": SITES} | members
    return kiosk.post("/v1/attempts", headers={"Idempotency-Key": key or new_key()}, json=wanted)


def _report(kiosk: httpx.Client, key: str | None = None, **members: object) -> httpx.Response:
    told = {"channel": "online"} | members
    return kiosk.post("/v1/reports", headers={"Idempotency-Key": key or new_key()}, json=told)


def test_a_proof_tells_free_from_none_from_unknown(kiosk: httpx.Client) -> None:
    answer = _attempt(kiosk)
    assert answer.status_code == 201
    proof = answer.json()
    found = {site["site"]: site["found"] for site in proof["sites"]}
    assert found == {"pref-93": "free", "sp-932": "none", "sp-933": "unavailable"}
    assert (proof["at"], proof["first"], proof["last"]) == ("2027-01-11T08:00:00Z", "2027-01-11", "2027-04-05")


def test_a_proof_of_one_site_says_the_same_as_of_many(kiosk: httpx.Client) -> None:
    for site, found in zip(SITES, ("free", "none", "unavailable"), strict=True):
        assert done(_attempt(kiosk, sites=[site]))["sites"] == [{"site": site, "found": found}]


def test_a_proof_counts_what_the_same_person_searched_before(central: RunningCentral, kiosk: httpx.Client) -> None:
    someone = person("Lévêque")
    assert done(_attempt(kiosk, person=someone))["earlier"] == []
    central.clock.advance(days=7)
    again = done(_attempt(kiosk, person=person("LEVEQUE")))
    assert again["earlier"] == ["2027-01-11T08:00:00Z"]
    assert done(_attempt(kiosk, person=person()))["earlier"] == []
    assert done(_attempt(kiosk))["earlier"] == []


def test_the_name_on_a_proof_is_kept_nowhere(central: RunningCentral, kiosk: httpx.Client) -> None:
    done(_attempt(kiosk, person=person("Zanzibar")))
    with central.storage.reading() as transaction:
        [row] = transaction.execute(db.attempts.select()).mappings().all()
    assert "anzibar" not in repr(dict(row)).lower()


def test_a_seal_is_the_centrals_own(central: RunningCentral, kiosk: httpx.Client) -> None:
    answer = _attempt(kiosk)
    unsealed = answer.text.replace(f',"seal":"{answer.json()["seal"]}"', "")
    assert keyed(central.storage.person_key, "attempt", unsealed) == answer.json()["seal"]
    assert keyed(bytes(32), "attempt", unsealed) != answer.json()["seal"]


def test_evidence_is_written_once_per_key(central: RunningCentral, kiosk: httpx.Client) -> None:
    for ask, table in ((_attempt, db.attempts), (_report, db.reports)):
        key = new_key()
        first = ask(kiosk, key)
        central.clock.advance(hours=1)
        again = ask(kiosk, key)
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.content == first.content
        assert again.headers["Idempotency-Replayed"] == "true"
        assert central.count(table) == 1


def test_a_key_is_for_one_request(kiosk: httpx.Client) -> None:
    key = new_key()
    told = done(_report(kiosk, key))
    assert problem_of(_report(kiosk, key, price_euros=5)) is ProblemName.IDEMPOTENCY_MISMATCH
    assert problem_of(_attempt(kiosk, key)) is ProblemName.IDEMPOTENCY_MISMATCH
    assert done(kiosk.get(f"/v1/bookings/by-key/{key}"))["report"] == told


def test_a_proof_about_nowhere_is_not_found(kiosk: httpx.Client) -> None:
    assert problem_of(_attempt(kiosk, sites=["nowhere"])) is ProblemName.NOT_FOUND
    assert problem_of(_attempt(kiosk, service="nothing")) is ProblemName.NOT_FOUND


def test_a_report_asks_nobody_who_they_are(central: RunningCentral, kiosk: httpx.Client) -> None:
    told: Json = {"channel": "shop", "price_euros": 150, "place": "Bobigny", "reference": "7K4M2QXP93TQ", "note": "vu"}
    assert _report(kiosk, **told).status_code == 201
    with central.storage.reading() as transaction:
        [row] = transaction.execute(db.reports.select()).mappings().all()
    assert (row["channel"], row["price_euros"], row["booking_reference"]) == ("shop", 150, "7K4M2QXP93TQ")
    assert problem_of(_report(kiosk, surname="Diallo")) is ProblemName.INVALID
