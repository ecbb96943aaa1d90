"""The search for traces finds what it is there to find."""

import base64
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.traces import found_in, found_in_memory

NAME = "Zébulonnet-Ixchel"
CASES = (NAME, NAME.upper(), NAME.lower())
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp858")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", CASES)
def test_a_name_inside_a_file_is_found_in_every_encoding(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "file"
    file.write_bytes(b"\x00\xff" + f"before {text} after".encode(encoding))
    [trace] = [trace for trace in found_in([tmp_path], [NAME]) if trace.encoding == encoding]
    assert (trace.place, trace.secret) == (file, NAME)


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("text", CASES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_base64_is_found_at_every_alignment(tmp_path: Path, before: int, text: str, encoding: str) -> None:
    for number, encode in enumerate((base64.b64encode, base64.urlsafe_b64encode)):
        file = tmp_path / str(number)
        file.write_bytes(encode(os.urandom(before) + text.encode(encoding) + os.urandom(3)))
        assert "base64" in {trace.encoding for trace in found_in([file], [NAME])}


@pytest.mark.parametrize("text", CASES)
def test_percent_encoding_is_found_whatever_is_written_out(tmp_path: Path, text: str) -> None:
    every = "".join(f"%{byte:02x}" for byte in text.encode())
    for number, form in enumerate((quote(text), quote(text.encode("cp858")), every, every.upper())):
        file = tmp_path / str(number)
        file.write_text(f"https://example.org/?name={form}&x=1")
        assert "percent" in {trace.encoding for trace in found_in([file], [NAME])}


def test_the_name_of_a_file_and_a_row_of_sqlite_are_found(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.png").touch()
    with sqlite3.connect(tmp_path / "rows.sqlite") as rows:
        rows.execute("CREATE TABLE persons (name TEXT)")
        rows.execute("INSERT INTO persons VALUES (?)", (NAME,))
    rows.close()
    assert {trace.place.name for trace in found_in([tmp_path], [NAME])} == {f"{NAME}.png", "rows.sqlite"}


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(os.urandom(1_000_000))
    assert found_in([tmp_path], [NAME, "1961-03-17"]) == []


def test_memory_is_searched(tmp_path: Path) -> None:
    secret = NAME.swapcase()  # as a whole nowhere else in this process
    kept = secret.encode("utf-32-le")
    assert found_in_memory(os.getpid(), [secret])[secret, "utf-32-le"] >= 1
    del kept
