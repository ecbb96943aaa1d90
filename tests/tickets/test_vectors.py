"""The vectors that others test their verifiers with are what the tool makes, and what our own verifier answers."""

import datetime as dt
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kiosk.booking.person import BirthDate, PersonError, mrz
from kiosk.tickets import keys, manifest, token
from kiosk.tickets.identity import Bearer, bearer_of, tag
from kiosk.tickets.keys import BadKeySetError
from kiosk.tickets.manifest import BadManifestError
from kiosk.tickets.reference import BadReferenceError, read_reference, to_bytes
from kiosk.tickets.verify import Here, Knowledge, Person, State, knowledge_of, verify_token
from tools import make_vectors

VECTORS: dict[str, Any] = json.loads(make_vectors.TARGET.read_text(encoding="utf-8"))
KEYS = keys.read(bytes.fromhex(VECTORS["key_set"]["signed"]), VECTORS["root"])
DAY = manifest.read(bytes.fromhex(VECTORS["manifest"]), KEYS)
FORMAT = Path(make_vectors.TARGET.parent, "ticket-format.md").read_text(encoding="utf-8")


def test_the_file_is_what_the_tool_makes() -> None:
    assert make_vectors.TARGET.read_text(encoding="utf-8") == make_vectors.made()


@pytest.mark.parametrize("name", VECTORS["tickets"])
def test_each_ticket_gets_its_answer(name: str) -> None:
    vector = VECTORS["tickets"][name]
    known = knowledge_of(DAY, {}) if vector["manifest"] else Knowledge()
    here = Here(vector["site"], ZoneInfo(vector["zone"]))
    bearer = vector["bearer"] and Bearer(**vector["bearer"])
    now = dt.datetime.fromisoformat(vector["at"])
    verdict = verify_token(vector["text"], KEYS, known, here, now, bearer)
    assert verdict.state == vector["state"]
    assert verdict.person.name.lower().replace("_", "-") == vector["person"]
    start = verdict.appointment and verdict.appointment.start
    assert start == (vector["start"] and dt.datetime.fromisoformat(vector["start"]))


def test_every_state_and_every_answer_about_a_person_has_a_ticket() -> None:
    vectors = VECTORS["tickets"].values()
    assert {vector["state"] for vector in vectors} == set(State)
    assert len({vector["person"] for vector in vectors}) == len(Person)


@pytest.mark.parametrize("state", State)
def test_every_state_is_described(state: State) -> None:
    assert f"| `{state}` |" in FORMAT


def test_the_states_are_described_in_their_order() -> None:
    places = [FORMAT.index(f"| `{state}` |") for state in State]
    assert places == sorted(places)


def test_lists_that_are_refused_are_refused() -> None:
    for raw in VECTORS["refused_key_sets"].values():
        with pytest.raises(BadKeySetError):
            keys.read(bytes.fromhex(raw), VECTORS["root"])
    for raw in VECTORS["refused_manifests"].values():
        with pytest.raises(BadManifestError):
            manifest.read(bytes.fromhex(raw), KEYS)


def test_names_references_codes_and_tags() -> None:
    for name, letters in VECTORS["names"].items():
        assert mrz(name) == letters
    for name in VECTORS["names_without_latin_form"]:
        with pytest.raises(PersonError):
            mrz(name)
    for typed, packed in VECTORS["references"].items():
        assert to_bytes(read_reference(typed)).hex() == packed
    for typed in VECTORS["refused_references"]:
        with pytest.raises(BadReferenceError):
            read_reference(typed)
    for identifier, code in VECTORS["codes"].items():
        assert token.code_of(identifier).hex() == code
    for each in VECTORS["tags"]:
        bearer = bearer_of(each["surname"], each["given_names"], BirthDate.from_iso(each["birth_date"]))
        assert tag(bytes.fromhex(each["key"]), bearer, each["reference"]).hex() == each["tag"]


def test_the_keys_are_marked_as_for_tests() -> None:
    assert "for tests only" in VECTORS["about"]
    assert "private_keys_for_tests_only" in VECTORS
