"""Counters: who may read and note what, and the commands that let them in and report their day."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from kiosk.api.problems import ProblemName
from kiosk.central import tables as db
from kiosk.central.seed import COUNTER, COUNTER_TOKEN
from kiosk.cli import DATABASE_URL_VARIABLE, main
from kiosk.settings import DEMO_COUNTER_TOKEN
from tests.central.calls import at_counter, booked, cancel, deliver, done, note, problem_of, signed_in
from tests.support.central import NOW, RunningCentral, running_central
from tests.support.databases import database_url

TODAY = NOW.date().isoformat()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the central of all tests keeps its data."""
    return tmp_path_factory.mktemp("counters") / "data"


@pytest.fixture(scope="module")
def central(folder: Path) -> Iterator[RunningCentral]:
    """One central for all tests, each of which has counters and days of its own."""
    with running_central(folder) as running:
        yield running


@pytest.fixture
def data(folder: Path, central: RunningCentral, monkeypatch: pytest.MonkeyPatch) -> str:
    """The directory of a central that is running: nobody has to stop it to let a counter in."""
    monkeypatch.setenv(DATABASE_URL_VARIABLE, database_url(folder) or "")
    return str(folder)


def _manifest(central: RunningCentral, token: str, site: str = "pref-93") -> httpx.Response:
    url = f"{central.base_url}/v1/sites/{site}/manifest"
    return httpx.get(url, params={"date": TODAY}, headers={"Authorization": f"Bearer {token}"})


def test_the_demonstration_has_a_counter_at_every_site(central: RunningCentral) -> None:
    with central.storage.reading() as transaction:
        found = {(row.site, row.id) for row in transaction.execute(sa.select(db.counters))}
    assert found >= {(site, f"accueil-{site}") for site in central.catalogue.sites}
    assert (COUNTER.format("pref-93"), COUNTER_TOKEN) == ("accueil-pref-93", DEMO_COUNTER_TOKEN)


def test_a_counter_reads_what_places_and_services_are_called(central: RunningCentral) -> None:
    with at_counter(central) as counter:
        assert len(done(counter.get("/v1/sites"))["sites"]) == len(central.catalogue.sites)
        assert done(counter.get("/v1/services"))["services"]


@pytest.mark.parametrize("path", ["/v1/me", "/v1/services/passeport", "/v1/availability?service=passeport"])
def test_a_counter_reads_nothing_that_is_for_mediators(central: RunningCentral, path: str) -> None:
    with at_counter(central) as counter:
        assert problem_of(counter.get(path)) is ProblemName.NOT_SIGNED_IN


def test_a_counter_does_not_ask_about_persons(central: RunningCentral) -> None:
    with at_counter(central) as counter:
        search = {"surname": "Diallo", "birth_date": "1990-02-03"}
        assert problem_of(counter.post("/v1/bookings/search", json=search)) is ProblemName.NOT_SIGNED_IN
        assert problem_of(counter.post("/v1/tickets/check", json={"token": "x"})) is ProblemName.NOT_SIGNED_IN


def test_a_mediator_is_no_counter(central: RunningCentral) -> None:
    with signed_in(central) as kiosk, httpx.Client(base_url=central.base_url) as stranger:
        for client in (kiosk, stranger):
            day = client.get("/v1/sites/pref-93/manifest", params={"date": TODAY})
            assert problem_of(day) is ProblemName.NOT_SIGNED_IN
            assert problem_of(client.post("/v1/admissions", json={"notes": [note()]})) is ProblemName.NOT_SIGNED_IN


def test_a_counter_is_let_in_until_it_is_revoked(
    central: RunningCentral, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["central", "counters", "add", "--data", data, "--site", "pref-93", "--name", "guichet-2"]) == 0
    token = capsys.readouterr().out.strip()
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert _manifest(central, token).is_success
    assert main(["central", "counters", "list", "--data", data]) == 0
    listed = capsys.readouterr().out
    assert re.search(r"^guichet-2 pref-93: added \d{4}-\S+$", listed, re.M)
    assert token not in listed
    assert main(["central", "counters", "revoke", "--data", data, "guichet-2"]) == 0
    assert problem_of(_manifest(central, token)) is ProblemName.NOT_SIGNED_IN
    main(["central", "counters", "list", "--data", data])
    assert re.search(r"^guichet-2 pref-93: added \S+, revoked \S+$", capsys.readouterr().out, re.M)
    assert main(["central", "audit", "--data", data]) == 0
    assert central.count(db.events, db.events.c.subject == "guichet-2") == 2


