"""`kiosk ticket verify`, as an agent or a program asks it."""

import datetime as dt
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from kiosk import cli
from kiosk.booking import person
from kiosk.tickets import cose, identity, keys, manifest, token
from kiosk.tickets.identity import bearer_of, quarter_of
from kiosk.tickets.keys import TicketKey, root_text
from kiosk.tickets.manifest import Admission, Entry, Manifest
from kiosk.tickets.reference import grouped, make_reference
from kiosk.tickets.token import Claims, code_of
from tests.central.calls import booked, newcomer
from tests.support.central import RunningCentral

NOW = dt.datetime(2027, 2, 2, 8, 30, tzinfo=dt.UTC)  # 9 h 30 in Paris
START = dt.datetime(2027, 2, 2, 9, 5, tzinfo=dt.UTC)
SITE, SERVICE = "pref-93", "sejour-renouvellement"
REFERENCE = make_reference(2**40 + 7)
TAG_KEY = bytes(range(identity.KEY_BYTES))
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
ZONE = "P<CIVNGUESSAN<KONE<<ELEONORE<MARIE<<<<<<<<<<A000000000CIV9106053F3001019<<<<<<<<<<<<<<<6"
WHO = ("--surname", "N'Guessan-Koné", "--given-names", "Éléonore Marie", "--birth-date", "05/06/1991")
BORN = person.birth_date("05/06/1991", NOW.date())
PERSONAL = ("Guessan", "GUESSAN", "léonore", "ELEONORE", "1991", "910605")


def signer(number: int) -> cose.Signer:
    """Return the same key for the same number."""
    return cose.signer_of(ec.derive_private_key(number, ec.SECP256R1()))


ROOT, KEY, LATER_KEY, STRANGER = (signer(number) for number in (11, 12, 13, 14))
CLAIMS = Claims(
    REFERENCE,
    NOW - 10 * DAY,
    START,
    20,
    code_of(SERVICE),
    code_of(SITE),
    code_of("shop-1"),
    identity.tag(TAG_KEY, bearer_of("N'Guessan-Koné", "Éléonore Marie", BORN), REFERENCE),
    1,
)


def written(signed_by: cose.Signer = KEY, **facts: Any) -> str:
    """Return a ticket's token."""
    return token.write(replace(CLAIMS, **facts), signed_by)


def entry(**facts: Any) -> Entry:
    """Return what the list of the day says of that ticket."""
    names = ("reference", "tag", "start", "minutes", "service", "site", "revision")
    usual: dict[str, Any] = {name: getattr(CLAIMS, name) for name in names} | {"cancelled": False, "admission": None}
    return Entry(**(usual | facts))


def day_of(*entries: Entry, **facts: Any) -> Manifest:
    """Return a day of Bobigny."""
    listed = {each.reference: each for each in entries}
    tag_keys = {quarter_of(START): TAG_KEY}
    whole = Manifest(SITE, "Europe/Paris", START.date(), NOW - dt.timedelta(minutes=4), None, tag_keys, listed)
    return replace(whole, **facts)


class Desk:
    """Files in a directory, and the command that reads them."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.keys = directory / "keys"
        self._manifest = directory / "manifest"
        self._capsys = capsys
        self.publish()

    def publish(self, revoked_at: dt.datetime | None = None, root: cose.Signer = ROOT) -> None:
        """Write the list of keys."""
        listed = [
            TicketKey(KEY.key_id, KEY.private.public_key(), NOW - 90 * DAY, None, revoked_at),
            TicketKey(LATER_KEY.key_id, LATER_KEY.private.public_key(), NOW - DAY, None, None),
        ]
        self.keys.write_bytes(keys.write(3, NOW, listed, root))

    def day(self, day: Manifest, signed_by: cose.Signer = KEY) -> tuple[str, ...]:
        """Write a list of the day; return the option that names it."""
        self._manifest.write_bytes(manifest.write(day, signed_by))
        return "--manifest", str(self._manifest)

    def asks(self, *words: str, at: dt.datetime = NOW) -> tuple[int, str, str]:
        """Return exit code, standard output and standard error."""
        code = run("--keys", str(self.keys), "--at", at.isoformat(), *words)
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def learns(self, *words: str, at: dt.datetime = NOW) -> tuple[int, dict[str, Any]]:
        """Return exit code and the JSON object."""
        code, out, err = self.asks("--json", *words, at=at)
        assert err == ""
        assert out.count("\n") == 1
        return code, json.loads(out)

    def is_refused(self, *words: str) -> str:
        """Return the one line that says why the question cannot be asked."""
        code, out, err = self.asks(*words)
        return refusal(code, out, err)


def run(*words: str) -> int:
    """Run the command; a parser ends the program."""
    try:
        return cli.main(["ticket", "verify", *words])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else -1


def refusal(code: int, out: str, err: str) -> str:
    """Return the line of a refused question, in which nothing is personal."""
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("kiosk ticket verify : ")
    assert not any(part in err for part in PERSONAL)
    return err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A machine whose settings name the root."""
    monkeypatch.setenv("KIOSK_CONFIG", str(tmp_path / "kiosk.toml"))
    (tmp_path / "kiosk.toml").write_text(f'root_key = "{root_text(ROOT.private.public_key())}"\n')
    return Desk(tmp_path, capsys)


