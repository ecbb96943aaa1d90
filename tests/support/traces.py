"""What somebody leaves behind: their words in every writing in which a program could have stored them."""

import base64
import contextlib
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

Writings = Mapping[str, Sequence[bytes]]  # by the name of the encoding
TEXT = ("utf-8", "utf-16-le", "utf-16-be", "cp858")
MEMORY = ("utf-8", "latin-1", "utf-16-le", "utf-32-le")  # bytes, and the three widths of str
STEP = 1 << 24


@dataclass(frozen=True, slots=True)
class Trace:
    """Where something was found."""

    place: Path
    secret: str
    encoding: str


def writings(secret: str) -> Writings:
    """Return how `secret` looks in a file, in any case, alone or inside a longer text."""
    cases = _cases(secret)
    found: dict[str, list[bytes]] = {name: [case.encode(name) for case in cases] for name in TEXT}
    found["percent"] = [text for case in cases for text in _percent(case)]
    found["base64"] = [text for case in cases for name in TEXT for text in _base64(case.encode(name))]
    return found


def found_in(paths: Iterable[Path], secrets: Iterable[str]) -> list[Trace]:
    """Return what of `secrets` is in these files, and in all files below these folders, their names included."""
    wanted = [
        (secret, name, pattern) for secret in secrets for name, group in writings(secret).items() for pattern in group
    ]
    traces = {
        Trace(path, secret, name): None
        for path, content in _contents(paths)
        for secret, name, pattern in wanted
        if pattern in content
    }
    return list(traces)


def found_in_memory(pid: int, secrets: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return how often each secret lies in the memory that a process can write, by secret and encoding."""
    wanted = [(secret, *writing) for secret in secrets for writing in _remembered(secret)]
    hits = dict.fromkeys(((secret, name) for secret, name, _ in wanted), 0)
    for chunk in _memory(pid):
        lower = chunk.lower()  # of ASCII only: three searches fewer
        for secret, name, pattern in wanted:
            hits[secret, name] += lower.count(pattern)
    return hits


def _remembered(secret: str) -> set[tuple[str, bytes]]:
    """Return the encodings of `secret` as they look once ASCII letters are small."""
    patterns = {case.encode(name).lower(): name for name in reversed(MEMORY) for case in _cases(secret)}
    return {(name, pattern) for pattern, name in patterns.items()}


def _cases(secret: str) -> list[str]:
    return sorted({secret, secret.upper(), secret.lower(), secret.title()})


def _percent(text: str) -> Iterator[bytes]:
    """Yield what a URL makes of it: letters left alone, or every byte written out."""
    for name in ("utf-8", "cp858"):
        raw = text.encode(name)
        every = "".join(f"%{byte:02X}" for byte in raw)
        some = quote(raw, safe="")
        yield from (form.encode() for form in {every, every.lower(), some, quote(raw, safe="").replace("%20", "+")})


def _base64(raw: bytes) -> Iterator[bytes]:
    """Yield the characters that `raw` alone decides, wherever in a longer text it begins."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw)
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        yield whole[first:last]
        yield whole[first:last].translate(bytes.maketrans(b"+/", b"-_"))


def _contents(paths: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    for root in paths:
        for path in [root, *root.rglob("*")]:
            yield path, path.name.encode()
            with contextlib.suppress(FileNotFoundError):  # erased meanwhile, as the log of a database is
                if stat.S_ISREG(path.lstat().st_mode):
                    yield path, path.read_bytes()


def _memory(pid: int) -> Iterator[bytes]:
    """Yield what lies in the writable mappings of a process, one after the other."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            limits, rights, _, _, _, *name = line.split(maxsplit=5)
            if not rights.startswith("rw") or (name and name[0].startswith("[v")):
                continue
            begin, end = (int(limit, 16) for limit in limits.split("-"))
            memory.seek(begin)
            content = bytearray()
            while len(content) < end - begin:
                part = memory.read(min(STEP, end - begin - len(content)))
                if not part:
                    break
                content += part
            yield bytes(content)
