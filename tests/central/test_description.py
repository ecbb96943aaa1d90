"""The server against its own description: schemathesis, all checks on all operations; then every road of links."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from kiosk.central import tables as db
from kiosk.central.examples import SERVICE_ID, SLOT_ID
from tests.central.calls import Json, new_key, signed_in
from tests.support.central import NOW, RunningCentral

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 10  # per operation; a bound for `make test`, not a limit of what passes
PLENTY = 100_000
OPERATIONS = 24


def test_the_server_is_what_its_description_says(central: RunningCentral, tmp_path: Path) -> None:
    _open_wide(central)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"]
    options = ["--url", central.base_url, "--header", f"Authorization: Bearer {central.token()}"]
    bounds = ["--checks", "all", "--max-examples", str(EXAMPLES), "--seed", "1", "--no-color"]
    ran = subprocess.run(
        [*command, str(ROOT / "docs" / "openapi.json"), *options, *bounds],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.central.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert re.search(rf"Tested: {OPERATIONS}\b", ran.stdout), ran.stdout


def _open_wide(central: RunningCentral) -> None:
    """Let the examples of the description succeed: the slot that they name, no source down, no cap in the way."""
    central.add_slot(SLOT_ID, capacity=PLENTY, service=SERVICE_ID)
    central.set_limits(mediator_hour=PLENTY, mediator_day=PLENTY, kiosk_hour=PLENTY, site_day=PLENTY)
    central.set_limits(moves=20, cancels=100, rejections_hour=PLENTY)
    with central.storage.writing() as transaction:
        transaction.execute(sa.update(db.sites).values(source="ok"))


@dataclass(frozen=True)
class Exchange:
    """A request, and what it was answered."""

    operation: str
    request: httpx.Request
    answer: httpx.Response


@dataclass(frozen=True)
class Traveller:
    """Who follows the links of the description, and nothing else."""

    document: Json
    kiosk: httpx.Client

    def call(self, operation: str, values: dict[str, str], body: Json | None) -> Exchange:
        """Call an operation; values go where the description says that they belong. It has to succeed."""
        path, method, description = next(
            (path, method, each)
            for path, methods in self.document["paths"].items()
            for method, each in methods.items()
            if each["operationId"] == operation
        )
        where = {each["name"]: each["in"] for each in description.get("parameters", [])}
        headers = {name: value for name, value in values.items() if where[name] == "header"}
        if where.get("Idempotency-Key"):
            headers.setdefault("Idempotency-Key", new_key())
        answer = self.kiosk.request(
            method,
            path.format_map(values),
            params={name: value for name, value in values.items() if where[name] == "query"},
            headers=headers,
            json=body,
        )
        assert answer.is_success, f"{operation}: {answer.text}"
        return Exchange(operation, answer.request, answer)

    def follow(self, before: Exchange, operation: str, body: Json | None = None) -> Exchange:
        """Call the operation that a link of the answer leads to, with what the link says."""
        [link] = [
            answer["links"][operation]
            for path in self.document["paths"].values()
            for each in path.values()
            if each["operationId"] == before.operation
            for status, answer in each["responses"].items()
            if status == str(before.answer.status_code)
        ]
        values = {name: _evaluated(value, before) for name, value in link.get("parameters", {}).items()}
        return self.call(operation, values, body or _evaluated(link.get("requestBody"), before))


def test_every_road_of_links_can_be_followed(central: RunningCentral) -> None:
    later = central.add_slot("later", capacity=9, service=SERVICE_ID, start=NOW + dt.timedelta(days=9, minutes=7))
    identity = {"surname": "Dialo", "given_names": "Mariam", "birth_date": "1990-02-03"}
    with signed_in(central) as kiosk:
        traveller = Traveller(json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")), kiosk)
        services = traveller.call("listServices", {}, None)
        traveller.follow(services, "readService")
        slots = traveller.follow(traveller.follow(services, "readAvailability"), "listSlots")
        traveller.follow(slots, "createAttempt")
        traveller.follow(traveller.follow(slots, "createHold"), "deleteHold")
        slots = traveller.follow(traveller.follow(services, "readAvailability"), "listSlots")
        booked = traveller.follow(traveller.follow(slots, "createHold"), "createBookings")
        traveller.follow(booked, "readBookingsByKey")
        moved = traveller.follow(booked, "rescheduleBooking", {"slot": later})
        corrected = traveller.follow(moved, "correctBooking", identity | {"reason": "typed-wrong"})
        cancelled = traveller.follow(corrected, "cancelBooking", {"reason": "illness"})
    assert cancelled.answer.json()["status"] == "cancelled"


def _evaluated(value: Any, before: Exchange) -> Any:
    """Return what a runtime expression of OpenAPI 3.1 (section 4.8.20.3) stands for, in any text of a value."""
    if isinstance(value, dict):
        return {name: _evaluated(each, before) for name, each in value.items()}
    if isinstance(value, list):
        return [_evaluated(each, before) for each in value]
    if not isinstance(value, str):
        return value
    if value.startswith("$"):
        return _looked_up(value, before)
    return re.sub(r"\{(\$[^}]+)\}", lambda found: str(_looked_up(found[1], before)), value)


def _looked_up(expression: str, before: Exchange) -> Any:
    source, _, pointer = expression.partition("#")
    if source == "$response.body":
        found: Any = before.answer.json()
        for step in pointer.split("/")[1:]:
            found = found[int(step)] if isinstance(found, list) else found[step]
        return found
    kind, name = source.removeprefix("$request.").split(".", 1)
    return before.request.headers[name] if kind == "header" else before.request.url.params[name]
