"""The server against its own description: schemathesis, every check, every operation, links followed."""

import re
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from kiosk.central import tables as db
from kiosk.central.examples import SERVICE_ID, SLOT_ID
from tests.support.central import RunningCentral

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 10  # per operation; a bound for `make test`, not a limit of what passes
PLENTY = 100_000
OPERATIONS = 18


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
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert re.search(rf"Tested: {OPERATIONS}\b", ran.stdout), ran.stdout


def _open_wide(central: RunningCentral) -> None:
    """Let the examples of the description succeed: the slot that they name, no source down, no cap in the way."""
    central.add_slot(SLOT_ID, capacity=PLENTY, service=SERVICE_ID)
    central.set_limits(mediator_hour=PLENTY, mediator_day=PLENTY, kiosk_hour=PLENTY, site_day=PLENTY)
    with central.storage.writing() as transaction:
        transaction.execute(sa.update(db.sites).values(source="ok"))
