"""Writes that come sealed: done as if they had come in clear, by the central alone, and only as what they are."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from kiosk.api import sealing
from kiosk.api.problems import ProblemName
from kiosk.api.sealing import Binding, SealingKey
from kiosk.central import tables as db
from kiosk.central.command import prepare
from kiosk.central.sealing_keys import SealingKeys, add_key
from kiosk.central.ticket_keys import ROOT_PUBLIC_NAME, BadTicketKey
from kiosk.tickets import keys
from tests.central.calls import (
    SERVICE,
    book,
    cancel,
    change,
    correct,
    done,
    held,
    hold,
    move,
    new_key,
    person,
    post_sealed,
    problem_of,
    sealing_key,
    signed_in,
)
from tests.support.central import NOW, RunningCentral, running_central
from tests.support.databases import database_url

REPORT = {"channel": "online", "place": "Bobigny"}


@pytest.fixture
def sealer(central: RunningCentral) -> Iterator[httpx.Client]:
    """The demonstration kiosk, which seals whatever has a key."""
    with signed_in(central, sealed=True) as client:
        yield client


def _rotate(central: RunningCentral) -> None:
    with central.storage.writing() as transaction:
        add_key(transaction, central.storage.person_key, central.clock())


def _report(key: SealingKey, intent_key: str, kiosk: str = "demo", path: str = "/v1/reports") -> bytes:
    return sealing.seal(key, Binding(kiosk, intent_key, path), json.dumps(REPORT).encode())


def test_every_write_may_come_sealed(central: RunningCentral, sealer: httpx.Client) -> None:
    slot, later = (
        central.add_slot("first", capacity=1),
        central.add_slot("later", capacity=1, start=NOW.replace(day=20)),
    )
    wanted = {"slot": slot, "persons": [person("Dialo")]}
    kept = done(sealer.post("/v1/holds", json=wanted, headers={"Idempotency-Key": new_key()}))
    asked = {"hold": kept["id"], "persons": wanted["persons"], "consent": {"mode": "present"}}
    [made] = done(sealer.post("/v1/bookings", json=asked, headers={"Idempotency-Key": new_key()}))["bookings"]
    moved = done(move(sealer, made, later))
    corrected = done(correct(sealer, moved, surname="Diallo"))
    assert corrected["person"]["surname"] == "Diallo"
    assert done(cancel(sealer, corrected))["status"] == "cancelled"
    search = {"service": SERVICE, "sites": ["pref-93"]}
    done(sealer.post("/v1/attempts", json=search, headers={"Idempotency-Key": new_key()}))
    done(sealer.post("/v1/reports", json=REPORT, headers={"Idempotency-Key": new_key()}))


def test_sealed_or_in_clear_it_is_the_same_request(kiosk: httpx.Client, sealer: httpx.Client) -> None:
    headers = {"Idempotency-Key": new_key()}
    first = sealer.post("/v1/reports", json=REPORT, headers=headers)
    for again in (kiosk, sealer):
        answer = again.post("/v1/reports", json=REPORT, headers=headers)
        assert (answer.headers["Idempotency-Replayed"], answer.json()) == ("true", first.json())


def test_a_sealed_body_is_judged_like_any_other(kiosk: httpx.Client, sealer: httpx.Client) -> None:
    headers = {"Idempotency-Key": new_key()}
    bodies: list[object] = [{"channel": "nowhere"}, {"channel": "shop", "who": "me"}, [], {}]
    for body in bodies:
        assert problem_of(sealer.post("/v1/reports", json=body, headers=headers)) is ProblemName.INVALID
    key = new_key()
    not_json = sealing.seal(sealing_key(kiosk), Binding("demo", key, "/v1/reports"), b"{")
    assert problem_of(post_sealed(kiosk, "/v1/reports", not_json, key)) is ProblemName.INVALID
    assert problem_of(change(sealer, {"id": "none", "revision": 1}, "cancel", {"reason": "person"})) is (
        ProblemName.NOT_FOUND
    )


def test_the_published_key_hangs_on_the_root(kiosk: httpx.Client, tmp_path: Path) -> None:
    root = (tmp_path / "data" / ROOT_PUBLIC_NAME).read_text().strip()
    listed = keys.read(kiosk.get("/.well-known/rdv-keys", headers={"Authorization": ""}).content, root)
    published = kiosk.get("/.well-known/rdv-sealing-key", headers={"Authorization": ""})
    assert published.headers["Content-Type"] == 'application/cose; cose-type="cose-sign1"'
    assert sealing.read_key(published.content, listed) == sealing_key(kiosk)


def test_what_was_sealed_before_a_rotation_is_still_read(
    central: RunningCentral, kiosk: httpx.Client, tmp_path: Path
) -> None:
    before = sealing_key(kiosk)
    central.clock.advance(days=40)
    _rotate(central)
    after = sealing_key(kiosk)
    assert before.key_id != after.key_id
    with running_central(tmp_path / "data", central.clock) as other_server, signed_in(other_server) as other:
        assert sealing_key(other) == after
        for key in (before, after):
            for client in (kiosk, other):
                intent_key = new_key()
                done(post_sealed(client, "/v1/reports", _report(key, intent_key), intent_key))


def test_a_start_makes_a_key_once(tmp_path: Path) -> None:
    data_dir = tmp_path / "new"
    names = []
    for _ in range(2):
        storage = prepare(data_dir, lambda: NOW, None, database_url(data_dir))
        with storage.reading() as transaction:
            names.append(list(transaction.scalars(sa.select(db.sealing_keys.c.id))))
        storage.close()
    assert names[0] == names[1]
    assert len(names[0]) == 1


@pytest.mark.parametrize("damaged", [b"nonsense", bytes(60)])
def test_a_damaged_key_is_noticed_at_the_start(tmp_path: Path, damaged: bytes) -> None:
    data_dir = tmp_path / "new"
    storage = prepare(data_dir, lambda: NOW, None, database_url(data_dir))
    with storage.writing() as transaction:
        transaction.execute(sa.update(db.sealing_keys).values(sealed=damaged))
    storage.close()
    with pytest.raises(BadTicketKey, match=r"sealing key [0-9a-f]{16} .* is damaged"):
        prepare(data_dir, lambda: NOW, None, database_url(data_dir))


def test_a_copy_of_the_database_alone_opens_nothing(central: RunningCentral, kiosk: httpx.Client) -> None:
    with central.storage.reading() as transaction:
        row = transaction.execute(sa.select(db.sealing_keys)).one()
    assert row.id == sealing_key(kiosk).key_id.hex()
    assert len(row.sealed) == 12 + 32 + 16  # nonce, key, tag


def test_whoever_is_not_signed_in_may_seal_what_he_likes(stranger: httpx.Client) -> None:
    key = new_key()
    for envelope in (_report(sealing_key(stranger), key), b"garbage"):
        assert problem_of(post_sealed(stranger, "/v1/reports", envelope, key)) is ProblemName.NOT_SIGNED_IN


def test_what_is_no_write_takes_no_envelope_that_does_not_open(kiosk: httpx.Client, stranger: httpx.Client) -> None:
    for path in ("/v1/bookings/search", "/v1/tickets/check"):
        assert problem_of(post_sealed(kiosk, path, b"garbage", new_key())) is ProblemName.SEALED_UNREADABLE
    assert problem_of(post_sealed(stranger, "/oauth/token", b"garbage", new_key())) is ProblemName.INVALID
    assert problem_of(post_sealed(stranger, "/v1/nothing", b"garbage", new_key())) is ProblemName.NOT_FOUND


def test_a_storage_that_is_gone_is_no_seal_that_does_not_open(
    kiosk: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> bytes:
        raise OperationalError("SELECT", {}, Exception("gone"))

    key = new_key()
    envelope = _report(sealing_key(kiosk), key)
    monkeypatch.setattr(SealingKeys, "open", lost)
    assert problem_of(post_sealed(kiosk, "/v1/reports", envelope, key)) is ProblemName.STORAGE_UNAVAILABLE


def test_a_sealed_hold_is_booked_in_clear(central: RunningCentral, kiosk: httpx.Client, sealer: httpx.Client) -> None:
    slot, somebody = central.add_slot("mine", capacity=1), person()
    headers = {"Idempotency-Key": new_key()}
    first = done(sealer.post("/v1/holds", json={"slot": slot, "persons": [somebody]}, headers=headers))
    assert done(hold(kiosk, slot, somebody))["id"] == first["id"]
    assert book(kiosk, held(kiosk, slot, somebody)).status_code == 201