def test_a_token_is_not_in_the_database(central: RunningCentral, data: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["central", "counters", "add", "--data", data, "--site", "pref-93", "--name", "guichet-4"])
    token = capsys.readouterr().out.strip()
    with central.storage.reading() as transaction:
        rows = [*transaction.execute(sa.select(db.counters)), *transaction.execute(sa.select(db.events))]
    assert token not in repr(rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "--site", "nowhere", "--name", "a"], "no site is called 'nowhere'"),
        (["add", "--site", "pref-93", "--name", "accueil-pref-93"], "a counter is called 'accueil-pref-93' already"),
        (["add", "--site", "pref-93", "--name", "à"], "a counter's name is 1 to 80 of"),
        (["add", "--site", "pref-93", "--name", "a" * 81], "a counter's name is 1 to 80 of"),
        (["revoke", "nobody"], "no counter is called 'nobody'"),
    ],
)
def test_a_wrong_counter_is_one_line_and_changes_nothing(
    central: RunningCentral, data: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = central.count(db.counters), central.count(db.events)
    assert main(["central", "counters", arguments[0], "--data", data, *arguments[1:]]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"kiosk central: {said}")
    assert printed.err.count("\n") == 1
    assert (central.count(db.counters), central.count(db.events)) == before


def test_the_name_of_a_revoked_counter_is_not_used_again(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["central", "counters", "revoke", "--data", data, "accueil-sp-932"]) == 0
    assert main(["central", "counters", "revoke", "--data", data, "accueil-sp-932"]) == 2
    assert main(["central", "counters", "add", "--data", data, "--site", "sp-932", "--name", "accueil-sp-932"]) == 2
    assert "is called 'accueil-sp-932' already" in capsys.readouterr().err


def test_the_day_of_a_site_is_reported_for_programs_and_for_people(
    central: RunningCentral, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    slot = central.add_slot("today", capacity=9, start=NOW + dt.timedelta(hours=1))
    with signed_in(central) as kiosk:
        once, twice, gone = (booked(kiosk, slot)[0] for _ in range(3))
        done(cancel(kiosk, gone))
    codes = [booking["reference"] for booking in (once, twice, gone)]
    later = NOW + dt.timedelta(minutes=5)
    with at_counter(central) as first, at_counter(central, "poste-3") as second:
        deliver(first, *(note(reference=code, revision=1) for code in codes))
        again = note(at=later, reference=codes[1], revision=1)
        mistake = note(at=later, reference=codes[0], revision=1)
        deliver(second, again, mistake, note("withdrawn", of=mistake["nonce"]), note("altered"), note("altered"))
    command = ["central", "admissions", "--data", data, "--site", "pref-93", "--date", TODAY]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "site": "pref-93",
        "date": TODAY,
        "time_zone": "Europe/Paris",
        "admitted": 3,
        "again": [
            {
                "reference": codes[1],
                "first": {"at": "2027-01-11T09:00:00+01:00", "counter": "accueil-pref-93"},
                "again": {"at": "2027-01-11T09:05:00+01:00", "counter": "poste-3"},
            }
        ],
        "doubtful": [
            {
                "reference": codes[2],
                "why": "cancelled",
                "at": "2027-01-11T09:00:00+01:00",
                "counter": "accueil-pref-93",
            }
        ],
        "withdrawn": 1,
        "refused": {"altered": 2},
    }
    assert main(command) == 0
    said = capsys.readouterr().out.replace("\u00a0", " ").splitlines()
    assert said[0] == "Entrées de Bobigny, lundi 11 janvier 2027"
    assert said[1] == "Personnes entrées : 3"
    assert re.fullmatch(r"  (\w{4}-?){3} : 9 h 00 à accueil-pref-93, puis 9 h 05 à poste-3", said[3])
    assert said[5].endswith(" : 9 h 00 à accueil-pref-93, rendez-vous annulé")
    assert said[-2:] == ["Tickets montrés sans entrer : 2", "  ticket modifié : 2"]


def test_a_report_needs_a_site_and_a_date(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["central", "admissions", "--data", data, "--site", "nowhere", "--date", TODAY]) == 2
    assert capsys.readouterr().err == "kiosk central: no site is called 'nowhere'\n"
    with pytest.raises(SystemExit) as ended:
        main(["central", "admissions", "--data", data, "--site", "pref-93", "--date", "monday"])
    assert ended.value.code == 2
    assert "a date is written 2027-02-03" in capsys.readouterr().err
