"""What is known of printers by name, read without waking the library that carries it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from kiosk.printing.errors import ProfileError
from kiosk.printing.escpos import encode
from kiosk.printing.profiles import Form, Paper, form_for, profile_names

# How whoever wants more of the library than its data must import it: 3.1 calls logging.basicConfig(), which does
# nothing when the root logger has a handler, and leaves a temporary directory behind.
QUIET_IMPORT = """
import logging, os, shutil
quiet = logging.NullHandler()
logging.getLogger().addHandler(quiet)
os.environ.pop("ESCPOS_CAPABILITIES_PICKLE_DIR", None)
from escpos import capabilities, printer
logging.getLogger().removeHandler(quiet)
shutil.rmtree(capabilities.pickle_dir)
"""
OUR_USE = """
import logging, sys, warnings
warnings.simplefilter("error")
from PIL import Image
from kiosk.printing.escpos import encode
from kiosk.printing.profiles import form_for, profile_names
for name in profile_names():
    for paper in ("80mm", "58mm"):
        try:
            form = form_for(paper, name)
        except Exception:
            continue
        encode(Image.new("1", (form.dots, 600), 0), form)
assert logging.getLogger().handlers == []
"""


@pytest.mark.parametrize(
    ("paper", "profile", "form"),
    [
        ("80mm", None, Form(576)),
        ("58mm", None, Form(384)),
        ("80mm", "TM-T20II", Form(576)),
        ("80mm", "TM-T88V", Form(512, dpi=180)),
        ("58mm", "POS-5890", Form(384, cutter=False)),
        ("58mm", "TM-T20II", Form(384, justified=False)),  # a narrow roll in a wide printer
        ("80mm", "TM-T20II-42col", Form(512, justified=False)),  # 546 dots
        ("80mm", "CT-S651", Form(576, justified=False)),  # 640 dots
        ("80mm", "T-1", Form(384, dpi=180, justified=False)),  # 504 dots
        ("80mm", "TUP500", Form(576)),  # width not known
    ],
)
def test_a_printer_is_known_by_its_name(paper: Paper, profile: str | None, form: Form) -> None:
    assert form_for(paper, profile) == form


@pytest.mark.parametrize(
    ("speed", "coarse"), [(None, False), (11_520, False), (2_001, False), (2_000, True), (960, True)]
)
def test_a_slow_line_gets_half_the_resolution(speed: int | None, coarse: bool) -> None:
    assert form_for("80mm", bytes_per_second=speed).coarse is coarse
    assert form_for("58mm", "ZJ-5870", bytes_per_second=speed).coarse is coarse


def test_every_name_is_good_for_some_paper() -> None:
    assert len(profile_names()) >= 25
    for name in profile_names():
        forms = [form for form in (form_or_none("80mm", name), form_or_none("58mm", name)) if form]
        assert forms
        for form in forms:
            encode(Image.new("1", (form.dots, 8), 0), form)


def form_or_none(paper: Paper, name: str) -> Form | None:
    """Return the form, or None when this printer cannot take this paper."""
    try:
        return form_for(paper, name)
    except ProfileError:
        return None


@pytest.mark.parametrize("name", ["", "TM-T20ii", "AF-240", "TM-U220", "SP2000"])
def test_what_cannot_print_our_pictures_is_refused_with_the_names_that_can(name: str) -> None:
    assert name not in profile_names()
    with pytest.raises(ProfileError) as refused:
        form_for("80mm", name)
    if name != "SP2000":  # known, at 85 dpi
        assert "TM-T20II" in str(refused.value)


@pytest.mark.parametrize("program", [OUR_USE + "assert 'escpos' not in sys.modules", QUIET_IMPORT + OUR_USE])
def test_the_library_leaves_no_trace_on_the_terminal_the_logs_or_the_disk(program: str, tmp_path: Path) -> None:
    kept, scratch = tmp_path / "kept", tmp_path / "scratch"
    kept.mkdir()
    scratch.mkdir()
    environment = os.environ | {"TMPDIR": str(scratch), "ESCPOS_CAPABILITIES_PICKLE_DIR": str(kept)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert list(scratch.iterdir()) == list(kept.iterdir()) == []