def test_a_good_ticket_is_told_with_its_appointment_and_the_age_of_the_list(desk: Desk) -> None:
    code, out, err = desk.asks(written(), *desk.day(day_of(entry())))
    assert (code, err) == (0, "")
    lines = out.replace("\u00a0", " ").splitlines()
    assert lines[0] == "✓ Ticket bon"
    assert "Aujourd'hui, 10 h 05" in lines
    assert "Préfecture de Bobigny · carte de séjour, renouvellement" in lines
    assert f"Code {grouped(REFERENCE)}" in lines
    assert lines[-1] == "Vérifié avec ce qui est connu à 9 h 26."


def test_a_program_gets_one_object_whose_members_are_always_there(desk: Desk) -> None:
    code, good = desk.learns(written(), *desk.day(day_of(entry())))
    assert code == 0
    assert good == {
        "state": "valid",
        "person": "not-asked",
        "reference": REFERENCE,
        "start": "2027-02-02T10:05:00+01:00",
        "minutes": 20,
        "site": SITE,
        "service": SERVICE,
        "admitted": None,
        "as_of": "2027-02-02T08:26:00+00:00",
        "fresh": True,
        "vouched": True,
    }
    code, strange = desk.learns("bonjour")
    assert code == 1
    assert strange.keys() == good.keys()
    assert [strange[name] for name in ("reference", "start", "minutes", "site", "service", "as_of")] == [None] * 6


ELSEWHERE = make_reference(99)
STATES: dict[str, tuple[str, Manifest | None, dict[str, Any]]] = {
    "not-ours": ("https://rdv.example/1", None, {}),
    "altered": (written()[:-1], None, {}),
    "unknown-key": (written(STRANGER), None, {}),
    "cancelled": (written(), day_of(entry(cancelled=True)), {}),
    "moved": (written(), day_of(entry(start=START + 3 * DAY, revision=2)), {"start": "2027-02-05T10:05:00+01:00"}),
    "wrong-site": (written(site=code_of("pref-69")), day_of(), {"site": "pref-69"}),
    "expired": (written(start=START - 3 * HOUR), None, {"fresh": False}),
    "wrong-day": (written(start=START + DAY), day_of(), {"site": SITE}),
    "not-listed": (written(reference=ELSEWHERE), day_of(entry()), {"reference": ELSEWHERE}),
    "already-admitted": (
        written(),
        day_of(entry(admission=Admission(NOW - HOUR, "accueil-pref-93"))),
        {"admitted": {"at": "2027-02-02T07:30:00+00:00", "counter": "accueil-pref-93"}},
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_every_other_state_is_1_and_says_what_is_known(state: str, desk: Desk) -> None:
    shown, day, facts = STATES[state]
    options = desk.day(day) if day else ()
    code, answer = desk.learns(shown, *options)
    assert (code, answer["state"]) == (1, state)
    assert {name: answer[name] for name in facts} == facts
    assert desk.asks(shown, *options)[0] == 1


def test_a_ticket_whose_key_was_revoked_is_to_be_made_again(desk: Desk) -> None:
    desk.publish(revoked_at=NOW - HOUR)
    code, answer = desk.learns(written())
    assert (code, answer["state"], answer["reference"]) == (1, "revoked-key", None)
    reprinted = written(LATER_KEY, issued_at=NOW - HOUR)
    assert desk.learns(reprinted)[0] == 0


def test_a_key_vouches_only_for_its_own_time(desk: Desk) -> None:
    assert desk.learns(written(LATER_KEY))[1]["state"] == "unknown-key"


def test_a_moved_ticket_says_to_when(desk: Desk) -> None:
    _, out, _ = desk.asks(written(), *desk.day(day_of(entry(start=START + 3 * DAY, revision=2))))
    assert out.startswith("→ Rendez-vous déplacé\nVendredi 5 février 2027, 10\u00a0h\u00a005\n")


def test_a_ticket_that_was_used_says_when_and_where(desk: Desk) -> None:
    _, out, _ = desk.asks(written(), *desk.day(day_of(entry(admission=Admission(NOW - HOUR, "accueil-pref-93")))))
    assert "Passé à 8\u00a0h\u00a030, poste accueil-pref-93" in out


def test_without_a_list_the_answer_says_what_vouches_for_the_ticket(desk: Desk) -> None:
    code, out, _ = desk.asks(written())
    assert code == 0
    assert "ni lieu (--site), seules comptent la signature et l'heure" in out
    code, out, _ = desk.asks(written(), "--site", "pref-93")
    assert code == 0
    assert "seuls comptent la signature, le lieu, le jour et l'heure" in out
    assert desk.learns(written())[1]["as_of"] is None


def test_an_old_list_says_how_old_it_is(desk: Desk) -> None:
    options = desk.day(day_of(entry(), made_at=NOW - 5 * HOUR))
    assert "d'il y a 5 heures" in desk.asks(written(), *options)[1]
    assert desk.learns(written(), *options)[1]["fresh"] is False


def test_a_site_is_checked_by_the_catalogue_and_on_its_own_clock(desk: Desk) -> None:
    evening = dt.datetime(2027, 2, 2, 20, 30, tzinfo=dt.UTC)  # the next day, 0 h 30, on La Réunion
    reunion = written(site=code_of("pref-974"), start=evening + HOUR)
    assert desk.learns(reunion, "--site", "pref-974", at=evening)[1]["start"] == "2027-02-03T01:30:00+04:00"
    assert desk.learns(reunion, "--site", "pref-974", at=evening)[0] == 0
    assert desk.learns(reunion, "--site", "pref-974", at=evening - HOUR)[1]["state"] == "wrong-day"
    assert desk.learns(reunion, "--site", "pref-93", at=evening)[1]["state"] == "wrong-site"


def test_a_site_of_another_catalogue_is_not_named_and_its_hour_is_universal(desk: Desk) -> None:
    shown = written(site=code_of("elsewhere"), service=code_of("unheard-of"))
    code, answer = desk.learns(shown)
    assert (code, answer["site"], answer["service"], answer["start"]) == (0, None, None, "2027-02-02T09:05:00+00:00")
    assert "temps universel" in desk.asks(shown)[1]


@pytest.mark.parametrize("typed", [REFERENCE, grouped(REFERENCE), grouped(REFERENCE).lower().replace("-", " ")])
def test_a_code_is_looked_up_in_the_list(typed: str, desk: Desk) -> None:
    assert desk.learns(typed, *desk.day(day_of(entry())))[0] == 0
    code, answer = desk.learns(typed, *desk.day(day_of()))
    assert (code, answer["state"]) == (1, "not-listed")


def test_a_code_needs_a_list_and_its_check_character(desk: Desk) -> None:
    assert "--manifest" in desk.is_refused(REFERENCE)
    wrong = REFERENCE[:-1] + ("0" if REFERENCE[-1] != "0" else "1")
    assert "Ce code n'est pas juste" in desk.is_refused(wrong, *desk.day(day_of(entry())))


@pytest.mark.parametrize(
    ("who", "found"),
    [
        (("--mrz", ZONE), "match"),
        (("--mrz", f"{ZONE[:44]}\n{ZONE[44:]}"), "match"),
        (WHO, "match"),
        ((*WHO[:4], "--birth-date", "06/06/1991"), "no-match"),
        ((*WHO[:4], "--birth-date", "1991"), "no-match"),
        (("--surname", "Nguessan Kone", *WHO[2:]), "match"),
        (("--surname", "Konan", *WHO[2:]), "no-match"),
    ],
)
def test_who_shows_it_is_a_match_or_not_and_never_a_name(who: tuple[str, ...], found: str, desk: Desk) -> None:
    options = desk.day(day_of(entry()))
    code, answer = desk.learns(written(), *options, *who)
    assert (code, answer["person"], answer["state"]) == (int(found != "match"), found, "valid")
    code, out, err = desk.asks(written(), *options, *who)
    assert (code, err) == (int(found != "match"), "")
    assert not any(part in out for part in PERSONAL)


def test_who_shows_it_cannot_be_compared_without_the_list(desk: Desk) -> None:
    code, answer = desk.learns(written(), *WHO)
    assert (code, answer["state"], answer["person"]) == (1, "valid", "no-key")
    assert "--manifest" in desk.asks(written(), *WHO)[1]


def test_a_name_that_the_document_cut_is_asked_for_whole(desk: Desk) -> None:
    cut = "P<CIVKONE<<ELEONORE<MARIE<CELESTINE<GABRIELL" + ZONE[44:]
    code, out, _ = desk.asks(written(), *desk.day(day_of(entry())), "--mrz", cut)
    assert code == 1
    assert "--surname" in out


def test_a_birth_date_known_by_its_year_is_enough_where_no_more_was_known(desk: Desk) -> None:
    year = person.birth_date("1987", NOW.date())
    tag = identity.tag(TAG_KEY, bearer_of("Diallo", "", year), REFERENCE)
    options = desk.day(day_of(entry(tag=tag)))
    who = ("--surname", "Diallo", "--given-names", "")
    assert desk.learns(written(tag=tag), *options, *who, "--birth-date", "1987")[1]["person"] == "match"
    assert desk.learns(written(tag=tag), *options, *who, "--birth-date", "05/06/1987")[1]["person"] == "match"
    assert desk.learns(written(tag=tag), *options, *who, "--birth-date", "1988")[1]["person"] == "no-match"


@pytest.mark.parametrize(
    "shown",
    [
        "x" * 10_000,
        "RDV1:",
        "RDV1:" + "A" * 10_000,
        written() * 40,
        written() + " ",
        written().lower(),
        "RDV1:\udcff\x00",
        "\x1b]52;c;aGk=\x07",
        "[@click=app.quit]x[/]",
        "é" * 12,
        "../../etc/passwd",
        "{0}%s\n\n",
    ],
)
def test_a_hostile_text_is_only_not_good(shown: str, desk: Desk) -> None:
    code, answer = desk.learns(shown)
    assert code == (0 if shown.strip() == written() else 1)
    assert answer["state"] in {"not-ours", "altered", "valid"}
    assert "\x1b" not in desk.asks(shown)[1]


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        (f"{written()}\r\n".encode(), "valid"),
        (b"\xff\xfe\x00" * 9, "not-ours"),
        (written().encode() + b"\n" * 20_000 + b"x", "valid"),
        (b"RDV1:" + b"0" * 5_000_000, "altered"),
    ],
)
def test_standard_input_is_read_as_far_as_a_ticket_can_reach(
    raw: bytes, state: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert desk.learns("-")[1]["state"] == state


def test_keys_that_nobody_vouches_for_are_said_so(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text("")
    desk.publish(root=STRANGER)
    code, out, _ = desk.asks(written())
    assert code == 0
    assert "Personne ne s'est porté garant" in out
    assert desk.learns(written())[1]["vouched"] is False


def test_keys_of_another_root_are_refused(desk: Desk) -> None:
    desk.publish(root=STRANGER)
    assert "root_key" in desk.is_refused(written())


@pytest.mark.parametrize(
    ("day", "signed_by", "why"),
    [
        (day_of(entry()), STRANGER, "signée"),
        (day_of(entry(), since=NOW - HOUR), KEY, "sans since"),
        (day_of(entry(), date=START.date() + DAY), KEY, "mercredi 3 février 2027"),
        (day_of(entry(), zone="Europe/Atlantis"), KEY, "l'heure de ce lieu"),
    ],
)
def test_a_list_that_cannot_answer_is_refused(day: Manifest, signed_by: cose.Signer, why: str, desk: Desk) -> None:
    assert why in desk.is_refused(written(), *desk.day(day, signed_by))


def test_a_list_of_another_site_is_refused(desk: Desk) -> None:
    options = desk.day(day_of(entry()))
    assert desk.learns(written(), *options, "--site", SITE)[0] == 0
    assert "autre lieu" in desk.is_refused(written(), *options, "--site", "pref-69")


@pytest.mark.parametrize("raw", [b"", b"\xd2", b"{}", b"\x00" * 100_000])
def test_files_that_hold_something_else_are_refused(raw: bytes, desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(raw)
    desk.is_refused(written(), "--manifest", str(other))
    desk.keys.write_bytes(raw)
    desk.is_refused(written())


@pytest.mark.parametrize(
    "words",
    [
        ("--manifest", "/nowhere/Guessan"),
        ("--manifest", "/"),
        ("--manifest", "\0"),
        ("--site", "Guessan"),
        ("--at", "2027-02-02"),
        ("--at", "2027-02-02T08:30:00"),
        ("--at", "2027-02-30T08:30:00Z"),
        ("--at", "0001-01-01T00:00:00+14:00"),
        ("--at", "9999-12-31T23:59:59-14:00"),
        ("--at", "Guessan"),
        ("--central", "http://127.0.0.1:9"),
        ("--surname", "Guessan"),
        WHO[:4],
        ("--mrz", ZONE, "--surname", "Guessan"),
        ("--mrz", ZONE[:-1]),
        ("--mrz", "Guessan 1991\udcff"),
        ("--mrz", ""),
        ("--mrz", "<" * 10_000),
        ("--surname", "Guessan1991", *WHO[2:]),
        ("--surname", "", *WHO[2:]),
        ("--surname", "Guessan" * 2000, *WHO[2:]),
        ("--surname", "\udcff", *WHO[2:]),
        ("--surname", "גולדברג", *WHO[2:]),
        (*WHO[:4], "--birth-date", "1991-02-31"),
        (*WHO[:4], "--birth-date", "1991" * 999),
        ("--surnme", "Guessan"),
        ("--json=Guessan",),
        ("--surname",),
        ("Guessan", "1991"),
        ("--birth=1991",),
    ],
)
def test_wrong_usage_is_one_line_without_what_was_typed(words: tuple[str, ...], desk: Desk) -> None:
    desk.is_refused(written(), *words)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--surname", ("--surname", "Guessan1991", *WHO[2:])),
        ("--given-names", (*WHO[:2], "--given-names", "Guessan1991", *WHO[4:])),
        ("--birth-date", (*WHO[:4], "--birth-date", "1981-01-02")),
        ("--mrz", ("--mrz", ZONE[:-1])),
    ],
)
def test_the_option_that_is_wrong_is_named(option: str, words: tuple[str, ...], desk: Desk) -> None:
    assert f"{option} : " in desk.is_refused(written(), *words)


def test_something_must_be_asked_with_keys_from_one_place(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.is_refused()
    desk.is_refused("")
    for words in ((written(),), (written(), "--keys", str(desk.keys), "--central", "http://127.0.0.1:9")):
        assert run(*words) == 2
        said = capsys.readouterr()
        assert "--keys" in refusal(2, said.out, said.err)


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://[", "http://user:pass@x", "http://127.0.0.1:9"])
def test_a_central_that_cannot_be_asked_is_refused(url: str, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(written(), "--central", url) == 2
    said = capsys.readouterr()
    assert "--central" in refusal(2, said.out, said.err)


def test_a_wrong_setting_is_said(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('root_key = "02"\n')
    assert "root_key" in desk.is_refused(written())


def test_a_real_ticket_is_verified_with_the_keys_of_its_central(
    demo_central: RunningCentral, desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = (tmp_path / "central" / "root.pub").read_text()
    (tmp_path / "kiosk.toml").write_text(f'root_key = "{root.strip()}"\n')
    with newcomer(demo_central, "shop-1") as kiosk:
        [booking] = booked(kiosk, demo_central.add_slot("good", capacity=1))
    at = ("--at", demo_central.clock().isoformat())
    assert run(booking["token"], "--central", demo_central.base_url, "--json", *at) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["state"], answer["vouched"]) == ("valid", True)
    assert (answer["reference"], answer["site"]) == (booking["reference"], booking["site"])


def in_a_process(*words: str, text: str = "", **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as a shell does."""
    command = [sys.executable, "-m", "kiosk", "ticket", "verify", *words]
    environment = {**os.environ, "PYTHONWARNINGS": "error", **environ}
    return subprocess.run(command, input=text, capture_output=True, text=True, env=environment, timeout=30, check=False)


def test_a_pipe_and_a_terminal_without_our_signs(desk: Desk) -> None:
    asked = ("-", "--keys", str(desk.keys), "--at", NOW.isoformat())
    ended = in_a_process(*asked, text=written() + "\n", PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("? Ticket bon\n")


def test_a_machine_without_the_libraries_of_screens_network_and_wire_can_verify(desk: Desk) -> None:
    words = ["ticket", "verify", written(), "--keys", str(desk.keys), "--at", NOW.isoformat()]
    script = (
        "import sys; from kiosk.cli import main; code = main(sys.argv[1:]);"
        "heavy = {'textual', 'httpx', 'pydantic', 'sqlalchemy', 'fastapi', 'PIL', 'asyncio'} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("streams", [">/dev/full", ">&-", "<&-", "<&- 2>&-"])
def test_without_a_standard_stream_there_is_no_verdict_and_no_traceback(streams: str, desk: Desk) -> None:
    shown = "-" if "<" in streams else written()
    shell = f'exec "$@" {streams}'
    words = ["-m", "kiosk", "ticket", "verify", shown, "--keys", str(desk.keys)]
    command = ["sh", "-c", shell, "sh", sys.executable, *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == int("2>" not in streams)
